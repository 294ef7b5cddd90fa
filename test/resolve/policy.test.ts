import fc from "fast-check";
import * as assert from "uvu/assert";
import type { Package } from "../../src/package/package.js";
import { explain } from "../../src/resolve/explain.js";
import { joinPolicies } from "../../src/resolve/policy.js";
import { rulesNaming } from "../../src/resolve/policy-names.js";
import { parseJob, parsePolicy } from "../../src/resolve/policy-parse.js";
import { resolve } from "../../src/resolve/resolve.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { apcera, ask, make, names, OPTIONS } from "./make.js";

const test = suite("resolve/policy");

const JAVA = ["runtime=java-1.8", "runtime=java"];
const OLD = apcera("jdk-8u300", { namespace: "/prod/pkg", provides: JAVA });
const NEW = apcera("jdk-8u400", { namespace: "/prod/pkg", provides: JAVA });
const OTHER = apcera("openjdk", { namespace: "/apcera/pkg", provides: JAVA });
const CATALOG: readonly Package[] = [OLD, NEW, OTHER];

const optionsOf = (text: string, job = "job::/prod") => ({
  ...OPTIONS,
  policy: parsePolicy(text, { path: "a.pol" }),
  job: parseJob(job),
});
const choose = (text: string, job?: string, request = "runtime=java-1.8", catalog = CATALOG) =>
  names(resolve(ask(request), catalog, optionsOf(text, job)));
const fails = (code: "AMBIGUOUS" | "MISSING", text: string, job?: string, request = "runtime=java-1.8") =>
  throws(() => choose(text, job, request), code).message;

const PROD = `
on job::/prod {
  { package.allow "package::/prod/pkg" }
  if (dependency equals runtime.java-1.8) { package.default "package::/prod/pkg::jdk-8u400" }
}`;

test("the documented example gives the default of the packages that are allowed, also below its realm", () => {
  assert.equal(choose(PROD), ["jdk-8u400"]);
  assert.equal(choose(PROD, "job::/prod/web::api"), ["jdk-8u400"]);
  // The default is for that dependency alone.
  const message = fails("AMBIGUOUS", PROD, "job::/prod", "runtime=java");
  assert.match(message, /\/prod\/pkg::jdk-8u300, \/prod\/pkg::jdk-8u400 all provide it/);
  assert.match(
    message,
    /or in a policy: job::\/prod \{ if \(dependency equals "runtime\.java"\) \{ package\.default "package::\/prod\/pkg::jdk-8u300" \} \}$/,
  );
});

test("the rule that an ambiguity names settles it", () => {
  const [, rule = ""] = /or in a policy: (.*)$/.exec(fails("AMBIGUOUS", PROD, "job::/prod", "runtime=java")) ?? [];
  assert.equal(choose(`${PROD}\n${rule}`, "job::/prod", "runtime=java"), ["jdk-8u300"]);
  const plain = throws(() => resolve(ask("runtime=java"), CATALOG, OPTIONS), "AMBIGUOUS").message;
  const [, first = ""] = /or in a policy: (.*)$/.exec(plain) ?? [];
  assert.equal(choose(first, "job::/", "runtime=java"), ["openjdk"]);
});

test("allow: only what is named, a namespace with those below it; inherited by child namespaces, not by others", () => {
  const allow =
    'job::/ { { package.allow "package::/apcera" } }\njob::/prod { { package.allow "package::/prod/pkg::jdk-8u300" } }';
  assert.equal(choose(allow, "job::/"), ["openjdk"]);
  assert.equal(choose(allow, "job::/test/a"), ["openjdk"]);
  const both = fails("AMBIGUOUS", allow, "job::/prod/a");
  assert.match(both, /\/apcera\/pkg::openjdk, \/prod\/pkg::jdk-8u300 all provide it/);
  assert.match(
    fails("MISSING", PROD, "job::/production"),
    /found \/apcera\/pkg::openjdk, but no policy allows it for job::\/production;/,
  );
  // A namespace is not one whose name only begins so.
  assert.match(fails("MISSING", 'job::/ { package.allow "package::/prod/pk" }'), /no policy allows it/);
  assert.equal(choose('job::/ { package.default "package::/apcera" }', "job::/"), ["openjdk"], "nothing is restricted");
});

test("default: the nearest realm's, then the one under a condition; soft, and nothing where it may not be used", () => {
  const near = `job::/ { package.default /apcera/pkg::openjdk }
job::/prod { package.default /prod/pkg::jdk-8u300 }
job::/prod/web { if (dependency equals runtime.java-1.8) { package.default /prod/pkg::jdk-8u400 }
  package.default /apcera/pkg::openjdk }`;
  assert.equal(choose(near, "job::/"), ["openjdk"]);
  assert.equal(choose(near, "job::/prod/db"), ["jdk-8u300"]);
  assert.equal(choose(near, "job::/prod/web::api"), ["jdk-8u400"]);
  assert.equal(choose(near, "job::/prod/web::api", "runtime=java"), ["openjdk"]);
  // What a default names that is retired leaves the choice to the next realm.
  assert.equal(choose(`${near}\njob::/prod { package.retire /prod/pkg::jdk-8u300 }`, "job::/prod/db"), ["openjdk"]);
  // A default that cannot be is no obstacle.
  const barred = apcera("web", { needs: ["runtime=java-1.8"], conflicts: ["package=jdk-8u300"] });
  const named = apcera("jdk-8u300", { namespace: "/prod/pkg", provides: [...JAVA, "package=jdk-8u300"] });
  const soft = "job::/ { package.default /prod/pkg::jdk-8u300 }";
  assert.equal(choose(soft, "job::/", "/acme::web", [barred, named, OTHER]), ["openjdk", "web"]);
});

test("two defaults of one realm are ambiguous, and named", () => {
  const two = "job::/ { package.default /prod/pkg::jdk-8u300\n package.default /prod/pkg::jdk-8u400 }";
  const message = fails("AMBIGUOUS", two);
  assert.match(message, /\/prod\/pkg::jdk-8u300, \/prod\/pkg::jdk-8u400 all provide it/);
  assert.match(message, /\(defaults of policy: a\.pol:1, a\.pol:2\)/);
});

test("lock: beats every default, also a nearer one; what no package can meet is said with its rule", () => {
  const lock = `job::/ { if (dependency equals runtime.java-1.8) { package.lock /prod/pkg::jdk-8u300 } }
job::/prod { package.default /prod/pkg::jdk-8u400 }`;
  assert.equal(choose(lock, "job::/prod/web"), ["jdk-8u300"]);
  assert.equal(choose(lock, "job::/prod/web", "runtime=java"), ["jdk-8u400"]);
  const without = 'job::/ { if (dependency equals runtime.java-1.8) { package.lock "package::/x::gone" } }';
  assert.match(fails("MISSING", without), /found \/apcera\/pkg::openjdk, but a\.pol:1 locks the choice to \/x::gone/);
  // Without a condition it is about what the package provides.
  const plain = "job::/ { package.lock /prod/pkg::jdk-8u300 }";
  const node = apcera("node", { provides: ["runtime=node"] });
  assert.equal(choose(plain, "job::/", "runtime=node", [...CATALOG, node]), ["node"]);
  assert.equal(choose(plain), ["jdk-8u300"]);
  assert.match(
    fails("MISSING", `${plain}\njob::/prod { package.lock /prod/pkg::jdk-8u400 }`),
    /a\.pol:2 locks the choice/,
  );
});

test("retire: the package is not chosen any more, whoever asks for it", () => {
  const retire = "job::/ { package.retire /prod/pkg::jdk-8u400 }\njob::/prod { package.allow /prod/pkg }";
  assert.equal(choose(retire), ["jdk-8u300"]);
  assert.match(fails("MISSING", retire, "job::/prod", "/prod/pkg::jdk-8u400"), /but a\.pol:1 retires it/);
  const only = 'job::/ { if (dependency equals runtime.java) { package.retire "package::/" } }';
  assert.match(fails("MISSING", only, "job::/prod", "runtime=java"), /a\.pol:1 retires it/);
  assert.equal(choose(`${only} job::/ { package.default /apcera }`), ["openjdk"]);
});

test("policy holds for what packages need, of every ecosystem, and not where none is given", () => {
  const app = apcera("app", { needs: ["runtime=java-1.8", "awk"] });
  const awks = [make("mawk", { provides: ["awk"], preference: 1 }), make("gawk", { provides: ["awk"], preference: 2 })];
  const text = "job::/ { package.default /apcera/pkg\n package.default /debian::gawk }";
  assert.equal(
    choose(text, "job::/", "/acme::app", [...CATALOG, app, ...awks])
      .slice()
      .sort(),
    ["app", "gawk", "openjdk"],
  );
  throws(() => resolve(ask("/acme::app"), [...CATALOG, app, ...awks], OPTIONS), "AMBIGUOUS");
});

test("a request by name follows allow, retire and default; a lock is about dependencies", () => {
  const twin = apcera("openjdk", { namespace: "/other", provides: [] });
  const pick = (text: string) => choose(text, "job::/", "=openjdk", [...CATALOG, twin]);
  assert.equal(pick("job::/ { package.default /other }"), ["openjdk"]);
  assert.equal(pick("job::/ { package.allow /other }"), ["openjdk"]);
  assert.equal(pick("job::/ { package.retire /other\n package.lock /prod/pkg::jdk-8u300 }"), ["openjdk"]);
});

test("several documents are one policy; explain says what a policy left out", () => {
  const options = {
    ...OPTIONS,
    policy: joinPolicies([
      parsePolicy("job::/ { package.retire /prod/pkg::jdk-8u300 }", { path: "a.pol" }),
      parsePolicy("\njob::/prod { package.lock /prod/pkg::jdk-8u400 }", { path: "b.pol" }),
    ]),
    job: parseJob("/prod"),
  };
  const resolution = resolve(ask("runtime=java"), CATALOG, options);
  const why = explain(resolution, CATALOG, "runtime=java", options);
  assert.match(why, /jdk-8u300 \(a\.pol:1 retires it\)/);
  assert.match(why, /openjdk \(b\.pol:2 locks the choice to \/prod\/pkg::jdk-8u400\)/);
});

test("rulesNaming() finds the rules that name a package, and not those on its namespace", () => {
  const policy = parsePolicy(
    "job::/ {\n package.allow /prod/pkg\n package.lock /prod/pkg::jdk\n package.retire /x::jdk }",
    {
      path: "a.pol",
    },
  );
  const lines = (fqn: string) => rulesNaming(policy, fqn).map(({ line }) => line);
  assert.equal(lines("package::/prod/pkg::jdk"), [3]);
  assert.equal(lines("/x::jdk"), [4]);
  assert.equal(lines("/prod/pkg::jdk-8"), []);
});

test("a policy only ever takes choices away, and its order makes no difference", () => {
  const namespaces = ["/", "/a", "/a/b", "/c"];
  const packages = namespaces.flatMap((namespace) =>
    ["p", "q"].map((name) => apcera(name, { namespace, provides: ["runtime=x"] })),
  );
  const target = fc.constantFrom(...namespaces, ...packages.map(({ fqn }) => fqn));
  const rule = fc.tuple(
    fc.constantFrom(...namespaces),
    fc.constantFrom("allow", "default", "lock", "retire"),
    target,
    fc.boolean(),
  );
  const outcome = (rules: readonly string[], job: string) => {
    try {
      const options = { ...optionsOf(rules.join("\n"), job) };
      return resolve(ask("runtime=x"), packages, options)
        .packages.map(({ package: { fqn } }) => fqn)
        .join();
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), fc.constantFrom(...namespaces), (rules, job) => {
      const texts = rules.map(([on, action, to, conditional]) => {
        const claim = `{ package.${action} "${to}" }`;
        return `job::${on} { ${conditional ? `if (dependency equals runtime.x) ${claim}` : claim} }`;
      });
      const found = outcome(texts, job);
      assert.is(outcome([...texts].reverse(), job), found);
      assert.ok(["AMBIGUOUS", "MISSING"].includes(found) || packages.some(({ fqn }) => fqn === found), found);
      const applies = rules.filter(([on]) => on === "/" || job === on || job.startsWith(`${on}/`));
      const covers = (to: string, fqn: string) => {
        const realm = to.replace(/^package::/, "");
        const [namespace = ""] = fqn.replace(/^package::/, "").split("::");
        return realm.includes("::")
          ? fqn === to
          : realm === "/" || namespace === realm || namespace.startsWith(`${realm}/`);
      };
      for (const [, action, to] of applies) {
        const is = covers(to, found);
        if (action === "retire") assert.not.ok(is && found.startsWith("package::"));
        if (action === "lock" && found.startsWith("package::")) assert.ok(is);
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
