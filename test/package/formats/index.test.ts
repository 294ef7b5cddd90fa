import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { formatOf, formatOfEcosystem, PACKAGE_FORMATS } from "../../../src/package/formats/index.js";
import { debOf, diskFile, tarOf } from "../../support/deb.js";
import { suite } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";

const test = suite("package/formats");

test("formatOf() finds the format by content", async (context) => {
  const folder = await tempFolder(context);
  const tarball = await diskFile(folder, "a.tar", tarOf(["a", "1"]));
  assert.is(await formatOf(tarball), undefined);
  await writeFile(join(folder, "a.json"), "{}");
  assert.is((await formatOf(tarball))?.ecosystem, "apcera");
  assert.is((await formatOf(await diskFile(folder, "b.tar", debOf())))?.ecosystem, "debian");
  assert.is(await formatOf(await diskFile(folder, "c.tar", Buffer.from("text"))), undefined);
});

test("formatOfEcosystem() finds every format", () => {
  for (const format of PACKAGE_FORMATS) assert.is(formatOfEcosystem(format.ecosystem), format);
});

test.run();
