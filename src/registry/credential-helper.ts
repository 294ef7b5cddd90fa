/**
 * Programs that keep logins, `docker-credential-<name>`: a question on stdin, JSON on stdout.
 *
 * @see https://github.com/docker/docker-credential-helpers#development
 * @module
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { LadingError } from "../errors.js";
import type { IoOptions } from "../stream/bytes.js";
import { type Credentials, type NamedHelper, serverOf } from "./auth-file.js";
import type { CredentialOptions } from "./auth-files.js";

/** What a helper is run with: the environment, and how long it may take. */
export type HelperOptions = Pick<CredentialOptions, "env" | "helperTimeoutMs"> & IoOptions;

/** Milliseconds that a helper may take: it may ask a person for the key of the key ring. */
const TIME_LIMIT_MS = 60_000;
/** Bytes of its answer (1 MiB). */
const ANSWER_LIMIT = 1024 * 1024;
/** What helpers say, on stdout, where they know no login. */
const UNKNOWN = /credentials not found in native keychain|no credentials server URL|no credentials username/i;

/**
 * Asks for a registry's login; undefined where the helper knows none, and where a helper for all registries is not installed.
 *
 * @throws {LadingError} `CREDENTIALS` where it fails otherwise. What it printed is not shown: that may be a secret.
 */
export async function fetchFromHelper(
  helper: NamedHelper,
  registry: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  const { code, stdout } = await runHelper(helper.name, "get", serverOf(registry), registry, options);
  if (code === "ENOENT" && !helper.own) return undefined;
  if (code === 1 && UNKNOWN.test(stdout)) return undefined;
  if (code !== 0) throw failed(helper.name, registry, ending(code));
  const { Username, Secret } = readAnswer(stdout) ?? {};
  if (typeof Username !== "string" || typeof Secret !== "string") {
    throw failed(helper.name, registry, "its answer is no login in JSON");
  }
  if (Secret === "") return undefined;
  return Username === "<token>" ? { identityToken: Secret } : { username: Username, password: Secret };
}

/**
 * Has a helper keep a login.
 *
 * @throws {LadingError} `CREDENTIALS` where it does not.
 */
export async function storeWithHelper(
  { name }: NamedHelper,
  registry: string,
  login: { readonly username: string; readonly password: string },
  options: HelperOptions,
): Promise<void> {
  const entry = { ServerURL: serverOf(registry), Username: login.username, Secret: login.password };
  const { code } = await runHelper(name, "store", JSON.stringify(entry), registry, options);
  if (code !== 0) throw failed(name, registry, ending(code));
}

/** Has a helper forget a login. False where it knew none. Throws as {@link storeWithHelper}. */
export async function eraseWithHelper(helper: NamedHelper, registry: string, options: HelperOptions): Promise<boolean> {
  const known = await fetchFromHelper(helper, registry, options);
  if (known === undefined) return false;
  const { code } = await runHelper(helper.name, "erase", serverOf(registry), registry, options);
  if (code !== 0) throw failed(helper.name, registry, ending(code));
  return true;
}

interface Ended {
  /** The exit status, the name of a signal or of an error of the operating system. */
  readonly code: number | string;
  readonly stdout: string;
}

function isInstalled(name: string, { PATH = "" }: HelperOptions["env"]): boolean {
  return PATH.split(delimiter).some((folder) => existsSync(join(folder, `docker-credential-${name}`)));
}

/** Runs a helper to its end, without a shell. Rejects with the reason of the caller's signal. */
async function runHelper(
  name: string,
  action: "get" | "store" | "erase",
  input: string,
  registry: string,
  { env, helperTimeoutMs = TIME_LIMIT_MS, signal }: HelperOptions,
): Promise<Ended> {
  signal?.throwIfAborted();
  const limit = AbortSignal.timeout(helperTimeoutMs);
  const stop = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  const child = spawn(`docker-credential-${name}`, [action], { env: { ...env }, stdio: ["pipe", "pipe", "ignore"] });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    return await new Promise<Ended>((resolve, reject) => {
      stop.addEventListener("abort", () => reject(signal?.aborted ? signal.reason : tooSlow(name, registry)));
      child.stdout.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.byteLength;
        if (size > ANSWER_LIMIT) reject(failed(name, registry, "its answer does not end"));
      });
      child.on("error", ({ code = "unknown" }: NodeJS.ErrnoException) =>
        // The system says so as well where a folder of PATH may not be looked into.
        resolve({ code: code === "EACCES" && !isInstalled(name, env) ? "ENOENT" : code, stdout: "" }),
      );
      child.on("close", (code, killed) =>
        resolve({ code: code ?? killed ?? 1, stdout: String(Buffer.concat(chunks)) }),
      );
      // One that needs no input closes it early.
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
    });
  } finally {
    child.kill("SIGKILL");
    // What it started may hold the pipe for longer than it lives.
    child.stdout.destroy();
    child.stdin.destroy();
  }
}

function readAnswer(text: string): { readonly Username?: unknown; readonly Secret?: unknown } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function ending(code: number | string): string {
  if (code === "ENOENT") return "it is not installed";
  return typeof code === "number" ? `it ended with status ${code}` : `it ended with ${code}`;
}

function tooSlow(name: string, registry: string): LadingError<"CREDENTIALS"> {
  return failed(name, registry, "it took too long");
}

function failed(name: string, registry: string, why: string): LadingError<"CREDENTIALS"> {
  const program = `docker-credential-${name}`;
  const message = `Cannot use "${program}" for the login of "${registry}": ${why}; run it by hand, or take it out of the file that names it`;
  return new LadingError("CREDENTIALS", message, { registry, why: `${program}: ${why}` });
}
