/**
 * Who holds a lock or wrote a temporary file, and whether that process still lives.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** One holder. `started` tells a process from a later one with the same number. */
export interface Owner {
  /** Host, boot and process namespace: numbers of processes mean something only within one. */
  readonly realm: string;
  readonly pid: number;
  /** Start time of the process in the kernel's clock ticks, empty where the system does not tell. */
  readonly started: string;
  /** Unlike any other holder. 16 hex digits. */
  readonly nonce: string;
}

function attempt(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}

/** Fields 3 and 22 of `/proc/PID/stat`, counted after the command, which may hold anything. Empty where it cannot be read. */
function processStat(pid: number): { readonly state: string; readonly started: string } {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", started: fields[19] ?? "" };
}

let realm: string | undefined;
let startedAt: string | undefined;

/** Asked once: a process stays where it is, and every temporary file is named after it. */
function ownRealm(): string {
  realm ??= createRealm();
  return realm;
}

function createRealm(): string {
  const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1"));
  const namespace = attempt(() => readlinkSync("/proc/self/ns/pid"));
  return [hostname(), boot, namespace].join(" ");
}

/** A new owner that stands for this process. */
export function createOwner(): Owner {
  startedAt ??= processStat(process.pid).started;
  return {
    realm: ownRealm(),
    pid: process.pid,
    started: startedAt,
    nonce: randomBytes(8).toString("hex"),
  };
}

/**
 * Does the owner's process live? `unknown` where it ran on another host, before another boot, or in another process
 * namespace.
 */
export function ownerState(owner: Owner): "alive" | "dead" | "unknown" {
  if (owner.realm !== ownRealm()) return "unknown";
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "dead";
  }
  const { state, started } = processStat(owner.pid);
  // Where /proc hides the processes of other users, the number alone has to do.
  if (started === "") return "alive";
  const isAnother = owner.started !== "" && started !== owner.started;
  return isAnother || state === "Z" || state === "X" ? "dead" : "alive";
}

export function encodeOwner(owner: Owner): string {
  return JSON.stringify(owner);
}

/** The owner that a text names, undefined where it names none. */
export function parseOwner(text: string): Owner | undefined {
  try {
    const { realm, pid, started, nonce } = JSON.parse(text) as Owner;
    const ok = typeof realm === "string" && Number.isSafeInteger(pid) && pid > 0 && typeof started === "string";
    return ok && /^[0-9a-f]{16}$/.test(nonce) ? { realm, pid, started, nonce } : undefined;
  } catch {
    return undefined;
  }
}
