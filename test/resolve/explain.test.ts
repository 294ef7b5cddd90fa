import * as assert from "uvu/assert";
import type { Package } from "../../src/package/package.js";
import { explain } from "../../src/resolve/explain.js";
import { resolve } from "../../src/resolve/resolve.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { apcera, ask, make, OPTIONS } from "./make.js";

const test = suite("resolve/explain");

const AWK: readonly Package[] = [
  make("app 1", { needs: ["awk", "lib (<< 3)"] }),
  make("mawk 1", { provides: ["awk"], preference: 0 }),
  make("gawk 1", { provides: ["awk"], preference: 3 }),
  make("busybox 1", { provides: ["awk"], conflicts: ["app"] }),
  make("original-awk 1", { provides: ["awk"], needs: ["gone | lost"] }),
  make("arm-awk 1", { provides: ["awk"], architecture: "arm64" }),
  make("lib 1"),
  make("lib 2"),
  make("lib 3"),
  make("lib 4", { conflicts: ["app"] }),
];

const CASES: readonly (readonly [string, readonly string[], readonly Package[], string, string])[] = [
  [
    "the chain and why others lost",
    ["app"],
    AWK,
    "awk",
    "mawk 1, which provides awk, was chosen: recipe → app 1 → mawk 1 for awk. Not chosen: arm-awk 1 (it is for arm64), busybox 1 (it conflicts with app 1), gawk 1 (mawk 1 is preferred), original-awk 1 (it needs gone | lost, which no package provides).",
  ],
  [
    "versions",
    ["app"],
    AWK,
    "lib",
    "lib 2 was chosen: recipe → app 1 → lib 2 (<< 3). Not chosen: lib 4 (it conflicts with app 1), lib 3 (app 1 needs lib (<< 3)), lib 1 (it is older than 2).",
  ],
  [
    "a range",
    ["app"],
    AWK,
    "lib (>= 3)",
    "Nothing that was chosen provides lib (>= 3). Not chosen: lib 4 (it conflicts with app 1), lib 3 (app 1 needs lib (<< 3)), lib 2 (it is not >= 3), lib 1 (it is not >= 3).",
  ],
  [
    "what nobody asked for",
    ["lib"],
    [make("lib 1"), make("gawk 1", { provides: ["awk"] })],
    "awk",
    "Nothing that was chosen provides awk. Not chosen: gawk 1 (nothing asked for it).",
  ],
  [
    "what is not there",
    ["lib"],
    [make("lib 1")],
    "runtime=node",
    "Nothing that was chosen provides runtime:node. No package of the catalog does.",
  ],
  [
    "what has no rival",
    ["lib"],
    [make("lib 1")],
    "lib",
    "lib 1 was chosen: recipe → lib 1. No other package of the catalog does.",
  ],
  [
    "the package of that name",
    ["awk"],
    [make("awk 1"), make("gawk 1", { provides: ["awk"] })],
    "awk",
    "awk 1 was chosen: recipe → awk 1. Not chosen: gawk 1 (awk 1 has that very name).",
  ],
  [
    "a full name",
    ["/acme::tools"],
    [apcera("tools"), apcera("tools", { namespace: "/other" })],
    "package::/acme::tools",
    "/acme::tools was chosen: recipe → tools. No other package of the catalog does.",
  ],
  [
    "a bare name",
    ["/acme::tools"],
    [apcera("tools"), apcera("tools", { namespace: "/other" })],
    "tools",
    "/acme::tools was chosen: recipe → tools. Not chosen: /other::tools (/acme::tools is enough).",
  ],
];

for (const [title, asked, catalog, about, expected] of CASES) {
  test(`explain() tells ${title}`, () => {
    const options = { ...OPTIONS, platform: { os: "linux", architecture: "amd64" } };
    const resolution = resolve(ask(...asked), catalog, options);
    assert.is(explain(resolution, catalog, about, options), expected);
    assert.is(explain(resolution, catalog.toReversed(), about, options), expected);
  });
}

test("explain() shows ten of many", () => {
  const catalog = Array.from({ length: 30 }, (_, at) => make(`p${at} 1`, { provides: ["v"] }));
  const resolution = resolve(ask("p0"), catalog, OPTIONS);
  assert.match(explain(resolution, catalog, "v", OPTIONS), / and 19 more\.$/);
});

test("explain() refuses what is no requirement", () => {
  throws(
    () => explain({ platform: { os: "linux", architecture: "amd64" }, packages: [] }, [], "a (~ 1)", OPTIONS),
    "SYNTAX",
  );
});

test.run();
