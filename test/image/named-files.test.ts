import * as assert from "uvu/assert";
import { catalogOf, checkUsed, type Named, placeContents } from "../../src/image/named-files.js";
import type { Package } from "../../src/package/package.js";
import type { Resolution } from "../../src/resolve/resolution.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { AMD64, addPackage, addTarball, file } from "./make.js";

const test = suite("image/named-files");

async function packageOf(name: string, content: string, version = "1"): Promise<Package> {
  return await addPackage(createMemoryStore(), name, [file(name, content)], { version });
}

const named = (pkg: Package): Named => ({ path: `${pkg.name}.deb`, kind: "package", package: pkg });

async function tarball(name: string): Promise<Named> {
  const content = await addTarball(createMemoryStore(), name, [file(name)]);
  if (content.kind !== "tarball") throw new Error("a tarball is no package");
  return { path: name, kind: "tarball", tarball: { name, layer: content.layer, warnings: [] } };
}

const resolutionOf = (packages: readonly Package[]) =>
  ({ platform: AMD64, packages: packages.map((each) => ({ package: each })) }) as unknown as Resolution;

test("what is named stands instead of all that the store has under its name", async () => {
  const [own, old, other] = [await packageOf("a", "1", "2"), await packageOf("a", "0"), await packageOf("b", "1")];
  assert.equal(catalogOf([named(own)], [old, other]), [own, other]);
  assert.equal(catalogOf([named(own), named(own)], []), [own]);
});

test("two packages of one name cannot both be meant", async () => {
  const both = [named(await packageOf("a", "1", "1")), named(await packageOf("a", "2", "2"))];
  assert.match(throws(() => catalogOf(both, []), "CONFLICT").message, /is named too/);
});

test("a package that no platform takes is told", async () => {
  const [a, b] = [await packageOf("a", "1"), await packageOf("b", "1")];
  checkUsed([named(a)], [resolutionOf([b, a])]);
  assert.match(throws(() => checkUsed([named(a)], [resolutionOf([b])]), "CONFLICT").message, /built for|for linux/);
});

test("a tarball lies right above the packages that were named before it", async () => {
  const [a, b, c] = [await packageOf("a", "1"), await packageOf("b", "1"), await packageOf("c", "1")];
  const files = [await tarball("0.tar"), named(c), await tarball("1.tar"), named(a), await tarball("2.tar")];
  const contents = placeContents(files, resolutionOf([a, b, c]));
  const names = contents.map((content) => (content.kind === "package" ? content.package.name : content.name));
  assert.equal(names, ["0.tar", "a", "b", "c", "1.tar", "2.tar"]);
});

test.run();
