import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { createFilledCommand } from "./command.js";

const test = suite("bin/package-export");

test("export writes packages into one file, and import reads it into another store", async (context) => {
  const { ok, fails } = await createFilledCommand(context);
  const [line = ""] = await ok("package", "export", "greeting", "hello", "-o", "two.cntmp");
  assert.match(line, /^exported 2 packages to two\.cntmp \(/);
  assert.equal(await ok("package", "import", "two.cntmp"), [
    "unchanged package::/::greeting 1.0",
    "unchanged package::/::hello 1.0",
  ]);
  const imported = await ok("package", "import", "two.cntmp", "--store", "other");
  assert.equal(imported, ["imported package::/::greeting 1.0", "imported package::/::hello 1.0"]);
  assert.match(await fails(1, "package", "export", "nothing", "-o", "x.cntmp"), /^NOT_FOUND: /);
  assert.match(await fails(1, "package", "export", "hello", "-o", "."), /^FORMAT: .*a folder/);
  await fails(2, "package", "export", "hello");
});

test.run();
