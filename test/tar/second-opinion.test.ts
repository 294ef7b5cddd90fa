/**
 * What other readers make of the same archives.
 */

import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { Parser } from "tar";
import * as assert from "uvu/assert";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { writeTar } from "../../src/tar/write.js";
import { archive, content, file, GNU_MAGIC, header, long, member, pax, record } from "../support/hostile-tar.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { entryLists } from "./archives.js";
import { scan } from "./read.js";

const test = suite("tar/second-opinion");

const LIMIT = 64 * 1024 * 1024;

/** One line for each entry. */
const ours = (bytes: Buffer): string[] =>
  scan(bytes).entries.map(({ path, size, mtime, mode, uid, gid, linkpath = "" }) =>
    [path, size, mtime, mode, uid, gid, linkpath].join("|"),
  );

/** node-tar decodes names as UTF-8, so this is for names in ASCII. */
async function nodeTar(bytes: Buffer): Promise<string[]> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const parser = new Parser({
      strict: true,
      onReadEntry: (entry) => {
        const mtime = (entry.mtime?.getTime() ?? 0) / 1000;
        const path = entry.path.replace(/\/$/, "").replace(/^\.(\/|$)/, "");
        const { size, uid, gid, linkpath = "" } = entry;
        lines.push([path, size, mtime, (entry.mode ?? 0) & 0o7777, uid, gid, linkpath].join("|"));
        entry.resume();
      },
    });
    parser.on("end", resolve);
    parser.on("error", reject);
    parser.end(bytes);
  });
  return lines;
}

const PYTHON = `
import sys, tarfile
with tarfile.open(sys.argv[1], "r:", encoding="latin-1", errors="surrogateescape") as archive:
    for m in archive:
        size = m.size if m.isreg() else 0
        path = "" if m.name == "." else m.name
        line = [path, size, int(m.mtime), m.mode & 0o7777, m.uid, m.gid, m.linkname]
        sys.stdout.buffer.write("|".join(map(str, line)).encode("latin-1") + b"\\0")
`;

function python(path: string): string[] {
  const out = execFileSync("python3", ["-c", PYTHON, path], { maxBuffer: LIMIT });
  return out.toString("latin1").split("\0").slice(0, -1);
}

function missing(program: string): string | undefined {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return program;
  }
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text) && !text.includes("\\");

test("node-tar reads what writeTar() writes as a scan does", async () => {
  await fc.assert(
    fc.asyncProperty(entryLists, async (entries) => {
      const plain = entries.filter(({ path, linkpath = "" }) => isAscii(path) && isAscii(linkpath));
      // node-tar does not take an archive without entries for one.
      fc.pre(plain.length > 0);
      const bytes = await collect(writeTar(plain), LIMIT);
      assert.equal(await nodeTar(bytes), ours(bytes));
    }),
    { numRuns: 100 },
  );
});

/** Python decodes pax records as UTF-8 and takes everything else as told, so bytes above 127 are left out. */
async function samples(): Promise<Buffer> {
  const base = { mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000, size: 0 } as const;
  const entries = fc
    .sample(entryLists, { numRuns: 40, seed: 1 })
    .flat()
    .filter(({ path, linkpath = "" }) => isAscii(path) && isAscii(linkpath));
  const more: WriteEntry[] = [
    { ...base, path: "", type: "directory", mode: 0o755 },
    { ...base, path: `${"p".repeat(155)}/${"n".repeat(100)}`, type: "file" },
    { ...base, path: `${"p".repeat(200)}/${"n".repeat(100)}`, type: "directory" },
    { ...base, path: "s", type: "symlink", linkpath: "t".repeat(300) },
    { ...base, path: "big", type: "file", uid: 3_000_000, size: 70_000, open: () => fromBytes(Buffer.alloc(70_000)) },
  ];
  return collect(writeTar([...entries, ...more]), LIMIT);
}

test.needs(missing("python3"), "Python reads what writeTar() writes as a scan does", async (context) => {
  const bytes = await samples();
  const path = join(await tempFolder(context), "a.tar");
  await writeFile(path, bytes);
  assert.equal(python(path), ours(bytes));
});

test.needs(missing("tar"), "GNU tar reads what writeTar() writes, without a word", async (context) => {
  const bytes = await samples();
  const path = join(await tempFolder(context), "a.tar");
  await writeFile(path, bytes);
  const out = execFileSync("tar", ["--quoting-style=literal", "-tf", path], { encoding: "latin1", stdio: "pipe" });
  const names = out.split("\n").slice(0, -1);
  assert.equal(
    names.map((name) => name.replace(/\/$/, "").replace(/^\.$/, "")),
    scan(bytes).entries.map(({ path }) => path),
  );
});

const DIALECTS = archive(
  member({ name: "dir/", typeflag: "5", magic: GNU_MAGIC }),
  long(`${"long/".repeat(40)}name\0`),
  member({ name: "cut", magic: GNU_MAGIC, mtime: 5 }, "gnu"),
  pax(record("path", "pax") + record("mtime", "7.5") + record("size", "3")),
  header({ name: "x", size: 0 }),
  content("abc"),
  member({ name: "name", prefix: "prefix" }, "ustar"),
  file("last"),
);

test.needs(missing("python3"), "case 59, 72: Python sees the same entries in every dialect", async (context) => {
  const path = join(await tempFolder(context), "a.tar");
  await writeFile(path, DIALECTS);
  assert.equal(python(path), ours(DIALECTS));
});

const FORMATS = ["v7", "oldgnu", "gnu", "ustar", "posix"];
for (const format of FORMATS) {
  test.needs(missing("tar"), `what GNU tar writes as ${format} is read by node-tar as by a scan`, async (context) => {
    const folder = await tempFolder(context);
    const short = format === "v7" || format === "ustar";
    const script = `
      cd "$1" && mkdir -p d/e && echo one > d/one && ln d/one d/e/two && ln -s ../one d/e/three
      touch "d/$2" && tar --format=${format} --sort=name --mtime=@1700000000 -cf a.tar d`;
    execFileSync("sh", ["-ec", script, "sh", folder, "n".repeat(short ? 80 : 200)]);
    const bytes = execFileSync("cat", [join(folder, "a.tar")], { maxBuffer: LIMIT });
    const lines = ours(bytes);
    assert.is(lines.length, 6);
    assert.equal(await nodeTar(bytes), lines);
  });
}

test.run();
