import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { preparePodman } from "../support/podman.js";
import { findProgram, missing, output } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { createFilledCommand } from "./command.js";

const test = suite("bin: archives", { deadlineMs: 180_000 });

test("a build goes into archives, and from there anywhere, and stays itself", async (context) => {
  const { ok, folder } = await createFilledCommand(context);
  const built = await ok(
    "build",
    "-o",
    "oci-archive:a/x.tar",
    "-o",
    "docker-archive:d.tar:team/x:1",
    "-o",
    "docker-archive:u.tar",
  );
  const digest = built[0]?.split(" ")[0] ?? "";
  assert.equal(built, [
    `${digest} oci-archive:a/x.tar`,
    `${digest} docker-archive:d.tar:team/x:1`,
    `${digest} docker-archive:u.tar`,
  ]);
  const steps: readonly (readonly [source: string, target: string])[] = [
    ["oci-archive:a/x.tar", "oci:out:x"],
    ["oci-archive:a/x.tar:latest", "docker-archive:d.tar:team/x:2"],
    ["docker-archive:u.tar", "store:x"],
    ["docker-archive:d.tar:docker.io/team/x:1", "oci-archive:a/x.tar:other"],
    [`docker-archive:d.tar:${digest}`, "oci-archive:b.tar:1"],
  ];
  for (const [source, target] of steps) assert.match((await ok("copy", source, target))[0] ?? "", `${digest} `);
  for (const place of ["oci-archive:a/x.tar:other", "oci-archive:b.tar", "docker-archive:d.tar:team/x:2", "store:x"])
    assert.match((await ok("verify", place)).join(), "every byte is right");
  assert.match((await ok("inspect", "docker-archive:d.tar:team/x:1")).join("\n"), /^platform {5}linux\/amd64$/m);
  // The same image gives the same bytes.
  await ok("copy", "oci:out:x", "oci-archive:c.tar:1");
  assert.equal(await readFile(join(folder, "c.tar")), await readFile(join(folder, "b.tar")));
  assert.equal(
    (await readdir(folder)).filter((name) => /^tmp-|lock/.test(name)),
    [],
  );
});

test("a compressed archive is read; where an image is to be chosen it says which there are", async (context) => {
  const { ok, fails, folder } = await createFilledCommand(context);
  await ok("build", "-o", "oci-archive:x.tar:a");
  await ok("build", "-o", "oci-archive:x.tar:b", "--user", "joe");
  await writeFile(join(folder, "x.tar.gz"), gzipSync(await readFile(join(folder, "x.tar"))));
  await ok("verify", "oci-archive:x.tar.gz:b");
  await ok("copy", "oci-archive:x.tar.gz:a", "oci:out:a");
  assert.match(await fails(1, "verify", "oci-archive:x.tar.gz"), /^NOT_FOUND: .*it holds a, b; name one/);
  assert.match(await fails(1, "copy", "oci:out:a", "oci-archive:x.tar.gz:c"), /^UNSUPPORTED: .*compressed/);
  assert.match(await fails(1, "inspect", "docker-archive:x.tar"), /^FORMAT: .*name it with oci-archive:/);
  assert.match(await fails(1, "inspect", "oci-archive:none.tar"), /^NOT_FOUND: .*no OCI archive "none.tar"/);
  assert.match(await fails(1, "copy", "oci:out:a", "oci-archive:lading.yaml:x"), /^FORMAT: .*is text|^FORMAT: /);
});

test.needs(missing("podman", "skopeo"), "podman, skopeo and crane take what is written, and back", async (context) => {
  const { ok, folder } = await createFilledCommand(context);
  const [built = ""] = await ok("build", "-o", "docker-archive:d.tar:team/x:1", "-o", "oci-archive:x.tar:1");
  const digest = built.split(" ")[0];
  const podman = await preparePodman(context, folder);
  const skopeo = (...args: string[]) => output("skopeo", ["--insecure-policy", ...args], { cwd: folder });
  assert.match(await podman("load", "-q", "-i", "d.tar"), /docker\.io\/team\/x:1/);
  for (const format of ["docker-archive", "oci-archive"]) {
    await podman("save", "-q", "--format", format, "-o", `${format}.tar`, "team/x:1");
    assert.match((await ok("verify", `${format}:${format}.tar`)).join(), "every byte is right");
  }
  assert.is(JSON.parse(await skopeo("inspect", "oci-archive:x.tar:1")).Digest, digest);
  await skopeo("copy", "-q", "docker-archive:d.tar:team/x:1", "oci:umoci:1");
  await ok("verify", "oci:umoci:1");
  const crane = findProgram("crane");
  if (crane !== undefined) await output(crane, ["validate", "--tarball", "d.tar"], { cwd: folder });
});

test.run();
