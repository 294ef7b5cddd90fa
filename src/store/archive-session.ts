/**
 * What a store puts into an archive until it has a name: a draft, and which blob lies where in it.
 *
 * @module
 */

import { dirname } from "node:path";
import { ioError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { createHasher } from "../stream/hash.js";
import { checkContent } from "../stream/verify.js";
import { createDraft, type Draft, type NewMember, type Region } from "./archive-draft.js";
import { readHandle } from "./archive-file.js";
import { blobMember, type Stored } from "./archive-format.js";
import type { PutOptions } from "./store.js";
import { createTemporaryFile } from "./write-file.js";

type Has = (descriptor: Descriptor) => Promise<boolean>;

/** One writing. */
export interface ArchiveSession {
  /** What was put here. */
  find(digest: Digest): Stored | undefined;
  /** Was nothing put here since it was finished? */
  isEmpty(): boolean;
  /** Reserves places for what is going to be put, so that the archive's order is that one. */
  expect(content: readonly Descriptor[]): Promise<void>;
  put(mediaType: string, content: ByteStream, options: PutOptions, has: Has): Promise<Descriptor>;
  /** What was put here, ever, and got no name. */
  unnamed(): readonly Descriptor[];
  /** These have names now. */
  named(digests: readonly Digest[]): void;
  /** Adds members and writes the archive. */
  finish(members: readonly NewMember[], check: () => Promise<void>, options: IoOptions): Promise<void>;
  /** Gives up what was put. */
  discard(): Promise<void>;
}

interface Drafted {
  readonly destination: string;
  readonly draft: Draft;
}

/**
 * Creates the session of one store.
 *
 * @param prepare Runs before a draft is made, and gives the path of the archive.
 */
export function createSession(prepare: () => Promise<string>): ArchiveSession {
  let drafted: Promise<Drafted> | undefined;
  const places = new Map<Digest, Region>();
  const expected = new Map<Digest, Region>();
  const waiting = new Map<Digest, Descriptor>();
  const running = new Map<Digest, Promise<void>>();
  let draft: Draft | undefined;

  function start(): Promise<Drafted> {
    drafted ??= (async () => {
      const destination = await prepare();
      draft = await createDraft(destination);
      return { destination, draft };
    })();
    drafted.catch(() => {
      drafted = undefined;
    });
    return drafted;
  }

  function stop(): void {
    drafted = undefined;
    draft = undefined;
    places.clear();
    expected.clear();
  }

  function keep(descriptor: Descriptor, region: Region): void {
    places.set(descriptor.digest, region);
    waiting.set(descriptor.digest, descriptor);
  }

  /** Puts content whose digest and size are known where it is to lie. */
  async function putKnown(descriptor: Descriptor, content: ByteStream, io: IoOptions): Promise<void> {
    const { draft } = await start();
    const region = expected.get(descriptor.digest) ?? draft.reserve(blobMember(descriptor.digest), descriptor.size);
    expected.delete(descriptor.digest);
    try {
      const hasher = createHasher(descriptor.digest.startsWith("sha512") ? "sha512" : "sha256");
      await draft.fill(region, checked(content, hasher, descriptor), io);
      keep(descriptor, region);
    } catch (error) {
      draft.giveUp(region);
      throw error;
    }
  }

  /** Content that nothing is known of waits in a file of its own until it is. */
  async function putUnknown(mediaType: string, content: ByteStream, options: PutOptions, has: Has) {
    const { destination } = await start();
    const file = await createTemporaryFile(dirname(destination));
    try {
      const hasher = createHasher(options.digest?.startsWith("sha512") ? "sha512" : "sha256");
      for await (const chunk of content) {
        options.signal?.throwIfAborted();
        hasher.update(chunk);
        for (let at = 0; at < chunk.byteLength; ) at += (await file.handle.write(chunk, at)).bytesWritten;
      }
      const { digest, size } = hasher.end();
      checkContent({ digest, size }, options, mediaType);
      const descriptor = { mediaType, digest, size };
      if (!(await has(descriptor))) {
        await alone(descriptor, () =>
          putKnown(descriptor, readHandle(file.handle, file.path, 0, size, options), options),
        );
      }
      return descriptor;
    } finally {
      await file.discard();
    }
  }

  /** Two that put the same at once put it once. */
  async function alone(descriptor: Descriptor, put: () => Promise<void>): Promise<boolean> {
    const { digest } = descriptor;
    await running.get(digest)?.catch(() => {});
    if (places.has(digest)) return false;
    const run = put();
    running.set(digest, run);
    await run.finally(() => running.delete(digest));
    return true;
  }

  return {
    find(digest) {
      const region = places.get(digest);
      const from = draft;
      if (region === undefined || from === undefined) return undefined;
      return { size: region.size, offset: region.offset, open: (io) => from.open(region, io) };
    },
    isEmpty: () => places.size === 0,
    async expect(content) {
      if (content.length === 0) return;
      const { draft } = await start();
      for (const { digest, size } of content) {
        if (!places.has(digest) && !expected.has(digest)) expected.set(digest, draft.reserve(blobMember(digest), size));
      }
    },
    async put(mediaType, content, options, has) {
      options.signal?.throwIfAborted();
      const { digest, size } = options;
      try {
        if (digest === undefined || size === undefined) return await putUnknown(mediaType, content, options, has);
        const descriptor = { mediaType, digest, size };
        const isNews =
          !(await has(descriptor)) && (await alone(descriptor, () => putKnown(descriptor, content, options)));
        if (!isNews) await content[Symbol.asyncIterator]().return?.();
        return descriptor;
      } catch (error) {
        throw ioError(error, "write a blob to", (await drafted?.catch(() => undefined))?.destination ?? "the archive");
      }
    },
    unnamed: () => [...waiting.values()],
    named(digests) {
      for (const digest of digests) waiting.delete(digest);
    },
    async finish(members, check, io) {
      const { draft, destination } = await start();
      // What was expected and never came.
      for (const region of expected.values()) draft.giveUp(region);
      expected.clear();
      await draft.finish(destination, members, check, io);
      stop();
    },
    async discard() {
      const before = draft;
      stop();
      waiting.clear();
      await before?.discard();
    },
  };
}

async function* checked(
  content: ByteStream,
  hasher: ReturnType<typeof createHasher>,
  descriptor: Descriptor,
): ByteStream {
  let size = 0;
  for await (const chunk of content) {
    size += chunk.byteLength;
    if (size > descriptor.size) checkContent({ digest: descriptor.digest, size }, descriptor, descriptor.mediaType);
    hasher.update(chunk);
    yield chunk;
  }
  checkContent(hasher.end(), descriptor, descriptor.mediaType);
}
