import { createHash } from "node:crypto";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { writeTar } from "../../src/tar/write.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { entryLists, plain } from "./archives.js";
import { scan } from "./read.js";

const test = suite("tar/write");

const LIMIT = 64 * 1024 * 1024;
const write = (entries: readonly WriteEntry[]): Promise<Buffer> => collect(writeTar(entries), LIMIT);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const base = { mode: 0o755, uid: 0, gid: 0, mtime: 0, size: 0 } as const;
const file = (path: string, text: string, more: Partial<WriteEntry> = {}): WriteEntry => ({
  ...base,
  path,
  type: "file",
  mode: 0o644,
  size: text.length,
  open: () => fromBytes(text),
  ...more,
});

const GOLDEN: readonly (readonly [string, readonly WriteEntry[], string])[] = [
  ["nothing", [], "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"],
  [
    "a folder, a file and links",
    [
      { ...base, path: "", type: "directory" },
      { ...base, path: "bin", type: "directory" },
      file("bin/a", "hello\n", { mode: 0o4755, uid: 1000, gid: 1000, mtime: 1_700_000_000 }),
      { ...base, path: "bin/b", type: "symlink", mode: 0o777, linkpath: "a" },
      { ...base, path: "bin/c", type: "hardlink", linkpath: "bin/a" },
      { ...base, path: "null", type: "char", devmajor: 1, devminor: 3 },
    ],
    "1eb6e6bcebb6e1d66d7dbca8faec45c89f1e9ddbe0da5377e4e4699ae8eea0d6",
  ],
  [
    "what ustar cannot say",
    [
      file(`${"d/".repeat(60)}${"n".repeat(90)}`, "x"),
      file("n".repeat(101), "x", { uid: 2_097_152, gid: 2_097_152 }),
      { ...base, path: "s", type: "symlink", mode: 0o777, linkpath: "t".repeat(101) },
      file("x", "x", { xattrs: { "user.b": "\xff", "security.capability": "\x01\0=\n" } }),
    ],
    "a4077a92d43da11f2791e770763ca66afcf594a1c049bd28e52af88dcf0d1746",
  ],
];

for (const [title, entries, digest] of GOLDEN) {
  test(`writeTar() writes ${title} as the same bytes for ever`, async () => {
    assert.is(sha256(await write(entries)), digest);
  });
}

test("writeTar() ends with two zero blocks and nothing more", async () => {
  assert.equal(await write([]), Buffer.alloc(1024));
  assert.is((await write([file("a", "x")])).length, 512 + 512 + 1024);
});

test("writeTar() writes what a scan reads, in pieces of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      entryLists,
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1 }),
      async (entries, sizes) => {
        const scanned = scan(await write(entries), sizes);
        assert.equal(scanned.entries, entries.map(plain));
        assert.equal(
          scanned.contents,
          entries.map(({ text }) => text),
        );
        assert.is(scanned.end.endBlocks, 2);
      },
    ),
    { numRuns: 150 },
  );
});

test("writeTar() uses a pax header only where it must", async () => {
  const metas = scan(
    await write([
      file("n".repeat(100), ""),
      file(`${"p".repeat(155)}/${"n".repeat(100)}`, ""),
      file(`${"p".repeat(156)}/n`, ""),
      file("id", "", { uid: 2_097_151 }),
      file("ids", "", { uid: 2_097_152 }),
      { ...base, path: "n".repeat(99), type: "directory" },
      { ...base, path: "n".repeat(100), type: "directory" },
    ]),
  ).metas;
  assert.equal(
    metas.map(({ pax }) => pax),
    [false, false, true, false, true, false, true],
  );
});

test("writeTar() writes a header as if none had been written before it", async () => {
  const first: WriteEntry = { ...base, path: "a", type: "directory" };
  const headerOf = async (entries: readonly WriteEntry[]): Promise<Buffer> =>
    (await write(entries)).subarray(-1536, -1024);
  for (const change of [{ mode: 0o700 }, { uid: 5 }, { gid: 5 }, { mtime: 5 }, { type: "fifo" }] as const) {
    const second: WriteEntry = { ...first, path: "b", ...change };
    const after = await headerOf([first, second]);
    await write([file("c", "")]);
    assert.equal(await headerOf([second]), after, Object.keys(change)[0]);
    const { entries } = scan(await write([first, second]));
    assert.equal(entries, [first, second]);
  }
});

test("writeTar() says a size of 8 GiB and more in a pax header", async () => {
  const header = writeTar([file("big", "", { size: 2 ** 33, open: () => fromBytes(Buffer.alloc(70_000)) })]);
  const chunk = await header.next();
  await header.return(undefined);
  assert.match(Buffer.from(chunk.value ?? []).toString("latin1"), "19 size=8589934592\n");
});

test("writeTar() puts times that a header cannot say to the nearest that it can", async () => {
  const { entries } = scan(await write([file("a", "", { mtime: -5 }), file("b", "", { mtime: 2 ** 40 })]));
  assert.equal(
    entries.map(({ mtime }) => mtime),
    [0, 2 ** 33 - 1],
  );
});

for (const [title, size] of [
  ["longer", 2],
  ["shorter", 4],
] as const) {
  test(`case 143: content ${title} than its entry says is refused`, async () => {
    const error = await rejects(write([file("a", "xyz", { size })]), "CHANGED");
    assert.is(error.detail.path, "a");
  });
}

test("writeTar() passes large pieces on and frees the source when stopped", async () => {
  const big = Buffer.alloc(200_000, 7);
  let freed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield big;
      yield big;
    } finally {
      freed = true;
    }
  }
  for await (const chunk of writeTar([file("a", "", { size: 400_000, open: source })])) {
    if (chunk.length > 512) {
      assert.is(chunk, big);
      break;
    }
  }
  assert.ok(freed);
});

test("writeTar() stops when its signal says so", async () => {
  const controller = new AbortController();
  const entries = (function* () {
    yield file("a", "");
    controller.abort();
    yield file("b", "");
  })();
  try {
    await collect(writeTar(entries, { signal: controller.signal }), LIMIT);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).name, "AbortError");
  }
});

const BAD: readonly (readonly [string, Partial<WriteEntry>])[] = [
  ["an absolute path", { path: "/a" }],
  ["a path that climbs", { path: "../a" }],
  ["a path with a trailing slash", { path: "a/" }],
  ["a NUL", { path: "a\0b" }],
  ["a file without a name", { path: "" }],
  ["a directory with content", { type: "directory", size: 1 }],
  ["a symlink without a target", { type: "symlink" }],
  ["a file with a target", { linkpath: "b" }],
];

for (const [title, change] of BAD) {
  test(`writeTar() refuses ${title}`, async () => {
    await rejects(write([{ ...file("a", ""), ...change }]), "UNSAFE_ENTRY");
  });
}

test.run();
