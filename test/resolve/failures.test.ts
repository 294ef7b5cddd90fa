import * as assert from "uvu/assert";
import type { ErrorCode } from "../../src/errors.js";
import type { Package } from "../../src/package/package.js";
import { resolve } from "../../src/resolve/resolve.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { apcera, ask, make, OPTIONS } from "./make.js";

const test = suite("resolve/failures");

interface Failure {
  readonly title: string;
  readonly catalog: readonly Package[];
  readonly ask: readonly string[];
  readonly code: ErrorCode;
  readonly message: string;
}

const mail = (name: string) => make(`${name} 1`, { provides: ["mta"], conflicts: ["mta"] });

const FAILURES: readonly Failure[] = [
  {
    title: "a request that nothing provides",
    catalog: [make("a 1")],
    ask: ["runtime=node"],
    code: "MISSING",
    message:
      'Cannot resolve "runtime:node": no package provides it, wanted by recipe, expected one for linux/amd64; add packages that provide it, or change what is asked for',
  },
  {
    title: "a name that nothing has",
    catalog: [make("a 1")],
    ask: ["/acme::a"],
    code: "MISSING",
    message:
      'Cannot resolve "/acme::a": no package provides it, wanted by recipe, expected one for linux/amd64; add packages that provide it, or change what is asked for',
  },
  {
    title: "a version that is not there",
    catalog: [make("a 1", { needs: ["b (>= 3)"] }), make("b 1"), make("b 2")],
    ask: ["a"],
    code: "MISSING",
    message:
      'Cannot resolve "b (>= 3)": no package provides it (found b 2, b 1), wanted by recipe → a 1, expected one for linux/amd64; add packages that provide it, or change what is asked for',
  },
  {
    title: "a package for another architecture only",
    catalog: [make("a 1", { needs: ["b"], architecture: "amd64" }), make("b 1", { architecture: "arm64" })],
    ask: ["a"],
    code: "MISSING",
    message:
      'Cannot resolve "b": no package provides it (found only for arm64), wanted by recipe → a 1, expected one for linux/amd64; add packages that provide it, or change what is asked for',
  },
  {
    title: "all that is missing in the whole closure",
    catalog: [
      make("a 1", { needs: ["b", "z | y", "x"] }),
      make("b 1", { needs: ["c (>= 1)", "x"] }),
      make("d 1", { needs: ["!w"] }),
      make("e 1"),
    ],
    ask: ["a", "d", "e"],
    code: "MISSING",
    message:
      'Cannot resolve 4 requirements: no package provides "c (>= 1)" wanted by recipe → a 1 → b 1, "w" wanted by recipe → d 1, "x" wanted by recipe → a 1, "z | y" wanted by recipe → a 1, expected one for each for linux/amd64; add packages that provide them, or change what is asked for',
  },
  {
    title: "what is missing, not what an older version does without",
    catalog: [make("a 2", { needs: ["gone"] }), make("a 1"), make("b 1", { needs: ["lost"] })],
    ask: ["a", "b"],
    code: "MISSING",
    message:
      'Cannot resolve "lost": no package provides it, wanted by recipe → b 1, expected one for linux/amd64; add packages that provide it, or change what is asked for',
  },
  {
    title: "a virtual package that is asked for",
    catalog: [make("mawk 1", { provides: ["awk"] }), make("gawk 1", { provides: ["awk"] })],
    ask: ["awk"],
    code: "AMBIGUOUS",
    message:
      'Cannot choose a package for "awk": /debian::gawk, /debian::mawk all provide it, wanted by recipe, expected one; name one of them in the recipe\'s packages, or in a policy: job::/ { if (dependency equals "package.awk") { package.default "package::/debian::gawk" } }',
  },
  {
    title: "a runtime that several packages provide",
    catalog: [
      apcera("app", { needs: ["runtime=java"] }),
      apcera("jdk-8", { provides: ["runtime=java"] }),
      apcera("jdk-11", { provides: ["runtime=java"] }),
    ],
    ask: ["=app"],
    code: "AMBIGUOUS",
    message:
      'Cannot choose a package for "runtime:java": /acme::jdk-11, /acme::jdk-8 all provide it, wanted by recipe → app, expected one; name one of them in the recipe\'s packages, or in a policy: job::/ { if (dependency equals "runtime.java") { package.default "package::/acme::jdk-11" } }',
  },
  {
    title: "a bare name in several namespaces",
    catalog: [apcera("a"), apcera("a", { namespace: "/other" })],
    ask: ["=a"],
    code: "AMBIGUOUS",
    message:
      'Cannot choose a package for "a": /acme::a, /other::a are all called so, wanted by recipe, expected one; name one of them in the recipe\'s packages, or in a policy: job::/ { { package.default "package::/acme::a" } }',
  },
  {
    title: "two versions of one package",
    catalog: [make("a 1", { needs: ["c (<< 2)"] }), make("b 1", { needs: ["c (>= 2)"] }), make("c 1"), make("c 2")],
    ask: ["a", "b"],
    code: "CONFLICT",
    message:
      'Cannot resolve "c 1" together with "c 2": both are wanted, expected one version (recipe → a 1 → c 1 (<< 2); recipe → b 1 → c 2 (>= 2)); ask for what agrees on a version',
  },
  {
    title: "packages that exclude each other, not those that could be avoided",
    catalog: [
      make("a 1", { needs: ["w | v"] }),
      make("w 1", { conflicts: ["b"] }),
      make("v 1"),
      make("postfix 1", { provides: ["mta"], conflicts: ["mta"] }),
      make("b 1", { needs: ["exim"] }),
      mail("exim"),
    ],
    ask: ["a", "b", "postfix"],
    code: "CONFLICT",
    message:
      'Cannot resolve "postfix 1" together with "exim 1": they exclude each other, expected at most one (recipe → postfix 1; recipe → b 1 → exim 1); leave out what asks for one of them',
  },
  {
    title: "requests for two architectures",
    catalog: [make("a 1", { architecture: "arm64" }), make("b 1", { architecture: "amd64" })],
    ask: ["b", "a"],
    code: "CONFLICT",
    message:
      'Cannot resolve "a" and "b" together: the one is only there for arm64, the other only for amd64, expected one architecture; add packages of one architecture, or ask for one of the two',
  },
  {
    title: "a circle that its ecosystem does not accept",
    catalog: [
      apcera("b", { provides: ["runtime=b"], needs: ["runtime=c"] }),
      apcera("a", { provides: ["runtime=a"], needs: ["runtime=b"] }),
      apcera("c", { provides: ["runtime=c"], needs: ["runtime=b"] }),
    ],
    ask: ["runtime=a"],
    code: "CYCLE",
    message:
      'Cannot order "b": it needs itself first, b → c → b, expected dependencies without a circle; take one of them out of its package',
  },
  {
    title: "a circle of strict dependencies",
    catalog: [make("a 1", { needs: ["!b", "c"] }), make("b 1", { needs: ["!a"] }), make("c 1", { needs: ["a"] })],
    ask: ["c"],
    code: "CYCLE",
    message:
      'Cannot order "a 1": it needs itself first, a 1 → b 1 → a 1, expected dependencies without a circle; take one of them out of its package',
  },
  {
    title: "a message of several lines",
    catalog: [],
    ask: ["=evil\nname\u2028x"],
    code: "MISSING",
    message:
      'Cannot resolve "evil?name?x": no package provides it, wanted by recipe, expected one for linux/amd64; add packages that provide it, or change what is asked for',
  },
];

for (const { title, catalog, ask: texts, code, message } of FAILURES) {
  test(`resolve() refuses ${title}`, () => {
    assert.is(throws(() => resolve(ask(...texts), catalog, OPTIONS), code).message, message);
    assert.is(throws(() => resolve(ask(...texts).toReversed(), catalog.toReversed(), OPTIONS), code).message, message);
  });
}

test("resolve() gives all that is missing, with the way to each", () => {
  const catalog = [make("a 1", { needs: ["b", "x"] }), make("b 1", { needs: ["y | z"] })];
  const { detail } = throws(() => resolve(ask("a"), catalog, OPTIONS), "MISSING");
  assert.equal(detail.missing, [
    { requirement: "x", chain: ["recipe", "a 1"] },
    { requirement: "y | z", chain: ["recipe", "a 1", "b 1"] },
  ]);
});

test("resolve() lists ten of many missing requirements, and gives all", () => {
  const needs = Array.from({ length: 25 }, (_, index) => `x${String(index).padStart(2, "0")}`);
  const { message, detail } = throws(() => resolve(ask("a"), [make("a 1", { needs })], OPTIONS), "MISSING");
  assert.match(message, /"x09" wanted by recipe → a 1 and 15 more, expected/);
  assert.equal(
    detail.missing.map(({ requirement }) => requirement),
    needs,
  );
});

test("resolve() gives the details of ambiguity, conflict and circle", () => {
  const java = ["jdk-8", "jdk-11"].map((name) => apcera(name, { provides: ["runtime=java"] }));
  const app = apcera("app", { needs: ["runtime=java"] });
  assert.equal(throws(() => resolve(ask("=app"), [app, ...java], OPTIONS), "AMBIGUOUS").detail, {
    requirement: "runtime:java",
    candidates: ["package::/acme::jdk-11", "package::/acme::jdk-8"],
    chain: ["recipe", "app"],
  });
  const clash = [make("a 1", { needs: ["b"] }), make("b 1", { conflicts: ["c"] }), make("c 1")];
  assert.equal(throws(() => resolve(ask("a", "c"), clash, OPTIONS), "CONFLICT").detail, {
    packages: ["c 1", "b 1"],
    chain: ["recipe", "c 1"],
  });
  const circle = [make("a 1", { needs: ["!b"] }), make("b 1", { needs: ["!a"] })];
  assert.equal(throws(() => resolve(ask("a"), circle, OPTIONS), "CYCLE").detail, { cycle: ["a 1", "b 1", "a 1"] });
});

test("resolve() prefers what is missing to what is ambiguous or in conflict", () => {
  const catalog = [
    make("a 1", { needs: ["gone"] }),
    make("b 1", { conflicts: ["c"] }),
    make("c 1"),
    make("m 1", { provides: ["v"] }),
    make("n 1", { provides: ["v"] }),
  ];
  throws(() => resolve(ask("a", "b", "c", "v"), catalog, OPTIONS), "MISSING");
  throws(() => resolve(ask("b", "c", "v"), catalog, OPTIONS), "CONFLICT");
  throws(() => resolve(ask("b", "v"), catalog, OPTIONS), "AMBIGUOUS");
});

test.run();
