/**
 * What is fuzzed: for each target how an input is made from a seed, and what has to hold of what becomes of it.
 *
 * A target throws an error of lading's for an input that it refuses. Any other error is a mistake, a failed assertion among
 * them, which says that something was accepted that another program refuses or reads differently.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { gunzipSync, gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { storeResource } from "../../src/package/resource.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { compress, decompress } from "../../src/stream/codec.js";
import type { Compression } from "../../src/stream/detect.js";
import type { Entry } from "../../src/tar/entry.js";
import { createScanner } from "../../src/tar/scan.js";
import { check } from "../tar/read.js";
import { makeTar } from "./archives.js";
import { DOCUMENTS } from "./documents.js";
import { makeDeb, tryDeb } from "./packages.js";
import type { Python } from "./python.js";
import { mutateBytes, type Random } from "./random.js";

/** What a target may ask. */
export interface Tools {
  readonly python?: Python | undefined;
  /** A folder to write in. */
  readonly folder: string;
  readonly has: (program: string) => boolean;
}

export interface Target {
  readonly name: string;
  make(random: Random): Buffer | Promise<Buffer>;
  run(input: Buffer, tools: Tools): void | Promise<void>;
}

const LIMIT = 64 * 1024 * 1024;

function scanEntries(tar: Buffer): readonly Entry[] {
  const entries: Entry[] = [];
  const scanner = createScanner({ entry: (entry) => void entries.push(entry) });
  scanner.write(tar);
  scanner.end();
  return entries;
}

const normal = (path: string) =>
  path
    .split("/")
    .filter((component) => component !== "" && component !== ".")
    .join("/");

const isAscii = (tar: Buffer) => tar.every((byte) => byte < 0x80);

/** Python's flags of what is one type to lading. */
const TYPE: Readonly<Record<string, string>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "5": "directory",
  "1": "hardlink",
  "2": "symlink",
};

async function compareWithPython(tar: Buffer, entries: readonly Entry[], { python }: Tools): Promise<void> {
  // Python takes names above ASCII for text, and pax records for UTF-8.
  if (python === undefined || !isAscii(tar)) return;
  // To Python an empty value is one; POSIX says that it takes the key back.
  if (/\d (path|linkpath|size)=\n/.test(tar.toString("latin1"))) return;
  const found = await python.ask(tar);
  if (typeof found === "string") throw new Error(`lading accepts what Python refuses: ${found}`);
  assert.equal(
    entries.map(({ path, type, size }) => [path, type, size]),
    found.map(([name, type, size]) => [normal(name), TYPE[type], TYPE[type] === "file" ? size : 0]),
  );
}

const tar: Target = {
  name: "tar",
  make: makeTar,
  async run(input, tools) {
    check(input);
    await compareWithPython(input, scanEntries(input), tools);
  },
};

/** Whatever is stored of what was accepted is a clean layer that another reader sees alike. */
const resource: Target = {
  name: "resource",
  make: (random) => (random.once(2) ? gzipSync(makeTar(random)) : makeTar(random)),
  async run(input, tools) {
    const store = createMemoryStore();
    const given = { what: "the resource", claims: {}, open: () => fromBytes(input) };
    const { layer } = await storeResource(store, given);
    const stored = await collect(store.open(layer.descriptor), LIMIT);
    const bytes = gunzipSync(stored);
    assert.is(bytes.length, layer.uncompressedSize);
    assert.equal(check(bytes).reasons, []);
    const entries = scanEntries(bytes);
    assert.is(entries.length, layer.entries);
    assert.is(new Set(entries.map(({ path }) => path)).size, entries.length, "no path is there twice");
    await compareWithPython(bytes, entries, tools);
  },
};

const SAMPLE = Buffer.from("lading carries packages, and packages carry files\n".repeat(40));

/** A second opinion on content that was accepted after its bytes were changed. */
const DECODERS: Readonly<Record<string, (input: Buffer) => Buffer>> = {
  gzip: (input) => gunzipSync(input),
  zstd: (input) => execFileSync("zstd", ["-dqc"], { input, maxBuffer: LIMIT, stdio: "pipe" }),
  xz: (input) => execFileSync("xz", ["-dc"], { input, maxBuffer: LIMIT, stdio: "pipe" }),
  bzip2: (input) => execFileSync("bzip2", ["-dc"], { input, maxBuffer: LIMIT, stdio: "pipe" }),
};

/** May one of the frames have no checksum? Bit 2 of the byte behind the magic number tells. */
function hasUnchecked(input: Buffer): boolean {
  for (let at = input.indexOf("28b52ffd", 0, "hex"); at >= 0; at = input.indexOf("28b52ffd", at + 4, "hex")) {
    if (((input[at + 4] ?? 0) & 4) === 0) return true;
  }
  return false;
}

const SAMPLES = new Map<string, Buffer>();

async function sampleOf(type: string): Promise<Buffer> {
  const known = SAMPLES.get(type);
  if (known !== undefined) return known;
  const made =
    type === "gzip" || type === "zstd"
      ? await collect(compress(fromBytes(SAMPLE), { type }), LIMIT)
      : execFileSync(type, ["-c"], { input: SAMPLE });
  SAMPLES.set(type, made);
  return made;
}

const compressions = (["gzip", "zstd", "xz", "bzip2"] as const).map(
  (type: Compression & string): Target => ({
    name: type,
    async make(random) {
      const sample = await sampleOf(type);
      return mutateBytes(random, random.once(3) ? Buffer.concat([sample, sample]) : sample);
    },
    async run(input, { has }) {
      const content = await collect(decompress(fromBytes(input), type), LIMIT);
      if (type !== "gzip" && !has(type)) return;
      // The decoder that stands in on Node 20 overlooks some damage that only a checksum shows, where the frame has none.
      if (type === "zstd" && hasUnchecked(input)) return;
      assert.ok(content.equals(DECODERS[type]?.(input) ?? content), "another content");
    },
  }),
);

const deb: Target = { name: "deb", make: makeDeb, run: tryDeb };

/** Programs without which a target cannot make its inputs. */
export const NEEDS: Readonly<Record<string, string>> = { xz: "xz", bzip2: "bzip2" };

export const TARGETS: readonly Target[] = [tar, resource, deb, ...compressions, ...DOCUMENTS];
