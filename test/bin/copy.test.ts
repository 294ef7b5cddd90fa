import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { CopyResult } from "../../src/store/copy.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { suite } from "../support/suite.js";
import { createFilledCommand } from "./command.js";

const test = suite("bin/copy, push, pull, inspect, verify, resolve");

test("an image goes from transport to transport and stays itself", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const { ok, lading, json } = await createFilledCommand(context);
  const [built = ""] = await ok("build", "-t", "x:1");
  const [digest = ""] = built.split(" ");
  const there = `${host}/team/x:1`;
  const steps: readonly (readonly [args: readonly string[], label: string])[] = [
    [["copy", "store:x:1", "oci:out:x"], "oci:out:x"],
    [["push", "oci:out:x", there], `docker://${there}`],
    [["push", "oci:out:x", `docker://${host}/team/y`], `docker://${host}/team/y`],
    [["pull", there], `store:${there}`],
    [["pull", `docker://${there}`, "oci:back:x"], "oci:back:x"],
    [["pull", `${host}/team/x@${digest}`, "oci:back:y"], "oci:back:y"],
    [["copy", `docker://${host}/team/y`, `docker://${host}/team/z:1`], `docker://${host}/team/z:1`],
    [["push", there], `docker://${there}`],
    [["pull", `${host}/team/x@${digest}`], `store:${host}/team/x@${digest}`],
    [["push", `${host}/team/x@${digest}`], `docker://${host}/team/x@${digest}`],
  ];
  for (const [args, label] of steps) assert.equal(await ok(...args), [`${digest} ${label}`], args.join(" "));
  const names = await ok("list");
  assert.not.ok(names.includes(`${host}/team/x:latest`), "what was asked for by its digest gets no tag");
  const again = await json<CopyResult>("push", "oci:out:x", there);
  assert.is(again.bytes.copied, 0);
  assert.ok(again.blobs.every(({ action }) => action === "skipped"));
  const { stderr } = await lading(["copy", "oci:back:x", "oci:new:x"]);
  assert.match(
    stderr,
    /^(copied [\d.]+ k?B sha256:\w{64}\n)+copied \d+ blobs?, [\d.]+ k?B(; linked \d+ blobs, [\d.]+ k?B)?\n$/,
  );
});

test("verify says that every byte is right, and which is not", async (context) => {
  const { ok, fails, json, folder } = await createFilledCommand(context);
  await ok("build", "-o", "oci:out:x");
  assert.match(
    (await ok("verify", "oci:out:x")).join(),
    /^sha256:\w+ oci:out:x: 4 layers, \d+ entries, .*every byte is right$/,
  );
  const { layers, manifests } = await json<Record<string, number>>("verify", "oci:out:x");
  assert.equal([layers, manifests], [4, 1]);
  const blobs = join(folder, "out/blobs/sha256");
  for (const name of await readdir(blobs)) {
    const good = await readFile(join(blobs, name));
    const bad = Buffer.from(good);
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
    await writeFile(join(blobs, name), bad);
    assert.match(await fails(1, "verify", "oci:out:x"), /^(DIGEST_MISMATCH|CORRUPT|SYNTAX): /);
    await writeFile(join(blobs, name), good);
  }
});

test("inspect shows the platform, how the image runs, and where layers are from", async (context) => {
  const { ok, json, lading, folder } = await createFilledCommand(context);
  await ok("build", "-o", "oci:out:x", "--entrypoint", "/opt/hello/bin/say", "--user", "joe");
  const text = (await ok("inspect", "oci:out:x")).join("\n");
  assert.match(text, /^platform {5}linux\/amd64$/m);
  assert.match(text, /^entrypoint {3}\["\/opt\/hello\/bin\/say"\]$/m);
  assert.match(text, /^user {9}joe$/m);
  assert.match(text, /^env {10}PATH=/m);
  assert.match(text, /^layer {8}sha256:\w{64} +[\d.]+ k?B {2}lading: package::\/\S*hello/m);
  const { label, layers } = await json<{ label: string; layers: unknown[] }>("inspect", "oci:out:x");
  assert.equal([label, layers.length], ["oci:out:x", 4]);
  const digest = /^digest {7}sha256:(\w+)$/m.exec(text)?.[1] ?? "";
  const { stdout } = await lading(["inspect", "--raw", "oci:out:x"]);
  assert.is(stdout, await readFile(join(folder, "out/blobs/sha256", digest), "utf8"));
});

test("resolve lists packages in the order of layers, with what asked for each, and explains", async (context) => {
  const { ok, json, write, fails } = await createFilledCommand(context);
  const lines = await ok("resolve");
  assert.equal(
    lines.map((line) => /::([\w-]+)[ \d.]* {2}\(/.exec(line)?.[1]),
    ["linux-base", "hello", "greeting"],
  );
  assert.match(lines[2] ?? "", /\(recipe\)$/);
  assert.is((await json<{ packages: unknown[] }>("resolve", "lading.yaml")).packages.length, 3);
  const [why = ""] = await ok("resolve", "--why", "os=linux");
  assert.match(why, /linux-base/);
  const reasons = await json<readonly { capability: string }[]>("resolve", "--why", "os=linux", "--why", "greeting");
  assert.equal(
    reasons.map(({ capability }) => capability),
    ["os=linux", "greeting"],
  );
  await write("two.yaml", "packages: [greeting]\nplatforms: [linux/amd64, linux/arm64]\n");
  assert.match(await fails(2, "resolve", "two.yaml"), /several platforms; name one/);
  await ok("resolve", "two.yaml", "--platform", "linux/amd64");
  await write("bad.yaml", "packages: [nothing]\n");
  assert.match(await fails(1, "resolve", "bad.yaml"), /^MISSING: .*nothing/);
  assert.match(await fails(1, "resolve", "none.yaml"), /^IO: .*ENOENT/);
});

const MISSING: readonly (readonly [args: readonly string[], words: RegExp])[] = [
  [["inspect", "oci:none:x"], /^NOT_FOUND: .*no OCI layout in "none"/],
  [["verify", "store:none"], /^NOT_FOUND: .*"none:latest"/],
  [["copy", "oci:out:none", "oci:new:x"], /^NOT_FOUND: .*"none" in oci:out.*it holds x/],
  [["push", "oci:out:x", "docker://127.0.0.1:1/x"], /^NETWORK: /],
  [["pull", "127.0.0.1:1/x"], /^NETWORK: /],
  [["push", "oci:out:x", `127.0.0.1:1/x@sha256:${"0".repeat(64)}`], /^DIGEST_MISMATCH: .*names other content/],
];

test("what is not there is said in one line, with what is", async (context) => {
  const { ok, fails } = await createFilledCommand(context);
  await ok("build", "-o", "oci:out:x");
  for (const [args, words] of MISSING) assert.match(await fails(1, ...args), words, args.join(" "));
});

test.run();
