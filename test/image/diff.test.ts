import fc from "fast-check";
import * as assert from "uvu/assert";
import { diffImages, type FileChange } from "../../src/image/diff.js";
import { type FilesReport, reportFiles } from "../../src/image/files-report.js";
import type { ImageConfig } from "../../src/oci/config.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { type Draft, file, folder, hardlink, putStack, symlink } from "../support/stack.js";
import { suite } from "../support/suite.js";

const test = suite("image/diff");

async function report(...layers: readonly (readonly Draft[])[]): Promise<FilesReport> {
  const store = createMemoryStore();
  return await reportFiles(store, await putStack(store, layers));
}

function show(change: FileChange): string {
  if (change.kind === "changed") return `~ ${change.path} ${change.differences.join(" ")}`;
  return `${change.kind === "added" ? "+" : "-"} ${change.path}`;
}

const CASES: readonly (readonly [string, readonly Draft[], readonly Draft[], readonly string[]])[] = [
  ["nothing", [file("a", "1")], [file("a", "1")], []],
  ["added and removed", [file("a"), file("b")], [file("b"), file("c")], ["- /a", "+ /c"]],
  ["content", [file("a", "1")], [file("a", "2")], ["~ /a content"]],
  ["mode", [file("a")], [file("a", "", { mode: 0o755 })], ["~ /a mode"]],
  ["owner", [file("a")], [file("a", "", { uid: 1 })], ["~ /a owner"]],
  ["group", [folder("a")], [folder("a", { gid: 1 })], ["~ /a owner"]],
  ["target", [symlink("a", "b")], [symlink("a", "c")], ["~ /a target"]],
  ["type", [symlink("a", "b")], [file("a", "1", { mode: 0o700 })], ["~ /a type"]],
  ["xattrs", [file("a")], [file("a", "", { xattrs: { "user.x": "1" } })], ["~ /a xattrs"]],
  ["several at once", [file("a", "1")], [file("a", "2", { mode: 0o600, uid: 3 })], ["~ /a content mode owner"]],
  [
    "a hard link's content is told once",
    [file("a", "1"), hardlink("b", "a")],
    [file("a", "2"), hardlink("b", "a")],
    ["~ /a content"],
  ],
  ["a hard link became a copy", [file("a", "1"), hardlink("b", "a")], [file("a", "1"), file("b", "1")], ["~ /b type"]],
];

for (const [title, a, b, expected] of CASES) {
  test(title, async () => assert.equal(diffImages(await report(a), await report(b)).files.map(show), expected));
}

test("in which layer a file is does not matter", async () => {
  const a = await report([file("a", "1")], [file("b", "2")]);
  const b = await report([file("b", "2")], [file("x"), file("a", "0")], [file("a", "1"), file(".wh.x")]);
  assert.equal(diffImages(a, b).files, []);
});

test("layers are compared by digest", async () => {
  const a = await report([file("a")], [file("b")]);
  const b = await report([file("a")], [file("c")], [file("d")]);
  const { shared, onlyA, onlyB } = diffImages(a, b);
  assert.equal([shared.length, onlyA.length, onlyB.length], [1, 1, 2]);
  assert.is(shared[0]?.digest, a.layers[0]?.descriptor.digest);
});

test("sums are bytes that came, went, and how much changed ones grew", async () => {
  const a = await report([file("gone", "12"), file("same", "1"), file("less", "12345")]);
  const b = await report([file("new", "123"), file("same", "1"), file("less", "1")]);
  const { added, removed, changed } = diffImages(a, b);
  assert.equal(
    [added, removed, changed],
    [
      { count: 1, bytes: 3 },
      { count: 1, bytes: 2 },
      { count: 1, bytes: -4 },
    ],
  );
});

test("configs are compared value by value", async () => {
  const plain = await report([file("a")]);
  const withConfig = (config: Partial<ImageConfig>, annotations = {}): FilesReport => ({
    ...plain,
    config: { ...plain.config, ...config },
    annotations,
  });
  const a = withConfig({ config: { Env: ["A=1", "B=x=y"], Cmd: ["sh"], Labels: { l: "1" } } });
  const b = withConfig(
    {
      architecture: "arm64",
      config: { Env: ["A=2", "B=x=y", "C="], Entrypoint: ["/e"], Labels: { l: "1" } },
      history: [{}],
    },
    { n: "v" },
  );
  assert.equal(diffImages(a, b).config, [
    { name: "Cmd", before: '["sh"]' },
    { name: "Entrypoint", after: '["/e"]' },
    { name: "Env A", before: "1", after: "2" },
    { name: "Env C", after: "" },
    { name: "annotation n", after: "v" },
    { name: "platform", before: "linux/amd64", after: "linux/arm64" },
  ]);
});

test("A against B is B against A the other way round", async () => {
  const drafts = fc.uniqueArray(
    fc.record({ path: fc.constantFrom("a", "b", "c", "d/e"), text: fc.constantFrom("", "1", "22") }),
    { selector: ({ path }) => path },
  );
  await fc.assert(
    fc.asyncProperty(drafts, drafts, async (left, right) => {
      const [a, b] = [await report(left), await report(right)];
      const there = diffImages(a, b);
      const back = diffImages(b, a);
      const swap = { added: "removed", removed: "added", changed: "changed" } as const;
      assert.equal(
        there.files.map(({ kind, path }) => `${kind} ${path}`),
        back.files.map(({ kind, path }) => `${swap[kind]} ${path}`),
      );
      assert.equal(
        [there.added, there.removed, there.changed.bytes + 0],
        [back.removed, back.added, 0 - back.changed.bytes],
      );
    }),
    { numRuns: 50 },
  );
});

test.run();
