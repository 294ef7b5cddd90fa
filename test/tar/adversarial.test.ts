/**
 * One test for each hostile or broken archive of the project's numbered list, with the outcome the list gives.
 */

import * as assert from "uvu/assert";
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
import { REFUSED } from "../support/refused-archives.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { check, scan } from "./read.js";

const test = suite("tar/adversarial");

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
