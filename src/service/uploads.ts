/**
 * Uploads: starting, feeding, finishing and cancelling them.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 * @module
 */

import { type Digest, isDigest, splitDigest } from "../oci/digest.js";
import { isRepository } from "../oci/reference.js";
import { mountBlob } from "./blobs.js";
import { type Exchange, headerOf } from "./exchange.js";
import { parseChunkRange } from "./range.js";
import { emptyReply, type Reply, refusal } from "./reply.js";
import type { Repository } from "./repository.js";
import type { Upload } from "./upload-session.js";

const BAD_DIGEST = "the digest is not sha256 or sha512 and its hex digits";

function uploadHeaders(name: string, { id, size }: Upload): Record<string, string> {
  return {
    location: `/v2/${name}/blobs/uploads/${id}`,
    range: `0-${Math.max(size - 1, 0)}`,
    "docker-upload-uuid": id,
  };
}

function created(name: string, digest: Digest): Reply {
  return emptyReply(201, { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest });
}

/** POST: a new upload, a whole blob with `?digest=`, or a mount with `?mount=`, perhaps `from=` a repository. */
export async function startUpload(exchange: Exchange, name: string, repository: Repository): Promise<Reply> {
  const { query, sessions } = exchange;
  const mount = query.get("mount");
  if (isDigest(mount) && (await mounted(exchange, name, repository, mount))) return created(name, mount);
  const digest = query.get("digest");
  if (digest !== null && !isDigest(digest)) return refusal(400, "DIGEST_INVALID", BAD_DIGEST);
  const algorithm = digest === null ? (query.get("digest-algorithm") ?? "sha256") : splitDigest(digest).algorithm;
  if (algorithm !== "sha256" && algorithm !== "sha512") {
    return refusal(400, "DIGEST_INVALID", "the algorithm is neither sha256 nor sha512");
  }
  const upload = await sessions.start(repository, algorithm);
  if (digest === null) return emptyReply(202, uploadHeaders(name, upload));
  try {
    await upload.append(exchange.body);
    return await commit(exchange, name, upload, digest);
  } catch (error) {
    // Nobody was told of it, so nobody goes on with it.
    await upload.discard();
    throw error;
  }
}

/** Takes the blob from the repository that is named, else from any that this client may read. */
async function mounted(
  { query, repositories, permission, signal }: Exchange,
  name: string,
  to: Repository,
  digest: Digest,
): Promise<boolean> {
  const from = query.get("from");
  const sources = from === null ? [name, ...(await repositories.list())] : [from];
  for (const source of sources) {
    if (!isRepository(source) || !(source === name || (await permission.mayPull(source)))) continue;
    const repository = await repositories.open(source, { create: false });
    if (repository !== undefined && (await mountBlob(repository, to, digest, { signal }))) return true;
  }
  return false;
}

/** GET, PATCH, PUT and DELETE of an upload. */
export async function changeUpload(
  exchange: Exchange,
  { name, target }: { readonly name: string; readonly target: string },
  repository: Repository,
): Promise<Reply> {
  const reply = await exchange.sessions.use(repository, target, (upload) => change(exchange, name, upload));
  if (reply === undefined) return refusal(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload: start it again");
  if (reply !== "busy") return reply;
  return refusal(429, "TOOMANYREQUESTS", "another request is writing to this upload", { "retry-after": "1" });
}

async function change(exchange: Exchange, name: string, upload: Upload): Promise<Reply> {
  switch (exchange.method) {
    case "GET":
      return emptyReply(204, uploadHeaders(name, upload));
    case "PATCH":
      return (await feed(exchange, name, upload)) ?? emptyReply(202, uploadHeaders(name, upload));
    case "PUT":
      return finish(exchange, name, upload);
    default:
      await upload.discard();
      return emptyReply(204);
  }
}

/** Adds the request's content; gives the refusal where it is not what comes next. */
async function feed(exchange: Exchange, name: string, upload: Upload): Promise<Reply | undefined> {
  const header = headerOf(exchange, "content-range");
  if (header === undefined) {
    await upload.append(exchange.body);
    return undefined;
  }
  const range = parseChunkRange(header);
  const before = upload.size;
  if (range?.start !== before) {
    const why = `the chunk does not begin at ${before}, where the upload goes on`;
    return refusal(416, "BLOB_UPLOAD_INVALID", why, uploadHeaders(name, upload));
  }
  const length = range.end - range.start;
  const wrong = (found: string) => refusal(400, "SIZE_INVALID", `the chunk has ${found} bytes, its range ${length}`);
  const promised = headerOf(exchange, "content-length");
  // Said before anything is read, so that nothing of it has to be taken back.
  if (promised !== undefined && Number(promised) !== length) return wrong(promised);
  if (!(await upload.append(exchange.body, length))) return wrong("more");
  const came = upload.size - before;
  return came === length ? undefined : wrong(String(came));
}

async function finish(exchange: Exchange, name: string, upload: Upload): Promise<Reply> {
  const digest = exchange.query.get("digest");
  if (!isDigest(digest)) return refusal(400, "DIGEST_INVALID", BAD_DIGEST);
  return (await feed(exchange, name, upload)) ?? commit(exchange, name, upload, digest);
}

async function commit({ signal }: Exchange, name: string, upload: Upload, digest: Digest): Promise<Reply> {
  if (await upload.commit(digest, { signal })) return created(name, digest);
  return refusal(400, "DIGEST_INVALID", "the content has another digest: send it again");
}
