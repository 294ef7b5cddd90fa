/**
 * Real Debian packages, as an ordinary user gets them.
 *
 * @module
 */

import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./programs.js";

/** Many names fit into one command line. */
const NAMES_PER_CALL = 400;

/** The names of the packages that apt knows how to fetch; virtual ones are not among them. */
export async function knownPackages(): Promise<ReadonlySet<string>> {
  return new Set((await output("apt-cache", ["pkgnames"])).split("\n").filter(Boolean));
}

/** The packages that provide a virtual one, sorted. */
export async function providersOf(name: string): Promise<readonly string[]> {
  const text = await output("apt-cache", ["showpkg", name]);
  const [, list = ""] = text.split("Reverse Provides:");
  return [...new Set(list.split("\n").flatMap((line) => /^(\S+) /.exec(line.trim())?.[1] ?? []))].sort();
}

/** Fetches packages into a folder, each as `NAME_VERSION_ARCH.deb`, and gives the paths of all that the folder holds. */
export async function downloadPackages(folder: string, names: readonly string[]): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  for (let at = 0; at < names.length; at += NAMES_PER_CALL) {
    await output("apt-get", ["download", "-q", ...names.slice(at, at + NAMES_PER_CALL)], { cwd: folder });
  }
  const found = (await readdir(folder)).filter((name) => name.endsWith(".deb")).sort();
  return found.map((name) => join(folder, name));
}

/** `count` names of packages of less than `limit` bytes that run on amd64, spread over the alphabet. */
export async function smallPackages(count: number, limit: number): Promise<readonly string[]> {
  const available = await output("apt-cache", ["dumpavail"]);
  const names = available.split("\n\n").flatMap((paragraph) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(paragraph)?.[1] ?? "";
    const fits = Number(field("Size")) < limit && ["all", "amd64"].includes(field("Architecture"));
    return fits ? [field("Package")] : [];
  });
  const sorted = [...new Set(names)].sort();
  return Array.from({ length: count }, (_, at) => sorted[Math.floor((at * sorted.length) / count)] ?? "");
}
