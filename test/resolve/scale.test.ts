import * as assert from "uvu/assert";
import { resolve } from "../../src/resolve/resolve.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { apcera, ask, make, names, OPTIONS } from "./make.js";

const test = suite("resolve/scale");

const COUNT = 10_000;
const range = (count: number) => Array.from({ length: count }, (_, index) => index);
/** Milliseconds that anything here may take: much more than it does, much less than what is not n log n. */
const LIMIT = 10_000;

function timed<T>(body: () => T): T {
  const start = performance.now();
  const result = body();
  const taken = performance.now() - start;
  assert.ok(taken < LIMIT, `took ${Math.round(taken)} ms`);
  return result;
}

test("resolve() follows a chain of 10,000 packages", () => {
  const catalog = range(COUNT).map((at) => make(`p${at} 1`, { needs: at + 1 < COUNT ? [`p${at + 1}`] : [] }));
  const resolution = timed(() => resolve(ask("p0"), catalog, OPTIONS));
  assert.is(resolution.packages.length, COUNT);
  const [first] = resolution.packages;
  assert.is(first?.package.name, `p${COUNT - 1}`);
  assert.is(first?.because.length, 22);
  assert.equal(first?.because.slice(9, 13), ["p8 1", "p9 1", "… 9980 more …", "p9990 1"]);
});

test("resolve() says what is missing at the end of a chain of 10,000 packages", () => {
  const catalog = range(COUNT).map((at) => make(`p${at} 1`, { needs: [`p${at + 1}`] }));
  const { detail, message } = timed(() => throws(() => resolve(ask("p0"), catalog, OPTIONS), "MISSING"));
  assert.is(detail.missing[0]?.requirement, `p${COUNT}`);
  assert.ok(message.length < 1000);
});

test("resolve() takes 10,000 packages in several versions", () => {
  const catalog = range(COUNT).flatMap((at) => {
    const needs = [3 * at + 1, 3 * at + 2, 2 * at + 7].filter((to) => to < COUNT).map((to) => `p${to} (>= 1)`);
    return ["1", "2", "3"].map((version) => make(`p${at} ${version}`, { needs }));
  });
  const requests = ask(...range(COUNT).map((at) => `p${at}`));
  const resolution = timed(() => resolve(requests, catalog, OPTIONS));
  assert.is(resolution.packages.length, COUNT);
  assert.ok(names(resolution).every((name) => name.endsWith(" 3")));
});

test("resolve() takes 10,000 packages that all exclude each other", () => {
  const catalog = range(COUNT).map((at) => make(`p${at} 1`, { provides: ["v"], conflicts: ["v"] }));
  const last = make("app 1", { needs: ["v"] });
  assert.equal(names(timed(() => resolve(ask("app"), [...catalog, last], OPTIONS))), ["p0 1", "app 1"]);
});

test("resolve() orders a circle of 10,000 packages, or shows it", () => {
  const next = (at: number) => (at + 1) % COUNT;
  const debian = range(COUNT).map((at) => make(`p${at} 1`, { needs: [`p${next(at)}`] }));
  assert.is(timed(() => resolve(ask("p0"), debian, OPTIONS)).packages.length, COUNT);
  const other = range(COUNT).map((at) => apcera(`p${at}`, { provides: [`file=${at}`], needs: [`file=${next(at)}`] }));
  const error = timed(() => throws(() => resolve(ask("=p0"), other, OPTIONS), "CYCLE"));
  assert.is(error.detail.cycle.length, COUNT + 1);
  assert.ok(error.message.length < 1000);
});

test("resolve() takes a package with a million provides", () => {
  const big = apcera("big");
  const provides = range(1_000_000).map((at) => ({ type: "file" as const, name: `/f${at}` }));
  const app = apcera("app", { needs: range(1000).map((at) => `file=/f${at}`) });
  assert.equal(names(timed(() => resolve(ask("=app"), [{ ...big, provides }, app], OPTIONS))), ["big", "app"]);
});

test("resolve() asks who has to choose when 10,000 packages provide it", () => {
  const catalog = range(COUNT).map((at) => apcera(`p${at}`, { provides: ["runtime=x"] }));
  const error = timed(() => throws(() => resolve(ask("runtime=x"), catalog, OPTIONS), "AMBIGUOUS"));
  assert.is(error.detail.candidates.length, COUNT);
  assert.ok(error.message.length < 1000);
});

test("resolve() gives up on what no search can do, after a fixed number of steps", () => {
  // Twelve pigeons and eleven holes: each pigeon wants a hole, and no two share one.
  const holes = range(11);
  const pigeons = range(12);
  const seats = pigeons.flatMap((pigeon) =>
    holes.map((hole) => make(`s${pigeon}-${hole} 1`, { provides: [`runtime=p${pigeon}`, `file=h${hole}`] })),
  );
  const catalog = seats.map((seat) => ({
    ...seat,
    conflicts: seat.provides.filter(({ type }) => type === "file").map(({ type, name }) => [{ type, name }]),
  }));
  const app = make("app 1", { needs: pigeons.map((pigeon) => `runtime=p${pigeon}`) });
  const error = timed(() => throws(() => resolve(ask("app"), [...catalog, app], OPTIONS), "TOO_LARGE"));
  assert.is(error.detail.what, "search steps");
});

test("resolve() bounds the work on wants that everything meets", () => {
  const catalog = range(3000).map((at) => make(`p${at} 1`, { provides: ["v (= 1)"], needs: ["w"], conflicts: ["u"] }));
  const needs = range(5000).map((at) => `v (>= 0.${at})`);
  const hostile = make("app 1", { needs });
  timed(() => throws(() => resolve(ask("app"), [...catalog, hostile, make("w 1")], OPTIONS), "TOO_LARGE"));
});

test.run();
