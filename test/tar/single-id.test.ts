import * as assert from "uvu/assert";
import type { Entry, EntryType } from "../../src/tar/entry.js";
import { flattenEntry } from "../../src/tar/single-id.js";
import { suite } from "../support/suite.js";

const test = suite("tar/single-id");

const entry = (type: EntryType, mode: number, more: Partial<Entry> = {}): Entry => ({
  ...{ path: "a", type, mode, uid: 0, gid: 0, mtime: 1, size: 0 },
  ...more,
});

const MODES: readonly (readonly [type: EntryType, mode: number, flat: number])[] = [
  ["file", 0o600, 0o644],
  ["file", 0o640, 0o644],
  ["file", 0o4711, 0o755],
  ["file", 0o2750, 0o755],
  ["file", 0o1600, 0o644],
  ["file", 0o111, 0o555],
  ["file", 0o666, 0o666],
  ["file", 0o654, 0o654],
  ["hardlink", 0o4700, 0o755],
  ["directory", 0o700, 0o755],
  ["directory", 0o2770, 0o775],
  ["directory", 0o1777, 0o1777],
  ["directory", 0, 0o755],
  ["symlink", 0o777, 0o777],
];

for (const [type, mode, flat] of MODES) {
  test(`a ${type} of mode ${mode.toString(8)} gets ${flat.toString(8)}, and keeps it`, () => {
    const once = flattenEntry(entry(type, mode));
    assert.is(once.mode, flat);
    assert.is(flattenEntry(once), once);
  });
}

test("owners become 0:0", () => {
  assert.equal(flattenEntry(entry("symlink", 0o777, { uid: 7 })), entry("symlink", 0o777));
  assert.equal(flattenEntry(entry("file", 0o644, { gid: 7 })), entry("file", 0o644));
});

test("capabilities and access control lists go, other attributes stay", () => {
  const dropped = { "security.capability": "\x01", "system.posix_acl_access": "x", "system.posix_acl_default": "x" };
  assert.equal(flattenEntry(entry("file", 0o644, { xattrs: dropped })), entry("file", 0o644));
  const kept = { "user.note": "x" };
  const mixed = entry("file", 0o644, { xattrs: { ...dropped, ...kept } });
  assert.equal(flattenEntry(mixed), entry("file", 0o644, { xattrs: kept }));
});

test.run();
