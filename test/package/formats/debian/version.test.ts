import { execFileSync } from "node:child_process";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../../src/errors.js";
import { compareDebianVersions, parseDebianVersion } from "../../../../src/package/formats/debian/version.js";
import { findProgram, missing } from "../../../support/programs.js";
import { throws } from "../../../support/rejects.js";
import { suite } from "../../../support/suite.js";

const test = suite("package/formats/debian/version");

const PARTS: readonly (readonly [string, number, string, string])[] = [
  ["1.0", 0, "1.0", ""],
  ["1.0-1", 0, "1.0", "1"],
  ["2:1.0-rc1-1+b2", 2, "1.0-rc1", "1+b2"],
  ["0:0", 0, "0", ""],
  ["1:2:3-4", 1, "2:3", "4"],
  ["2.36-9+deb12u4~bpo", 0, "2.36", "9+deb12u4~bpo"],
];

for (const [text, epoch, upstream, revision] of PARTS) {
  test(`parseDebianVersion() reads ${text}`, () => {
    assert.equal(parseDebianVersion(text), { epoch, upstream, revision });
  });
}

const BAD = [
  "",
  "a1",
  "1.0-",
  "-1",
  ":1",
  "x:1",
  "1:",
  "1.0 ",
  "1_0",
  "1.0-1_2",
  "1/2",
  "2147483648:1",
  "1\n",
  "ü1",
  "1".repeat(256),
];

for (const text of BAD) {
  test(`parseDebianVersion() refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
    assert.match(throws(() => parseDebianVersion(text), "SYNTAX").message, /^Cannot parse version [^\n]*expected/);
  });
}

/** Oldest first; the versions of one line are equal. The runs of `~` are those of the manual's page. */
const ORDER: readonly (readonly string[])[] = [
  ["0~~"],
  ["0~~a"],
  ["0~"],
  ["0", "0:0", "0-0", "00", "0-00"],
  ["0a"],
  ["1~beta1~svn1245"],
  ["1~beta1"],
  ["1.0~rc1-1"],
  ["1.0~rc1-2"],
  ["1.0", "1.0-0", "1.00", "01.0"],
  ["1.0-0+b1"],
  ["1.0-0.1"],
  ["1.0-1~bpo1"],
  ["1.0-1"],
  ["1.0-1+b1"],
  ["1.0-1.1"],
  ["1.0-2"],
  ["1.0-10"],
  ["1.0a-1"],
  ["1.0ab-1"],
  ["1.0+dfsg-1"],
  ["1.0.1-1"],
  ["1.2"],
  ["1.10"],
  ["1.18446744073709551616"],
  ["1.18446744073709551617"],
  ["2"],
  ["1:0.1"],
  ["1:1"],
  ["2:0"],
  ["10:0"],
];

test("compareDebianVersions() orders as the manual says", () => {
  for (const [i, lefts] of ORDER.entries()) {
    for (const [j, rights] of ORDER.entries()) {
      for (const left of lefts) {
        for (const right of rights) {
          assert.is(Math.sign(compareDebianVersions(left, right)), Math.sign(i - j), `${left} and ${right}`);
        }
      }
    }
  }
});

test("compareDebianVersions() refuses what is no version", () => {
  throws(() => compareDebianVersions("1", "x"), "SYNTAX");
});

const unit = fc.constantFrom(..."019aZ.+~-");
const version = fc
  .tuple(fc.option(fc.nat(3), { nil: undefined }), fc.nat(12), fc.string({ unit, maxLength: 7 }))
  .map(([epoch, first, rest]) => `${epoch === undefined ? "" : `${epoch}:`}${first}${rest.replace(/-+$/, "")}`);

test("compareDebianVersions() is an order", () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const sign = (x: string, y: string) => Math.sign(compareDebianVersions(x, y));
      assert.is(sign(a, b) + sign(b, a), 0);
      const [x, y, z] = [a, b, c].sort(compareDebianVersions) as [string, string, string];
      assert.ok(sign(x, y) <= 0 && sign(y, z) <= 0 && sign(x, z) <= 0);
    }),
  );
});

test("parseDebianVersion() gives a version or SYNTAX", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."01a:.+~- _\nü") }), (text) => {
      try {
        parseDebianVersion(text);
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
      }
    }),
  );
});

test.needs(missing("dpkg"), "compareDebianVersions() agrees with dpkg", () => {
  const dpkg = findProgram("dpkg") ?? "dpkg";
  const isTrue = (left: string, operator: string, right: string) => {
    try {
      execFileSync(dpkg, ["--compare-versions", left, operator, right], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(version, version, (left, right) => {
      const order = compareDebianVersions(left, right);
      assert.ok(isTrue(left, order < 0 ? "lt" : order > 0 ? "gt" : "eq", right), `${left} and ${right}: ${order}`);
    }),
    { numRuns: 300 },
  );
});

test.run();
