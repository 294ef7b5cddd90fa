/**
 * Packages published to a registry, and images of them that are made there: what goes over the wire.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Command, createCommand } from "../bin/command.js";
import { startCuttingProxy } from "../support/cutting-proxy.js";
import { controlOf, debOf } from "../support/deb.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { missing } from "../support/programs.js";
import { startServe } from "../support/serve.js";
import { suite } from "../support/suite.js";

const test = suite("flow/zero-transfer", { deadlineMs: 180_000 });
const REGISTRIES = [
  ["lading serve", startServe, undefined],
  ["docker-registry", startDockerRegistry, missing("docker-registry")],
] as const;
const COUNT = 30;
/** Bytes of each package's layer. */
const SIZE = 256 * 1024;
/** Bytes that may go to the registry beside layers. */
const REST = 64 * 1024;
const NAMES = Array.from({ length: COUNT }, (_, index) => `demo${String(index).padStart(2, "0")}`);

/** A package that depends on the one before it. */
async function writeDeb({ folder }: Command, index: number, version: string): Promise<string> {
  const [name = "", before] = [NAMES[index], NAMES[index - 1]];
  const fields = { Package: name, Version: version, Description: `number ${index}` };
  const control = controlOf({ ...fields, ...(before === undefined ? {} : { Depends: before }) });
  const files = [
    ["./usr/", ""],
    ["./usr/lib/", ""],
    [`./usr/lib/${name}`, randomBytes(SIZE)],
  ] as const;
  await writeFile(join(folder, `${name}.deb`), debOf({ control, files }));
  return `${name}.deb`;
}

for (const [registry, start, lacking] of REGISTRIES) {
  test.needs(
    lacking,
    `${registry}: an image of ${COUNT} published packages moves no layer of theirs`,
    async (context) => {
      const [command, other] = [await createCommand(context), await createCommand(context)];
      const proxy = await startCuttingProxy(context, (await start(context)).host);
      const catalog = `docker://${proxy.host}/team/packages`;
      const debs = await Promise.all(NAMES.map((_, index) => writeDeb(command, index, "1.0")));
      await command.ok("package", "import", ...debs);
      const all = await command.lading(["package", "publish", "--all", catalog]);
      assert.equal([all.code, all.stdout.match(/^published /gm)?.length], [0, COUNT], all.stderr);
      assert.match(all.stderr, /^[\d.]+ MB sent, 0 B mounted; \S+ lists 30 packages\n$/, "and no warning");
      const recipe = `catalogs: ["${catalog}"]\npackages: [${NAMES.at(-1)}]\n`;
      for (const each of [command, other]) await each.write("lading.yaml", recipe);

      /** Builds to a repository of the same registry, and gives the bytes that went there and came back. */
      const buildTo = async (each: Command, name: string) => {
        const before = { sent: proxy.sent, received: proxy.received };
        await each.ok("build", "-o", `docker://${proxy.host}/team/${name}`);
        return { sent: proxy.sent - before.sent, received: proxy.received - before.received };
      };
      const first = await buildTo(command, "app:1");
      assert.ok(first.sent < REST, `${first.sent} bytes sent`);
      const plan = await other.ok("build", "--dry-run", "-o", `docker://${proxy.host}/team/elsewhere:1`);
      assert.match(plan.at(-1) ?? "", /would copy 3 blobs, [\d.]+ k?B; mount 30 blobs, 7\.9 MB$/);
      // A store that has never seen the packages needs their lists of files, too.
      const second = await buildTo(other, "elsewhere:1");
      assert.ok(second.sent < REST && second.received < 4 * REST, JSON.stringify(second));
      await command.ok("verify", `docker://${proxy.host}/team/elsewhere:1`);

      const before = proxy.sent;
      await command.ok("package", "import", await writeDeb(command, 7, "1.1"));
      await command.ok("package", "publish", `${NAMES[7]}=1.1`, catalog);
      const published = proxy.sent - before;
      assert.ok(published > SIZE && published < SIZE + 4 * REST, `${published} bytes sent for one package`);
      const third = await buildTo(command, "app:2");
      assert.ok(third.sent < REST, `${third.sent} bytes sent`);
      await command.ok("verify", `docker://${proxy.host}/team/app:2`);
    },
  );
}

test.run();
