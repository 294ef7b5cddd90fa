import * as assert from "uvu/assert";
import type { WriteEntry } from "../../src/tar/entry.js";
import { sortEntries } from "../../src/tar/sort.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("tar/sort");

const entry = (path: string, more: Partial<WriteEntry> = {}): WriteEntry => ({
  path,
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  ...more,
});
const link = (path: string, linkpath: string): WriteEntry => entry(path, { type: "hardlink", linkpath });
const sorted = (...entries: WriteEntry[]): string[] => sortEntries(entries).map(({ path }) => path);

test("sortEntries() goes by bytes, parents first, whiteouts before their siblings", () => {
  const paths = ["", "a", "a-b", "a/.wh.z", "a/+", "a/b", "\xc3\xa9", "\xef\xbc\xa1", "\xf0\x9f\x9a\xa2"];
  assert.equal(sorted(...[...paths].reverse().map((path) => entry(path))), paths);
});

test("sortEntries() makes the smallest of linked paths the file", () => {
  const open = () => (async function* () {})();
  const file = entry("m", { size: 5, mode: 0o4755, open });
  const [a, m, z] = sortEntries([file, link("z", "a"), link("a", "m")]);
  assert.equal({ ...a, open: undefined }, { ...file, path: "a", open: undefined });
  assert.is(a?.open, open);
  assert.equal(m, { ...link("m", "a"), mode: 0o4755 });
  assert.equal(z, { ...link("z", "a"), mode: 0o4755 });
});

test("sortEntries() refuses links to nothing, circles, and a path twice", () => {
  throws(() => sorted(link("a", "b")), "UNSAFE_ENTRY");
  throws(() => sorted(link("a", "b"), link("b", "a")), "UNSAFE_ENTRY");
  throws(() => sorted(link("a", "d"), entry("d", { type: "directory" })), "UNSAFE_ENTRY");
  throws(() => sorted(entry("a"), entry("a")), "UNSAFE_ENTRY");
});

test.run();
