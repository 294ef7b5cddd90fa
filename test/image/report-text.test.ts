import * as assert from "uvu/assert";
import { diffImages } from "../../src/image/diff.js";
import { type FilesReport, reportFiles } from "../../src/image/files-report.js";
import { formatDiff, formatFiles, formatLayerName, formatLayers } from "../../src/image/report-text.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { type Draft, file, folder, hardlink, putStack, symlink } from "../support/stack.js";
import { suite } from "../support/suite.js";

const test = suite("image/report-text");

async function report(layers: readonly (readonly Draft[])[]): Promise<FilesReport> {
  const store = createMemoryStore();
  return await reportFiles(store, await putStack(store, layers), { largest: 2 });
}

const LAYERS: readonly (readonly Draft[])[] = [
  [
    folder("bin"),
    file("bin/a", "1".repeat(1500)),
    file("bin/b", "2".repeat(20)),
    file("old", "3"),
    symlink("l", "bin/a"),
  ],
  [
    folder("bin"),
    file("bin/b", "4".repeat(30), { mode: 0o755, uid: 1000, gid: 1000 }),
    file(".wh.old"),
    file("l2/c", "4".repeat(30)),
  ],
  [file("bin/a", "1".repeat(1500)), hardlink("h", "bin/a"), { path: "pipe\n", type: "fifo" }],
];

/** The text with digests made short, so that it can be read. */
const golden = (lines: readonly string[]) => lines.map((line) => line.replace(/sha256:[0-9a-f]{64}/g, "sha256:…"));

test("layers", async () => {
  assert.equal(golden(formatLayers(await report(LAYERS))), [
    " 0 sha256:…    6.1 kB (6.1 kB of tar)",
    "   sha256:…",
    "   + adds           5    1.5 kB",
    "   ! wasted         3    1.5 kB  replaced or removed later",
    " 1 sha256:…    4.1 kB (4.1 kB of tar)",
    "   sha256:…",
    "   + adds           1      30 B",
    "   ~ replaces       1      30 B",
    "   - removes        1       1 B  by 1 whiteout",
    " 2 sha256:…    4.1 kB (4.1 kB of tar)",
    "   sha256:…",
    "   + adds           2       0 B",
    "   = repeats        1    1.5 kB  the same again",
    "3 layers, 14.3 kB (14.3 kB of tar); wasted: 1.5 kB in 3 files (10.6%)",
  ]);
});

test("files", async () => {
  const files = await report(LAYERS);
  const rest = [
    "",
    "duplicates: 1 file that another file holds too, 30 B",
    "     30 B  2 times 30 B",
    "   /bin/b",
    "   /l2/c",
    "",
    "3 files, 1.6 kB; 3 folders; 3 links and devices; duplicated: 30 B (1.9%)",
  ];
  assert.equal(formatFiles(files), [
    "d 0755 0:0               0 B   0  /",
    "d 0755 0:0               0 B   0  /bin",
    "- 0644 0:0            1.5 kB   2  /bin/a",
    "- 0755 1000:1000        30 B   1  /bin/b",
    "h 0644 0:0               0 B   2  /h == /bin/a",
    "l 0644 0:0               0 B   0  /l -> bin/a",
    "d 0755 0:0               0 B   1  /l2",
    "- 0644 0:0              30 B   1  /l2/c",
    "p 0644 0:0               0 B   2  /pipe\\u{0a}",
    ...rest,
  ]);
  assert.equal(formatFiles(files, { onlyLargest: true }), [
    "- 0644 0:0            1.5 kB   2  /bin/a",
    "- 0755 1000:1000        30 B   1  /bin/b",
    ...rest,
  ]);
});

test("many duplicates are cut short", async () => {
  const same = Array.from({ length: 8 }, (_, index) => file(`s${index}`, "same"));
  const pairs = Array.from({ length: 30 }, (_, index) => [
    file(`a${index}`, `${index}.`),
    file(`b${index}`, `${index}.`),
  ]);
  const lines = formatFiles(await report([[...same, ...pairs.flat()]]));
  assert.ok(lines.includes("   and 3 more"));
  assert.ok(lines.includes("and 11 more contents"));
});

test("differences", async () => {
  const a = await report([
    [file("a", "1"), file("gone", "12"), symlink("l", "x"), folder("d"), file("p"), hardlink("q", "p")],
  ]);
  const b = await report([
    [
      file("a", "2345", { mode: 0o600, uid: 9 }),
      folder("new"),
      symlink("l", "y"),
      file("d"),
      file("p"),
      symlink("z", "a"),
    ],
  ]);
  const withConfig = { ...b, config: { ...b.config, config: { Env: ["A=\x1b[1m"], User: "u" } } };
  assert.equal(formatDiff(diffImages({ ...a, config: { ...a.config, config: { User: "v" } } }, withConfig)), [
    "~       4 B  /a  (content 1 B -> 4 B, mode 0644 -> 0600, owner 0:0 -> 9:0)",
    "~       0 B  /d  (directory -> file)",
    "-       2 B  /gone",
    "~       0 B  /l  (target x -> y)",
    "+       0 B  /new/",
    "-       0 B  /q -> /p",
    "+       0 B  /z -> a",
    '+ config Env A "\\u001b[1m"',
    '~ config User "v" -> "u"',
    "2 added (0 B), 2 removed (2 B), 3 changed (+3 B), 2 differences in config; 0 layers shared (0 B), 1 layer only in A, 1 layer only in B",
  ]);
  assert.equal(formatDiff(diffImages(a, a)), [
    "no difference; 1 layer shared (5.1 kB), 0 layers only in A, 0 layers only in B",
  ]);
});

test("names of layers cannot forge lines", async () => {
  const [layer] = (await report(LAYERS)).layers;
  if (layer === undefined) throw new Error("The image has no layer");
  assert.is(formatLayerName({ ...layer, createdBy: "a\n\u202eb" }), "a\\u{a}\\u{202e}b");
  assert.is(
    formatLayerName({ ...layer, createdBy: "x", package: { fqn: "package::/::t", version: "1" } }),
    "package::/::t 1",
  );
  assert.is(formatLayerName({ ...layer, createdBy: "" }), layer.descriptor.digest);
});

test.run();
