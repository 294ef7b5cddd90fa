/**
 * Packages in registries: published, found, and built with.
 *
 * @module
 */

import * as assert from "uvu/assert";
import type { Package } from "../../src/package/package.js";
import type { Published } from "../../src/package/publish.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { suite } from "../support/suite.js";
import { createFilledCommand } from "./command.js";

const test = suite("bin/catalog", { deadlineMs: 180_000 });

test("packages are published, listed and searched", async (context) => {
  const { ok, json, fails } = await createFilledCommand(context);
  const { host } = await startEmbeddedRegistry(context);
  const place = `docker://${host}/team/packages`;
  const here = await json<readonly Package[]>("package", "list");
  const { packages, listed } = await json<Published>("package", "publish", "--all", place);
  assert.equal([packages.length, listed], [here.length, here.length]);
  assert.equal(await json<readonly Package[]>("package", "list", place), here);
  assert.equal(await ok("package", "list", place), await ok("package", "list"));
  const [line] = await ok("package", "publish", "greeting", place);
  assert.match(line ?? "", /^unchanged package::\/::greeting sha256:/);
  const found = await json<readonly Package[]>("package", "search", "GREET", place);
  assert.is(found[0]?.name, "greeting");
  assert.equal(await json("package", "search", "greet"), found);
  assert.equal(await ok("package", "search", "no such thing", place), []);
  await fails(1, "package", "list", `docker://${host}/team/none`);
  for (const words of [[place], ["greeting"], ["greeting", `${place}:tag`], ["greeting", "oci:out"]]) {
    await fails(2, "package", "publish", ...words);
  }
  await fails(2, "package", "publish", "--all", "--override", "--skip-existing", place);
  await fails(1, "package", "publish", "nothing", place);
});

test.run();
