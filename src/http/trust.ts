/**
 * Whom a TLS connection trusts beside the authorities that Node trusts, and who this client says it is.
 *
 * @see https://github.com/containers/image/blob/v5.24.1/docs/containers-certs.d.5.md
 * @module
 */

import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import * as tls from "node:tls";
import { errnoOf, ioError, LadingError } from "../errors.js";
import type { Environment } from "./proxy.js";

/** Where certificates are looked for. */
export interface TrustOptions {
  /** Files of PEM certificates of authorities (none). */
  readonly cacert?: readonly string[] | undefined;
  readonly env: Environment;
}

const PEM = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * What connections to `url` need beyond Node's own settings; undefined where nothing is configured. Authorities are added to
 * those that Node trusts, from
 *
 * - the files of `cacert`, which have to be there and hold certificates;
 * - the file `SSL_CERT_FILE` and the folders of `SSL_CERT_DIR`, as far as they can be read;
 * - `*.crt` of `certs.d/HOST:PORT`, in the first of `$XDG_CONFIG_HOME/containers`, `/etc/containers` and `/etc/docker` that
 *   has such a folder.
 *
 * That folder's `NAME.cert` and `NAME.key` are this client's certificate. Node itself adds `NODE_EXTRA_CA_CERTS`.
 *
 * @throws {LadingError} `IO` for a file of `cacert` or `certs.d` that cannot be read; `SYNTAX` where it holds no certificate,
 * and for a `.cert` or `.key` without the other.
 */
export async function loadTrust(url: URL, { cacert = [], env }: TrustOptions): Promise<tls.SecureContext | undefined> {
  const host = await readHostFolder(url, env);
  const named = await Promise.all(cacert.map(readAuthority));
  const extra = [...named.flat(), ...(await readEnvironment(env)), ...host.authorities];
  if (extra.length === 0 && host.cert === undefined) return undefined;
  // Authorities that are named replace Node's own, so these have to be named too.
  const all = extra.length === 0 ? undefined : [...new Set([...(await defaultAuthorities(env)), ...extra])];
  try {
    return tls.createSecureContext({ ca: all, cert: [...(host.cert ?? [])], key: [...(host.key ?? [])] });
  } catch {
    // The library's own message may quote the key.
    throw malformed(host.folder, "a certificate and its key do not fit together");
  }
}

/** Node 22.15 and later know all that they trust by themselves; before that, it is built in and in one file. */
async function defaultAuthorities(env: Environment): Promise<readonly string[]> {
  const newer = tls as unknown as { readonly getCACertificates?: (type: "default") => readonly string[] };
  return (
    newer.getCACertificates?.("default") ?? [...tls.rootCertificates, ...(await readLoosely(env.NODE_EXTRA_CA_CERTS))]
  );
}

async function readEnvironment({ SSL_CERT_FILE, SSL_CERT_DIR }: Environment): Promise<readonly string[]> {
  const found = [await readLoosely(SSL_CERT_FILE)];
  for (const folder of (SSL_CERT_DIR ?? "").split(delimiter)) {
    const names = folder === "" ? [] : await readdir(folder).catch(() => []);
    for (const name of names.sort()) found.push(await readLoosely(join(folder, name)));
  }
  return found.flat();
}

/** The certificates in a file; none where it cannot be read: it was not named for lading alone. */
async function readLoosely(path: string | undefined): Promise<readonly string[]> {
  if (path === undefined || path === "") return [];
  return certificatesIn(await readFile(path, "latin1").catch(() => ""));
}

async function readAuthority(path: string): Promise<readonly string[]> {
  const found = certificatesIn(await readNamed(path));
  if (found.length === 0) throw malformed(path, "it holds no certificate in PEM");
  return found;
}

async function readNamed(path: string): Promise<string> {
  return await readFile(path, "latin1").catch((error) => {
    throw ioError(error, "read certificates from", path);
  });
}

function certificatesIn(text: string): readonly string[] {
  return (text.match(PEM) ?? []).filter((block) => {
    try {
      return new X509Certificate(block).raw.byteLength > 0;
    } catch {
      return false;
    }
  });
}

interface HostFolder {
  readonly folder: string;
  readonly authorities: readonly string[];
  readonly cert?: readonly string[];
  readonly key?: readonly string[];
}

async function readHostFolder(url: URL, env: Environment): Promise<HostFolder> {
  const config = env.XDG_CONFIG_HOME || (env.HOME && join(env.HOME, ".config"));
  const bases = [config && join(config, "containers"), "/etc/containers", "/etc/docker"];
  const hosts = url.port === "" ? [url.host, `${url.host}:443`] : [url.host];
  for (const base of bases) {
    for (const host of base ? hosts : []) {
      const folder = join(String(base), "certs.d", host);
      const names = await listFolder(folder);
      if (names !== undefined) return await readCertificates(folder, names.sort());
    }
  }
  return { folder: "", authorities: [] };
}

/** Undefined where there is none; a folder of the system's that is closed to users was not meant for them. */
async function listFolder(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(errnoOf(error) ?? "")) return undefined;
    throw ioError(error, "read certificates from", folder);
  }
}

async function readCertificates(folder: string, names: readonly string[]): Promise<HostFolder> {
  const ending = (end: string) => names.filter((name) => name.endsWith(end)).map((name) => name.slice(0, -end.length));
  const [certs, keys] = [ending(".cert"), ending(".key")];
  const lonely = [...certs.filter((name) => !keys.includes(name)), ...keys.filter((name) => !certs.includes(name))][0];
  if (lonely !== undefined) throw malformed(join(folder, lonely), "a .cert needs its .key, and a .key its .cert");
  const files = ending(".crt").map((name) => join(folder, `${name}.crt`));
  const authorities = (await Promise.all(files.map(readAuthority))).flat();
  if (certs.length === 0) return { folder, authorities };
  const read = (end: string) => Promise.all(certs.map((name) => readNamed(join(folder, name + end))));
  return { folder, authorities, cert: await read(".cert"), key: await read(".key") };
}

function malformed(path: string, why: string): LadingError<"SYNTAX"> {
  const message = `Cannot read certificates from "${path}": ${why}; put PEM certificates there, or remove it`;
  return new LadingError("SYNTAX", message, { kind: "certificate", path });
}
