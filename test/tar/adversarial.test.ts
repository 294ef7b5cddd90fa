/**
 * One test for each hostile or broken archive of the project's numbered list, with the outcome the list gives.
 */

import * as assert from "uvu/assert";
import type { ErrorCode } from "../../src/errors.js";
import { escapePath } from "../../src/tar/path.js";
import {
  archive,
  base256,
  content,
  directory,
  END,
  file,
  GNU_MAGIC,
  hardlink,
  header,
  long,
  member,
  pax,
  record,
  symlink,
  V7_MAGIC,
} from "../support/hostile-tar.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { check, scan } from "./read.js";

const test = suite("tar/adversarial");

/** Title, archive, the code of the refusal and a part of its message. */
const REFUSED: readonly (readonly [string, Buffer, ErrorCode, string])[] = [
  ["case 1: ../x", archive(file("../x")), "UNSAFE_ENTRY", "has a .. in it"],
  ["case 2: etc/../../x", archive(file("etc/../../x")), "UNSAFE_ENTRY", "has a .. in it"],
  ["case 2: a/../b, which stays inside", archive(file("a/../b")), "UNSAFE_ENTRY", "has a .. in it"],
  ["case 1: a/..", archive(directory("a/..")), "UNSAFE_ENTRY", "has a .. in it"],
  ["case 3: pax path ../x", archive(pax(record("path", "../x")), file("x")), "UNSAFE_ENTRY", "has a .. in it"],
  ["case 4: GNU long name ../x", archive(long("../x\0"), file("x")), "UNSAFE_ENTRY", "has a .. in it"],
  [
    "case 6: a file through an absolute symlink",
    archive(symlink("out", "/etc"), file("out/passwd")),
    "UNSAFE_ENTRY",
    "below a symlink",
  ],
  ["case 7: a symlink that climbs", archive(symlink("out", "../../..")), "UNSAFE_ENTRY", "climbs out of the root"],
  ["case 7: a deep one", archive(symlink("a/b/out", "../x/../../../y")), "UNSAFE_ENTRY", "climbs out of the root"],
  [
    "case 7: a file deep below a symlink",
    archive(symlink("a", "b"), file("a/b/c/d")),
    "UNSAFE_ENTRY",
    "below a symlink",
  ],
  ["case 9: hardlink to a host path", archive(hardlink("h", "/etc/passwd")), "UNSAFE_ENTRY", "not an earlier file"],
  ["case 10: hardlink to ../..", archive(hardlink("h", "../../etc/passwd")), "UNSAFE_ENTRY", "has a .. in it"],
  [
    "case 11: hardlink through a symlink chain",
    archive(symlink("a", "b"), symlink("b", "/etc"), hardlink("h", "a/passwd")),
    "UNSAFE_ENTRY",
    "not an earlier file",
  ],
  ["case 11: hardlink to a symlink", archive(symlink("a", "/x"), hardlink("h", "a")), "UNSAFE_ENTRY", "not an earlier"],
  ["case 12: hardlink to a file elsewhere", archive(hardlink("d/h", "h2")), "UNSAFE_ENTRY", "not an earlier file"],
  ["case 13: symlink named .", archive(symlink(".", "/etc")), "UNSAFE_ENTRY", "place of the root"],
  ["case 14: symlink named /", archive(symlink("/", "/etc")), "UNSAFE_ENTRY", "place of the root"],
  ["case 15: symlink named ./", archive(symlink("./", "/etc")), "UNSAFE_ENTRY", "place of the root"],
  ["case 16: empty name", archive(file("")), "UNSAFE_ENTRY", "name is empty"],
  ["case 17: file named .", archive(file(".")), "UNSAFE_ENTRY", "place of the root"],
  ["case 18: whiteout .wh...", archive(file(".wh...")), "UNSAFE_ENTRY", "nothing that can exist"],
  ["case 19: whiteout .wh..", archive(file("a/.wh..")), "UNSAFE_ENTRY", "nothing that can exist"],
  ["case 20: inside a whiteout", archive(file("etc/.wh.../x")), "UNSAFE_ENTRY", "inside a whiteout"],
  ["case 21: whiteout of nothing", archive(file(".wh.")), "UNSAFE_ENTRY", "nothing that can exist"],
  ["case 22: opaque directory", archive(directory("a/.wh..wh..opq")), "UNSAFE_ENTRY", "not an empty file"],
  ["case 22: opaque with content", archive(file("a/.wh..wh..opq", "x")), "UNSAFE_ENTRY", "not an empty file"],
  [
    "case 23: whiteout below a symlink",
    archive(symlink("a", "/etc"), file("a/.wh.passwd")),
    "UNSAFE_ENTRY",
    "below a symlink",
  ],
  [
    "case 24: opaque below a symlink",
    archive(symlink("a", "/etc"), file("a/.wh..wh..opq")),
    "UNSAFE_ENTRY",
    "below a symlink",
  ],
  ["case 26: a loop as parent", archive(symlink("a", "b"), symlink("b", "a"), file("a/x")), "UNSAFE_ENTRY", "below a"],
  ["case 27: a file as parent", archive(file("f", "x"), file("f/g")), "UNSAFE_ENTRY", "below a file"],
  ["case 27: a hardlink as parent", archive(file("f"), hardlink("h", "f"), file("h/g")), "UNSAFE_ENTRY", "below a"],
  ["case 28: hardlink to itself", archive(hardlink("s", "s")), "UNSAFE_ENTRY", "to itself"],
  ["case 28: a file made a link to itself", archive(file("s"), hardlink("s", "s")), "UNSAFE_ENTRY", "to itself"],
  ["case 29: hardlink to nothing", archive(hardlink("s", "missing")), "UNSAFE_ENTRY", "not an earlier file"],
  ["case 30: a cycle", archive(hardlink("a", "b"), hardlink("b", "a")), "UNSAFE_ENTRY", "not an earlier file"],
  [
    "case 30: a cycle that replaces its file",
    archive(file("a"), hardlink("b", "a"), hardlink("a", "b")),
    "UNSAFE_ENTRY",
    "an earlier hard link names",
  ],
  ["case 31: hardlink to a directory", archive(directory("d/"), hardlink("h", "d")), "UNSAFE_ENTRY", "not an earlier"],
  [
    "case 32: hardlink with content",
    archive(file("f", "x"), member({ name: "h", linkname: "f", typeflag: "1" }, "evil")),
    "UNSAFE_ENTRY",
    "a hardlink with content",
  ],
  ["case 33: NUL in a name", archive(file("a\0../../b")), "UNSAFE_ENTRY", "holds a NUL"],
  ["case 33: NUL in a prefix", archive(member({ name: "b", prefix: "a\0x" })), "UNSAFE_ENTRY", "holds a NUL"],
  ["case 34: NUL in a pax path", archive(pax(record("path", "a\0b")), file("x")), "UNSAFE_ENTRY", "holds a NUL"],
  ["case 34: NUL in a GNU long name", archive(long("a\0b\0"), file("x")), "UNSAFE_ENTRY", "holds a NUL"],
  ["case 35: NUL in a link", archive(symlink("s", "a\0b")), "UNSAFE_ENTRY", "holds a NUL"],
  [
    "case 35: NUL in a pax linkpath",
    archive(pax(record("linkpath", "a\0/etc")), symlink("s", "x")),
    "UNSAFE_ENTRY",
    "holds a NUL",
  ],
  ["case 39: a name of 256 bytes", archive(pax(record("path", "a".repeat(256))), file("x")), "TOO_LARGE", "a name"],
  [
    "case 40: a path of 4097 bytes",
    archive(pax(record("path", `${"a/".repeat(2048)}b`)), file("x")),
    "TOO_LARGE",
    "a path",
  ],
  ["case 40: a long name of 8 KiB", archive(long("a".repeat(8193)), file("x")), "TOO_LARGE", "a long name"],
  ["case 41: depth 1025", archive(pax(record("path", `${"a/".repeat(1024)}b`)), file("x")), "TOO_LARGE", "the depth"],
  [
    "case 44: a file for a directory with entries",
    archive(file("d/x"), file("d")),
    "UNSAFE_ENTRY",
    "directory that earlier entries lie in",
  ],
  [
    "case 44: a symlink for a directory with entries",
    archive(directory("d/"), file("d/x"), symlink("d", "/etc")),
    "UNSAFE_ENTRY",
    "directory that earlier entries lie in",
  ],
  ["case 49: bad checksum", archive(header({ checksum: "wrong" })), "CORRUPT", "checksum is wrong at byte 0"],
  ["case 49: bad checksum later", archive(file("a"), header({ checksum: "wrong" })), "CORRUPT", "at byte 512"],
  ["case 50: truncated header", Buffer.concat([file("a"), file("b").subarray(0, 511)]), "CORRUPT", "at byte 1023"],
  ["case 51: truncated body", file("a", "x".repeat(1000)).subarray(0, 1200), "CORRUPT", "at byte 1200"],
  ["case 51: truncated padding", file("a", "x").subarray(0, 1000), "CORRUPT", "at byte 1000"],
  ["case 54: one zero block", archive(file("a"), Buffer.alloc(512), file("b")), "CORRUPT", "after a zero block"],
  ["case 55: negative size", archive(member({ size: base256(-1n, 12) })), "CORRUPT", "negative"],
  ["case 55: the most negative", archive(member({ size: base256(-(2n ** 90n), 12) })), "CORRUPT", "out of range"],
  ["case 56: size 2^63", archive(member({ size: base256(2n ** 63n, 12) })), "CORRUPT", "out of range"],
  ["case 56: size 2^63 - 1", archive(member({ size: base256(2n ** 63n - 1n, 12) })), "CORRUPT", "out of range"],
  ["case 57: size of blanks", archive(member({ size: " ".repeat(12) })), "CORRUPT", "not a number"],
  ["case 57: size with a blank inside", archive(member({ size: "00000 000010" })), "CORRUPT", "not a number"],
  ["case 57: size of garbage", archive(member({ size: "0000000000z\0" })), "CORRUPT", "not a number"],
  ["case 57: garbage behind the NUL", archive(member({ size: "0\x0077777777" })), "CORRUPT", "not a number"],
  ["case 57: a hexadecimal size", archive(member({ size: "0x10\0" })), "CORRUPT", "not a number"],
  ["case 57: a digit 8", archive(member({ size: "00000000008\0" })), "CORRUPT", "not a number"],
  ["case 58: 2^53", archive(member({ size: base256(2n ** 53n, 12) })), "CORRUPT", "out of range"],
  ["case 58: pax 2^53", archive(pax(record("size", "9007199254740992")), file("a")), "CORRUPT", "no size"],
  ["case 58: pax -1", archive(pax(record("size", "-1")), file("a")), "CORRUPT", "no size"],
  ["case 58: pax 1e3", archive(pax(record("size", "1e3")), file("a")), "CORRUPT", "no size"],
  ["case 60: length too long", archive(pax("99 path=abc\n"), file("x")), "CORRUPT", "length is wrong"],
  ["case 60: length too short", archive(pax("5 path=abc\n"), file("x")), "CORRUPT", "length is wrong"],
  ["case 60: no digit", archive(pax("path=abc\n"), file("x")), "CORRUPT", "length is wrong"],
  ["case 60: a sign", archive(pax("+12 path=abc\n"), file("x")), "CORRUPT", "length is wrong"],
  ["case 60: a leading zero", archive(pax("013 path=abc\n"), file("x")), "CORRUPT", "length is wrong"],
  ["case 60: no newline", archive(pax("12 path=abc "), file("x")), "CORRUPT", "length is wrong"],
  ["case 60: no equals sign", archive(pax("11 pathabc\n"), file("x")), "CORRUPT", "without a key"],
  ["case 60: no key", archive(pax("7 =abc\n"), file("x")), "CORRUPT", "without a key"],
  ["case 60: bytes behind the records", archive(pax(`${record("path", "a")}\0`), file("x")), "CORRUPT", "length is"],
  ["case 60: NUL in a key", archive(pax(record("pa\0th", "a")), file("x")), "CORRUPT", "NUL in its key"],
  [
    "case 61: a pax header over 1 MiB",
    archive(header({ typeflag: "x", size: 1024 * 1024 + 1 })),
    "TOO_LARGE",
    "an extended header",
  ],
  ["case 62: many records", archive(pax(record("a", "b").repeat(1025)), file("x")), "TOO_LARGE", "count of records"],
  [
    "case 63: two pax headers",
    archive(pax(record("a", "b")), pax(record("a", "b")), file("x")),
    "CORRUPT",
    "contradicts",
  ],
  ["case 63: two long names", archive(long("a"), long("b"), file("x")), "CORRUPT", "contradicts"],
  ["case 63: two long links", archive(long("a", "K"), long("b", "K"), symlink("x", "")), "CORRUPT", "contradicts"],
  [
    "case 63: endless global headers",
    archive(...Array.from({ length: 65 }, () => pax(record("a", "b"), "g"))),
    "TOO_LARGE",
    "global headers in a row",
  ],
  ["case 63: an empty meta header", archive(pax(""), file("x")), "CORRUPT", "empty meta header"],
  [
    "case 63: global headers that add up",
    archive(...["a", "b"].map((key) => pax(record(key, "x".repeat(600_000)), "g"))),
    "TOO_LARGE",
    "global headers, in bytes,",
  ],
  [
    "case 63: a pax and a GNU name that differ",
    archive(pax(record("path", "a")), long("b\0"), file("x")),
    "CORRUPT",
    "contradict",
  ],
  ["case 64: pax, then zero blocks", archive(pax(record("path", "a"))), "CORRUPT", "after a meta header"],
  ["case 64: pax, then nothing", pax(record("path", "a")), "CORRUPT", "after a meta header"],
  ["case 64: long name, then nothing", long("a"), "CORRUPT", "after a meta header"],
  ["case 64: pax, then a global", archive(pax(record("a", "b")), pax(record("a", "b"), "g")), "CORRUPT", "contradicts"],
  ["case 65: a global path", archive(pax(record("path", "a"), "g"), file("x")), "CORRUPT", "sets path"],
  ["case 65: a global size", archive(pax(record("size", "1"), "g"), file("x")), "CORRUPT", "sets size"],
  ["case 66: sparse, old GNU", archive(member({ typeflag: "S", magic: GNU_MAGIC })), "UNSAFE_ENTRY", "sparse"],
  [
    "case 66: sparse 0.0",
    archive(pax(record("GNU.sparse.size", "9") + record("GNU.sparse.numblocks", "1000000000")), file("x")),
    "UNSAFE_ENTRY",
    "sparse",
  ],
  [
    "case 66: sparse 1.0, a hole of 8 EiB",
    archive(pax(record("GNU.sparse.major", "1") + record("GNU.sparse.realsize", "9223372036854775807")), file("x")),
    "UNSAFE_ENTRY",
    "sparse",
  ],
  ...[..."ZMVDNAX89"].map(
    (typeflag) =>
      [`case 67: type ${typeflag}`, archive(member({ typeflag })), "UNSAFE_ENTRY", `its type "${typeflag}"`] as const,
  ),
  ["case 68: character device", archive(member({ typeflag: "3" })), "UNSAFE_ENTRY", "char device"],
  ["case 68: block device", archive(member({ typeflag: "4" })), "UNSAFE_ENTRY", "block device"],
  ["case 68: FIFO", archive(member({ typeflag: "6" })), "UNSAFE_ENTRY", "FIFO"],
  ["case 71: mtime NaN", archive(pax(record("mtime", "NaN")), file("x")), "CORRUPT", "no time"],
  [
    "case 71: mtime of garbage",
    archive(member({ mtime: "yesterday" })),
    "CORRUPT",
    "mtime of a header is not a number",
  ],
  [
    "case 72: a prefix in a GNU header",
    archive(member({ name: "b", prefix: "a/evil", magic: GNU_MAGIC })),
    "CORRUPT",
    "name prefix",
  ],
  ["case 73: a zip archive", Buffer.from(`PK\x03\x04${"x".repeat(600)}`, "latin1"), "FORMAT", "zip archive"],
  ["case 73: xz", Buffer.from(`\xfd7zXZ\0${"x".repeat(600)}`, "latin1"), "FORMAT", "xz"],
  ["case 73: 7z", Buffer.from("7z\xbc\xaf\x27\x1cshort", "latin1"), "FORMAT", "7z"],
  ["case 73: an error page", Buffer.from(`<!DOCTYPE html>${" ".repeat(600)}`), "FORMAT", "HTML page"],
  ["case 73: an empty file", Buffer.alloc(0), "FORMAT", "empty"],
];

for (const [title, bytes, code, part] of REFUSED) {
  test(`${title} is refused`, () => {
    const error = throws(() => check(bytes, { allowWhiteouts: /whiteout|opaque/.test(title) }), code);
    assert.ok(error.message.includes(part), `${error.message} should tell: ${part}`);
    assert.not.match(error.message, /[\n\0]/);
  });
}

test("case 5: an absolute name loses its slash, with a warning", () => {
  const bytes = archive(directory("/"), file("//etc/x", "1"));
  assert.equal(
    scan(bytes).entries.map(({ path }) => path),
    ["", "etc/x"],
  );
  const { clean, warnings } = check(bytes);
  assert.not(clean);
  assert.match(warnings.join(), "begins with a slash");
});

test("case 7: symlinks that stay inside, and absolute ones, are data", () => {
  const bytes = archive(symlink("bin", "usr/bin"), symlink("a/b", "../c"), symlink("etc/mtab", "/proc/self/mounts"));
  assert.ok(check(bytes).clean);
});

test("case 11: a hard link to an earlier file, or to a link to it, is clean", () => {
  const result = check(archive(file("a/f", "x"), hardlink("h", "./a/f"), hardlink("i", "h")));
  assert.ok(result.clean);
});

test("case 15: a directory ./ is ordinary", () => {
  const bytes = archive(directory("./"), directory("./a/"), file("./a/b"));
  assert.ok(check(bytes).clean);
  assert.equal(
    scan(bytes).entries.map(({ path }) => path),
    ["", "a", "a/b"],
  );
});

test("case 25: a whiteout in a package is refused, unless allowed", () => {
  const bytes = archive(file("a/.wh.foo"), file("b/.wh..wh..opq"));
  throws(() => check(bytes), "UNSAFE_ENTRY");
  assert.ok(check(bytes, { allowWhiteouts: true }).clean);
});

test("case 36: controls, bidi and newlines in names are kept, and escaped in text", () => {
  const name = Buffer.from("a\u202Eb\x1b[31m\r\nc", "utf8").toString("latin1");
  const bytes = archive(file(name), file(name));
  assert.is(scan(bytes).entries[0]?.path, name);
  assert.is(escapePath(name), "a\\u{202e}b\\u{1b}[31m\\u{0d}\\u{0a}c");
  const { reasons } = check(bytes);
  assert.match(reasons.join(), "\\u{202e}");
  assert.not.match(reasons.join(), /[\n\u202e]/);
});

test("case 37: bytes that are not UTF-8 are kept", () => {
  assert.is(scan(archive(file("f\xff\xfe"))).entries[0]?.path, "f\xff\xfe");
  assert.is(scan(archive(pax(record("path", "f\xff\xfe")), file("x"))).entries[0]?.path, "f\xff\xfe");
  assert.ok(check(archive(file("f\xff\xfe"))).clean);
});

test("case 38: names that differ in case or Unicode form are kept, with a warning", () => {
  const utf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  for (const [left, right] of [
    ["readme", "README"],
    ["README", "readme"],
    ["Readme", "README"],
    [utf8("caf\u00e9"), utf8("cafe\u0301")],
    [utf8("CAFE\u0301"), utf8("caf\u00e9")],
  ] as const) {
    const result = check(archive(file(left), file(right)));
    assert.ok(result.clean);
    assert.match(result.warnings.join(), "letter case");
  }
  assert.equal(check(archive(file("readme"), file("README2"), file("caf\xff"), file("CAF\xff"))).warnings, []);
});

test("case 39, 40, 41: the limits themselves are accepted", () => {
  for (const path of ["a".repeat(255), `${"a/".repeat(1023)}b`, `${`${"a".repeat(255)}/`.repeat(16)}`.slice(0, 4095)]) {
    assert.is(scan(archive(pax(record("path", path)), file("x"))).entries[0]?.path, path);
  }
});

test("case 42: backslashes and drive letters are plain bytes", () => {
  const names = ["..\\x", "C:..\\x", "c:/x", "\\\\host\\x"];
  const bytes = archive(...names.map((name) => file(name)));
  assert.equal(
    scan(bytes).entries.map(({ path }) => path),
    names,
  );
  assert.ok(check(bytes).clean);
});

test("case 43: a path 10 000 times: the last one counts, with a warning", () => {
  const result = check(archive(...Array.from({ length: 10_000 }, () => file("a/b")), file("c")));
  assert.not(result.clean);
  assert.match(result.reasons.join(), 'twice, and the last one counts: "a/b" and 9998 more');
  assert.match(result.warnings.join(), "twice");
  assert.equal(
    result.dropped,
    Array.from({ length: 9_999 }, (_, index) => index),
  );
  assert.is(result.entries, 10_001);
});

test("case 44, 45: an empty directory and a file of one name: the last wins", () => {
  assert.equal(check(archive(directory("d/"), file("d"))).dropped, [0]);
  assert.equal(check(archive(file("d"), directory("d/"), file("d/x"))).dropped, [0]);
  assert.equal(check(archive(symlink("d", "/etc"), directory("d/"), file("d/x"))).dropped, [0]);
});

test("case 47: .git at the top and files below dev are warned of", () => {
  const { clean, warnings } = check(archive(file(".gitignore"), file("dev/x"), file("a/.gitignore")));
  assert.ok(clean);
  assert.is(warnings.length, 2);
});

test("case 49: a checksum over signed bytes is accepted", () => {
  assert.is(scan(archive(header({ name: "\xe9\xff", checksum: "signed" }))).entries.length, 1);
});

test("case 52: no closing blocks, or one, is accepted with a warning", () => {
  for (const [bytes, endBlocks] of [
    [file("a", "x"), 0],
    [Buffer.concat([file("a"), Buffer.alloc(512)]), 1],
  ] as const) {
    assert.is(scan(bytes).end.endBlocks, endBlocks);
    const { clean, warnings } = check(bytes);
    assert.not(clean);
    assert.match(warnings.join(), "lacks its two closing blocks");
  }
});

test("case 53: data after the end makes an archive unclean; zeros do not", () => {
  const { clean, reasons } = check(Buffer.concat([archive(file("a")), Buffer.alloc(600), Buffer.from("x")]));
  assert.not(clean);
  assert.match(reasons.join(), "follows the end");
  assert.ok(check(Buffer.concat([archive(file("a")), Buffer.alloc(8192 + 77)])).clean);
  assert.not(check(archive(file("a"), END, file("b"))).clean);
});

test("case 59: a pax size wins for the content and for the next header", () => {
  const smuggled = content(Buffer.concat([file("smuggled", "evil")]));
  const bytes = archive(
    pax(record("size", String(smuggled.length))),
    header({ name: "a", size: 0 }),
    smuggled,
    file("b"),
  );
  const { entries, contents } = scan(bytes);
  assert.equal(
    entries.map(({ path, size }) => [path, size]),
    [
      ["a", smuggled.length],
      ["b", 0],
    ],
  );
  assert.is(contents[0], smuggled.toString("latin1"));
});

test("case 59: a pax size does not touch a meta header", () => {
  const bytes = archive(pax(record("size", "3")), long("name"), header({ name: "a", size: 0 }), content("abc"));
  assert.equal(
    scan(bytes).entries.map(({ path, size }) => [path, size]),
    [["name", 3]],
  );
});

test("case 60: values with = and newlines, and the last of two records, count; an empty value takes a key back", () => {
  assert.is(scan(archive(pax(record("path", "a=b\nc")), file("x"))).entries[0]?.path, "a=b\nc");
  assert.is(scan(archive(pax(record("path", "a") + record("path", "b")), file("x"))).entries[0]?.path, "b");
  assert.is(scan(archive(pax(record("path", "a") + record("path", "")), file("x"))).entries[0]?.path, "x");
  const global = archive(
    pax(record("uid", "7"), "g"),
    file("a"),
    pax(record("uid", "")),
    member({ name: "b", uid: 5 }),
  );
  assert.equal(
    scan(global).entries.map(({ uid }) => uid),
    [7, 5],
  );
});

test("case 65: a global header is applied, and makes the archive unclean", () => {
  const bytes = archive(pax(record("mtime", "12.5") + record("comment", "x"), "g"), file("a"), file("b"));
  assert.equal(
    scan(bytes).entries.map(({ mtime }) => mtime),
    [12, 12],
  );
  assert.match(check(bytes).reasons.join(), "global pax headers");
});

test("case 67: a contiguous file is a file, but not clean", () => {
  const bytes = archive(member({ typeflag: "7", name: "a" }, "xyz"));
  assert.is(scan(bytes).entries[0]?.type, "file");
  assert.match(check(bytes).reasons.join(), "contiguous");
});

test("case 68: devices and FIFOs are accepted when allowed", () => {
  const bytes = archive(member({ typeflag: "3", devmajor: 1, devminor: 3 }), member({ typeflag: "6", name: "p" }));
  assert.ok(check(bytes, { allowDevices: true }).clean);
  const { devmajor, devminor } = scan(bytes).entries[0] ?? {};
  assert.equal([devmajor, devminor], [1, 3]);
});

test("case 69: setuid and security.capability are kept and reported", () => {
  const bytes = archive(
    member({ name: "su", mode: 0o104755 }),
    pax(record("SCHILY.xattr.security.capability", "\x01\0\0\x02=")),
    member({ name: "ping", mode: 0o755 }),
  );
  const { entries } = scan(bytes);
  assert.is(entries[0]?.mode, 0o4755);
  assert.equal(entries[1]?.xattrs, { "security.capability": "\x01\0\0\x02=" });
  const { clean, warnings } = check(bytes);
  assert.ok(clean);
  assert.match(warnings.join(), "setuid");
  assert.match(warnings.join(), "security.capability");
});

test("case 70: owners from 65536 on and negative ones are unclean", () => {
  for (const uid of [base256(2n ** 31n, 8), base256(-1n, 8), 100_000, 65_536]) {
    assert.match(check(archive(member({ uid }))).reasons.join(), "owner");
    assert.match(check(archive(member({ gid: uid }))).reasons.join(), "owner");
  }
  assert.ok(check(archive(member({ uid: 65_535, gid: 65_534 }))).clean);
});

test("case 71: any time is clean", () => {
  const times = [
    [pax(record("mtime", "-1.5")), file("a"), -2],
    [pax(record("mtime", "1700000000.123456789")), file("b"), 1_700_000_000],
    [Buffer.alloc(0), member({ name: "c", mtime: base256(-5n, 12) }), -5],
    [Buffer.alloc(0), member({ name: "d", mtime: base256(2n ** 40n, 12) }), 2 ** 40],
    [Buffer.alloc(0), member({ name: "e", mtime: "" }), 0],
  ] as const;
  const bytes = archive(...times.flatMap(([meta, entry]) => Buffer.concat([meta, entry])));
  assert.equal(
    scan(bytes).entries.map(({ mtime }) => mtime),
    times.map(([, , mtime]) => mtime),
  );
  assert.ok(check(bytes).clean);
});

test("case 72: v7, GNU, ustar and star headers", () => {
  const bytes = archive(
    member({ name: "v7/", typeflag: "\0", magic: V7_MAGIC, devmajor: "", devminor: "" }),
    member({ name: "v7/f", typeflag: "\0", magic: V7_MAGIC, prefix: "not/a/prefix" }, "x"),
    member({ name: "gnu", magic: GNU_MAGIC, prefix: "14712345670\x0014712345670\0" }),
    member({ name: "f", prefix: "some/where" }),
    member({
      name: "s",
      prefix: "by/star",
      patch: [
        [476, "14712345670 14712345670 "],
        [508, "tar\0"],
      ],
    }),
  );
  const { entries } = scan(bytes);
  assert.equal(
    entries.map(({ path, type }) => [path, type]),
    [
      ["v7", "directory"],
      ["v7/f", "file"],
      ["gnu", "file"],
      ["some/where/f", "file"],
      ["by/star/s", "file"],
    ],
  );
});

test("names that end in a slash are directories' only", () => {
  for (const bytes of [file("a/"), symlink("a/", "b"), hardlink("a/", "b")]) {
    throws(() => check(archive(bytes)), "UNSAFE_ENTRY");
  }
});

test.run();
