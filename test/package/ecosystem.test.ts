import * as assert from "uvu/assert";
import { ECOSYSTEM_RULES } from "../../src/package/ecosystem.js";
import { PACKAGE_FORMATS } from "../../src/package/formats/index.js";
import { suite } from "../support/suite.js";

const test = suite("package/ecosystem");

test("the rules of an ecosystem are those of its format", () => {
  const versions = ["1", "1.0", "1.10", "1.9", "1:1", "1~rc1", "2-1", "1.0-1", "1a"];
  assert.ok(PACKAGE_FORMATS.length > 0);
  for (const { ecosystem, acceptsCycles, compareVersions } of PACKAGE_FORMATS) {
    assert.is(ECOSYSTEM_RULES.acceptsCycles(ecosystem), acceptsCycles);
    for (const left of versions) {
      for (const right of versions) {
        const expected = Math.sign(compareVersions(left, right));
        assert.is(Math.sign(ECOSYSTEM_RULES.compareVersions(ecosystem, left, right)), expected, `${left} ${right}`);
      }
    }
  }
});

test("Debian orders a tilde before everything, and an epoch before all", () => {
  assert.ok(ECOSYSTEM_RULES.compareVersions("debian", "1~rc1", "1") < 0);
  assert.ok(ECOSYSTEM_RULES.compareVersions("debian", "1:1", "9") > 0);
  assert.ok(ECOSYSTEM_RULES.compareVersions("apcera", "1.9", "1.10") < 0);
});

test.run();
