import * as assert from "uvu/assert";
import { ARCHITECTURES, architectureOf, fromDebianArchitecture } from "../../src/package/architecture.js";
import { suite } from "../support/suite.js";

const test = suite("package/architecture");

const CASES: readonly (readonly [string, string | undefined])[] = [
  ["amd64", "amd64"],
  ["x86_64", "amd64"],
  ["X86_64", "amd64"],
  ["aarch64", "arm64"],
  ["arm64", "arm64"],
  ["i386", "386"],
  ["i686", "386"],
  ["armhf", "arm"],
  ["armel", "arm"],
  ["armv7l", "arm"],
  ["ppc64el", "ppc64le"],
  ["ppc64le", "ppc64le"],
  ["mips64el", "mips64le"],
  ["s390x", "s390x"],
  ["riscv64", "riscv64"],
  ["all", undefined],
  ["vax", undefined],
];

for (const [name, expected] of CASES) {
  test(`architectureOf() maps ${name} to ${expected}`, () => assert.is(architectureOf(name), expected));
}

test("architectureOf() keeps the specification's names", () => {
  for (const name of ARCHITECTURES) assert.is(architectureOf(name), name);
});

test("fromDebianArchitecture() knows Debian's names alone", () => {
  assert.is(fromDebianArchitecture("i386"), "386");
  assert.is(fromDebianArchitecture("x86_64"), undefined);
  assert.is(fromDebianArchitecture("constructor"), undefined);
});

test.run();
