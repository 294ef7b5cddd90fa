/**
 * Uploads under way: a file each, which grows from its start to its end.
 *
 * The file outlives the server, so an upload goes on after a restart; its digest is then computed from the file.
 *
 * @module
 */

import { createHash, type Hash, randomUUID } from "node:crypto";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../errors.js";
import { type Digest, digestFromHex, splitDigest } from "../oci/digest.js";
import { makeFolder } from "../store/make-folder.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import { createHasher } from "../stream/hash.js";
import { OCTETS } from "./blobs.js";
import { type Repository, removeFile } from "./repository.js";

/** Milliseconds after which an upload that nobody touched is dropped: a day. */
const ABANDONED_MS = 24 * 3600 * 1000;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Is it the name of an upload's file? */
export function isUploadName(name: string): boolean {
  return ID.test(name);
}

/** One upload. One request at a time may change it. */
export interface Upload {
  readonly id: string;
  /** Bytes that are kept so far. */
  readonly size: number;
  /**
   * Adds content at the end. What came before an error is kept, so that a client may go on from there.
   *
   * @throws {LadingError} `IO` from the file system, besides what the content's source throws.
   */
  append(content: ByteStream): Promise<void>;
  /** Ends it: false, and the upload is gone, where its digest is another; else the repository has the blob. */
  commit(digest: Digest, options: IoOptions): Promise<boolean>;
  /** Removes it with its bytes. */
  discard(): Promise<void>;
}

export interface UploadSessions {
  start(repository: Repository): Promise<Upload>;
  /** Undefined where there is no such upload, `busy` where another request is changing it. */
  find(repository: Repository, id: string): Promise<Upload | "busy" | undefined>;
}

interface State {
  readonly id: string;
  readonly path: string;
  size: number;
  /** SHA-256 of the bytes so far; undefined where this process did not see all of them. */
  hash: Hash | undefined;
  busy: boolean;
}

/** Creates the uploads of one server. */
export function createUploadSessions(): UploadSessions {
  const states = new Map<string, State>();
  const swept = new Set<string>();
  const handle = (state: State, repository: Repository) =>
    createUpload(state, repository, () => states.delete(state.path));

  async function start(repository: Repository): Promise<Upload> {
    const id = randomUUID();
    const path = join(repository.uploads, id);
    try {
      await makeFolder(repository.uploads);
      await (await open(path, "wx")).close();
    } catch (error) {
      throw ioError(error, "write to", repository.uploads);
    }
    if (!swept.has(repository.uploads)) {
      swept.add(repository.uploads);
      await sweep(repository.uploads);
    }
    const state: State = { id, path, size: 0, hash: createHash("sha256"), busy: false };
    states.set(path, state);
    return handle(state, repository);
  }

  async function find(repository: Repository, id: string): Promise<Upload | "busy" | undefined> {
    if (!ID.test(id)) return undefined;
    const path = join(repository.uploads, id);
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isFile() !== true) {
      states.delete(path);
      return undefined;
    }
    const state = states.get(path) ?? { id, path, size: stats.size, hash: undefined, busy: false };
    states.set(path, state);
    return state.busy ? "busy" : handle(state, repository);
  }

  return { start, find };
}

function createUpload(state: State, repository: Repository, forget: () => void): Upload {
  async function alone<T>(body: () => Promise<T>): Promise<T> {
    state.busy = true;
    try {
      return await body();
    } finally {
      state.busy = false;
    }
  }
  async function discard(): Promise<void> {
    forget();
    await removeFile(state.path);
  }
  return {
    id: state.id,
    get size() {
      return state.size;
    },
    append: (content) => alone(() => append(state, content)),
    commit: (digest, options) =>
      alone(async () => {
        try {
          const isRight = (await digestOfUpload(state, digest, options)) === digest;
          if (isRight) await keep(state, repository, digest, options);
          return isRight;
        } finally {
          await discard();
        }
      }),
    discard,
  };
}

async function append(state: State, content: ByteStream): Promise<void> {
  const handle = await open(state.path, "r+").catch((error) => {
    throw ioError(error, "write", state.path);
  });
  try {
    for await (const chunk of content) await write(handle, state, chunk);
  } finally {
    // What a failed write left behind was never counted.
    await handle.truncate(state.size).catch(() => undefined);
    await handle.close();
  }
}

async function write(handle: FileHandle, state: State, chunk: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < chunk.byteLength; ) {
      const { bytesWritten } = await handle.write(chunk, at, chunk.byteLength - at, state.size);
      state.hash?.update(chunk.subarray(at, at + bytesWritten));
      state.size += bytesWritten;
      at += bytesWritten;
    }
  } catch (error) {
    throw ioError(error, "write", state.path);
  }
}

async function digestOfUpload(state: State, digest: Digest, options: IoOptions): Promise<Digest> {
  const { algorithm } = splitDigest(digest);
  if (algorithm === "sha256" && state.hash !== undefined) return digestFromHex("sha256", state.hash.digest("hex"));
  const hasher = createHasher(algorithm);
  for await (const chunk of readFile(state.path, options)) hasher.update(chunk);
  return hasher.end().digest;
}

/** Hands the file to the store: by a link where it takes one, which must be on disk before it counts. */
async function keep(state: State, repository: Repository, digest: Digest, options: IoOptions): Promise<void> {
  const descriptor = { mediaType: OCTETS, digest, size: state.size };
  if (repository.store.link !== undefined) {
    await sync(state.path);
    if (await repository.store.link(descriptor, state.path, options)) return;
  }
  await repository.store.put(OCTETS, readFile(state.path, options), { digest, size: state.size, ...options });
}

async function sync(path: string): Promise<void> {
  try {
    const handle = await open(path, "r+");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw ioError(error, "write", path);
  }
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const stats = ID.test(name) ? await lstat(join(folder, name)).catch(() => undefined) : undefined;
    if (stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED_MS) await removeFile(join(folder, name));
  }
}
