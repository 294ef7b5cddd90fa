/**
 * Pushing, as processes that are killed, many at once, and asked what they would do.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createRegistryStore } from "../../src/registry/client.js";
import type { CopyResult } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { collect } from "../../src/stream/bytes.js";
import { type CuttingProxy, startCuttingProxy } from "../support/cutting-proxy.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { putImage } from "../support/image.js";
import { missing } from "../support/programs.js";
import { suite, type TestContext } from "../support/suite.js";
import { type Command, createCommand, createFilledCommand, LADING } from "./command.js";

const test = suite("bin/push", { deadlineMs: 180_000 });
const SIZE = 16 * 1024 * 1024;
const POINTS = 10;
/** Headers, manifest and config, and what a registry had taken from the network and not yet kept. */
const REST = 256 * 1024;
/** What connections on this machine hold on their way. */
const IN_FLIGHT = 8 * 1024 * 1024;
const REGISTRIES = [
  ["lading serve", startEmbeddedRegistry, undefined],
  ["docker-registry", startDockerRegistry, missing("docker-registry")],
] as const;

/** A layout `image` with tag `t`, an image of one large layer. */
async function createImage(context: TestContext): Promise<Command> {
  const command = await createCommand(context);
  const store = createLayoutStore(join(command.folder, "image"));
  const descriptor = await putImage(store, [randomBytes(SIZE)]);
  await store.tag([{ name: "t", descriptor }]);
  return command;
}

/** Pushes, and is killed as soon as that many bytes went through the proxy. */
async function pushAndDie(
  command: Command,
  proxy: CuttingProxy,
  push: readonly string[],
  bytes: number,
): Promise<void> {
  const args = [LADING, ...push];
  const env = { ...process.env, ...command.env };
  const child = spawn(process.execPath, args, { cwd: command.folder, env, stdio: "ignore" });
  const ended = new Promise<string | null>((resolve) => child.once("close", (_code, signal) => resolve(signal)));
  proxy.at(proxy.sent + bytes, () => child.kill("SIGKILL"));
  assert.is(await ended, "SIGKILL");
}

for (const [name, start, lacking] of REGISTRIES) {
  test.needs(lacking, `${name}: a push that was killed goes on in the next process`, async (context) => {
    const command = await createImage(context);
    const proxy = await startCuttingProxy(context, (await start(context)).host);
    for (let point = 0; point < POINTS; point++) {
      const target = `${proxy.host}/team/app${point}:t`;
      // A store of its own, which does not know that a sibling repository has the layer.
      const push = ["push", "oci:image:t", target, "--store", `store${point}`];
      const before = proxy.sent;
      await pushAndDie(command, proxy, push, Math.round((SIZE * (point + 0.5)) / POINTS));
      const first = proxy.sent - before;
      await command.ok(...push);
      // What the first had given to the network may still have come after its end; Debian's registry forgets what was cut.
      const allowed = name === "lading serve" ? SIZE : first + SIZE + IN_FLIGHT;
      const both = proxy.sent - before;
      assert.ok(both < allowed + REST, `killed after ${first} bytes, ${both} in all`);
      const store = createRegistryStore({ registry: proxy.host, repository: `team/app${point}` });
      const { layers = [] } = JSON.parse(String(await collect(store.open(await store.resolve("t")), 1e6)));
      assert.ok(await store.has(layers[0]));
    }
  });

  test.needs(lacking, `${name}: eight pushes at once to one repository: all eight tags are there`, async (context) => {
    const command = await createFilledCommand(context);
    await command.ok("build", "-o", "oci:out:t");
    const { host } = await start(context);
    const tags = Array.from({ length: 8 }, (_, count) => `t${count}`);
    await Promise.all(tags.map((tag) => command.ok("push", "-q", "oci:out:t", `${host}/team/app:${tag}`)));
    const found = await createRegistryStore({ registry: host, repository: "team/app" }).tags();
    assert.equal(
      found.map((each) => each.name),
      tags,
    );
    assert.is(new Set(found.map(({ descriptor }) => descriptor.digest)).size, 1);
  });
}

type Shown = CopyResult & { readonly dryRun?: boolean };

test("--dry-run tells what the push then does, and sends nothing", async (context) => {
  const command = await createFilledCommand(context);
  const { host } = await startEmbeddedRegistry(context);
  await command.ok("build", "-o", "oci:out:t");
  const table = await command.ok("push", "--dry-run", "oci:out:t", `${host}/team/one:1`);
  assert.match(table[0] ?? "", /^copy {3} *\d+ {2}sha256:\w{64} {2}application\//);
  assert.match(table.at(-1) ?? "", /team\/one:1: would copy \d+ blobs, [\d.]+ k?B$/);
  assert.equal(await createRegistryStore({ registry: host, repository: "team/one" }).tags(), []);
  for (const name of ["one:1", "two:1", "two:1"]) {
    const target = `${host}/team/${name}`;
    const plan = await command.json<Shown>("push", "--dry-run", "oci:out:t", target);
    const done = await command.json<Shown>("push", "oci:out:t", target);
    assert.equal(plan, { ...done, dryRun: true }, name);
  }
  const { bytes } = await command.json<Shown>("push", "--dry-run", "oci:out:t", `${host}/team/three:1`);
  assert.ok(bytes.mounted > bytes.copied && bytes.skipped === 0);
});

test("build --push --dry-run builds, and names and pushes nothing", async (context) => {
  const command = await createFilledCommand(context);
  const { host } = await startEmbeddedRegistry(context);
  const name = `${host}/team/app:1`;
  const table = await command.ok("build", "-t", name, "--push", "--dry-run");
  assert.match(table.at(-1) ?? "", /would copy/);
  assert.equal(await createRegistryStore({ registry: host, repository: "team/app" }).tags(), []);
  await command.ok("build", "-t", name, "--push");
  const again = await command.json<{ places: Shown[] }>("build", "-t", name, "--push", "--dry-run");
  assert.is(again.places[0]?.bytes.copied, 0);
  assert.match(await command.fails(1, "inspect", `store:${name}`), /^NOT_FOUND/);
});

test("progress: plain lines, JSON lines, or nothing", async (context) => {
  const command = await createFilledCommand(context);
  const { host } = await startEmbeddedRegistry(context);
  await command.ok("build", "-o", "oci:out:t");
  const push = async (name: string, ...flags: string[]) =>
    (await command.lading(["push", "oci:out:t", `${host}/${name}`, "--json", ...flags])).stderr
      .split("\n")
      .slice(0, -1);
  const plain = await push("a:1");
  assert.ok(plain.length > 4 && plain.every((line) => /^(copied|mounted) [\d.]+ k?B sha256:\w{64}$/.test(line)));
  assert.equal(await push("b:1", "--quiet", "--progress", "json"), []);
  const events = (await push("c:1", "--progress", "json")).map((line) => JSON.parse(line));
  const alone = await command.lading(["push", "oci:out:t", `${host}/d:1`, "--progress", "json"]);
  for (const line of alone.stderr.trimEnd().split("\n")) assert.type(JSON.parse(line).event, "string");
  const named = (event: string) => events.filter((each) => each.event === event);
  assert.is(named("content").length, plain.length);
  assert.is(named("done").length, plain.length);
  assert.ok(named("done").every(({ digest, size, action }) => digest && size > 0 && action));
  assert.match(await command.fails(2, "push", "a", "b", "--progress", "loud"), /wanted auto, plain, json/);
});

test.run();
