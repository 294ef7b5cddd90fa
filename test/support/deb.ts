/**
 * Debian packages with any content, right or wrong.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { PackageFile } from "../../src/package/package.js";

/** Name and content. */
export type Part = readonly [name: string, content: Uint8Array | string];

const bytesOf = (content: Uint8Array | string) => Buffer.from(content);

/** An ar archive of these members. */
export function arOf(...members: readonly Part[]): Buffer {
  const parts = members.flatMap(([name, content]) => {
    const bytes = bytesOf(content);
    const header = `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}`;
    const pad = bytes.length % 2 === 0 ? "" : "\n";
    return [Buffer.from(`${header}${String(bytes.length).padEnd(10)}\`\n`), bytes, Buffer.from(pad)];
  });
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

/** A ustar archive of these files; a name that ends in `/` is a directory. */
export function tarOf(...files: readonly Part[]): Buffer {
  const parts = files.flatMap(([name, content]) => {
    const bytes = bytesOf(content);
    const header = Buffer.alloc(512);
    const isDirectory = name.endsWith("/");
    header.write(name, 0, "latin1");
    header.write(isDirectory ? "0000755\0" : "0000644\0", 100);
    header.write("0000000\0".repeat(2), 108);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        ", 148);
    header.write(isDirectory ? "5" : "0", 156);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** A control file's fields, `Package: demo` and what goes with it first. */
export function controlOf(fields: Readonly<Record<string, string>> = {}): string {
  const all = { Package: "demo", Version: "1.0-1", Architecture: "amd64", ...fields };
  return Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

export interface DebContent {
  readonly control?: string;
  /** Files of the package. */
  readonly files?: readonly Part[];
  /** Whether it has an `md5sums`, and which (a right one). */
  readonly md5sums?: string | false;
}

/** The three members of a small package. */
export function debMembers({
  control = controlOf(),
  files = [["./usr/bin/demo", "#!/bin/sh\n"]],
  md5sums,
}: DebContent) {
  const sums = files
    .map(
      ([name, content]) => `${createHash("md5").update(bytesOf(content)).digest("hex")}  ${name.replace("./", "")}\n`,
    )
    .join("");
  const lists: readonly Part[] = md5sums === false ? [] : [["./md5sums", md5sums ?? sums]];
  return {
    version: ["debian-binary", "2.0\n"],
    control: ["control.tar.gz", gzipSync(tarOf(["./", ""], ["./control", control], ...lists))],
    data: ["data.tar.gz", gzipSync(tarOf(...files))],
  } as const satisfies Record<string, Part>;
}

/** A small package. */
export function debOf(content: DebContent = {}): Buffer {
  const { version, control, data } = debMembers(content);
  return arOf(version, control, data);
}

/** A package file that is nowhere on disk, and how many of its bytes were read. */
export function memoryFile(path: string, bytes: Uint8Array): PackageFile & { bytesRead(): number } {
  let count = 0;
  return {
    path,
    head: bytes.subarray(0, 512),
    size: bytes.byteLength,
    identity: path,
    async *read({ start = 0, end = bytes.byteLength } = {}) {
      for (let at = start; at < end; at += 1000) {
        const chunk = bytes.slice(at, Math.min(end, at + 1000));
        count += chunk.byteLength;
        yield chunk;
      }
    },
    bytesRead: () => count,
  };
}

/** Writes bytes to a folder's file and gives it as a package file. */
export async function diskFile(folder: string, name: string, bytes: Uint8Array): Promise<PackageFile> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return memoryFile(path, bytes);
}
