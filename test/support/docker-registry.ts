/**
 * Debian's docker-registry on a free port.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./programs.js";
import type { TestContext } from "./suite.js";
import { tempFolder } from "./temp.js";

/** What opens a registry that was started with `auth`. */
export const USER = { name: "joe", password: "hunter2" } as const;
/** bcrypt of that password, at the lowest cost. */
const HTPASSWD = `${USER.name}:$2b$04$QaSdY2V2ouVP35Ndz.5OsebuFzJGdW7hveRkCByzO3lW.yeF9QUWK\n`;

export interface DockerRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  /** The folder in which it keeps everything. */
  readonly folder: string;
}

export interface DockerRegistryOptions {
  /** Ask for {@link USER} (false). */
  readonly auth?: boolean;
  /** Speak TLS, with the certificate and key in these files; with `clientCaFile`, to clients with a certificate of that authority. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly clientCaFile?: string };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Starts it until the test ends. */
export async function startDockerRegistry(
  context: TestContext,
  { auth = false, tls }: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const folder = await tempFolder(context);
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  await mkdir(join(folder, "data"));
  await writeFile(join(folder, "htpasswd"), HTPASSWD);
  const clients = tls?.clientCaFile === undefined ? "" : `, clientcas: [${tls.clientCaFile}]`;
  const lines = [
    "version: 0.1",
    "log: {level: error}",
    `storage: {filesystem: {rootdirectory: ${join(folder, "data")}}, delete: {enabled: true}}`,
    `http: {addr: "${host}", secret: fixed${tls ? `, tls: {certificate: ${tls.certFile}, key: ${tls.keyFile}${clients}}` : ""}}`,
    ...(auth ? [`auth: {htpasswd: {realm: here, path: ${join(folder, "htpasswd")}}}`] : []),
  ];
  await writeFile(join(folder, "config.yml"), `${lines.join("\n")}\n`);
  const program = findProgram("docker-registry") ?? "docker-registry";
  const child = spawn(program, ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.on("error", () => undefined);
  context.defer(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await untilUp(`http://${host}/v2/`);
  return { host, url: `${tls ? "https" : "http"}://${host}`, folder };
}

async function untilUp(url: string): Promise<void> {
  for (let count = 0; count < 200; count++) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    // 400: it speaks TLS.
    if (status === 200 || status === 401 || status === 400) return;
    await sleep(50);
  }
  throw new Error(`Cannot start docker-registry: ${url} does not answer`);
}
