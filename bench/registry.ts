/**
 * A registry of one's own on loopback: Debian's docker-registry, or lading's where that is missing.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OpenImage } from "./content.js";
import { LADING } from "./lading.js";
import { output } from "./processes.js";
import type { Side, Step } from "./side.js";
import type { Tools } from "./tools.js";
import { startWireCount } from "./wire.js";

export interface RunningRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function untilUp(host: string): Promise<void> {
  for (let count = 0; count < 400; count++) {
    const isUp = await fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await sleep(25);
  }
  throw new Error(`The registry at ${host} does not answer`);
}

async function dockerRegistry(program: string, folder: string, host: string): Promise<readonly string[]> {
  const config = join(folder, "config.yml");
  const lines = [
    "version: 0.1",
    "log: {level: error}",
    `storage: {filesystem: {rootdirectory: ${JSON.stringify(join(folder, "data"))}}}`,
    `http: {addr: "${host}", secret: fixed}`,
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  return [program, "serve", config];
}

/** What a registry of {@link startRegistry} is, for notes. */
export function registryName(tools: Tools): string {
  return tools.find("docker-registry") === undefined ? "lading serve" : "docker-registry";
}

/** Starts an empty registry that keeps everything in `folder`. */
export async function startRegistry(tools: Tools, folder: string): Promise<RunningRegistry> {
  await mkdir(folder, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const docker = tools.find("docker-registry");
  const argv = docker
    ? await dockerRegistry(docker, folder, host)
    : [process.execPath, LADING, "serve", "--root", join(folder, "data"), "--listen", host];
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    kill();
    process.off("exit", kill);
    await ended;
  };
  await untilUp(host).catch(async (error) => {
    await stop();
    throw error;
  });
  return { host, stop };
}

/** A program that talks to a registry. */
export interface Exchange {
  readonly name: string;
  /** The registry (an empty one of its own for each attempt). */
  readonly host?: string | undefined;
  /** Runs before, unmeasured. */
  readonly before?: (host: string, folder: string) => readonly Step[] | Promise<readonly Step[]>;
  readonly steps: (host: string, folder: string) => readonly Step[] | Promise<readonly Step[]>;
  readonly image: (host: string, folder: string) => Promise<OpenImage>;
}

/** What is pulled. */
export interface Pulled {
  readonly tag: string;
  /** The tag that was pulled to the same place before. */
  readonly known?: string | undefined;
}

/** A side that talks to a registry, of which bytes on the wire can be counted. */
export function registrySide(tools: Tools, exchange: Exchange): Side {
  const { name, before, steps, image } = exchange;
  return {
    name,
    async start(folder, { counted = false } = {}) {
      const started = exchange.host === undefined ? await startRegistry(tools, join(folder, "registry")) : undefined;
      const host = started?.host ?? exchange.host ?? "";
      const wire = counted ? await startWireCount(host) : undefined;
      const end = async () => {
        await wire?.stop();
        await started?.stop();
      };
      try {
        for (const step of (await before?.(host, folder)) ?? []) await output(step.argv, step);
      } catch (error) {
        await end();
        throw error;
      }
      return {
        steps: await steps(wire?.host ?? host, folder),
        image: () => image(host, folder),
        ...(wire && { wireBytes: wire.total }),
        end,
      };
    },
  };
}
