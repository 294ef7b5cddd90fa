/**
 * Manifests: reading, keeping and removing them.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 * @module
 */

import { isLadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestOf, isDigest, splitDigest } from "../oci/digest.js";
import { childrenOf, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isReferableType } from "../oci/media-type.js";
import { isTag } from "../oci/reference.js";
import { readReferrer } from "../oci/referrer.js";
import { manifestTypeOf } from "../registry/manifest-type.js";
import { reach, reachNothing } from "../store/reach.js";
import { collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import { type Exchange, headerOf } from "./exchange.js";
import { emptyReply, type Reply, refusal } from "./reply.js";
import type { Repository } from "./repository.js";
import { inTurn } from "./turn.js";

/** `isQuestion`: a HEAD, after which a client pushes no more of what it was told is there. */
export interface ReadOptions extends IoOptions {
  readonly isQuestion: boolean;
}

const UNKNOWN = () => refusal(404, "MANIFEST_UNKNOWN", "this repository has no such manifest");

/** GET and HEAD of `manifests/<tag or digest>`. */
export async function readManifest(repository: Repository, target: string, options: ReadOptions): Promise<Reply> {
  const descriptor = await findManifest(repository, target, options);
  if (descriptor === undefined) return UNKNOWN();
  if (options.isQuestion && !(await repository.store.has(descriptor, options))) return UNKNOWN();
  const { digest, mediaType, size } = descriptor;
  const headers = { "content-type": mediaType, "content-length": String(size), "docker-content-digest": digest };
  return { status: 200, headers, body: repository.store.open(descriptor, options) };
}

/** A listed root by its name or digest, else any manifest that is there, such as one of an index. */
async function findManifest({ store, sizeOf }: Repository, target: string, options: IoOptions) {
  if (!isTag(target) && !isDigest(target)) return undefined;
  try {
    const root = await store.resolve(target, options);
    const size = await sizeOf(root.digest, options);
    return size === root.size ? root : undefined;
  } catch (error) {
    if (!isLadingError(error, "NOT_FOUND")) throw error;
  }
  return isDigest(target) ? findUnlisted({ store, sizeOf }, target, options) : undefined;
}

async function findUnlisted(
  { store, sizeOf }: Pick<Repository, "store" | "sizeOf">,
  digest: Digest,
  options: IoOptions,
): Promise<Descriptor | undefined> {
  const size = await sizeOf(digest, options);
  if (size === undefined || size > MAX_MANIFEST_BYTES) return undefined;
  const descriptor = { mediaType: "application/octet-stream", digest, size };
  const bytes = await collect(store.open(descriptor, options), size, "manifest");
  try {
    return { ...descriptor, mediaType: manifestTypeOf(bytes) };
  } catch {
    return undefined;
  }
}

/** PUT of `manifests/<tag or digest>`: the bytes are kept as they came. */
export async function keepManifest(
  exchange: Exchange,
  { name, target }: { readonly name: string; readonly target: string },
  repository: Repository,
): Promise<Reply> {
  const names = isTag(target) ? [target] : exchange.query.getAll("tag");
  if (!(isTag(target) || isDigest(target)) || !names.every(isTag)) {
    return refusal(400, "MANIFEST_INVALID", "it is put under neither a tag nor a digest");
  }
  const bytes = await readBody(exchange);
  if (bytes === undefined) return refusal(413, "SIZE_INVALID", `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`);
  const digest = digestOf(bytes, isDigest(target) ? splitDigest(target).algorithm : "sha256");
  if (isDigest(target) && digest !== target) return refusal(400, "DIGEST_INVALID", `the content is ${digest}`);
  const place = { name, names, isTagged: isTag(target) };
  return await inTurn(repository, () => addManifest(exchange, repository, bytes, digest, place));
}

/** In a turn of its own: nobody removes what the manifest names between the look at it and the listing. */
async function addManifest(
  exchange: Exchange,
  repository: Repository,
  bytes: Uint8Array,
  digest: Digest,
  { name, names, isTagged }: { readonly name: string; readonly names: readonly string[]; readonly isTagged: boolean },
): Promise<Reply> {
  const checked = await checkManifest(repository, bytes, exchange);
  if (typeof checked !== "string") return checked;
  const { signal } = exchange;
  const descriptor = await repository.store.put(checked, fromBytes(bytes), { digest, size: bytes.byteLength, signal });
  try {
    const roots = names.length === 0 ? [{ descriptor }] : names.map((tag) => ({ name: tag, descriptor }));
    // What the tags stood for so far stays there for who asks by its digest.
    await repository.store.tag(roots, { signal, keep: true });
  } catch (error) {
    // Garbage was collected since the children were looked for.
    if (isLadingError(error, "NOT_FOUND")) return missingChild(error.detail.name);
    throw error;
  }
  const subject = readReferrer(descriptor, bytes)?.subject;
  return emptyReply(201, {
    location: `/v2/${name}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(subject && { "oci-subject": subject.digest }),
    ...(!isTagged && names.length > 0 && { "oci-tag": names.join(", ") }),
  });
}

function missingChild(name: string): Reply {
  return refusal(404, "MANIFEST_BLOB_UNKNOWN", `${name} is not in this repository: push it again`);
}

/** Undefined where it is too large. */
async function readBody({ body }: Exchange): Promise<Buffer | undefined> {
  try {
    return await collect(body, MAX_MANIFEST_BYTES, "manifest");
  } catch (error) {
    if (isLadingError(error, "TOO_LARGE")) return undefined;
    throw error;
  }
}

/** The media type of a good manifest, or why it is refused. */
async function checkManifest(repository: Repository, bytes: Uint8Array, exchange: Exchange): Promise<string | Reply> {
  let mediaType: string;
  try {
    mediaType = manifestTypeOf(bytes, headerOf(exchange, "content-type"));
  } catch (error) {
    if (isLadingError(error)) return refusal(400, "MANIFEST_INVALID", error.message);
    throw error;
  }
  const children = childrenOf(mediaType, bytes);
  for (const child of children) {
    if (!isNeeded(mediaType, child)) continue;
    const size = await repository.sizeOf(child.digest, exchange);
    if (size !== undefined && size !== child.size)
      return refusal(400, "MANIFEST_INVALID", `${child.digest} has ${size} bytes, not ${child.size}`);
    if (size === undefined || !(await repository.store.has(child, exchange))) return missingChild(child.digest);
  }
  return (await checkListed(repository, children, exchange)) ?? mediaType;
}

/**
 * What is listed as a manifest, at any depth, has to be one: nobody could pull it, or tell what it needs and so collect
 * garbage here. It may have come as a blob, which nobody looked into.
 */
async function checkListed(
  { store }: Repository,
  children: readonly Descriptor[],
  { signal }: IoOptions,
): Promise<Reply | undefined> {
  const reached = reachNothing();
  const manifests = children.filter(({ mediaType }) => isReferableType(mediaType));
  try {
    await reach(manifests, store, reached, { signal });
  } catch (error) {
    if (!isLadingError(error) || isLadingError(error, "IO")) throw error;
    return refusal(400, "MANIFEST_INVALID", `what it lists as a manifest is none, or is damaged: ${error.code}`);
  }
  const [missing] = reached.missing;
  return missing === undefined ? undefined : missingChild(missing);
}

/** Layers that must not be distributed may be missing, and so may what an index lists and is no manifest. */
function isNeeded(parent: string, { mediaType }: Descriptor): boolean {
  if (/\.nondistributable\.|\.foreign\./.test(mediaType)) return false;
  return !parent.includes("index") && !parent.includes("list") ? true : isReferableType(mediaType);
}

/** DELETE: a tag alone, or a manifest with every tag that points to it. */
export async function deleteManifest(repository: Repository, target: string, options: IoOptions): Promise<Reply> {
  if (isTag(target)) return await inTurn(repository, () => deleteTag(repository, target, options));
  if (!isDigest(target)) return refusal(400, "DIGEST_INVALID", "it is neither a tag nor a digest");
  if (repository.remove === undefined) return refusal(405, "UNSUPPORTED", "this registry does not delete manifests");
  return await inTurn(repository, async () => {
    if ((await findManifest(repository, target, options)) === undefined) return UNKNOWN();
    await repository.store.untag([target], options);
    await repository.remove?.(target);
    return emptyReply(202);
  });
}

async function deleteTag({ store }: Repository, tag: string, options: IoOptions): Promise<Reply> {
  if (!(await store.tags(options)).some(({ name }) => name === tag)) return UNKNOWN();
  // Without its last name the manifest is still there by its digest.
  await store.untag([tag], { ...options, keep: true });
  return emptyReply(202);
}
