/**
 * Programs of the machine, asked for a second opinion.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where debian keeps what only root's PATH names. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The path of a program, or undefined where there is none. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** The first of these programs that this machine lacks. */
export function missing(...names: readonly string[]): string | undefined {
  return names.find((name) => findProgram(name) === undefined);
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of the tests; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What the program reads on its standard input; nothing unless it is given. */
  readonly input?: string | Uint8Array;
  /** Milliseconds (120 000) after which the program and what it started are killed. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** The exit status; 128 and the signal's number where a signal ended it; 127 where it could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };

/** Runs a program to its end, whatever that is: a bad status is a result, not an error. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd, env, input, timeoutMs = 120_000 } = options;
  return new Promise((resolve) => {
    // In a group of its own, so that the whole group can be ended.
    const child = spawn(findProgram(command) ?? command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: "pipe",
      detached: true,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const end = (code: number, note = "") => {
      clearTimeout(timer);
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
      resolve({ code, stdout: text(stdout), stderr: text(stderr) + note });
    };
    const timer = setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid);
      stderr.push(Buffer.from(`\n${command}: ended after ${timeoutMs} ms\n`));
    }, timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", (error) => end(127, error.message));
    child.on("close", (code, signal) => end(code ?? 128 + (SIGNALS[signal ?? ""] ?? 0)));
    // A program that does not read its input closes the pipe early.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}

/** Ends a process that was started in a group of its own, with all that it started. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/** The same, for programs that have to succeed: gives stdout, and throws with stderr otherwise. */
export async function output(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: exit ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
}
