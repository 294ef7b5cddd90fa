/**
 * `lading serve`
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Access, TlsFiles } from "../../src/index.js";
import { type Cli, type CommonFlags, createVerb, type Verb, warn } from "../cli.js";
import { UsageError } from "../usage.js";
import { formatJson } from "../visible.js";

interface Flags extends CommonFlags {
  readonly root?: string;
  readonly listen: string;
  readonly insecureListen?: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly auth?: string;
}

/** `HOST:PORT`; an IPv6 address stands in brackets. */
function parseAddress(text: string): { host: string; port: number } {
  const [, host = "", port = ""] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) > 65535) throw new UsageError(`--listen "${text}" is no address, wanted HOST:PORT`);
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

/** The files of `--cert` and `--key`; undefined where neither is given. */
async function readTls({ cert, key }: Flags): Promise<TlsFiles | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError("--cert and --key belong together, give both");
  return { cert: await readPem(cert, "certificate"), key: await readPem(key, "certificate's key") };
}

async function readPem(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { ioError } = await import("../../src/errors.js");
    throw ioError(error, `read the ${what}`, path);
  }
}

/** The gate of `--auth`; undefined where everybody may do everything. */
async function openGate(cli: Cli, flags: Flags, root: string): Promise<Access | undefined> {
  if (flags.auth === undefined) return undefined;
  const { openAccess } = await import("../../src/service/access/gate.js");
  const { loadTokenKey } = await import("../../src/service/access/token-key.js");
  const key = await loadTokenKey(join(root, "_token-key"));
  return await openAccess(flags.auth, { key, onWarning: (message) => warn(cli, flags, message) });
}

export const verb: Verb = (cli) =>
  createVerb(cli, "serve", "Is a registry until it is stopped. Prints the address where it listens.")
    .option(
      "--root <folder>",
      "where its repositories are kept, each an OCI layout (registry, in the local store's folder)",
    )
    .option("--listen <host:port>", "where to listen; port 0 picks a free one", "127.0.0.1:0")
    .option("--cert <file>", "serve HTTPS with this certificate (PEM, with those that lead to its authority)")
    .option("--key <file>", "its key (PEM, without passphrase)")
    .option(
      "--auth <path>",
      "who may do what: an access file, or a folder with access.yaml and htpasswd; both are read again when they change",
    )
    .option("--insecure-listen", "listen where other machines reach it, even without TLS and users")
    .action(async (flags: Flags) => {
      const address = parseAddress(flags.listen);
      const { createLayoutRepositories } = await import("../../src/service/layout-repositories.js");
      const { createRegistryServer } = await import("../../src/service/server.js");
      const { localStoreFolder } = await import("../../src/store/local.js");
      const root = flags.root ?? join(flags.store ?? localStoreFolder(cli.env), "registry");
      const onError = (error: unknown) => warn(cli, flags, String((error as Error).message));
      const tls = await readTls(flags);
      const gate = await openGate(cli, flags, root);
      const server = createRegistryServer({
        repositories: createLayoutRepositories(root),
        gate,
        tls,
        insecureListen: flags.insecureListen,
        onError,
      });
      try {
        const listening = await server.listen(address);
        cli.stdout.write(flags.json ? `${formatJson({ url: listening.url, root })}\n` : `${listening.url}\n`);
        await new Promise<void>((resolve) => {
          cli.signal.addEventListener("abort", () => resolve(), { once: true });
          if (cli.signal.aborted) resolve();
        });
        await listening.close();
      } finally {
        gate?.close();
      }
    });
