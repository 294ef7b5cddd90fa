import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import type { PackageRequest } from "../../src/package/capability.js";
import type { Package } from "../../src/package/package.js";
import { type PinnedResolution, type Pins, resolvePinned } from "../../src/resolve/pinned.js";
import { resolve } from "../../src/resolve/resolve.js";
import { suite } from "../support/suite.js";
import { catalogOf, isSolution, options, solve } from "./brute-force.js";
import { apcera, ask, make, names, OPTIONS } from "./make.js";

const test = suite("resolve/pinned");

const fqnOf = (name: string) => `package::/debian::${name}`;
const updating = (...texts: readonly string[]) => new Set(texts.map(fqnOf));

test("resolvePinned() keeps what was chosen, though newer versions are there", () => {
  const old = [make("app 1", { needs: ["lib"] }), make("lib 1")];
  const catalog = [...old, make("app 2", { needs: ["lib"] }), make("lib 2")];
  const again = (update?: ReadonlySet<string>) =>
    resolvePinned(ask("app"), catalog, OPTIONS, { packages: old, update });
  assert.equal(names(again().resolution), ["lib 1", "app 1"]);
  assert.equal(names(again(updating("lib")).resolution), ["lib 2", "app 1"]);
  assert.equal(names(again(updating("app")).resolution), ["lib 1", "app 2"]);
  assert.equal(names(again(updating("app", "lib")).resolution), ["lib 2", "app 2"]);
  assert.equal(again(updating("app")).released, []);
});

test("resolvePinned() releases only the pins that make an update impossible, and says why", () => {
  const old = [make("app 1", { needs: ["lib"] }), make("lib 1"), make("other 1")];
  const catalog = [...old, make("app 2", { needs: ["lib (>= 2)"] }), make("lib 2"), make("other 2")];
  const { resolution, released } = resolvePinned(ask("app", "other"), catalog, OPTIONS, {
    packages: old,
    update: updating("app"),
  });
  assert.equal(names(resolution), ["lib 2", "app 2", "other 1"]);
  assert.equal(released, [{ fqn: fqnOf("lib"), why: "recipe → app 2 needs lib (>= 2)" }]);
});

test("resolvePinned() releases what excludes what is asked for now, and says so", () => {
  const old = [make("a 1")];
  const catalog = [...old, make("a 2"), make("b 1", { conflicts: ["a (<< 2)"] })];
  const { resolution, released } = resolvePinned(ask("a", "b"), catalog, OPTIONS, { packages: old });
  assert.equal(names(resolution), ["a 2", "b 1"]);
  assert.match(released[0]?.why ?? "", /exclude each other/);
});

test("resolvePinned() stays with the name and the alternative that were chosen, and asks no one again", () => {
  const old = apcera("one 1", { provides: ["runtime=x"] });
  const catalog = [old, apcera("two 1", { provides: ["runtime=x"] })];
  assert.equal(names(resolvePinned(ask("runtime=x"), catalog, OPTIONS, { packages: [old] }).resolution), ["one 1"]);
  const second = make("second 1");
  const app = make("app 1", { needs: ["first | second"] });
  const debian = [make("first 1"), second, app];
  assert.equal(names(resolve(ask("app"), debian, OPTIONS)), ["first 1", "app 1"]);
  const kept = resolvePinned(ask("app"), debian, OPTIONS, { packages: [second, app] });
  assert.equal(names(kept.resolution), ["second 1", "app 1"]);
});

test("resolvePinned() drops what nothing needs any more, and takes pins that no catalog lists", () => {
  const old = [make("a 1"), make("b 1")];
  const { resolution } = resolvePinned(ask("a"), [make("a 2"), make("b 2")], OPTIONS, { packages: old });
  assert.equal(names(resolution), ["a 1"]);
});

test("resolvePinned() finds the one pin of ten thousand that has to go", () => {
  const places = Array.from({ length: 10_000 }, (_, at) => at);
  const old = places.map((at) => make(`p${at} 1`));
  const app = make("app 1", { needs: places.map((at) => (at === 7777 ? "p7777 (>= 2)" : `p${at}`)) });
  const catalog = [...old, make("p7777 2"), make("p1 2"), app];
  const { resolution, released } = resolvePinned(ask("app"), catalog, OPTIONS, { packages: old });
  assert.equal(
    released.map(({ fqn }) => fqn),
    [fqnOf("p7777")],
  );
  assert.is(names(resolution).filter((name) => name.endsWith(" 2")).length, 1);
});

/** What a run came to, with errors as values. */
function attempt(asked: readonly PackageRequest[], catalog: readonly Package[], pins: Pins): PinnedResolution | string {
  try {
    return resolvePinned(asked, catalog, options, pins);
  } catch (error) {
    if (!isLadingError(error)) throw error;
    return error.code;
  }
}

/** A catalog with requests, what was chosen once from a part of it, and names to update. */
const histories = (ecosystem: "debian" | "apcera") =>
  catalogOf(ecosystem)
    .chain((catalog) =>
      fc.tuple(
        fc.constant(catalog),
        // Names of packages lead somewhere more often than any request.
        fc.subarray([...ask("=a", "=b", "=c", "=d")], { minLength: 1 }),
        fc.constantFrom("a (>= 2)", "a (<< 2)", "b (>= 2)", "b (<< 2)", "v (= 1)", "runtime=w"),
        fc.subarray([...catalog], { minLength: Math.ceil(catalog.length / 2) }),
        fc.subarray(["a", "b", "c", "d"], { maxLength: 2 }),
      ),
    )
    .map(([catalog, before, more, part, update]) => {
      const asked = [...before, ...ask(more)];
      const once = attempt(before, part, { packages: [] });
      const packages = typeof once === "string" ? [] : once.resolution.packages.map((each) => each.package);
      const fqns = packages.map(({ fqn }) => fqn).filter((fqn) => update.some((name) => fqn.endsWith(`::${name}`)));
      return { catalog, before, asked, packages, update: new Set(fqns) };
    });

for (const ecosystem of ["debian", "apcera"] as const) {
  test(`resolvePinned() finds a solution exactly when there is one, and releases only what has to go (${ecosystem})`, () => {
    const seen = { pinned: 0, released: 0 };
    fc.assert(
      fc.property(histories(ecosystem), ({ catalog, asked, packages, update }) => {
        const solutions = solve(asked, catalog);
        const made = attempt(asked, catalog, { packages, update });
        if (typeof made === "string") {
          assert.is(made === "AMBIGUOUS" ? solutions.length > 1 : solutions.length === 0, true, made);
          return;
        }
        const chosen = made.resolution.packages.map((each) => each.package);
        assert.ok(isSolution(asked, chosen), "what was found is a solution");
        const released = new Set(made.released.map(({ fqn }) => fqn));
        const kept = packages.filter(({ fqn }) => !released.has(fqn) && !update.has(fqn));
        const goal = chosen.filter(({ fqn }) => update.has(fqn));
        const goesWith = (subset: readonly Package[], fixed: readonly Package[]) =>
          fixed.every((pin) =>
            subset.every((pkg) => pkg.fqn !== pin.fqn || pkg.manifest.digest === pin.manifest.digest),
          );
        assert.ok(goesWith(chosen, kept), "what was not released stayed");
        for (const pin of packages.filter(({ fqn }) => released.has(fqn))) {
          seen.released++;
          const fixed = [...kept, ...goal, pin];
          assert.not.ok(
            solutions.some((subset) => goesWith(subset, fixed)),
            `${pin.fqn} had to go`,
          );
        }
        seen.pinned += kept.length;
      }),
      { numRuns: 800 },
    );
    assert.ok(seen.pinned > 5, JSON.stringify(seen));
    // Of an own name only Debian packages provide a version, that a request can rule out.
    if (ecosystem === "debian") assert.ok(seen.released > 10, JSON.stringify(seen));
  });

  test(`resolvePinned() changes nothing where nothing changed, in any order (${ecosystem})`, () => {
    let count = 0;
    fc.assert(
      fc.property(histories(ecosystem), ({ catalog, before, packages }) => {
        if (packages.length === 0) return;
        count++;
        const made = attempt(before, catalog, { packages });
        const other = attempt([...before].reverse(), [...catalog].reverse(), { packages });
        assert.equal(made, other);
        if (typeof made === "string") return assert.unreachable(made);
        const digests = (list: readonly Package[]) => list.map(({ manifest }) => manifest.digest).sort();
        assert.equal(digests(made.resolution.packages.map((each) => each.package)), digests(packages));
        assert.equal(made.released, []);
      }),
      { numRuns: 800 },
    );
    assert.ok(count > 100);
  });
}

test.run();
