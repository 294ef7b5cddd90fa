import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import type { PackageRequest } from "../../src/package/capability.js";
import type { Ecosystem, Package } from "../../src/package/package.js";
import type { Resolution } from "../../src/resolve/resolution.js";
import { resolve } from "../../src/resolve/resolve.js";
import { suite } from "../support/suite.js";
import { catalogOf, isSolution, options, requests, solve } from "./brute-force.js";
import { ask, make, names } from "./make.js";

const test = suite("resolve/complete");

type Outcome =
  | { readonly resolution: Resolution }
  | { readonly error: { readonly code: string; readonly message: string } };

function attempt(asked: readonly PackageRequest[], catalog: readonly Package[]): Outcome {
  try {
    return { resolution: resolve(asked, catalog, options) };
  } catch (error) {
    if (!isLadingError(error)) throw error;
    return { error };
  }
}

const RUNS = { numRuns: 2000 };

for (const ecosystem of ["debian", "apcera"] as const) {
  test(`resolve() finds a solution exactly when there is one (${ecosystem})`, () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(catalogOf(ecosystem), requests, (catalog, asked) => {
        const solutions = solve(asked, catalog);
        const outcome = attempt(asked, catalog);
        const code = "error" in outcome ? outcome.error.code : "FOUND";
        seen.set(code, (seen.get(code) ?? 0) + 1);
        if ("resolution" in outcome) {
          const chosen = outcome.resolution.packages.map((one) => one.package);
          assert.ok(isSolution(asked, chosen), "what was found is a solution");
          for (const { because } of outcome.resolution.packages) assert.is(because[0], "recipe");
        } else if (code === "AMBIGUOUS") {
          assert.ok(solutions.length > 1, "there is a choice");
        } else {
          assert.is(solutions.length, 0, `${code} means that there is no solution`);
        }
      }),
      RUNS,
    );
    for (const code of ["FOUND", "MISSING", "CONFLICT", "AMBIGUOUS"])
      assert.ok((seen.get(code) ?? 0) > 20, `${code} occurs`);
  });

  test(`resolve() only calls ambiguous what can go either way (${ecosystem})`, () => {
    fc.assert(
      fc.property(catalogOf(ecosystem), requests, (catalog, asked) => {
        const outcome = attempt(asked, catalog);
        if (!("error" in outcome) || !isLadingError(outcome.error, "AMBIGUOUS")) return;
        const solutions = solve(asked, catalog);
        const { candidates } = outcome.error.detail;
        const has = (chosen: readonly Package[], fqn: string) => chosen.some((pkg) => pkg.fqn === fqn);
        const possible = candidates.filter((fqn) => solutions.some((chosen) => has(chosen, fqn)));
        const avoidable = candidates.filter((fqn) => solutions.some((chosen) => !has(chosen, fqn)));
        assert.ok(possible.length > 1 && avoidable.length > 0, outcome.error.message);
      }),
      RUNS,
    );
  });

  test(`resolve() tells what is missing where no package excludes another (${ecosystem})`, () => {
    fc.assert(
      fc.property(catalogOf(ecosystem), requests, (catalog, asked) => {
        const outcome = attempt(asked, catalog);
        if (!("error" in outcome) || !isLadingError(outcome.error, "MISSING")) return;
        // With something for each entry in the catalog, the same entries are not missing again.
        const missing = new Set(outcome.error.detail.missing.map((entry) => entry.requirement));
        const again = [...missing].map((text, at) => {
          const [, type = "package", name = "", bound = ""] = /^(?:(runtime):)?(\w+)(?: \((.*?)\))?/.exec(text) ?? [];
          const version = bound.startsWith("<<")
            ? "1"
            : bound.startsWith(">>")
              ? "3"
              : bound.replace(/^\S+ /, "") || "1";
          const given = `${type}=${name}${type === "package" ? ` (= ${version})` : ""}`;
          return make(type === "package" ? name : `zz${at}`, { namespace: `/new${at}`, provides: [given] });
        });
        const then = attempt(asked, [...catalog, ...again]);
        if (!("error" in then) || !isLadingError(then.error, "MISSING")) return;
        for (const { requirement: text } of then.error.detail.missing) assert.not.ok(missing.has(text), text);
      }),
      RUNS,
    );
  });
}

test("resolve() finds a solution exactly when there is one, where that takes going back and forth", () => {
  const pick = (...names: readonly string[]) => fc.constantFrom(...names);
  const bounds = pick("", " (= 1)", " (>= 2)", " (<< 3)", " (<< 2)");
  const want = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(pick("a", "b", "c", "d", "e", "f"), bounds).map((parts) => parts.join("")) },
    pick("runtime=v", "runtime=w", "runtime=x"),
  );
  const sketch = fc.record({
    ecosystem: fc.constantFrom<Ecosystem>("debian", "apcera"),
    label: fc.tuple(pick("a", "b", "c", "d", "e", "f"), pick("1", "2", "3")).map((parts) => parts.join(" ")),
    provides: fc.subarray(["runtime=v", "runtime=w", "runtime=x"], { maxLength: 2 }),
    needs: fc.array(want, { minLength: 1, maxLength: 2 }),
    conflicts: fc.array(want, { maxLength: 2 }),
  });
  const catalogs = fc
    .uniqueArray(sketch, { minLength: 12, maxLength: 12, selector: (one) => one.label })
    .map((sketches) =>
      sketches.map(({ label, provides, ...rest }) => {
        const [name, version] = label.split(" ");
        return make(label, { ...rest, namespace: "/n", provides: [`package=${name} (= ${version})`, ...provides] });
      }),
    );
  fc.assert(
    fc.property(catalogs, (catalog) => {
      const asked = ask("runtime=v", "runtime=w", "a");
      const outcome = attempt(asked, catalog);
      const found = "resolution" in outcome || outcome.error.code === "AMBIGUOUS";
      assert.is(found, solve(asked, catalog).length > 0);
      if (!("resolution" in outcome)) return;
      assert.ok(
        isSolution(
          asked,
          outcome.resolution.packages.map((one) => one.package),
        ),
      );
    }),
    { numRuns: 500 },
  );
});

test("resolve() solves formulas exactly when they can be solved", () => {
  // Each variable is a package in two versions, each clause three alternatives: about half of these can be solved.
  const VARIABLES = 9;
  const literal = fc.tuple(fc.nat({ max: VARIABLES - 1 }), fc.constantFrom(1, 2));
  const formulas = fc.array(fc.array(literal, { minLength: 3, maxLength: 3 }), { minLength: 36, maxLength: 44 });
  const variables = Array.from({ length: VARIABLES }, (_, at) => at);
  const seen = { solved: 0, refused: 0 };
  fc.assert(
    fc.property(formulas, (clauses) => {
      const needs = clauses.map((clause) => clause.map(([at, version]) => `x${at} (= ${version})`).join(" | "));
      const app = make("app 1", { needs: [...variables.map((at) => `x${at}`), ...needs] });
      const catalog = [app, ...variables.flatMap((at) => [make(`x${at} 1`), make(`x${at} 2`)])];
      const holds = (bits: number) =>
        clauses.every((clause) => clause.some(([at, version]) => ((bits >> at) & 1) + 1 === version));
      const possible = Array.from({ length: 2 ** VARIABLES }, (_, bits) => bits).some(holds);
      const outcome = attempt(ask("app"), catalog);
      seen[possible ? "solved" : "refused"]++;
      if ("error" in outcome) assert.is(outcome.error.code, "CONFLICT");
      assert.is("resolution" in outcome, possible);
    }),
    { numRuns: 600 },
  );
  assert.ok(seen.solved > 50 && seen.refused > 50, JSON.stringify(seen));
});

test("resolve() gives the same answer for any order of catalog and requests", () => {
  const mixed = fc
    .tuple(catalogOf("debian"), catalogOf("apcera"))
    .map(([debian, other]) => [
      ...debian,
      ...other.slice(0, 3).map((pkg) => ({ ...pkg, fqn: pkg.fqn.replace("/n", "/m") })),
    ]);
  const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
  fc.assert(
    fc.property(
      fc
        .tuple(mixed, requests)
        .chain(([catalog, asked]) =>
          fc.tuple(fc.constant([catalog, asked] as const), shuffled(catalog), shuffled(asked)),
        ),
      ([[catalog, asked], otherCatalog, otherAsked]) => {
        const [one, other] = [attempt(asked, catalog), attempt(otherAsked, otherCatalog)];
        if ("error" in one || "error" in other) {
          assert.is("error" in one && one.error.message, "error" in other && other.error.message);
        } else {
          assert.equal(names(one.resolution), names(other.resolution));
          assert.equal(one.resolution, other.resolution);
        }
      },
    ),
    RUNS,
  );
});

test.run();
