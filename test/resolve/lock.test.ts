import * as assert from "uvu/assert";
import { createLock, encodeLock, type Lock } from "../../src/resolve/lock.js";
import { compareLocks } from "../../src/resolve/lock-changes.js";
import { checkComplete, selectLocked } from "../../src/resolve/lock-fit.js";
import { decodeLock } from "../../src/resolve/lock-read.js";
import { resolve } from "../../src/resolve/resolve.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { ask, make, OPTIONS } from "./make.js";

const test = suite("resolve/lock");

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };
const catalog = [
  make("app 1", { needs: ["lib (>= 1)", "runtime=x"] }),
  make("lib 1", { architecture: "amd64" }),
  make("lib 2", { architecture: "arm64" }),
  make("x 1", { provides: ["runtime=x"] }),
];
const requests = ask("=app", "runtime=x", "lib (>= 1)");

function lockFor(platforms: readonly (typeof AMD64)[], asked = requests): Lock {
  return createLock(
    asked,
    platforms.map((platform) => resolve(asked, catalog, { ...OPTIONS, platform })),
  );
}
/** A document that is broken at will. */
// biome-ignore lint/suspicious/noExplicitAny: of any form
type Loose = any;
const decode = (text: string) => decodeLock(Buffer.from(text));

test("encodeLock() pins every package by digest, and decodeLock() reads the same back", () => {
  const lock = lockFor([AMD64]);
  assert.equal(lock.requests, ["app", { package: "lib (>= 1)" }, { runtime: "x" }]);
  const [{ packages } = { packages: [] }] = lock.platforms;
  assert.equal(
    packages.map(({ fqn, version }) => `${fqn} ${version}`),
    ["package::/debian::lib 1", "package::/debian::x 1", "package::/debian::app 1"],
  );
  const [lib] = packages;
  const source = catalog[1];
  assert.is(lib?.architecture, "amd64");
  assert.equal(lib?.manifest, { digest: source?.manifest.digest, size: 1 });
  assert.equal(lib?.layer, { digest: source?.layer.descriptor.digest, size: 1, diffId: source?.layer.diffId });
  assert.equal(lib?.because, ["recipe", "lib 1 (>= 1)"]);
  assert.equal(decode(encodeLock(lock)), lock);
});

test("encodeLock() gives the same text for any order of requests, catalog and platforms", () => {
  const text = encodeLock(lockFor([AMD64, ARM64]));
  assert.is(encodeLock(lockFor([ARM64, AMD64], [...requests].reverse())), text);
  assert.is(encodeLock(decode(text)), text);
  assert.equal(
    decode(text).platforms.map(({ platform }) => platform),
    ["linux/amd64", "linux/arm64"],
  );
});

test("createLock() takes one resolution for each platform", () => {
  throws(() => lockFor([AMD64, AMD64]), "CONFLICT");
});

test("decodeLock() refuses what is no lock, and says where", () => {
  const text = encodeLock(lockFor([AMD64]));
  const broken = (change: (first: Loose, lock: Loose) => void) => {
    const lock = JSON.parse(text) as Loose;
    change(lock.platforms[0].packages[0], lock);
    return JSON.stringify(lock);
  };
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /line 1/],
    ["[]", /at the top, expected an object/],
    ["null", /at the top/],
    ["{}", /at lockVersion, expected 1/],
    ["packages: [jq]", /line 1/],
    [`${text.slice(0, 40)}\n<<<<<<< HEAD\n${text.slice(40)}`, /line \d/],
    [broken((first) => Object.assign(first, { fqn: "../../etc" })), /packages\[0\]\.fqn/],
    [broken((first) => Object.assign(first.manifest, { digest: "sha256:0" })), /manifest\.digest, expected a digest/],
    [broken((first) => Object.assign(first.layer, { size: -1 })), /layer\.size/],
    [broken((first) => Object.assign(first, { extra: 1 })), /extra/],
    [broken((first) => Object.assign(first, { because: [1] })), /because\[0\]/],
    [broken((first, lock) => lock.platforms[0].packages.push(first)), /lib once/],
    [broken((_first, lock) => lock.platforms.push(lock.platforms[0])), /linux\/amd64 once/],
    [broken((_first, lock) => Object.assign(lock.platforms[0], { platform: "AMD64" })), /a platform/],
    [broken((_first, lock) => lock.requests.push({ runtime: "a", os: "b" })), /requests\[3\]/],
    [text.replace('"lockVersion": 1,', '"lockVersion": 1, "__proto__": {},'), /__proto__/],
  ];
  for (const [document, message] of cases) {
    assert.match(throws(() => decode(document), "SYNTAX").message, message);
  }
  assert.match(throws(() => decode('{"lockVersion": 2}'), "UNSUPPORTED").message, /version 2, wanted 1/);
  assert.is(({} as { polluted?: unknown }).polluted, undefined);
});

test("selectLocked() says all that changed, and what to run", () => {
  const lock = lockFor([AMD64]);
  assert.equal(selectLocked(lock, { packages: requests, platforms: [] }), lock.platforms);
  assert.equal(selectLocked(lock, { packages: [...requests].reverse(), platforms: [AMD64] }), lock.platforms);
  const packages = ask("=app", "runtime=y", "lib (>= 1)");
  const { detail, message } = throws(() => selectLocked(lock, { packages, platforms: [AMD64, ARM64] }), "OUTDATED");
  assert.equal(detail.changes, [
    "the recipe asks for {runtime: y}",
    "it no longer asks for {runtime: x}",
    "nothing is locked for linux/arm64",
  ]);
  assert.match(message, /lading resolve --lock/);
});

test("checkComplete() finds what an edited lock lacks, has too much, or cannot have", () => {
  const options = { ...OPTIONS, platform: AMD64 };
  const [app, lib, arm, x] = catalog;
  assert.ok(app && lib && arm && x);
  checkComplete(requests, [lib, x, app], options);
  const changes = (packages: readonly (typeof app)[]) =>
    throws(() => checkComplete(requests, packages, options), "OUTDATED").detail.changes;
  assert.equal(changes([x, app]), ["lib (>= 1) is required and no pinned package provides it"]);
  assert.equal(changes([lib, x, app, make("idle 1")]), ["nothing needs idle 1"]);
  assert.equal(changes([arm, lib, x, app]), ["lib 2 is not for linux/amd64"]);
  const foe = make("foe 1", { provides: ["runtime=x"], conflicts: ["app"] });
  assert.equal(changes([lib, foe, app]), ["app 1 and foe 1 exclude each other"]);
});

test("compareLocks() lists what was added, removed and changed", () => {
  const [one, two] = [lockFor([AMD64]), lockFor([AMD64, ARM64], ask("=app"))];
  const lines = (before: Lock | undefined, after: Lock) =>
    compareLocks(before, after).map(
      ({ platform, fqn, from, to }) => `${platform} ${fqn.slice(-3)} ${from?.version} ${to?.version}`,
    );
  assert.equal(compareLocks(one, one), []);
  assert.is(lines(undefined, one).length, 3);
  assert.equal(
    lines(one, two),
    ["app", "lib", "::x"].map((name) => `linux/arm64 ${name} undefined ${name === "lib" ? 2 : 1}`),
  );
  const moved = {
    ...one,
    platforms: two.platforms.slice(1).map((each) => ({ ...each, platform: "linux/amd64" })),
  };
  assert.equal(lines(one, moved), ["linux/amd64 lib 1 2"]);
});

test.run();
