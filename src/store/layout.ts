/**
 * An OCI image layout on disk as a {@link Store}.
 *
 * Crash-safe: a blob or `index.json` appears whole or not at all, and is on disk before a name leads to it. Safe for
 * several writers, on file systems without `flock` too: `index.json` is read, changed and replaced under a lock. Beside
 * what the specification lists, the folder holds `.lading/`: the lock and temporary files (same file system, so that
 * rename is atomic), and `own` where lading made the layout.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @module
 */

import { join, resolve as resolvePath } from "node:path";
import { errnoOf, ioError, LadingError } from "../errors.js";
import { type Digest, isDigest } from "../oci/digest.js";
import type { Index } from "../oci/manifest.js";
import { parseRefName } from "../oci/ref-name.js";
import type { IoOptions } from "../stream/bytes.js";
import { files } from "../stream/files.js";
import { lastCollection } from "./collected.js";
import { createBlobFolder, type UncommittedBlob } from "./layout-blobs.js";
import { hasLayout, hiddenFolder, makeHidden, readLayoutIndex } from "./layout-files.js";
import {
  addRoots,
  EMPTY_INDEX,
  encodeReadableIndex,
  findRoot,
  hasRoots,
  listRoots,
  nameless,
  nameOf,
  removeRoots,
} from "./layout-index.js";
import { acquireLock, type LockOptions } from "./lock.js";
import { blobNotFound, tagNotFound } from "./missing.js";
import { reach, reachNothing } from "./reach.js";
import type { Store, Tagged, TagOptions } from "./store.js";
import { createScratchFile, reclaimTemporaries, writeFileAtomic } from "./write-file.js";

/** What a layout is called, and how long to wait for its lock. */
export interface LayoutOptions extends Pick<LockOptions, "patienceMs" | "deadlineMs"> {
  /** What messages call it (`oci:` and the folder). */
  readonly label?: string;
  /**
   * Only lading writes to this folder, so that other stores may share its blobs by hard links (false). Not for a layout that
   * somebody hands over: what it holds is then read, and checked, before it is anywhere else.
   */
  readonly shared?: boolean;
  /**
   * Is given each blob that is put, whole, instead of waiting for the disk and naming it, which `commitBlobs()` does (none).
   */
  readonly onUncommitted?: ((blob: UncommittedBlob) => void) | undefined;
}

const VERSION = '{"imageLayoutVersion":"1.0.0"}';
type Update = (index: Index | undefined) => Index | Promise<Index>;

/** Thrown when the lock was lost before anything was changed. */
const LOCK_LOST = Symbol("lock lost");

/** Says that lading made the layout. Nothing that is there is opened: it could be a link to any file of the user's. */
async function markOwn(hidden: string): Promise<void> {
  await files.writeFile(join(hidden, "own"), "", { flag: "wx" }).catch((error) => {
    if (errnoOf(error) !== "EEXIST") throw error;
  });
}

async function isEmptyOrMissing(folder: string): Promise<boolean> {
  const names = await files.readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw ioError(error, "use", folder);
  });
  return names.every((name) => name === ".lading");
}

/**
 * Opens the OCI layout in `folder`, or one to be made there: nothing is written before the first `put` or `tag`.
 *
 * @param folder A path; a folder that is missing is made with its parents. One that holds something else than a layout is
 * refused on writing.
 * @returns A store whose `put` is atomic at once and durable when a `tag` that reaches the content has returned.
 * @throws {LadingError} From its methods: `NOT_FOUND` for a folder, blob or tag that is missing; `DIGEST_MISMATCH` and
 * `CORRUPT` for content that is not what it should be; `UNSUPPORTED` for another layout version; `EXISTS` when the lock
 * stays taken; `IO` from the file system.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { createLayoutStore, fromBytes } from "lading";
 *
 * const folder = await mkdtemp("layout-");
 * const store = createLayoutStore(folder);
 * const descriptor = await store.put("text/plain", fromBytes("hello"));
 * await store.tag([{ name: "greeting", descriptor }]);
 * assert.equal((await createLayoutStore(folder).resolve("greeting")).size, 5);
 * await rm(folder, { recursive: true });
 * ```
 */
export function createLayoutStore(folder: string, options: LayoutOptions = {}): Store {
  const root = resolvePath(folder);
  const label = options.label ?? `oci:${folder}`;
  const hidden = hiddenFolder(root);
  const indexPath = join(root, "index.json");
  const versionPath = join(root, "oci-layout");
  let prepared: Promise<void> | undefined;
  let since: Promise<string> | undefined;

  const readIndex = () => readLayoutIndex(root);

  async function existingIndex(): Promise<Index> {
    const index = await readIndex();
    if (index !== undefined) return index;
    throw new LadingError("NOT_FOUND", `Cannot open ${label}: there is no OCI layout in "${folder}"; check the path`, {
      what: "layout",
      name: folder,
    });
  }

  async function makeLayout(): Promise<void> {
    if (!(await hasLayout(root))) {
      const isEmpty = await isEmptyOrMissing(root);
      // Another process may have made the layout since; `oci-layout` is the first file that it writes.
      if (!isEmpty && !(await hasLayout(root))) {
        const message = `Cannot write ${label}: "${folder}" holds something else than an OCI layout; name a new folder`;
        throw new LadingError("EXISTS", message, { what: "folder", name: folder });
      }
      await makeHidden(hidden);
      if (isEmpty) await markOwn(hidden);
      if (isEmpty) await writeFileAtomic(versionPath, Buffer.from(VERSION), hidden);
    }
    await makeHidden(hidden);
    await reclaimTemporaries(hidden);
  }

  /** Once for a store: makes the layout where there is none, removes what dead writers left behind. */
  function prepare(): Promise<void> {
    prepared ??= makeLayout().catch((error) => {
      prepared = undefined;
      throw ioError(error, "write to", folder);
    });
    return prepared;
  }

  /** Changes the index under the lock. False where the lock was lost before anything was changed. */
  async function tryChange(update: Update, signal?: AbortSignal): Promise<boolean> {
    const lock = await acquireLock(join(hidden, "lock"), { ...options, signal });
    const checkHeld = async () => {
      if (!(await lock.isHeld())) throw LOCK_LOST;
    };
    try {
      const bytes = encodeReadableIndex(await update(await readIndex()), indexPath);
      await writeFileAtomic(indexPath, bytes, hidden, checkHeld);
      return true;
    } catch (error) {
      if (error === LOCK_LOST) return false;
      throw error;
    } finally {
      await lock.release();
    }
  }

  async function change(update: Update, signal?: AbortSignal): Promise<void> {
    await prepare();
    while (!(await tryChange(update, signal)));
  }

  /** What was there when this store was first asked. */
  function begin(): Promise<string> {
    since ??= lastCollection(hidden);
    return since;
  }

  /** After a collection of garbage, what was there before may be gone. Runs under the lock, so that none is under way. */
  async function checkWhole(roots: readonly Tagged[], io: IoOptions): Promise<void> {
    const last = await lastCollection(hidden);
    if (last === (await begin())) return;
    const reached = reachNothing();
    await reach(
      roots.map(({ descriptor }) => descriptor),
      blobs,
      reached,
      io,
    );
    for (const descriptor of reached.content.values()) {
      if (!descriptor.mediaType.includes(".nondistributable.") && !(await blobs.has(descriptor, io)))
        throw blobNotFound(descriptor, label);
    }
    since = Promise.resolve(last);
  }

  /** Lists what has lost its last name without one, but what is not there any more. */
  async function keepNameless(before: Index, after: Index, io: IoOptions): Promise<Index> {
    const kept: Tagged[] = [];
    for (const root of nameless(before, after)) if (await blobs.has(root.descriptor, io)) kept.push(root);
    return kept.length === 0 ? after : addRoots(after, kept);
  }

  const { shared = false, onUncommitted } = options;
  const blobs = createBlobFolder({ root, temporaries: hidden, label, prepare, shared, onUncommitted });

  return {
    label,
    layoutFolder: root,
    async has(descriptor, io) {
      await begin();
      return await blobs.has(descriptor, io);
    },
    open: blobs.open,
    async put(mediaType, content, io) {
      await begin();
      return await blobs.put(mediaType, content, io);
    },
    sharedFile: blobs.sharedFile,
    async link(descriptor, file, io) {
      await begin();
      return await blobs.link(descriptor, file, io);
    },
    prepareScratch: prepare,
    scratch: () => createScratchFile(hidden),
    tidy: () => reclaimTemporaries(hidden),
    async resolve(name) {
      const index = await existingIndex();
      const found = findRoot(index, name, indexPath);
      if (found !== undefined) return found;
      throw tagNotFound(
        name,
        label,
        [...new Set(index.manifests.map(nameOf))].filter((each) => each !== undefined),
      );
    },
    async tags() {
      const index = await readIndex();
      return listRoots(index ?? EMPTY_INDEX);
    },
    async tag(roots: readonly Tagged[], { signal, keep = false }: TagOptions = {}) {
      for (const { name } of roots) if (name !== undefined) parseRefName(name);
      const there = await Promise.all(roots.map(({ descriptor }) => blobs.has(descriptor, { signal })));
      const missing = roots[there.indexOf(false)];
      if (missing !== undefined) throw blobNotFound(missing.descriptor, label);
      if (roots.length > 0) await blobs.sync();
      const index = await readIndex();
      // Who sets a name to what it stands for already needs no lock, and leaves the file as it is.
      if (index !== undefined && hasRoots(index, roots)) return await reclaimTemporaries(hidden);
      await change(async (index) => {
        await checkWhole(roots, { signal });
        const after = addRoots(index, roots);
        return keep ? await keepNameless(index ?? EMPTY_INDEX, after, { signal }) : after;
      }, signal);
    },
    async untag(names: readonly (string | Digest)[], { signal, keep = false }: TagOptions = {}) {
      if ((await readIndex()) === undefined) return;
      await change(async (index = EMPTY_INDEX) => {
        const after = removeRoots(index, names);
        return keep ? await keepNameless(removeRoots(index, names.filter(isDigest)), after, { signal }) : after;
      }, signal);
    },
  };
}
