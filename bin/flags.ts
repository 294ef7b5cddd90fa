/**
 * Flags made values.
 *
 * @module
 */

import type { Command } from "commander";
import type { LayerFormat, Place, Platform, Store, Transform, TransportOptions } from "../src/index.js";
import { type Cli, type CommonFlags, gather } from "./cli.js";
import { UsageError } from "./usage.js";

/** `NAME=VALUE` items as a record. */
export function parsePairs(flag: string, items: readonly string[] = []): Readonly<Record<string, string>> {
  const pairs = items.map((item) => {
    const at = item.indexOf("=");
    if (at < 1) throw new UsageError(`${flag} "${item}" has no name before a =, wanted NAME=VALUE`);
    return [item.slice(0, at), item.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

/** A count of jobs. */
export function parseJobs(text: string): number {
  const jobs = Number(text);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64)
    throw new UsageError(`--jobs "${text}" is no count from 1 to 64`);
  return jobs;
}

/** What `--compression` takes, as help shows it. */
export const COMPRESSIONS = "gzip[:1-12], zstd[:1-22], estargz[:1-12], zstd:chunked[:1-22] or none";

/** `gzip`, `zstd`, `estargz`, `zstd:chunked` or `none`, perhaps with a level: `gzip:9`. */
export function parseCompression(text: string | undefined): LayerFormat | undefined {
  if (text === undefined) return undefined;
  const match = /^(gzip|zstd|estargz|zstd:chunked|none)(?::(\d{1,2}))?$/.exec(text);
  const type = match?.[1] as LayerFormat["type"] | undefined;
  const level = match?.[2] === undefined ? undefined : Number(match[2]);
  const highest = type === undefined || type === "none" ? 0 : type.startsWith("zstd") ? 22 : 12;
  if (type === undefined || (level !== undefined && (level < 1 || level > highest))) {
    throw new UsageError(`--compression "${text}" is unknown, wanted ${COMPRESSIONS}`);
  }
  return { type, ...(level === undefined ? {} : { level }) };
}

/** A count from 1. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`"${text}" is no count, wanted a number from 1 to 999999`);
}

/** `--squash-from` */
export function parsePosition(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new UsageError(`"${text}" is no position of a layer, wanted a number from 1 to 999`);
}

/** What the flags of {@link addTransformFlags} say. */
export interface TransformFlags {
  readonly at?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** Adds the flags that say what becomes of a tarball's files. */
export function addTransformFlags(verb: Command): Command {
  return verb
    .option("--at <folder>", "put everything below that folder: /opt/app")
    .option("--include <glob>", "take only what matches, from the top of the tarball; repeatable", gather)
    .option("--exclude <glob>", "leave out what matches, as in .gitignore; repeatable", gather);
}

/** The flags as the library takes them; undefined where none is given. */
export function toTransform(
  { at, include, exclude }: TransformFlags,
  more: { readonly singleId?: boolean | undefined; readonly epoch?: number | undefined } = {},
): Transform | undefined {
  const isGiven = [at, include, exclude, more.singleId].some((each) => each !== undefined);
  return isGiven ? { at, include, exclude, ...more } : undefined;
}

/** What the flags of {@link addWorkspaceFlags} say. */
export interface WorkspaceFlags {
  readonly workspace?: string;
  readonly scope?: "workspace" | "user";
}

/** Adds the flags that place an image in a registry's workspace. */
export function addWorkspaceFlags(verb: Command): Command {
  return verb
    .option(
      "--workspace <name>",
      "in a registry: place it in that workspace, HOST/w/WORKSPACE/NAME ($LADING_WORKSPACE)",
    )
    .option("--scope <scope>", "whose it is there: workspace, or user: HOST/w/WORKSPACE/u/USER/NAME", parseScope);
}

function parseScope(text: string): string {
  if (text === "workspace" || text === "user") return text;
  throw new UsageError(`--scope "${text}" is unknown, wanted workspace or user`);
}

/** The places as the flags have them. */
export async function placesInWorkspace(
  places: readonly string[],
  flags: WorkspaceFlags & { readonly plainHttp?: boolean },
  cli: Cli,
): Promise<readonly string[]> {
  if (flags.workspace === undefined && flags.scope === undefined) return places;
  const { inWorkspace } = await import("./workspace.js");
  const { credentials } = await registryOptions(cli, flags);
  return await asUsage(() => inWorkspace(places, flags, { cli, credentials }));
}

/** `SOURCE_DATE_EPOCH`, in whole seconds. See https://reproducible-builds.org/specs/source-date-epoch/ */
export function parseEpoch({ SOURCE_DATE_EPOCH }: Cli["env"]): number | undefined {
  if (SOURCE_DATE_EPOCH === undefined || SOURCE_DATE_EPOCH === "") return undefined;
  const epoch = Number(SOURCE_DATE_EPOCH);
  // The last second of the year 9999, beyond which RFC 3339 has no way to write a time.
  if (/^\d+$/.test(SOURCE_DATE_EPOCH) && epoch <= 253_402_300_799) return epoch;
  throw new UsageError(`SOURCE_DATE_EPOCH "${SOURCE_DATE_EPOCH}" is no count of seconds, wanted digits alone`);
}

/** What names a place, as help shows it. */
export const PLACES =
  "oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], docker://HOST/NAME[:TAG|@DIGEST], store:NAME[:TAG]";

/** A place that the command line names; one that cannot be read is wrong usage. */
export async function openPlace(text: string, options: TransportOptions): Promise<Place> {
  const { openTransport } = await import("../src/transport.js");
  return await asUsage(() => openTransport(text, options));
}

/** `os/arch`, as `--platform` takes it. */
export async function parsePlatformFlag(text: string): Promise<Platform> {
  const { parsePlatform } = await import("../src/oci/platform.js");
  return await asUsage(async () => parsePlatform(text));
}

/** What an argument says that makes no sense. */
async function asUsage<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { isLadingError } = await import("../src/errors.js");
    throw isLadingError(error, "SYNTAX") ? new UsageError(error.message) : error;
  }
}

/** The local store that the flags and the environment name. */
export async function openStore(cli: Cli, flags: CommonFlags) {
  const { localStoreFolder, openLocalStore } = await import("../src/store/local.js");
  return openLocalStore(flags.store ?? localStoreFolder(cli.env));
}

/** What the flags of {@link addNamespaceFlag} say. */
export interface NamespaceFlags extends CommonFlags {
  readonly namespace?: string;
}

/** Adds the flag that says where bare names stand. */
export function addNamespaceFlag(verb: Command): Command {
  return verb.option("--namespace <namespace>", "where bare names stand: /acme/pkg (`lading namespace`, else /)");
}

/** The namespace that the flags name, else the store's current one. */
export async function namespaceOf(flags: NamespaceFlags, store: Store): Promise<string> {
  const { parseNamespace, readNamespace } = await import("../src/package/namespace.js");
  const { namespace } = flags;
  return namespace === undefined ? await readNamespace(store) : await asUsage(async () => parseNamespace(namespace));
}

/** What the flags of {@link addRegistryFlags} say. */
export interface RegistryFlags {
  readonly plainHttp?: boolean;
  readonly cacert?: readonly string[];
  readonly authfile?: string;
  readonly tokenServer?: readonly string[];
}

/** Adds the flags of every verb that talks to registries. */
export function addRegistryFlags(verb: Command): Command {
  return verb
    .option("--plain-http", "allow http to registries that are not on this machine")
    .option("--cacert <file>", "trust the authorities whose certificates are in it (PEM) too; repeatable", gather)
    .option("--authfile <file>", "the one file of logins (else $REGISTRY_AUTH_FILE, else the usual ones)")
    .option(
      "--token-server <host>",
      "let it have the login although the registry is on another host; repeatable",
      gather,
    );
}

/** What looking up logins takes from the environment and the flags. */
export function credentialOptions(cli: Cli, { authfile }: RegistryFlags) {
  return { env: cli.env, uid: process.getuid?.(), authFile: authfile };
}

/** What talking to a registry takes from the environment and the flags. */
export async function registryOptions(cli: Cli, flags: RegistryFlags) {
  const { createCredentialSource } = await import("../src/registry/credentials.js");
  const credentials = createCredentialSource(credentialOptions(cli, flags));
  return { credentials, ...connectionOptions(cli, flags) };
}

/** How to reach a registry, without its login. */
export function connectionOptions(cli: Cli, { plainHttp, cacert, tokenServer }: RegistryFlags) {
  return { insecure: plainHttp === true, network: { env: cli.env, cacert }, trustedRealms: tokenServer };
}
