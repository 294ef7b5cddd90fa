/**
 * From a request to the part that answers it.
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import { isTag } from "../oci/reference.js";
import { accessRequestOf, type Gate } from "./access-request.js";
import { deleteBlob, readBlob } from "./blobs.js";
import { type Exchange, headerOf } from "./exchange.js";
import { deleteManifest, keepManifest, readManifest } from "./manifests.js";
import { pageReply } from "./page.js";
import { listReferrers } from "./referrers.js";
import { jsonReply, type Reply, refusal } from "./reply.js";
import type { Repository } from "./repository.js";
import { type GoodRoute, parseRoute, type Route } from "./route.js";
import { changeUpload, startUpload } from "./uploads.js";

const ALLOWED: Readonly<Record<Route["kind"], readonly string[]>> = {
  base: ["GET", "HEAD"],
  catalog: ["GET"],
  blob: ["GET", "HEAD", "DELETE"],
  manifest: ["GET", "HEAD", "PUT", "DELETE"],
  uploads: ["POST"],
  upload: ["GET", "PATCH", "PUT", "DELETE"],
  tags: ["GET"],
  referrers: ["GET"],
  badName: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
};

/** A request before it is known what its client may do. */
export interface Incoming extends Omit<Exchange, "permission"> {
  readonly gate: Gate;
}

/** Answers a request. Errors of the stores become answers, too. */
export async function dispatch(incoming: Incoming): Promise<Reply> {
  try {
    return await admit(incoming);
  } catch (error) {
    incoming.signal.throwIfAborted();
    return failed(error, incoming);
  }
}

/** Nothing is looked up, and no name but that of the request is known, before the gate has let it in. */
async function admit(incoming: Incoming): Promise<Reply> {
  const { gate, method, path } = incoming;
  const other = await gate.answer?.(incoming);
  if (other !== undefined) return other;
  const route = parseRoute(path);
  if (route === undefined) return refusal(404, "UNSUPPORTED", "there is no such endpoint");
  const allowed = ALLOWED[route.kind];
  if (!allowed.includes(method)) {
    return refusal(405, "UNSUPPORTED", `${method} is not possible here`, { allow: allowed.join(", ") });
  }
  const permission = await gate.permissionOf(incoming);
  const refused = await permission.refuse(accessRequestOf(route, method));
  if (refused !== undefined) return refused;
  if (route.kind === "badName") return refusal(400, "NAME_INVALID", "it is not a repository's name");
  return await answer({ ...incoming, permission }, route);
}

async function answer(exchange: Exchange, route: GoodRoute): Promise<Reply> {
  if (route.kind === "base") return jsonReply({});
  if (route.kind === "catalog") return listRepositories(exchange);
  const { method } = exchange;
  // An upload may be the first thing that a repository sees.
  const create = route.kind === "uploads" || route.kind === "upload" || method === "PUT";
  const repository = await exchange.repositories.open(route.name, { create });
  if (route.kind === "referrers") {
    return listReferrers(repository, route.target, exchange);
  }
  if (repository === undefined) return refusal(404, "NAME_UNKNOWN", "there is no such repository");
  return answerRepository(exchange, route, repository);
}

async function answerRepository(exchange: Exchange, route: GoodRoute, repository: Repository): Promise<Reply> {
  const { method, signal } = exchange;
  const isQuestion = method === "HEAD";
  switch (route.kind) {
    case "uploads":
      return startUpload(exchange, route.name, repository);
    case "upload":
      return changeUpload(exchange, route, repository);
    case "tags":
      return listTags(exchange, route.name, repository);
    case "blob":
      if (method === "DELETE") return deleteBlob(repository, route.target, { signal });
      // RFC 9110, section 14.2: of GET alone.
      return readBlob(repository, route.target, {
        signal,
        isQuestion,
        range: isQuestion ? undefined : headerOf(exchange, "range"),
      });
    case "manifest":
      if (method === "PUT") return keepManifest(exchange, route, repository);
      if (method === "DELETE") return deleteManifest(repository, route.target, { signal });
      return readManifest(repository, route.target, { signal, isQuestion });
    default:
      return refusal(404, "UNSUPPORTED", "there is no such endpoint");
  }
}

async function listRepositories(exchange: Exchange): Promise<Reply> {
  const names: string[] = [];
  for (const name of await exchange.repositories.list()) {
    if (await exchange.permission.mayList(name)) names.push(name);
  }
  return pageReply(names, exchange, (repositories) => ({ repositories }));
}

async function listTags(exchange: Exchange, name: string, { store }: Repository): Promise<Reply> {
  const roots = await store.tags({ signal: exchange.signal });
  const names = new Set(roots.map((root) => root.name).filter(isTag));
  return pageReply([...names].sort(), exchange, (tags) => ({ name, tags }));
}

/** What a store's error means to a client. Paths stay here. */
function failed(error: unknown, { method, report }: Pick<Exchange, "method" | "report">): Reply {
  if (isLadingError(error, "NOT_FOUND")) return refusal(404, "BLOB_UNKNOWN", "it is not there");
  // Who sends nothing has promised nothing: then it is the storage that is damaged.
  const hasContent = ["POST", "PUT", "PATCH"].includes(method);
  if (hasContent && isLadingError(error, "DIGEST_MISMATCH"))
    return refusal(400, "DIGEST_INVALID", "the content is not what was promised");
  report(error);
  if (hasContent && isLadingError(error, "TOO_LARGE"))
    return refusal(413, "SIZE_INVALID", "the repository would list more than it can hold: delete tags and manifests");
  if (isLadingError(error, "IO")) {
    const isFull = error.detail.errno === "ENOSPC" || error.detail.errno === "EDQUOT";
    return refusal(isFull ? 507 : 500, "UNKNOWN", `the registry's storage failed: ${error.detail.errno}`);
  }
  const code = isLadingError(error) ? error.code : "an unexpected error";
  return refusal(500, "UNKNOWN", `the registry failed: ${code}`);
}
