/**
 * A tar archive of images as a {@link Store}: read where it lies, and written whole.
 *
 * What is put gathers in a temporary file beside the archive. When it gets a name, what the archive held before and names still
 * lead to is added, and the file takes the archive's place: a reader finds the old archive or the new one, never half of it.
 * Several writers take turns by a lock, and what each of them names is there in the end.
 *
 * @module
 */

import { realpath } from "node:fs/promises";
import { dirname, resolve as resolvePath } from "node:path";
import { errnoOf, ioError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isDigest } from "../oci/digest.js";
import type { Index } from "../oci/manifest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { checkContent, verified } from "../stream/verify.js";
import { identifyArchive, openArchive } from "./archive-file.js";
import { type ArchiveContents, type ArchiveFormat, blobMember, type Stored } from "./archive-format.js";
import { createSession } from "./archive-session.js";
import { EMPTY_INDEX, findRoot, hasRoots, listRoots, nameless, nameOf, removeRoots } from "./layout-index.js";
import { acquireLock, type LockOptions } from "./lock.js";
import { blobNotFound, tagNotFound } from "./missing.js";
import { reach, reachNothing } from "./reach.js";
import type { Store } from "./store.js";
import { reclaimTemporaries } from "./write-file.js";

/** How long to wait for other writers. */
export interface ArchiveOptions extends Pick<LockOptions, "patienceMs" | "deadlineMs"> {
  /** What messages call it (the transport and the file). */
  readonly label?: string | undefined;
}

/** Thrown when the lock was lost before the archive was replaced. */
const LOCK_LOST = Symbol("lock lost");
const EMPTY: ArchiveContents = { blobs: new Map(), index: EMPTY_INDEX };

interface Opened {
  readonly identity: string | undefined;
  readonly contents: ArchiveContents;
  readonly isCompressed: boolean;
}

/** Reads the archive when it is another one than before. */
function createReader(path: string, format: ArchiveFormat) {
  let opened: Promise<Opened> | undefined;
  async function read(io: IoOptions): Promise<Opened> {
    const file = await openArchive(path, io);
    if (file === undefined) return { identity: undefined, contents: EMPTY, isCompressed: false };
    const contents = await format.read(file, io);
    return { identity: file.identity, contents, isCompressed: file.compression !== "none" };
  }
  return async function current(io: IoOptions = {}): Promise<Opened> {
    const before = opened;
    const known = await before?.catch(() => undefined);
    if (known !== undefined && known.identity === (await identifyArchive(path))) return known;
    // Who asks meanwhile waits for the same reading.
    if (opened === before) opened = read(io);
    return await (opened as Promise<Opened>);
  };
}

/** Creates a store over the archive in a file. See `createOciArchiveStore` and `createDockerArchiveStore`. */
export function createArchiveStore(path: string, format: ArchiveFormat, options: ArchiveOptions): Store {
  const file = resolvePath(path);
  const label = options.label ?? path;
  const current = createReader(file, format);
  const session = createSession(async () => {
    const { isCompressed } = await current();
    if (isCompressed) throw compressed(path, label);
    await reclaimTemporaries(dirname(file));
    return await destinationOf(file);
  });
  const what = `blob in ${label}`;

  async function find(descriptor: Descriptor, io?: IoOptions): Promise<Stored | undefined> {
    return session.find(descriptor.digest) ?? (await current(io)).contents.blobs.get(descriptor.digest);
  }

  async function has(descriptor: Descriptor, io?: IoOptions): Promise<boolean> {
    return (await find(descriptor, io))?.size === descriptor.size;
  }

  async function* open(descriptor: Descriptor, io?: IoOptions): ByteStream {
    const stored = await find(descriptor, io);
    if (stored === undefined) throw blobNotFound(descriptor, label);
    const { digest, size } = descriptor;
    checkContent({ digest, size: stored.size }, descriptor, what);
    yield* verified(stored.open(io), { digest, size, what });
  }

  /** What new roots reach has to be there: an archive is complete, or it is none. */
  async function checkWhole(roots: readonly Descriptor[], io: IoOptions): Promise<void> {
    const reached = reachNothing();
    await reach(roots, { open }, reached, io);
    for (const descriptor of reached.content.values()) {
      const mayLack = descriptor.mediaType.includes(".nondistributable.");
      if (!mayLack && !(await has(descriptor, io))) throw blobNotFound(descriptor, label);
    }
  }

  /** Writes the archive anew. Runs under the lock. */
  async function rewrite(index: Index, contents: ArchiveContents, check: () => Promise<void>, io: IoOptions) {
    const reached = reachNothing();
    await reach(index.manifests, { open }, reached, io);
    const documents = await format.documents(index, open, io);
    const kept = [...reached.content.values()].filter(
      ({ digest }) => session.find(digest) === undefined && contents.blobs.has(digest),
    );
    // What was put here before and got no name yet may still get one.
    const waiting = session.unnamed().filter((descriptor) => !reached.content.has(descriptor.digest));
    const members = [...kept, ...waiting.filter(({ digest }) => contents.blobs.has(digest))].map((descriptor) => ({
      path: blobMember(descriptor.digest),
      size: descriptor.size,
      open: () => open(descriptor, io),
    }));
    const small = documents.map(({ path, bytes }) => ({ path, size: bytes.byteLength, open: () => once(bytes) }));
    await session.finish([...members, ...small], check, io);
    session.named([...reached.content.keys()]);
  }

  /** Changes the roots under the lock; undefined from `update` leaves the archive as it is. */
  async function change(update: (index: Index) => Index | undefined, io: IoOptions): Promise<void> {
    const { isCompressed } = await current(io);
    if (isCompressed) throw compressed(path, label);
    const lock = await acquireLock(`${await destinationOf(file)}.lock`, { ...options, ...io });
    try {
      const { contents } = await current(io);
      const index = update(contents.index);
      const check = async () => {
        if (!(await lock.isHeld())) throw LOCK_LOST;
      };
      if (index !== undefined) await rewrite(index, contents, check, io);
    } catch (error) {
      if (error !== LOCK_LOST) throw ioError(error, "write", path);
      await lock.release();
      await change(update, io);
    } finally {
      await lock.release();
    }
  }

  /** Lists what has lost its last name without one, where it is to be kept. */
  const keeping =
    (keep = false) =>
    (before: Index, after: Index) =>
      keep ? format.add(after, nameless(before, after)) : after;

  return {
    label,
    has,
    open,
    put: (mediaType, content, io = {}) => session.put(mediaType, content, io, has),
    expect: async (content, io) => {
      const news = [];
      for (const descriptor of content) if (!(await has(descriptor, io))) news.push(descriptor);
      await session.expect(news);
    },
    release: () => session.discard(),
    async inReadingOrder(content, io) {
      const { contents, isCompressed } = await current(io);
      if (!isCompressed) return undefined;
      const at = ({ digest }: Descriptor) => contents.blobs.get(digest)?.offset ?? 0;
      return [...content].sort((a, b) => at(a) - at(b));
    },
    async resolve(name, io) {
      const { contents, identity } = await current(io);
      const found = findRoot(contents.index, isDigest(name) ? name : format.nameOf(name), path);
      if (found !== undefined) return found;
      if (identity === undefined) throw noArchive(name, path, label, format.what);
      throw tagNotFound(
        name,
        label,
        [...new Set(contents.index.manifests.map(nameOf))].filter((each) => each !== undefined),
      );
    },
    async tags(io) {
      return listRoots((await current(io)).contents.index);
    },
    async tag(roots, io = {}) {
      const named = roots.map(({ name, descriptor }) =>
        name === undefined ? { descriptor } : { name: format.nameOf(name), descriptor },
      );
      for (const { descriptor } of named) if (!(await has(descriptor, io))) throw blobNotFound(descriptor, label);
      const { contents } = await current(io);
      if (session.isEmpty() && hasRoots(contents.index, named)) return;
      await checkWhole(
        named.map(({ descriptor }) => descriptor),
        io,
      );
      const keep = keeping(io.keep);
      await change((index) => keep(index, format.add(index, named)), io);
    },
    async untag(names, io = {}) {
      const gone = names.map((name) => (isDigest(name) ? name : format.nameOf(name)));
      const without = (index: Index) => {
        const after = removeRoots(index, gone);
        if (after.manifests.length === index.manifests.length) return undefined;
        return keeping(io.keep)(removeRoots(index, gone.filter(isDigest)), after);
      };
      if (without((await current(io)).contents.index) !== undefined) await change(without, io);
    },
  };
}

async function* once(bytes: Uint8Array): ByteStream {
  if (bytes.byteLength > 0) yield bytes;
}

/** Whoever names a link means the file that it leads to. */
async function destinationOf(file: string): Promise<string> {
  return await realpath(file).catch((error) => {
    if (errnoOf(error) === "ENOENT") return file;
    throw ioError(error, "write", file);
  });
}

function noArchive(name: string, path: string, label: string, what: string): LadingError<"NOT_FOUND"> {
  const message = `Cannot find "${name}" in ${label}: there is no ${what} "${path}"; check the path`;
  return new LadingError("NOT_FOUND", message, { what: "tag", name });
}

function compressed(path: string, label: string): LadingError<"UNSUPPORTED"> {
  const message = `Cannot write ${label}: "${path}" is a compressed archive, which lading only reads; decompress it, or name another file`;
  return new LadingError("UNSUPPORTED", message, { what: "writing to a compressed archive" });
}
