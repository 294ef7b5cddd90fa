import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createLayoutStore } from "../../../src/store/layout.js";
import { passwordOf, startGuardedRegistry } from "../../support/guarded-registry.js";
import { putImage } from "../../support/image.js";
import { missing, run } from "../../support/programs.js";
import { file, layerOf } from "../../support/stack.js";
import { suite, type TestContext } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";

const test = suite("service/access: other clients", { deadlineMs: 120_000 });

/** A registry, a layout `from` with an image tagged `1`, and a home of its own for programs. */
async function setUp(context: TestContext) {
  const registry = await startGuardedRegistry(context);
  const folder = await tempFolder(context);
  const local = createLayoutStore(join(folder, "from"));
  await local.tag([{ name: "1", descriptor: await putImage(local, [await layerOf([file("hello", "hello\n")])]) }]);
  const env = { HOME: folder, XDG_CONFIG_HOME: undefined, DOCKER_CONFIG: undefined, REGISTRY_AUTH_FILE: undefined };
  const sh = async (program: string, args: readonly string[], input = "") => {
    const { code, stdout, stderr } = await run(program, args, { cwd: folder, env, input });
    return { isDone: code === 0, said: stdout.trim(), stderr };
  };
  const done = async (program: string, args: readonly string[], input = "") => {
    const { isDone, said, stderr } = await sh(program, args, input);
    assert.ok(isDone, `${program} ${args.join(" ")}: ${stderr}`);
    return said;
  };
  const refused = async (program: string, args: readonly string[], input = "") => {
    const { isDone, stderr } = await sh(program, args, input);
    assert.ok(!isDone, `${program} ${args.join(" ")}`);
    assert.match(stderr, /unauthorized|denied|forbidden|lacks the scope|401|403/i);
  };
  return { ...registry, folder, done, refused };
}

test.needs(missing("crane"), "crane logs in, pushes, mounts, lists and deletes what its user may", async (context) => {
  const { host, done, refused } = await setUp(context);
  const crane = (...args: readonly string[]) => ["--insecure", ...args];
  const at = (name: string) => `${host}/w/${name}:1`;
  await refused("crane", crane("push", "from", at("lab/app")));
  assert.is(await done("crane", crane("catalog", host)), "");
  await done("crane", crane("auth", "login", "-u", "bob", "--password-stdin", host), passwordOf("bob"));
  await done("crane", crane("push", "from", at("lab/app")));
  await done("crane", crane("copy", at("lab/app"), at("lab/u/bob/app")));
  assert.is(await done("crane", crane("ls", `${host}/w/lab/app`)), "1");
  assert.is(await done("crane", crane("catalog", host)), "w/lab/app\nw/lab/u/bob/app");
  await refused("crane", crane("push", "from", at("ops/app")));
  await refused("crane", crane("delete", at("lab/app")));
  await done("crane", crane("delete", at("lab/u/bob/app")));
  await done("crane", crane("auth", "login", "-u", "carl", "--password-stdin", host), passwordOf("carl"));
  await refused("crane", crane("ls", `${host}/w/lab/app`));
});

test.needs(missing("regctl"), "regctl logs in, copies, refers and lists", async (context) => {
  const { host, done, refused } = await setUp(context);
  await done("regctl", ["registry", "set", host, "--tls", "disabled"]);
  await refused("regctl", ["image", "copy", "ocidir://from:1", `${host}/w/lab/app:1`]);
  await done("regctl", ["registry", "login", host, "-u", "bob", "--pass-stdin"], passwordOf("bob"));
  await done("regctl", ["image", "copy", "ocidir://from:1", `${host}/w/lab/app:1`]);
  const note = ["artifact", "put", "--artifact-type", "text/x-note", "--subject", `${host}/w/lab/app:1`];
  await done("regctl", note, "a note");
  assert.match(await done("regctl", ["artifact", "list", `${host}/w/lab/app:1`]), "text/x-note");
  await done("regctl", ["image", "copy", `${host}/w/lab/app:1`, `${host}/w/lab/u/bob/app:1`]);
  assert.is(await done("regctl", ["repo", "ls", host]), "w/lab/app\nw/lab/u/bob/app");
  await refused("regctl", ["tag", "ls", `${host}/w/ops/app`]);
});

test.needs(missing("oras"), "oras logs in, pushes, attaches and discovers", async (context) => {
  const { host, folder, done, refused } = await setUp(context);
  await writeFile(join(folder, "note.txt"), "a note\n");
  const push = ["push", "--plain-http", "--artifact-type", "text/x-note"];
  await refused("oras", [...push, `${host}/w/lab/note:1`, "note.txt"]);
  await done("oras", ["login", "--plain-http", "-u", "bob", "--password-stdin", host], passwordOf("bob"));
  await done("oras", [...push, `${host}/w/lab/note:1`, "note.txt"]);
  await done("oras", ["attach", "--plain-http", "--artifact-type", "a/b", `${host}/w/lab/note:1`, "note.txt"]);
  assert.match(await done("oras", ["discover", "--plain-http", `${host}/w/lab/note:1`]), "a/b");
  assert.is(await done("oras", ["repo", "ls", "--plain-http", host]), "w/lab/note");
  await refused("oras", ["pull", "--plain-http", `${host}/w/lab/u/ann/note:1`]);
});

test.needs(
  missing("buildah", "skopeo", "newuidmap"),
  "buildah pulls what is public without a login, and pushes with one",
  async (context) => {
    const { host, folder, done, refused } = await setUp(context);
    await writeFile(join(folder, "policy.json"), '{"default": [{"type": "insecureAcceptAnything"}]}');
    const running = await mkdtemp("/tmp/lading-");
    const storage = ["--root", join(folder, "storage"), "--runroot", running, "--storage-driver", "vfs"];
    context.defer(async () => {
      await run("buildah", ["unshare", "rm", "-rf", join(folder, "storage"), running], { cwd: folder });
      await rm(running, { recursive: true, force: true });
    });
    const buildah = (command: string, ...args: readonly string[]) => [
      ...[...storage, command, "-q", "--tls-verify=false", "--signature-policy=policy.json"],
      ...args,
    ];
    const as = (user: string) => `--creds=${user}:${passwordOf(user)}`;
    const copy = [
      "copy",
      "-q",
      "--insecure-policy",
      "--dest-tls-verify=false",
      `--dest-creds=ann:${passwordOf("ann")}`,
    ];
    for (const name of ["app", "public"])
      await done("skopeo", [...copy, "oci:from:1", `docker://${host}/w/lab/${name}:1`]);
    await refused("buildah", buildah("pull", `docker://${host}/w/lab/app:1`));
    await refused("buildah", buildah("pull", as("carl"), `docker://${host}/w/lab/app:1`));
    const id = await done("buildah", buildah("pull", `docker://${host}/w/lab/public:1`));
    await done("buildah", buildah("push", as("bob"), id, `docker://${host}/w/lab/app:2`));
    await refused("buildah", buildah("push", as("carl"), id, `docker://${host}/w/lab/public:2`));
  },
);

test.run();
