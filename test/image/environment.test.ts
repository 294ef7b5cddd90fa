import fc from "fast-check";
import * as assert from "uvu/assert";
import { DEFAULT_PATH, foldEnvironment } from "../../src/image/environment.js";
import { suite } from "../support/suite.js";

const test = suite("image/environment");
/** Text that a template would take for its own. */
const braced = (name: string) => `$${`{${name}}`}`;
type Environment = Readonly<Record<string, string>>;

/** What folding gives beside the default `PATH`, which is left out where it is the last item. */
const CASES: readonly (readonly [
  title: string,
  environments: readonly Environment[],
  base: readonly string[],
  items: readonly string[],
])[] = [
  ["nothing", [], [], []],
  ["a variable", [{ A: "1" }], [], ["A=1"]],
  ["a later value", [{ A: "1", B: "2" }, { A: "3" }], [], ["A=3", "B=2"]],
  ["an earlier value in a later one", [{ A: "1" }, { A: "$A:2" }], [], ["A=1:2"]],
  ["a name in braces", [{ A: "1" }, { B: `x${braced("A")}y` }], [], ["A=1", "B=x1y"]],
  ["a name that ends where letters do", [{ A: "1" }, { B: "$A-$A/$A" }], [], ["A=1", "B=1-1/1"]],
  ["a longer name than is known", [{ A: "1" }, { B: "[$AB]" }], [], ["A=1", "B=[]"]],
  ["names of the same environment, which mean earlier ones", [{ A: "1", B: "$A" }], [], ["A=1", "B="]],
  ["$$", [{ A: "1" }, { B: "$$A costs 5$$" }], [], ["A=1", "B=$A costs 5$"]],
  ["a lone dollar sign", [{ A: "5$ ${ $1 $(x)" }], [], ["A=5$ ${ $1 $(x)"]],
  ["a value is not expanded again", [{ A: "$$B", B: "x" }, { C: "$A" }], [], ["A=$B", "B=x", "C=$B"]],
  ["unset", [{ A: "[$NONE]" }], [], ["A=[]"]],
  [
    "$HOME and $USER, which are known at run time",
    [{ A: `$HOME/${braced("USER")}` }],
    [],
    [`A=$HOME/${braced("USER")}`],
  ],
  ["$HOME where it is set", [{ HOME: "/srv" }, { A: "$HOME/x" }], [], ["HOME=/srv", "A=/srv/x"]],
  ["the default PATH", [{ PATH: "/opt/bin:$PATH" }], [], [`PATH=/opt/bin:${DEFAULT_PATH}`]],
  [
    "PATH of several packages",
    [{ PATH: "/a:$PATH" }, { PATH: "/b:$PATH" }, { PATH: `${braced("PATH")}:/c` }],
    [],
    [`PATH=/b:/a:${DEFAULT_PATH}:/c`],
  ],
  ["a PATH that is set outright", [{ PATH: "/a" }], [], ["PATH=/a"]],
  ["empty items of a PATH", [{ LD_LIBRARY_PATH: "/a::$LD_LIBRARY_PATH" }], [], ["LD_LIBRARY_PATH=/a"]],
  ["empty items of anything else", [{ LIST: "a::b:" }], [], ["LIST=a::b:"]],
  ["the base image's", [{ PATH: "/x:$PATH" }], ["PATH=/base", "A=1"], ["PATH=/x:/base", "A=1"]],
  ["the base image's, as they are", [], ["A=$B", "PATH=/base:", "B=x=y"], ["A=$B", "PATH=/base:", "B=x=y"]],
  ["an empty value", [{ A: "" }], [], ["A="]],
  ["a name of Object's", [{ A: "$constructor$__proto__$toString" }], [], ["A="]],
];

for (const [title, environments, base, items] of CASES) {
  test(`foldEnvironment(): ${title}`, () => {
    const hasPath = items.some((item) => item.startsWith("PATH="));
    const expected = hasPath ? items : [...items, `PATH=${DEFAULT_PATH}`];
    assert.equal(foldEnvironment(environments, base), expected);
  });
}

test("every item has a name and a =, and no name comes twice", () => {
  const value = fc.stringMatching(/^[A-Za-z$:{} /]{0,12}$/);
  const environment = fc.dictionary(fc.constantFrom("A", "B", "PATH", "LD_LIBRARY_PATH"), value);
  fc.assert(
    fc.property(fc.array(environment, { maxLength: 4 }), (environments) => {
      const items = foldEnvironment(environments);
      const names = items.map((item) => item.slice(0, item.indexOf("=")));
      assert.ok(names.every((name) => name !== ""));
      assert.is(new Set(names).size, names.length);
      assert.ok(names.includes("PATH"));
    }),
    { seed: 1 },
  );
});

test.run();
