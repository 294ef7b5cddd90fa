/**
 * A private certificate authority, made for one test by openssl.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./programs.js";
import type { TestContext } from "./suite.js";
import { tempFolder } from "./temp.js";

/** A certificate and its key, and the files that hold them. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Authority {
  readonly folder: string;
  /** The file of its own certificate, which is all that others need to trust it. */
  readonly caFile: string;
  readonly ca: string;
  /** A certificate for host names and addresses; `days` may be negative. */
  issue(hosts: readonly string[], days?: number): Promise<Issued>;
}

const openssl = (folder: string, ...args: readonly string[]) => output("openssl", args, { cwd: folder });
const newKey = (folder: string, file: string) =>
  openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file);

/** Makes an authority that lives until the test ends. */
export async function createAuthority(context: TestContext): Promise<Authority> {
  const folder = await tempFolder(context);
  await newKey(folder, "ca.key");
  const subject = ["-subj", "/CN=private authority", "-days", "2"];
  await openssl(folder, "req", "-x509", "-new", "-key", "ca.key", "-out", "ca.crt", ...subject);
  let count = 0;
  const issue = async (hosts: readonly string[], days = 2): Promise<Issued> => {
    const name = `leaf${count++}`;
    const names = hosts.map((host) => `${/^[\d.]+$|:/.test(host) ? "IP" : "DNS"}:${host}`).join(",");
    await writeFile(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
    await newKey(folder, `${name}.key`);
    await openssl(folder, "req", "-new", "-key", `${name}.key`, "-subj", "/CN=leaf", "-out", `${name}.csr`);
    const by = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", `${name}.ext`];
    const files = ["-in", `${name}.csr`, "-out", `${name}.crt`];
    await openssl(folder, "x509", "-req", "-days", String(days), ...by, ...files);
    const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
    const read = (file: string) => readFile(file, "utf8");
    return { certFile, keyFile, cert: await read(certFile), key: await read(keyFile) };
  };
  const caFile = join(folder, "ca.crt");
  return { folder, caFile, ca: await readFile(caFile, "utf8"), issue };
}
