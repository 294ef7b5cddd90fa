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
import { type Algorithm, type Digest, digestFromHex, splitDigest } from "../oci/digest.js";
import { inFolder } from "../store/make-folder.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import { createHasher } from "../stream/hash.js";
import { OCTETS } from "./blobs.js";
import { type Repository, removeFile } from "./repository.js";

/** Milliseconds after which an upload that nobody touched is dropped: a day. */
const ABANDONED_MS = 24 * 3600 * 1000;
/** Milliseconds between two looks for abandoned uploads of one repository: an hour. */
const SWEEP_MS = 3600 * 1000;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Is it the name of an upload's file? */
export function isUploadName(name: string): boolean {
  return ID.test(name);
}

/** One upload. */
export interface Upload {
  readonly id: string;
  /** Bytes that are kept so far. */
  readonly size: number;
  /**
   * Adds content at the end. What came before an error is kept, so that a client may go on from there.
   *
   * @param limit Bytes that the content may have; with more of them, none is kept (any).
   * @returns False where there was more.
   * @throws {LadingError} `IO` from the file system, besides what the content's source throws.
   */
  append(content: ByteStream, limit?: number): Promise<boolean>;
  /**
   * Ends it: false, and the upload is gone, where its digest is another; else the repository has the blob. After an error the
   * upload is as it was.
   */
  commit(digest: Digest, options: IoOptions): Promise<boolean>;
  /** Removes it with its bytes. */
  discard(): Promise<void>;
}

export interface UploadSessions {
  /** @param algorithm What its digest will probably be (`sha256`); another one costs reading the content again. */
  start(repository: Repository, algorithm?: Algorithm): Promise<Upload>;
  /**
   * Runs `body` with an upload, and nobody else meanwhile. Undefined where there is no such upload, `busy` where another
   * request does not end with it: a client that was cut off comes back before the server has seen that it went.
   */
  use<T>(repository: Repository, id: string, body: (upload: Upload) => Promise<T>): Promise<T | "busy" | undefined>;
}

interface State {
  readonly id: string;
  readonly path: string;
  size: number;
  readonly algorithm: Algorithm;
  /** Of the bytes so far; undefined where this process did not see all of them. */
  hash: Hash | undefined;
  /** Until the request is done that has the upload. */
  taken: Promise<void> | undefined;
}

/** Creates the uploads of one server. `patienceMs`: how long a request waits for another with the same upload (10 000). */
export function createUploadSessions({ patienceMs = 10_000 }: { readonly patienceMs?: number } = {}): UploadSessions {
  const states = new Map<string, State>();
  const swept = new Map<string, number>();
  const handle = (state: State, repository: Repository) =>
    createUpload(state, repository, () => states.delete(state.path));

  /** A server that was killed had made it a blob; both are one file, and what is written to it would be in the blob. */
  async function dropCommitted(path: string): Promise<undefined> {
    states.delete(path);
    await removeFile(path);
    return undefined;
  }

  async function start(repository: Repository, algorithm: Algorithm = "sha256"): Promise<Upload> {
    const id = randomUUID();
    const path = join(repository.uploads, id);
    try {
      await inFolder(repository.uploads, async () => (await open(path, "wx")).close());
    } catch (error) {
      throw ioError(error, "write to", repository.uploads);
    }
    if (Date.now() - (swept.get(repository.uploads) ?? 0) > SWEEP_MS) {
      swept.set(repository.uploads, Date.now());
      await sweep(repository.uploads, states);
    }
    const state: State = { id, path, size: 0, algorithm, hash: createHash(algorithm), taken: undefined };
    states.set(path, state);
    return handle(state, repository);
  }

  /** What is known of the upload, where that is still true: another server may have gone on with the file. */
  async function load(path: string, id: string): Promise<State | undefined> {
    const stats = await lstat(path).catch(() => undefined);
    const known = states.get(path);
    if (stats?.isFile() !== true) {
      states.delete(path);
      return undefined;
    }
    if (known?.taken !== undefined) return known;
    if (stats.nlink > 1) return await dropCommitted(path);
    if (known?.size === stats.size) return known;
    const state: State = { id, path, size: stats.size, algorithm: "sha256", hash: undefined, taken: undefined };
    states.set(path, state);
    return state;
  }

  return {
    start,
    async use(repository, id, body) {
      if (!ID.test(id)) return undefined;
      const path = join(repository.uploads, id);
      const end = performance.now() + patienceMs;
      for (;;) {
        const state = await load(path, id);
        if (state === undefined) return undefined;
        if (state.taken === undefined) return await take(state, () => body(handle(state, repository)));
        const rest = end - performance.now();
        if (rest <= 0) return "busy";
        await settled(state.taken, rest);
      }
    },
  };
}

async function take<T>(state: State, body: () => Promise<T>): Promise<T> {
  const running = body();
  const taken = running.then(
    () => undefined,
    () => undefined,
  );
  state.taken = taken;
  try {
    return await running;
  } finally {
    state.taken = undefined;
  }
}

/** Waits for a promise, or for so many milliseconds. */
async function settled(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

function createUpload(state: State, repository: Repository, forget: () => void): Upload {
  async function discard(): Promise<void> {
    // First the file: as long as it is there, this request has it.
    await removeFile(state.path);
    forget();
  }
  return {
    id: state.id,
    get size() {
      return state.size;
    },
    append: (content, limit) => append(state, content, limit),
    async commit(digest, options) {
      const isRight = (await digestOfUpload(state, digest, options)) === digest;
      if (isRight) await keep(state, repository, digest, options);
      await discard();
      return isRight;
    },
    discard,
  };
}

async function append(state: State, content: ByteStream, limit = Number.POSITIVE_INFINITY): Promise<boolean> {
  const before = { size: state.size, hash: state.hash?.copy() };
  const handle = await open(state.path, "r+").catch((error) => {
    throw ioError(error, "write", state.path);
  });
  try {
    for await (const chunk of content) {
      if (state.size - before.size + chunk.byteLength > limit) {
        Object.assign(state, before);
        return false;
      }
      await write(handle, state, chunk);
    }
    return true;
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
  if (algorithm === state.algorithm && state.hash !== undefined) {
    return digestFromHex(algorithm, state.hash.copy().digest("hex"));
  }
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

async function sweep(folder: string, states: Map<string, State>): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const stats = ID.test(name) ? await lstat(path).catch(() => undefined) : undefined;
    const isTaken = states.get(path)?.taken !== undefined;
    if (stats === undefined || isTaken || Date.now() - stats.mtimeMs <= ABANDONED_MS) continue;
    states.delete(path);
    await removeFile(path);
  }
}
