import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import type { Condition, PolicyRule, Realm } from "../../src/resolve/policy.js";
import { parseJob, parsePolicy } from "../../src/resolve/policy-parse.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("resolve/policy-parse");
const read = (text: string) => parsePolicy(text, { path: "a.pol" }).rules;
const dependency = (type: "runtime" | "os", name: string): Condition => ({
  kind: "dependency",
  requirement: { type, name },
});

test("parsePolicy() reads rules, their conditions and their lines", () => {
  const rules = read(`// the production realm
on job::/prod {
  { package.allow "package::/prod/pkg" }
  if (dependency equals runtime.java-1.8) {
    package.default "package::/prod/pkg::jdk-8u400" // soft
    package.lock /prod/pkg::jdk; package.retire "/old"
  }
}
job::/prod/web::api { if ( dependency equals "os=linux" ) { { package.allow "package::/base" } } }
`);
  const prod: Realm = { namespace: "/prod" };
  const when = dependency("runtime", "java-1.8");
  const at = (line: number) => ({ path: "a.pol", line });
  assert.equal(rules, [
    { action: "allow", jobs: prod, packages: { namespace: "/prod/pkg" }, ...at(3) },
    { action: "default", jobs: prod, packages: { namespace: "/prod/pkg", name: "jdk-8u400" }, when, ...at(5) },
    { action: "lock", jobs: prod, packages: { namespace: "/prod/pkg", name: "jdk" }, when, ...at(6) },
    { action: "retire", jobs: prod, packages: { namespace: "/old" }, when, ...at(6) },
    {
      action: "allow",
      jobs: { namespace: "/prod/web", name: "api" },
      packages: { namespace: "/base" },
      when: dependency("os", "linux"),
      ...at(9),
    },
  ]);
});

test("on is optional, a rule may stand on one line, and names may hold spaces", () => {
  const packages = { namespace: "/prod/pkg", name: "package-A" };
  for (const on of ["", "on ", "on\n"]) {
    const [rule] = read(`${on}job::/prod { { package.allow "package::/prod/pkg::package-A" } }`);
    assert.equal(rule?.packages, packages);
  }
  assert.equal(read('job::/ { package.allow "package::/x::Ruby 2.0" }')[0]?.packages, {
    namespace: "/x",
    name: "Ruby 2.0",
  });
});

test("conditions are joined, && before ||, and by rules within rules", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => dependency("runtime", name)) as [Condition, Condition, Condition];
  const is = (name: string) => `dependency equals runtime.${name}`;
  const whenOf = (text: string) => read(`job::/ { if (${text}) { package.allow /x } }`)[0]?.when;
  assert.equal(whenOf(`${is("a")} || ${is("b")} && ${is("c")}`), {
    kind: "any",
    of: [a, { kind: "all", of: [b, c] }],
  });
  assert.equal(whenOf(`(${is("a")} || ${is("b")})\n && ${is("c")}`), {
    kind: "all",
    of: [{ kind: "any", of: [a, b] }, c],
  });
  const nested = read(`job::/ { if (${is("a")}) { if (${is("b")}) { package.lock /x } } }`);
  assert.equal(nested[0]?.when, { kind: "all", of: [a, b] });
});

test("what is not about packages is passed over", () => {
  const rules = read(`
on auth::/oauth2/http { { tokenTimeout "86400s" } }
on quota::/ { { total.package.size 500MB } }
job::/sandbox {
  if (auth_server@example.test->name equals "tom" && role contains admin) { { permit create, read, update } }
  { package.allow "package::/apcera" }
  { total.package.size 500MB, permit all; isolate }
}
on job::/empty {
}`);
  assert.equal(
    rules.map(({ action, packages }) => [action, packages.namespace]),
    [["allow", "/apcera"]],
  );
  assert.equal(read(""), []);
  assert.equal(read("// nothing\n"), []);
});

const BAD: readonly (readonly [string, number, RegExp])[] = [
  ["x", 1, /"x" stands here, expected a realm: job::\/namespace/],
  ["on job::/ ", 1, /the document ends, expected "\{" after the realm/],
  ["job::/ {\n{ package.allow /x }\n", 3, /the document ends, expected "\}" for the block of line 1/],
  ["job::/ { } }", 1, /column 12: "\}" stands here/],
  ["jobs::/ { }", 1, /"jobs" is no type of resource; did you mean "job"\?/],
  ["job::prod { }", 1, /no leading \//],
  ["job::/a/../b { }", 1, /it has a part "\.\."/],
  ["job::/ {\n package.alow /x }", 2, /"package\.alow" is no claim; did you mean "package\.allow"\?/],
  ["job::/ { package.allow }", 1, /takes one package/],
  ["job::/ { package.allow /a /b }", 1, /column 27: .*takes one package/],
  ["job::/ { package.allow job::/a }", 1, /"job::\/a" names no package/],
  ["package::/ { package.allow /a }", 1, /stands on a realm of "package", expected job::\/namespace/],
  ["job::/ { if { } }", 1, /expected "\(" after if/],
  ["job::/ { if () { } }", 1, /expected a condition/],
  ["job::/ { if (dependency is os.linux) { } }", 1, /dependency equals TYPE\.NAME/],
  ["job::/ { if (dependency equals linux) { } }", 1, /"linux" has no type/],
  ["job::/ { if (dependency equals os.linux { } }", 1, /expected "\)"/],
  ["job::/ { if (dependency equals os.linux) package.allow /x }", 1, /expected "\{" after the condition/],
  [
    "job::/ {\n\n if (role equals admin) { package.allow /x } }",
    3,
    /depends on "role equals admin", which cannot be told/,
  ],
  ['job::/ { package.allow "/x }', 1, /no closing "/],
  ['job::/ { package.allow "/x\\n" }', 1, /an escape other than/],
  [`job::/ ${"{".repeat(100)}`, 1, /more than 64 blocks/],
  [`job::/ { if (${"(".repeat(100)}`, 1, /more than 64 parentheses/],
];

for (const [text, line, why] of BAD) {
  test(`parsePolicy() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    const error = throws(() => read(text), "SYNTAX");
    assert.match(error.message, why);
    assert.ok(error.message.startsWith(`Cannot read policy "a.pol": line ${line}, column `), error.message);
    assert.equal([error.detail.path, error.detail.line], ["a.pol", line]);
  });
}

test("a document above 512 KiB is refused; one just below is read in no time", () => {
  throws(() => read(`//${" ".repeat(512 * 1024)}`), "TOO_LARGE");
  const rule = "job::/ { package.allow /x }\n";
  assert.is(read(rule.repeat(Math.floor((512 * 1024) / rule.length))).length, 18724);
});

test("parseJob() reads jobs and realms", () => {
  assert.equal(parseJob("job::/prod/web::api"), { namespace: "/prod/web", name: "api" });
  assert.equal(parseJob("job::/"), { namespace: "/" });
  assert.equal(parseJob("/prod"), { namespace: "/prod" });
  for (const text of ["", "prod", "job::", "package::/x", "job::/x::"]) throws(() => parseJob(text), "SYNTAX");
});

const name = fc.stringMatching(/^[a-z0-9][a-z0-9.+-]{0,8}$/);
const realm = fc.record({ parts: fc.array(name, { maxLength: 3 }), local: fc.option(name, { nil: undefined }) });
const toRealm = ({ parts, local }: { parts: string[]; local: string | undefined }): Realm => ({
  namespace: `/${parts.join("/")}`,
  ...(local === undefined ? {} : { name: local }),
});
const write = ({ namespace, name: local }: Realm) => (local === undefined ? namespace : `${namespace}::${local}`);
const blank = fc.constantFrom(" ", "\n", "\t \n", " // note {\n");

test("any rule that is written is read as it was meant, whatever blanks and blocks are around it", () => {
  const action = fc.constantFrom("allow", "default", "lock", "retire");
  const wanted = fc.option(fc.tuple(fc.constantFrom("os", "runtime", "file", "package"), name), { nil: undefined });
  fc.assert(
    fc.property(action, realm, realm, wanted, fc.boolean(), blank, (what, jobs, packages, when, on, gap) => {
      const claim = `{${gap}package.${what} "package::${write(toRealm(packages))}"${gap}}`;
      const rule =
        when === undefined ? claim : `if${gap}(dependency${gap}equals${gap}"${when.join(".")}"${gap})${gap}${claim}`;
      const [found, ...more] = read(`${on ? "on " : ""}job::${write(toRealm(jobs))}${gap}{${gap}${rule}${gap}}`);
      assert.equal(more, []);
      assert.equal([found?.action, found?.jobs, found?.packages], [what, toRealm(jobs), toRealm(packages)]);
      const condition = found?.when;
      const told = condition?.kind === "dependency" ? Object.values(condition.requirement) : undefined;
      assert.equal(told, when);
    }),
  );
});

test("parsePolicy() gives rules or SYNTAX with a line, whatever the text", () => {
  const unit = fc.constantFrom(
    ...'{}();,!"\\\n /',
    "//",
    "&&",
    "||",
    "if",
    "on ",
    "job::/a",
    "package.allow ",
    "dependency equals ",
    "os.a",
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
      try {
        const rules: readonly PolicyRule[] = read(text);
        assert.ok(Array.isArray(rules));
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
        assert.match(error.message, /^Cannot read policy "a\.pol": line \d+, column \d+: [^\n]+$/);
      }
    }),
    { numRuns: 3000 },
  );
});

test.run();
