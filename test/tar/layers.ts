import fc from "fast-check";
import { collect } from "../../src/stream/bytes.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import type { BlobRanges } from "../../src/tar/toc-file.js";
import { writeTar } from "../../src/tar/write.js";

const LIMIT = 256 * 1024 * 1024;

/** A blob in memory, read in small pieces that share a buffer. */
export function ranges(blob: Buffer): BlobRanges {
  return {
    size: blob.length,
    async *open(start, end) {
      const buffer = Buffer.alloc(10_000);
      for (let at = start; at < end; at += buffer.length) {
        const count = blob.copy(buffer, 0, at, Math.min(end, at + buffer.length));
        yield buffer.subarray(0, count);
      }
    },
  };
}

/** The bytes in pieces of these sizes, over and over. */
export async function* inPieces(bytes: Uint8Array, sizes: readonly number[] = [bytes.length]) {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield Buffer.from(bytes.subarray(at, at + size));
    at += size;
  }
}

export const gather = (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => collect(stream, LIMIT);

/** Bytes that look like nothing in particular, the same each time. */
export function noise(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

const base = { mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000 } as const;

export function fileEntry(path: string, content: Uint8Array, more: Partial<WriteEntry> = {}): WriteEntry {
  return { ...base, path, type: "file", size: content.length, open: () => inPieces(content), ...more };
}

export function otherEntry(path: string, type: WriteEntry["type"], more: Partial<WriteEntry> = {}): WriteEntry {
  return { ...base, path, type, size: 0, ...more };
}

export const tarOf = (entries: readonly WriteEntry[]): Promise<Buffer> => gather(writeTar(entries));

/** A bit of everything that a layer may have. Names are ASCII but for one. */
export const SAMPLE: readonly WriteEntry[] = [
  otherEntry("bin", "directory", { mode: 0o755 }),
  fileEntry("bin/tool", noise(25_000), { mode: 0o4755 }),
  fileEntry("empty", Buffer.alloc(0)),
  otherEntry("hard", "hardlink", { linkpath: "bin/tool", mode: 0o4755 }),
  otherEntry("soft", "symlink", { linkpath: `../${"t".repeat(150)}`.slice(3), mode: 0o777 }),
  fileEntry(`long/${"n".repeat(200)}`, Buffer.from("long")),
  fileEntry(Buffer.from("umläut-↑").toString("latin1"), Buffer.from("x"), { mtime: 0, uid: 1000, gid: 3_000_000 }),
  fileEntry("xattr", Buffer.from("y"), { xattrs: { "user.b": "\xff\x00", "user.a": "z" } }),
  fileEntry("zeros", Buffer.alloc(10_000)),
];

const component = fc
  .oneof(
    fc.constantFrom("a", "b", "lib", "n".repeat(120)),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
  )
  .map((text) => Buffer.from(text.replaceAll("/", "_").replaceAll("\0", "_")).toString("latin1"))
  .filter((text) => text !== "." && text !== ".." && !text.startsWith(".wh.") && text.length <= 255);

const draft = fc.record({
  path: fc.array(component, { minLength: 1, maxLength: 3 }).map((names) => names.join("/")),
  kind: fc.constantFrom("file" as const, "file" as const, "empty" as const, "directory" as const, "symlink" as const),
  size: fc.oneof(fc.nat(40), fc.nat(5000), fc.constantFrom(512, 1000, 2000, 4096)),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.oneof(fc.nat(65_535), fc.nat(2 ** 32)),
  mtime: fc.nat(2 ** 33 - 1),
  links: fc.boolean(),
  xattrs: fc.option(
    fc.dictionary(fc.constantFrom("user.a", "user.ü"), fc.string({ minLength: 1 }), {
      minKeys: 1,
      noNullPrototype: true,
    }),
    {
      nil: undefined,
    },
  ),
});

/** Entries of a layer: no path comes twice or lies below a file, hard links follow their targets. */
export const layers: fc.Arbitrary<readonly WriteEntry[]> = fc.array(draft, { maxLength: 10 }).map((drafts) => {
  const entries: WriteEntry[] = [];
  const taken = new Map<string, string>();
  const isFree = (path: string): boolean => {
    const parents = path.split("/").map((_, index, names) => names.slice(0, index).join("/"));
    return (
      !taken.has(path) &&
      parents.every((parent) => (taken.get(parent) ?? "directory") === "directory") &&
      ![...taken.keys()].some((other) => other.startsWith(`${path}/`))
    );
  };
  for (const { path, kind, size, links, xattrs, ...rest } of drafts) {
    if (!isFree(path)) continue;
    const type = kind === "empty" ? "file" : kind;
    taken.set(path, type);
    const latin1 =
      xattrs &&
      Object.fromEntries(Object.entries(xattrs).map(([key, value]) => [Buffer.from(key).toString("latin1"), value]));
    const more = { ...rest, gid: rest.uid % 1000, ...(latin1 && { xattrs: latin1 }) };
    if (kind === "file") entries.push(fileEntry(path, noise(size, size + 1), more));
    else entries.push(otherEntry(path, type, { ...more, ...(kind === "symlink" && { linkpath: "t/u" }) }));
    if (links && type === "file" && isFree(`${path}.link`) && path.length < 240) {
      taken.set(`${path}.link`, "hardlink");
      entries.push(otherEntry(`${path}.link`, "hardlink", { linkpath: path }));
    }
  }
  return entries;
});
