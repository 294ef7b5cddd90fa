import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as assert from "uvu/assert";
import { downloadPackages, knownPackages, providersOf, smallPackages } from "../support/apt.js";
import { createCli } from "../support/cli.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { processFolder } from "../support/folder.js";
import { missing, output, run } from "../support/programs.js";
import { suite } from "../support/suite.js";

const test = suite("Debian's python3", { deadlineMs: 300_000 });

/** What nobody asks for, in the same store. */
const OTHERS = 100;
const OTHER_BYTES = 8_000;
/** Rounds of asking lading what is still missing. Real chains are shorter. */
const ROUNDS = 12;

const RECIPE = `packages:
  - package: python3
environment: {LANG: C.UTF-8}
entrypoint: [python3]
labels: {org.opencontainers.image.title: python3}
`;

const folder = processFolder("real");
const cli = await createCli(folder);
const debs = join(folder, "debs");
const noApt = missing("apt-get", "apt-cache") ?? (await probeApt());
let others: readonly string[] = [];
let digest = "";

/** Packages come over the network, which not every machine has. */
async function probeApt(): Promise<string | undefined> {
  await mkdir(join(folder, "probe"));
  const { code } = await run("apt-get", ["download", "-q", "python3"], { cwd: join(folder, "probe") });
  return code === 0 ? undefined : "packages from apt-get download";
}

interface Missing {
  readonly error: { readonly code: string; readonly detail: { readonly missing: readonly { requirement: string }[] } };
}

/** Name of a requirement such as `libssl3:amd64 (>= 3.0)`. */
const nameOf = (requirement: string) => requirement.replace(/ \(.*/, "").replace(/:[a-z0-9-]+$/, "");

/** A package that apt can fetch for `a (>= 1) | b`: the first that is real, else one that provides the first. */
async function choosePackage(requirement: string, known: ReadonlySet<string>): Promise<string> {
  const names = requirement.split(" | ").map(nameOf);
  const real =
    names.find((name) => known.has(name)) ?? (await providersOf(names[0] ?? "")).find((name) => known.has(name));
  if (real === undefined) throw new Error(`Debian has nothing for ${requirement}`);
  return real;
}

/** What resolving still misses; nothing where it succeeds. */
async function findMissing(): Promise<readonly string[]> {
  const { code, stdout, stderr } = await cli.lading(["resolve", "lading.yaml", "--json"]);
  if (code === 0) {
    assert.ok(JSON.parse(stdout));
    return [];
  }
  const { error } = JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as Missing;
  assert.is(error.code, "MISSING", stderr);
  return error.detail.missing.map(({ requirement }) => requirement);
}

/** Fetches packages and imports those that are new. */
async function fetchAndImport(names: readonly string[]): Promise<void> {
  const before = new Set(await readdir(debs).catch(() => []));
  const paths = await downloadPackages(debs, names);
  const added = paths.filter((path) => !before.has(basename(path)));
  assert.ok(added.length > 0, `nothing new came for ${names.join(", ")}`);
  await cli.ok(["package", "import", ...added]);
}

test.needs(noApt, "lading says what is missing, until nothing is, down to an empty root", async () => {
  await writeFile(join(folder, "lading.yaml"), RECIPE);
  const known = await knownPackages();
  others = await smallPackages(OTHERS, OTHER_BYTES);
  await fetchAndImport(others);
  const fetched = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const requirements = await findMissing();
    if (requirements.length === 0) break;
    const names = await Promise.all(requirements.map((requirement) => choosePackage(requirement, known)));
    const wanted = [...new Set(names)].filter((name) => !fetched.has(name));
    await fetchAndImport(wanted);
    for (const name of wanted) fetched.add(name);
  }
  assert.equal(await findMissing(), []);
  assert.ok(fetched.has("libc6") && fetched.has("python3"), [...fetched].join(" "));
  const listed = await cli.json<readonly { name: string }[]>(["package", "list"]);
  assert.equal(
    others.filter((name) => !listed.some((pkg) => pkg.name === name)),
    [],
  );
});

interface Built {
  readonly digest: string;
  readonly packageBytesRead: number;
  readonly images: readonly { readonly layers: readonly { readonly createdBy: string }[] }[];
}

const buildTo = (place: string, env = {}) => cli.json<Built>(["build", "lading.yaml", "-o", place], { env });
const skopeoDigest = async (...args: readonly string[]) =>
  (await output("skopeo", ["inspect", "--format", "{{.Digest}}", ...args], { cwd: folder })).trim();

test.needs(
  noApt ?? missing("skopeo", "umoci", "bwrap", "dpkg-query"),
  "the image runs python3 and holds nothing else",
  async () => {
    const built = await buildTo("oci:out:py");
    digest = built.digest;
    assert.is(await skopeoDigest("oci:out:py"), digest);
    await output("umoci", ["unpack", "--rootless", "--image", "out:py", "bundle"], { cwd: folder });
    const rootfs = join(folder, "bundle/rootfs");
    const inRoot = [
      "--bind",
      rootfs,
      "/",
      "--dev",
      "/dev",
      "--proc",
      "/proc",
      "--unshare-all",
      "--uid",
      "0",
      "--gid",
      "0",
    ];
    const program = "import json; print(json.dumps([1,2]))";
    assert.is(await output("bwrap", [...inRoot, "/usr/bin/python3", "-c", program]), "[1, 2]\n");
    const database = `--admindir=${join(rootfs, "var/lib/dpkg")}`;
    const lines = (await output("dpkg-query", [database, "-W"])).trim().split("\n");
    const installed = lines.map((line) => line.replace(/[:\t].*/, ""));
    assert.equal(
      others.filter((name) => installed.includes(name)),
      [],
    );
    for (const name of ["python3", "libc6"]) assert.ok(installed.includes(name), `${name} in ${installed.join(" ")}`);
    // One layer for each package, and the one that lading makes.
    assert.is(built.images[0]?.layers.length, installed.length + 1);
    await cli.ok(["verify", "oci:out:py"]);
  },
);

const noRegistry = noApt ?? missing("docker-registry", "skopeo", "podman", "buildah", "newuidmap");

test.needs(noRegistry, "docker-registry, skopeo, podman and buildah take it as it is", async (context) => {
  const { host } = await startDockerRegistry(context);
  const image = `docker://${host}/team/py:1`;
  await cli.ok(["push", "oci:out:py", image]);
  assert.is(await skopeoDigest("--tls-verify=false", image), digest);
  await output("skopeo", ["copy", "-q", "--src-tls-verify=false", image, "oci:back:py"], { cwd: folder });
  assert.is(await skopeoDigest("oci:back:py"), digest);
  // podman takes no more than 50 characters here.
  const running = await mkdtemp("/tmp/lading-");
  const storage = ["--root", join(folder, "storage"), "--runroot", running, "--storage-driver", "vfs"];
  context.defer(async () => {
    await run("podman", ["unshare", "rm", "-rf", join(folder, "storage"), running], { cwd: folder });
  });
  await output("podman", [...storage, "pull", "-q", "--tls-verify=false", image], { cwd: folder });
  const pulled = await output("podman", [...storage, "images", "--format", "{{.Digest}}"], { cwd: folder });
  assert.is(pulled.trim(), digest);
  const container = await output("buildah", [...storage, "from", "--tls-verify=false", "--pull-never", image.slice(9)]);
  assert.match(container, /working-container/);
});

test.needs(noApt, "building again gives the same digest and reads no package's bytes", async () => {
  const again = await buildTo("oci:again:py");
  assert.equal([again.digest, again.packageBytesRead], [digest, 0]);
});

/** The files that a command opened. */
async function traceOpened(...command: readonly string[]): Promise<string> {
  const trace = join(folder, "trace");
  await output("strace", ["-f", "-qq", "-e", "trace=open,openat", "-o", trace, ...command], {
    cwd: folder,
    env: cli.env,
  });
  return await readFile(trace, "utf8");
}

test.needs(noApt ?? missing("strace"), "strace sees no layer opened when the same is built again", async () => {
  const manifest = await readFile(join(folder, "again/blobs/sha256", digest.slice("sha256:".length)), "utf8");
  const layers: readonly string[] = JSON.parse(manifest).layers.map((layer: { digest: string }) =>
    layer.digest.slice(7),
  );
  const built = await traceOpened("lading", "build", "lading.yaml");
  assert.equal(
    layers.filter((layer) => built.includes(layer)),
    [],
  );
  const verified = await traceOpened("lading", "verify", "oci:again:py");
  assert.equal(
    layers.filter((layer) => !verified.includes(layer)),
    [],
    "verifying opens all of them",
  );
});

const SURROUNDINGS: readonly (readonly [title: string, env: Readonly<Record<string, string>>, prefix: string])[] = [
  ["umask 077", {}, "umask 077; exec"],
  ["another time zone", { TZ: "Pacific/Chatham" }, "exec"],
  ["LC_ALL=C", { LC_ALL: "C", LANG: "C" }, "exec"],
  ["one core", {}, "exec taskset -c 0"],
];

for (const [title, env, prefix] of SURROUNDINGS) {
  test.needs(
    noApt ?? missing("taskset"),
    `a build from nothing but the packages, with ${title}, gives the same digest`,
    async () => {
      const store = join(folder, `store-${title.replace(/\W/g, "-")}`);
      // Shuffled, in an order that this run alone has.
      const paths = (await readdir(debs)).map((name) => join(debs, name)).sort(() => Math.random() - 0.5);
      const lading = (...args: readonly string[]) =>
        output("bash", ["-euc", `${prefix} lading "$@"`, "-", ...args], {
          cwd: folder,
          env: { ...cli.env, ...env, LADING_STORE: store },
        });
      await lading("package", "import", ...paths);
      assert.ok((await lading("build", "lading.yaml", "-t", "py:1")).includes(digest));
    },
  );
}

test.run();
