import * as assert from "uvu/assert";
import type { Package } from "../../src/package/package.js";
import type { ResolveOptions } from "../../src/resolve/resolution.js";
import { resolve } from "../../src/resolve/resolve.js";
import { suite } from "../support/suite.js";
import { apcera, ask, make, names, OPTIONS } from "./make.js";

const test = suite("resolve/resolve");

interface Case {
  readonly title: string;
  readonly catalog: readonly Package[];
  readonly ask: readonly string[];
  readonly expected: readonly string[];
  readonly options?: Partial<ResolveOptions>;
}

const CASES: readonly Case[] = [
  { title: "nothing for no request", catalog: [make("a 1")], ask: [], expected: [] },
  {
    title: "dependencies first, and nothing that nobody asked for",
    catalog: [make("app 1", { needs: ["lib"] }), make("lib 1", { needs: ["base"] }), make("base 1"), make("other 1")],
    ask: ["app"],
    expected: ["base 1", "lib 1", "app 1"],
  },
  {
    title: "names bytewise where dependencies leave a choice",
    catalog: ["b 1", "B 1", "a 1", "ä 1", "a10 1", "a9 1"].map((name) => make(name)),
    ask: ["b", "B", "a", "ä", "a10", "a9"],
    expected: ["B 1", "a 1", "a10 1", "a9 1", "b 1", "ä 1"],
  },
  { title: "the newest version", catalog: [make("a 9"), make("a 10"), make("a 2")], ask: ["a"], expected: ["a 10"] },
  {
    title: "the newest version that everything else allows",
    catalog: [make("a 1"), make("a 2"), make("a 3"), make("b 1", { needs: ["a (<< 3)"] })],
    ask: ["a", "b"],
    expected: ["a 2", "b 1"],
  },
  {
    title: "an older version where the newest lacks something",
    catalog: [make("a 2", { needs: ["gone"] }), make("a 1")],
    ask: ["a"],
    expected: ["a 1"],
  },
  { title: "operator <<", catalog: [make("a 1"), make("a 2")], ask: ["a (<< 2)"], expected: ["a 1"] },
  { title: "operator <=", catalog: [make("a 2"), make("a 3")], ask: ["a (<= 2)"], expected: ["a 2"] },
  { title: "operator =", catalog: [make("a 1"), make("a 2"), make("a 3")], ask: ["a (= 2)"], expected: ["a 2"] },
  { title: "operator >=", catalog: [make("a 1"), make("a 2")], ask: ["a (>= 2)"], expected: ["a 2"] },
  { title: "operator >>", catalog: [make("a 2"), make("a 3")], ask: ["a (>> 2)"], expected: ["a 3"] },
  {
    title: "a versioned provide meets a range, one without version none",
    catalog: [
      make("x 1", { provides: ["v"] }),
      make("y 1", { provides: ["v (= 3)"] }),
      make("z 1", { needs: ["v (>= 2)"] }),
    ],
    ask: ["z"],
    expected: ["y 1", "z 1"],
  },
  {
    title: "the first alternative that is possible",
    catalog: [make("p 1", { needs: ["gone | b | c"] }), make("b 1"), make("c 1")],
    ask: ["p"],
    expected: ["b 1", "p 1"],
  },
  {
    title: "an alternative that is in already",
    catalog: [make("p 1", { needs: ["b | c"] }), make("b 1"), make("c 1"), make("q 1", { needs: ["c"] })],
    ask: ["p", "q"],
    expected: ["c 1", "p 1", "q 1"],
  },
  {
    title: "an alternative that another's version choice brings in",
    catalog: [
      make("p 1", { needs: ["b | c"] }),
      make("b 1"),
      make("c 1"),
      make("q 1", { needs: ["r"] }),
      make("r 1"),
      make("r 2", { needs: ["c"] }),
    ],
    ask: ["p", "q"],
    expected: ["c 1", "p 1", "r 2", "q 1"],
  },
  {
    title: "the newest version before the first alternative",
    catalog: [
      make("p 1", { needs: ["b | c"] }),
      make("b 1", { conflicts: ["q (>= 2)"] }),
      make("c 1"),
      make("r 1", { needs: ["q"] }),
      make("q 1"),
      make("q 2"),
    ],
    ask: ["p", "r"],
    expected: ["c 1", "p 1", "q 2", "r 1"],
  },
  {
    title: "the package of that name before one that provides it",
    catalog: [make("p 1", { needs: ["awk"] }), make("awk 1"), make("aaa 1", { provides: ["awk"], preference: 0 })],
    ask: ["p"],
    expected: ["awk 1", "p 1"],
  },
  {
    title: "the preferred of two that provide it",
    catalog: [
      make("p 1", { needs: ["awk"] }),
      make("gawk 1", { provides: ["awk"], preference: 3 }),
      make("mawk 1", { provides: ["awk"], preference: 0 }),
    ],
    ask: ["p"],
    expected: ["mawk 1", "p 1"],
  },
  {
    title: "the first by name of two that are preferred alike",
    catalog: [
      make("p 1", { needs: ["awk"] }),
      make("mawk 1", { provides: ["awk"], preference: 3 }),
      make("gawk 1", { provides: ["awk"], preference: 3 }),
    ],
    ask: ["p"],
    expected: ["gawk 1", "p 1"],
  },
  {
    title: "a virtual package that another request settles",
    catalog: [make("gawk 1", { provides: ["awk"] }), make("mawk 1", { provides: ["awk"] })],
    ask: ["awk", "mawk"],
    expected: ["mawk 1"],
  },
  {
    title: "a virtual package that a dependency settles",
    catalog: [
      make("gawk 1", { provides: ["awk"] }),
      make("mawk 1", { provides: ["awk"] }),
      make("app 1", { needs: ["mawk"] }),
    ],
    ask: ["awk", "app"],
    expected: ["mawk 1", "app 1"],
  },
  {
    title: "a virtual package that a conflict settles",
    catalog: [
      make("gawk 1", { provides: ["awk"] }),
      make("mawk 1", { provides: ["awk"] }),
      make("app 1", { conflicts: ["gawk"] }),
    ],
    ask: ["awk", "app"],
    expected: ["app 1", "mawk 1"],
  },
  {
    title: "a virtual package that a preference settles",
    catalog: [
      make("gawk 1", { provides: ["awk"] }),
      make("mawk 1", { provides: ["awk"] }),
      make("p 1", { needs: ["x | y"] }),
      make("x 1", { conflicts: ["gawk"] }),
      make("y 1"),
    ],
    ask: ["awk", "p"],
    expected: ["mawk 1", "x 1", "p 1"],
  },
  {
    title: "a virtual package that only one can complete, however deep the other fails",
    catalog: [
      make("gawk 1", { provides: ["awk"], needs: ["l1 | l2"] }),
      make("mawk 1", { provides: ["awk"] }),
      make("l1 1", { conflicts: ["app"] }),
      make("l2 1", { needs: ["m | n"] }),
      make("m 1", { conflicts: ["app"] }),
      make("n 1", { conflicts: ["app"] }),
      make("app 1"),
    ],
    ask: ["awk", "app"],
    expected: ["app 1", "mawk 1"],
  },
  {
    title: "the package of that name for a request",
    catalog: [make("awk 1"), make("aaa 1", { provides: ["awk"] })],
    ask: ["awk"],
    expected: ["awk 1"],
  },
  {
    title: "conflicts by going back to an older version",
    catalog: [make("a 2", { conflicts: ["b"] }), make("a 1"), make("b 1")],
    ask: ["a", "b"],
    expected: ["a 1", "b 1"],
  },
  {
    title: "no conflict of a package with itself",
    catalog: [make("mta 1", { provides: ["mail"], conflicts: ["mail"] })],
    ask: ["mail"],
    expected: ["mta 1"],
  },
  {
    title: "a conflict that a range limits",
    catalog: [make("a 1", { conflicts: ["b (<< 2)"] }), make("b 1"), make("b 2")],
    ask: ["a", "b"],
    expected: ["a 1", "b 2"],
  },
  {
    title: "what a package provides itself",
    catalog: [apcera("a", { provides: ["runtime=x"], needs: ["runtime=x"] })],
    ask: ["runtime=x"],
    expected: ["a"],
  },
  {
    title: "full, short and bare names",
    catalog: [apcera("a"), apcera("b"), apcera("c"), apcera("a", { namespace: "/other" })],
    ask: ["package::/acme::a", "/acme::b", "=c"],
    expected: ["a", "b", "c"],
  },
  {
    title: "a bare name in two namespaces that another request settles",
    catalog: [apcera("a"), apcera("a", { namespace: "/other" })],
    ask: ["=a", "/other::a"],
    expected: ["a"],
  },
  {
    title: "hostile names",
    catalog: [
      make("__proto__ 1", { needs: ["constructor"], provides: ["runtime=__proto__"] }),
      make("constructor 1", { needs: ["toString"] }),
      make("toString 1"),
    ],
    ask: ["__proto__", "runtime=__proto__", "toString"],
    expected: ["toString 1", "constructor 1", "__proto__ 1"],
  },
  {
    title: "what runs on the platform",
    catalog: [
      make("a 1", { architecture: "amd64" }),
      make("a 2", { architecture: "arm64" }),
      make("b 1", { needs: ["a"] }),
    ],
    ask: ["b"],
    options: { platform: { os: "linux", architecture: "arm64" } },
    expected: ["a 2", "b 1"],
  },
  {
    title: "an architecture that is asked for",
    catalog: [
      make("a 1", { architecture: "386" }),
      make("b 1", { needs: ["a:i386", "c:any", "d:i386"] }),
      make("c 1"),
      make("d 1"),
    ],
    ask: ["b"],
    options: { platform: { os: "linux", architecture: "386" } },
    expected: ["a 1", "c 1", "d 1", "b 1"],
  },
  {
    title: "the same package from two catalogs once",
    catalog: [make("a 1"), make("a 1")],
    ask: ["a"],
    expected: ["a 1"],
  },
];

for (const { title, catalog, ask: texts, expected, options } of CASES) {
  test(`resolve() takes ${title}`, () => {
    const all = { ...OPTIONS, ...options };
    assert.equal(names(resolve(ask(...texts), catalog, all)), expected);
    assert.equal(names(resolve(ask(...texts).toReversed(), catalog.toReversed(), all)), expected);
  });
}

test("resolve() drops what a later choice made needless", () => {
  const catalog = [
    make("p 1", { needs: ["b | c"] }),
    make("b 1"),
    make("c 1"),
    make("q 1", { needs: ["gone | r | s"] }),
    make("r 1", { needs: ["c"] }),
    make("s 1"),
  ];
  assert.equal(names(resolve(ask("p", "q"), catalog, OPTIONS)), ["c 1", "p 1", "r 1", "q 1"]);
});

test("resolve() says why each package is there", () => {
  const catalog = [
    make("python3 3.11", { needs: ["python3-minimal (= 3.11)", "awk"] }),
    make("python3-minimal 3.11", { needs: ["libc6"] }),
    make("libc6 2.36"),
    make("mawk 1.3", { provides: ["awk"], needs: ["libc6 (>= 2.30)"] }),
  ];
  const { packages } = resolve(ask("python3"), catalog, OPTIONS);
  assert.equal(
    packages.map(({ because }) => because),
    [
      ["recipe", "python3 3.11", "python3-minimal 3.11 (= 3.11)", "libc6 2.36"],
      ["recipe", "python3 3.11", "mawk 1.3 for awk"],
      ["recipe", "python3 3.11", "python3-minimal 3.11 (= 3.11)"],
      ["recipe", "python3 3.11"],
    ],
  );
});

const PLATFORMS: readonly (readonly [string, readonly Package[], readonly string[], string])[] = [
  ["linux/amd64 where nothing says another", [make("a 1")], ["a"], "linux/amd64"],
  ["what the request is bound to", [make("a 1", { architecture: "arm64" })], ["a"], "linux/arm64"],
  ["the operating system", [make("a 1", { os: "freebsd" })], ["a"], "freebsd/amd64"],
  [
    "what two requests have in common",
    [
      make("a 1", { architecture: "arm64" }),
      make("a 1", { architecture: "amd64" }),
      make("b 1", { architecture: "arm64" }),
    ],
    ["a", "b"],
    "linux/arm64",
  ],
  [
    "linux/amd64 where there is a choice",
    [make("a 1", { architecture: "arm64" }), make("a 1", { architecture: "amd64" })],
    ["a"],
    "linux/amd64",
  ],
  [
    "what dependencies are bound to where no request is",
    [make("a 1", { needs: ["b"] }), make("b 1", { needs: ["c"] }), make("c 1", { architecture: "riscv64" })],
    ["a"],
    "linux/riscv64",
  ],
];

for (const [title, catalog, texts, expected] of PLATFORMS) {
  test(`resolve() is for ${title}`, () => {
    const { platform } = resolve(ask(...texts), catalog, OPTIONS);
    assert.is(`${platform.os}/${platform.architecture}`, expected);
  });
}

test.run();
