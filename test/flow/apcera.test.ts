import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { build } from "../../src/build.js";
import { inspectImage } from "../../src/image/inspect.js";
import { listPackages } from "../../src/package/catalog.js";
import { importPackages } from "../../src/package/import.js";
import { parseRecipe } from "../../src/recipe/parse.js";
import { openLocalStore } from "../../src/store/local.js";
import { tarGzWith, writePackage } from "../package/files.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("flow/apcera");

const TARBALL = tarGzWith("tool");
const DIGEST = `sha1:${createHash("sha1").update(TARBALL).digest("hex")}`;

/** All members that the documentation's example has. */
const DOCUMENT = {
  uuid: "3f0a7c52-8f3e-4c0e-9a55-0d6b8f2f9c11",
  name: "Tool 2.1.0-p7",
  resource: { uuid: "b7b1b1f4-6c2e-4d7e-a1c9-6c9f1d8b2e10", digest: DIGEST, length: TARBALL.byteLength },
  state: "ready",
  environment: { PATH: "/opt/apcera/tool-2.1.0-p7/bin:$PATH" },
  dependencies: [{ type: "os", name: "linux" }],
  provides: ["tool-2.1.0-p7", "tool-2.1.0", "tool-2.1", "tool"].map((name) => ({ type: "runtime", name })),
};

test("a package document is checked, resolved over an os package, and sets the image's PATH", async (context) => {
  const folder = await tempFolder(context);
  const local = openLocalStore(join(folder, "store"));
  const tool = await writePackage(folder, "tool.tar.gz", TARBALL, DOCUMENT);
  const { resource } = DOCUMENT;
  for (const wrong of [{ length: resource.length + 1 }, { digest: `sha1:${"0".repeat(40)}` }]) {
    await writeFile(`${tool}.json`, JSON.stringify({ ...DOCUMENT, resource: { ...resource, ...wrong } }));
    await rejects(importPackages(local.store, [tool]), "DIGEST_MISMATCH");
    assert.equal(await listPackages(local.store), []);
  }
  await writeFile(`${tool}.json`, JSON.stringify(DOCUMENT));
  const base = await writePackage(folder, "base.tar.gz", tarGzWith("base"), { name: "base", provides: ["os=linux"] });
  await importPackages(local.store, [tool, base]);
  for (const capability of ["tool", "tool-2.1", "tool-2.1.0-p7"]) {
    const recipe = parseRecipe(`packages: [{runtime: ${capability}}]\n`, { path: "lading.yaml" });
    const { root } = await build(recipe, { local });
    const { config, layers } = await inspectImage(local.store, root);
    assert.is(layers.length, 3, "the system, the tool, and what a root file system needs");
    assert.equal(config?.config?.Env, [
      "PATH=/opt/apcera/tool-2.1.0-p7/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]);
  }
});

test.run();
