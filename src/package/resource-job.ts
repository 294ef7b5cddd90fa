/**
 * Storing a resource as a job that any thread can do: plain data in, plain data out.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { createLayoutStore } from "../store/layout.js";
import { commitBlobs, type UncommittedBlob } from "../store/layout-blobs.js";
import type { Store } from "../store/store.js";
import type { ByteStream } from "../stream/bytes.js";
import { openPackageFile } from "./file.js";
import type { ResourceClaims } from "./package.js";
import { type ResourceOptions, type StoredResource, storeResource } from "./resource.js";

/** A resource that is a file, or a range of one, to be stored in an OCI layout. */
export interface ResourceJob {
  /** The layout's folder, and what messages call it. */
  readonly folder: string;
  readonly label: string;
  /** The file as the user named it. */
  readonly path: string;
  /** Its identity when the job was made: another one means that it changed since. */
  readonly identity: string;
  /** Bytes from the start of the file; the end is exclusive. */
  readonly range: { readonly start: number; readonly end: number };
  readonly claims: ResourceClaims;
  readonly fileChecksums?: ReadonlyMap<string, string> | undefined;
  readonly bare?: boolean | undefined;
  readonly compression?: ResourceOptions["compression"];
  readonly jobs?: ResourceOptions["jobs"];
  readonly transform?: ResourceOptions["transform"];
  readonly limits?: ResourceOptions["limits"];
}

export interface ResourceJobOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes of the file that were read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** What a thread did of a job: all but to wait for the disk. */
export interface UncommittedResource {
  readonly stored: StoredResource;
  /** To be given their names by `commitBlobs()`. */
  readonly blobs: readonly UncommittedBlob[];
}

/** A store that leaves its blobs uncommitted, and those that it left since they were last taken. */
interface JobStore {
  readonly store: Store;
  readonly blobs: UncommittedBlob[];
}

/** Opens the store of a job, the same one for jobs of the same store: what is done once for a store is done once then. */
export type OpenJobStore = (job: Pick<ResourceJob, "folder" | "label">) => JobStore;

/** For jobs that are done one after the other in a thread of their own. */
export function createJobStores(): OpenJobStore {
  let last: (JobStore & { readonly folder: string }) | undefined;
  return ({ folder, label }) => {
    if (last?.folder === folder) return last;
    const blobs: UncommittedBlob[] = [];
    const onUncommitted = (blob: UncommittedBlob) => blobs.push(blob);
    last = { folder, blobs, store: createLayoutStore(folder, { label, onUncommitted }) };
    return last;
  };
}

/** Does the job up to where only the disk is waited for, which keeps no core busy. */
export async function startResourceJob(
  job: ResourceJob,
  options: ResourceJobOptions,
  open: OpenJobStore = createJobStores(),
): Promise<UncommittedResource> {
  const { store, blobs } = open(job);
  try {
    const stored = await storeJob(job, store, options);
    return { stored, blobs: blobs.splice(0) };
  } catch (error) {
    for (const { file } of blobs.splice(0)) await rm(file, { force: true });
    throw error;
  }
}

/** Does the rest of a job, and gives its result. */
export async function finishResourceJob(
  { folder }: ResourceJob,
  { stored, blobs }: UncommittedResource,
): Promise<StoredResource> {
  await commitBlobs(folder, blobs);
  return stored;
}

/** Does a whole job. */
export async function runResourceJob(job: ResourceJob, options: ResourceJobOptions = {}): Promise<StoredResource> {
  const { folder, label } = job;
  return await storeJob(job, createLayoutStore(folder, { label }), options);
}

async function storeJob(job: ResourceJob, store: Store, options: ResourceJobOptions): Promise<StoredResource> {
  const { path, range, claims, fileChecksums, bare, compression, jobs, transform, limits } = job;
  const { signal, onBytes } = options;
  const file = await openPackageFile(path, { signal, identity: job.identity });
  async function* open(): ByteStream {
    for await (const chunk of file.read({ ...range, signal })) {
      onBytes?.(chunk.byteLength);
      yield chunk;
    }
  }
  const resource = { what: `"${path}"`, claims, fileChecksums, bare, open };
  return await storeResource(store, resource, { signal, compression, jobs, transform, limits });
}
