/**
 * A repository of a registry as a {@link Store}.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import { createHttpClient, type HttpClient, type NetworkOptions } from "../http/client.js";
import type { Backoff } from "../http/retry.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestOf, isDigest, splitDigest } from "../oci/digest.js";
import { MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isReferableType } from "../oci/media-type.js";
import { isTag } from "../oci/reference.js";
import { readReferrer } from "../oci/referrer.js";
import type { Cache } from "../store/cache.js";
import type { Journal } from "../store/journal.js";
import { blobNotFound } from "../store/missing.js";
import type { MountOptions, PutOptions, Store, Tagged } from "../store/store.js";
import { type ByteStream, collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import { checkContent } from "../stream/verify.js";
import { fetchBlobSize, openBlob } from "./blob.js";
import { createBlobPlaces } from "./blob-places.js";
import { deleteTag, fetchDescriptor, fetchManifest, fetchNamed, hasManifest, pushManifest } from "./manifest.js";
import { createManifestCache } from "./manifest-cache.js";
import { isMountable, mountFromAny } from "./mount.js";
import type { Place } from "./place.js";
import { fetchReferrers, hasReferrersApi } from "./referrers.js";
import { addToReferrersTag, removeFromReferrersTag } from "./referrers-tag.js";
import { createSession, type SessionOptions } from "./session.js";
import { fetchTagNames } from "./tag-list.js";
import { uploadBlob } from "./upload.js";
import type { Started } from "./upload-request.js";

/** How to reach a registry: logins, plain http, shared connections. */
export interface RegistryStoreOptions extends Omit<SessionOptions, "client"> {
  /** Shares connections with other stores (one of its own, which keeps no process alive). */
  readonly client?: HttpClient | undefined;
  /** Proxies and certificates for connections of its own (none beyond Node's). */
  readonly network?: NetworkOptions | undefined;
  /** Remembers which repositories have a blob, so that others of the same registry can take it from there (nothing). */
  readonly cache?: Cache | undefined;
  /** Remembers large uploads under way, so that one that died goes on in the next process (nothing). */
  readonly journal?: Journal | undefined;
  /** Waits before an upload or download that was cut goes on (0.5 s at first, thrice as long each time, 30 s at most). */
  readonly backoff?: Backoff | undefined;
}

const BACKOFF: Backoff = { baseDelayMs: 500, maxDelayMs: 30_000 };

/** Requests at once while tags are resolved. */
const RESOLVES = 8;
/** Milliseconds in which an answer of the registry still holds for the next step of the same push. */
const AT_ONCE_MS = 5000;

/**
 * Creates a store over a repository. No request is made before the first call.
 *
 * Blobs are verified as they stream, in both directions. Tags take one request each. What a store promises and a registry
 * cannot: `tag` of several names is not all or none, a root without name is not listed, and annotations beside names are
 * not kept.
 *
 * @param place Registry and repository, as `parseReference` gives them.
 * @throws {LadingError} From its methods: `NETWORK` where no answer comes; `REGISTRY` where the answer says no; `NOT_FOUND`,
 * `DIGEST_MISMATCH`, `FORMAT` and `TOO_LARGE` for content; `SYNTAX` for a tag that registries do not take, and for
 * credentials that cannot be read; `UNSUPPORTED` where the registry does not remove tags.
 */
export function createRegistryStore(place: Place, options: RegistryStoreOptions = {}): Store {
  const client = options.client ?? createHttpClient({ ...options.network, insecure: options.insecure });
  const session = createSession(place, { ...options, client });
  const { cache, journal, backoff = BACKOFF } = options;
  const places = cache && createBlobPlaces(cache, place.registry);
  const mounting = { session, place, places };
  /** Uploads that the registry began where it was asked to mount. */
  const started = new Map<Digest, Started>();
  const manifests = createManifestCache();
  /** What a look said is not there, so that the upload that follows need not look again. */
  const absent = new Set<Digest>();
  /** What a look said is there. A registry that then refuses the manifest may have lied. */
  const believed = new Set<Digest>();
  const doubted = new Set<Digest>();
  /** What was put there just now, and need not be looked for. */
  const sent = new Map<Digest, number>();
  /** Manifests that a look found. */
  const found = new Set<Digest>();
  /** What the last name that was resolved means; good for one push that comes at once. */
  let meant: { readonly name: string; readonly digest: Digest | undefined; readonly until: number } | undefined;
  /** Has the registry refused a manifest because of blobs that it should have? */
  let hasLost = false;

  async function has(descriptor: Descriptor, io: IoOptions = {}): Promise<boolean> {
    const { digest, mediaType, size } = descriptor;
    if (isReferableType(mediaType)) return await lookForManifest(descriptor, io);
    if (doubted.has(digest)) return false;
    if (sent.get(digest) === size) return true;
    const length = await fetchBlobSize(session, digest, io);
    const isThere = length === size || length === -1;
    (isThere ? believed : absent).add(digest);
    return isThere;
  }

  async function lookForManifest(descriptor: Descriptor, io: IoOptions): Promise<boolean> {
    const isThere = await hasManifest(session, descriptor, io);
    if (isThere) found.add(descriptor.digest);
    return isThere;
  }

  /** Registries refuse a manifest whose blobs they lack, and keep the blobs of those that they have. */
  async function hasWhole(manifest: Descriptor, io: IoOptions = {}): Promise<boolean> {
    if (hasLost) return false;
    const isKnown = meant?.digest === manifest.digest && Date.now() < meant.until;
    if (!isKnown) return await lookForManifest(manifest, io);
    found.add(manifest.digest);
    return true;
  }

  async function put(mediaType: string, content: ByteStream, put: PutOptions = {}): Promise<Descriptor> {
    put.signal?.throwIfAborted();
    if (isReferableType(mediaType)) return putManifest(mediaType, content, put);
    const { digest, size } = put;
    const isNews = digest === undefined || size === undefined || absent.delete(digest);
    if (!isNews && (await has({ mediaType, digest, size }, put))) {
      await content[Symbol.asyncIterator]().return?.();
      return { mediaType, digest, size };
    }
    const begun = digest === undefined ? undefined : started.get(digest);
    if (digest !== undefined) started.delete(digest);
    const id = await uploadBlob(session, content, { ...put, started: begun, journal, backoff });
    noteSent(id);
    return { mediaType, ...id };
  }

  function noteSent({ digest, size }: { readonly digest: Digest; readonly size: number }): void {
    absent.delete(digest);
    doubted.delete(digest);
    sent.set(digest, size);
    // It never throws, and `tag` waits for it.
    void places?.note(digest, place.repository);
  }

  async function mount(descriptor: Descriptor, mount: MountOptions = {}): Promise<boolean> {
    // What the registry lost although it said to have it is better sent.
    if (isReferableType(descriptor.mediaType) || doubted.has(descriptor.digest)) return false;
    if (mount.dryRun) return await isMountable(descriptor, mounting, mount);
    const answer = await mountFromAny(descriptor, mounting, mount);
    if (answer === "mounted") {
      noteSent(descriptor);
      believed.add(descriptor.digest);
    } else if (answer !== undefined) started.set(descriptor.digest, answer);
    return answer === "mounted";
  }

  async function putManifest(mediaType: string, content: ByteStream, put: PutOptions): Promise<Descriptor> {
    const bytes = await collect(content, MAX_MANIFEST_BYTES, "manifest");
    const digest = digestOf(bytes, put.digest === undefined ? "sha256" : splitDigest(put.digest).algorithm);
    const descriptor = { mediaType, digest, size: bytes.byteLength };
    checkContent(descriptor, put, "manifest");
    await push(digest, { mediaType, bytes }, put);
    manifests.keep(digest, bytes);
    return descriptor;
  }

  async function push(name: string, manifest: { mediaType: string; bytes: Uint8Array }, io: IoOptions): Promise<void> {
    try {
      const { listsReferrers } = await pushManifest(session, name, manifest, io);
      const referrer = listsReferrers ? undefined : referrerOf(manifest);
      if (referrer !== undefined) await addToReferrersTag(session, referrer, io);
    } catch (error) {
      const codes = isLadingError(error, "REGISTRY") ? error.detail.errors.map(({ code }) => code) : [];
      if (codes.some((code) => code.endsWith("BLOB_UNKNOWN"))) {
        hasLost = true;
        for (const digest of believed) doubted.add(digest);
        sent.clear();
      }
      throw error;
    }
  }

  async function* open(descriptor: Descriptor, io: IoOptions = {}): ByteStream {
    if (isReferableType(descriptor.mediaType)) yield* fromBytes(await fetchManifest(session, descriptor, io));
    else {
      yield* openBlob(session, descriptor, { ...io, backoff });
      await places?.note(descriptor.digest, place.repository);
    }
  }

  async function resolve(name: string, io: IoOptions = {}): Promise<Descriptor> {
    if (!isDigest(name)) checkTag(name);
    meant = undefined;
    const descriptor = await fetchDescriptor(session, name, io);
    meant = { name, digest: descriptor?.digest, until: Date.now() + AT_ONCE_MS };
    if (descriptor !== undefined) return descriptor;
    const message = `Cannot find "${name}" in ${session.label}: the registry does not know it; check the name and the tag`;
    throw new LadingError("NOT_FOUND", message, { what: "tag", name });
  }

  async function fetch(name: string, io: IoOptions = {}) {
    if (!isDigest(name)) checkTag(name);
    return await fetchNamed(session, name, io);
  }

  async function tags(io: IoOptions = {}): Promise<readonly Tagged[]> {
    const names = await fetchTagNames(session, io);
    const found = await mapConcurrent(names, RESOLVES, (name) => fetchDescriptor(session, name, io), io.signal);
    // A tag may go while the list is read.
    return names.flatMap((name, index) => {
      const descriptor = found[index];
      return descriptor === undefined ? [] : [{ name, descriptor }];
    });
  }

  async function bytesOf(descriptor: Descriptor, io: IoOptions): Promise<Uint8Array> {
    const { digest, mediaType } = descriptor;
    if (!isReferableType(mediaType)) throw notTaggable(session.label, descriptor);
    const bytes = manifests.find(digest) ?? (await fetchManifest(session, descriptor, io));
    manifests.keep(digest, bytes);
    return bytes;
  }

  /** Tags that mean just this already need not be set; some registries refuse to set a tag anew. */
  async function isTagged({ name, descriptor }: Tagged, io: IoOptions): Promise<boolean> {
    if (name === undefined || !found.has(descriptor.digest)) return false;
    const known = meant;
    meant = undefined;
    if (known?.name === name && Date.now() < known.until) return known.digest === descriptor.digest;
    return (await fetchDescriptor(session, name, io))?.digest === descriptor.digest;
  }

  async function tag(roots: readonly Tagged[], io: IoOptions = {}): Promise<void> {
    for (const { name } of roots) if (name !== undefined) checkTag(name);
    const isOld = await mapConcurrent(roots, RESOLVES, (root) => isTagged(root, io), io.signal);
    const news = roots.filter((_, index) => isOld[index] === false);
    for (const { descriptor } of news) await bytesOf(descriptor, io);
    await places?.settle();
    for (const { name, descriptor } of news) {
      const { mediaType } = descriptor;
      if (name !== undefined) await push(name, { mediaType, bytes: await bytesOf(descriptor, io) }, io);
      else if (!(await has(descriptor, io))) throw blobNotFound(descriptor, session.label);
    }
  }

  async function untag(names: readonly string[], io: IoOptions = {}): Promise<void> {
    for (const name of names) {
      if (isDigest(name)) await deleteManifest(name, io);
      else if (isTag(name)) await deleteTag(session, name, io);
    }
  }

  /** A referrer that goes also goes from the list that clients keep. */
  async function deleteManifest(digest: Digest, io: IoOptions): Promise<void> {
    const descriptor = await fetchDescriptor(session, digest, io);
    const bytes = descriptor && (manifests.find(digest) ?? (await fetchManifest(session, descriptor, io)));
    const referrer = descriptor && bytes && readReferrer(descriptor, bytes);
    await deleteTag(session, digest, io);
    if (referrer === undefined || (await hasReferrersApi(session, referrer.subject.digest, io))) return;
    await removeFromReferrersTag(session, referrer, io);
  }

  const referrers: Store["referrers"] = (subject, wanted = {}) => fetchReferrers(session, subject, wanted);
  const { label } = session;
  const repository = { registry: place.registry, repository: place.repository };
  const names = (io: IoOptions = {}) => fetchTagNames(session, io);
  return { label, repository, has, hasWhole, open, put, mount, referrers, resolve, fetch, names, tags, tag, untag };
}

/** What a manifest refers to, where it can be read: the registry has taken it, whatever it is. */
function referrerOf({ mediaType, bytes }: { mediaType: string; bytes: Uint8Array }) {
  return readReferrer({ mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes);
}

function checkTag(name: string): void {
  if (isTag(name)) return;
  const shown = String(name).slice(0, 200);
  const message = `Cannot use tag ${JSON.stringify(shown)}: expected 1 to 128 letters, digits, dots, dashes and underscores`;
  throw new LadingError("SYNTAX", message, { kind: "tag", input: shown });
}

function notTaggable(label: string, { mediaType }: Descriptor): LadingError<"UNSUPPORTED"> {
  const message = `Cannot tag content of type "${mediaType}" in ${label}: registries tag manifests and indexes; tag its manifest`;
  return new LadingError("UNSUPPORTED", message, { what: "tagging a blob" });
}
