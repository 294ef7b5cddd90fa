/**
 * Archives that are nearly right.
 *
 * @module
 */

import { archive, base256, directory, file, header, long, member, pax, record } from "../support/hostile-tar.js";
import { mutateBytes, type Random } from "./random.js";

const NAMES = ["a", "b", "a/b", "a/b/c", "./a", "d/", "d/e", "lib", "usr/lib", "x".repeat(99), `${"p/".repeat(60)}n`];
const ODD_NAMES = ["", ".", "..", "/", "./", "/abs", "a/../b", "a//b", "a/.", ".wh.x", "a\0b", "A", "\xc3\xa9", "\xff"];
const KEYS = [
  "path",
  "linkpath",
  "size",
  "mtime",
  "uid",
  "gid",
  "uname",
  "comment",
  "SCHILY.xattr.user.a",
  "GNU.sparse.major",
];
const VALUES = ["a", "b/c", "0", "1", "512", "-1", "1.5", "", "x".repeat(200), "../x", "99999999999"];
const TYPES = ["0", "0", "0", "5", "1", "2", "\0", "7", "3", "6", "S", "Z"];
const NUMBERS = [
  "",
  " ",
  "0",
  "7777777\0",
  "0000644 ",
  "-1",
  "8",
  base256(-1n, 8),
  base256(5n, 8),
  base256(70_000n, 8),
];

const nameOf = (random: Random) => random.pick(random.once(6) ? ODD_NAMES : NAMES);

function records(random: Random): string {
  let text = "";
  for (let turn = random.below(3); turn >= 0; turn--) text += record(random.pick(KEYS), random.pick(VALUES));
  return random.once(8) ? mutateBytes(random, Buffer.from(text, "latin1")).toString("latin1") : text;
}

function oddNumber(random: Random) {
  return {
    [random.pick(["mode", "uid", "gid", "mtime", "size", "devmajor", "devminor"] as const)]: random.pick(NUMBERS),
  };
}

function part(random: Random): Buffer {
  const name = nameOf(random);
  switch (random.below(9)) {
    case 0:
      return Buffer.concat([pax(records(random), random.once(6) ? "g" : "x"), file(nameOf(random), "content")]);
    case 1:
      return Buffer.concat([long(`${nameOf(random)}\0`, random.once(3) ? "K" : "L"), file(nameOf(random))]);
    case 2:
      return directory(name.endsWith("/") ? name : `${name}/`);
    case 3:
      return member({ name, typeflag: random.pick(TYPES), linkname: nameOf(random) });
    case 4:
      return header({ name, ...oddNumber(random) });
    case 6:
      return Buffer.concat([
        member({ name: "pax", typeflag: "x", ...oddNumber(random) }, records(random)),
        file(name, "x"),
      ]);
    case 5:
      return member({ name, prefix: random.once(2) ? "some/prefix" : nameOf(random) }, "x");
    default:
      return file(name, "c".repeat(random.below(3) * 300 + random.below(4)));
  }
}

/** A tar of a few entries, some of them odd; now and then with its bytes changed, and headers summed again after that. */
export function makeTar(random: Random): Buffer {
  const parts = Array.from({ length: random.below(6) + 1 }, () => part(random));
  const whole = random.once(8) ? Buffer.concat(parts) : archive(...parts);
  if (!random.once(3)) return whole;
  const mutated = mutateBytes(random, whole);
  return random.once(4) ? mutated : resum(mutated);
}

/** Every block that looks like a header gets the checksum that it should have. */
function resum(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (!block.subarray(257, 262).equals(Buffer.from("ustar"))) continue;
    block.fill(0x20, 148, 156);
    block.write(
      `${block
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
      "latin1",
    );
  }
  return bytes;
}
