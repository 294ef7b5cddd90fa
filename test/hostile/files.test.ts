/**
 * The cases of the numbered list that come from the file system and from what packages say of themselves.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { build } from "../../src/build.js";
import { EMPTY_RECIPE } from "../../src/build-files.js";
import { inspectImage } from "../../src/image/inspect.js";
import { importPackages } from "../../src/package/import.js";
import { resolve } from "../../src/resolve/resolve.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { LADING } from "../bin/command.js";
import { apcera, ask, make, OPTIONS } from "../resolve/make.js";
import { debOf } from "../support/deb.js";
import { archive, file } from "../support/hostile-tar.js";
import { missing, run } from "../support/programs.js";
import { rejects, throws } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { createPlace, type Place } from "./place.js";

const test = suite("hostile/files", { deadlineMs: 120_000 });

const content = () => fromBytes(Buffer.from("content"));

test("case 137: a layout behind a symlink is that layout; the link stays", async (context) => {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "real"));
  await symlink("real", join(folder, "link"));
  const store = createLayoutStore(join(folder, "link"));
  await store.tag([{ name: "x", descriptor: await store.put("text/plain", content()) }]);
  assert.is(await readlink(join(folder, "link")), "real");
  assert.is((await createLayoutStore(join(folder, "real")).tags()).length, 1);
});

/** What somebody else may have put where a layout is to be, to have a file of the user's overwritten. */
const PLANTED: readonly (readonly [string, (folder: string, victim: string) => Promise<void>])[] = [
  [
    "the mark of own layouts",
    async (folder, victim) => {
      await mkdir(join(folder, ".lading"));
      await symlink(victim, join(folder, ".lading/own"));
    },
  ],
  [
    "the folder of temporary files",
    async (folder, victim) => {
      await mkdir(`${victim}.d`);
      await symlink(`${victim}.d`, join(folder, ".lading"));
    },
  ],
  [
    "the lock",
    async (folder, victim) => {
      await mkdir(join(folder, ".lading"));
      await symlink(victim, join(folder, ".lading/lock"));
    },
  ],
  ["index.json", async (folder, victim) => symlink(victim, join(folder, "index.json"))],
  ["oci-layout", async (folder, victim) => symlink(victim, join(folder, "oci-layout"))],
];

for (const [what, plant] of PLANTED) {
  test(`case 137: a link in the place of ${what} leads no write out of the layout`, async (context) => {
    const folder = await tempFolder(context);
    const layout = join(folder, "layout");
    const victim = join(folder, "victim");
    await mkdir(layout);
    await chmod(layout, 0o777);
    await writeFile(victim, "precious");
    await plant(layout, victim);
    const store = createLayoutStore(layout, { patienceMs: 50, deadlineMs: 400 });
    const work = store.put("text/plain", content()).then((descriptor) => store.tag([{ name: "x", descriptor }]));
    // Either it is refused, or the link is replaced.
    await work.catch((error) => assert.match(String(error), /LadingError: Cannot/));
    assert.is(await readFile(victim, "utf8"), "precious");
    assert.equal(await readdir(`${victim}.d`).catch(() => []), []);
  });
}

test("case 137: what is written has the modes that the umask leaves", async (context) => {
  const folder = await tempFolder(context);
  const path = join(folder, "a.tar.gz");
  await writeFile(path, gzipSync(archive(file("a"))));
  for (const [umask, mode] of [
    ["022", 0o644],
    ["077", 0o600],
    ["002", 0o664],
  ] as const) {
    const layout = join(folder, umask);
    const script = `umask ${umask}; exec "$0" "$@"`;
    const words = [
      "-c",
      script,
      process.execPath,
      LADING,
      "build",
      path,
      "-o",
      `oci:${layout}:t`,
      "--store",
      `${layout}.s`,
    ];
    const { code, stderr } = await run("sh", words);
    assert.is(code, 0, stderr);
    for (const name of await readdir(join(layout, "blobs/sha256"))) {
      assert.is((await lstat(join(layout, "blobs/sha256", name))).mode & 0o777, mode);
    }
    assert.is((await lstat(join(layout, "index.json"))).mode & 0o777, mode);
  }
});

interface Refusal {
  readonly args: readonly string[];
  readonly part: string | RegExp;
}

/** Runs `lading` from a folder that holds `a.tar.gz`, and asserts one line on stderr and status 1. */
async function refusesCommand(folder: string, { args, part }: Refusal): Promise<void> {
  const words = [LADING, "build", join(folder, "a.tar.gz"), "--store", join(folder, "store"), ...args];
  const { code, stdout, stderr } = await run(process.execPath, words, { cwd: folder, timeoutMs: 20_000 });
  assert.equal([code, stdout], [1, ""], stderr);
  assert.match(stderr, /^[A-Z_]+: Cannot [^\n]+\n$/);
  assert.match(stderr, part);
}

async function withTarball(context: TestContext): Promise<string> {
  const folder = await tempFolder(context);
  await writeFile(join(folder, "a.tar.gz"), gzipSync(archive(file("a"))));
  return folder;
}

test("case 138: an output that is a folder of other things, a file or a FIFO is refused and stays", async (context) => {
  const folder = await withTarball(context);
  await mkdir(join(folder, "other"));
  await writeFile(join(folder, "other/precious"), "precious");
  await run("mkfifo", [join(folder, "fifo")]);
  await refusesCommand(folder, { args: ["-o", "oci:other:t"], part: "name a new folder" });
  await refusesCommand(folder, { args: ["-o", "oci:a.tar.gz:t"], part: "a.tar.gz" });
  await refusesCommand(folder, { args: ["-o", "oci:fifo:t"], part: "fifo" });
  await refusesCommand(folder, { args: ["-o", "oci:/dev/full:t"], part: "/dev/full" });
  assert.equal(await readdir(join(folder, "other")), ["precious"]);
  assert.ok((await lstat(join(folder, "fifo"))).isFIFO());
});

test("case 138: a store that is a FIFO or a file is refused", async (context) => {
  const folder = await withTarball(context);
  await run("mkfifo", [join(folder, "store")]);
  await refusesCommand(folder, { args: [], part: "store" });
  await rm(join(folder, "store"));
  await writeFile(join(folder, "store"), "precious");
  await refusesCommand(folder, { args: [], part: "store" });
  assert.is(await readFile(join(folder, "store"), "utf8"), "precious");
});

test.needs(missing("bash"), "case 138: a result that cannot be written to /dev/full is told", async (context) => {
  const folder = await withTarball(context);
  const script = `"$0" "$1" build a.tar.gz --store store --json >/dev/full`;
  const { code, stderr } = await run("bash", ["-c", script, process.execPath, LADING], { cwd: folder });
  assert.is(code, 1, stderr);
  assert.match(stderr, /^IO: Cannot write to standard output: ENOSPC, [^\n]+\n$/);
});

const isRoot = process.getuid?.() === 0;

test.needs(
  isRoot ? "an ordinary user" : undefined,
  "case 138: a folder that may not be written is refused",
  async (context) => {
    const folder = await withTarball(context);
    await mkdir(join(folder, "locked"));
    await chmod(join(folder, "locked"), 0o555);
    context.defer(() => chmod(join(folder, "locked"), 0o755));
    await refusesCommand(folder, { args: ["-o", "oci:locked/out:t"], part: /EACCES.*permission/ });
  },
);

/** Builds an image of the files below `src` of a place. */
const buildSource = ({ local, folder }: Place) =>
  build({ ...EMPTY_RECIPE, files: [{ from: "src", to: "/srv", ignore: [] }] }, { local, folder });

async function createSource(context: TestContext): Promise<Place & { readonly src: string }> {
  const place = await createPlace(context);
  const src = join(place.folder, "src");
  await mkdir(src);
  await writeFile(join(src, "a"), "a");
  return { ...place, src };
}

/** Changes a package file once its first bytes were read; the file is too long to be read in one go. */
async function importWhile(place: Place, change: (path: string) => Promise<void>): Promise<unknown> {
  const noise = Buffer.alloc(4_000_000, "no zeros here ");
  const path = await place.writePackage("moving.tar", archive(file("noise", noise.toString("latin1"))));
  let changing: Promise<void> | undefined;
  const onBytes = () => {
    changing ??= change(path);
  };
  try {
    return await importPackages(place.local.store, [path], { onBytes });
  } finally {
    await changing;
  }
}

const CHANGES: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ["shrinks", (path) => truncate(path, 1_000_000)],
  ["grows", (path) => writeFile(path, "more", { flag: "a" })],
  [
    "is replaced by a symlink",
    async (path) => {
      await rename(path, `${path}.away`);
      await symlink("/etc/passwd", path);
    },
  ],
  [
    "is rewritten in place",
    async (path) => {
      const handle = await open(path, "r+");
      await handle.write("other", 3_000_000);
      await handle.close();
    },
  ],
];

for (const [title, change] of CHANGES) {
  test(`case 143: a package file that ${title} while it is read is refused`, async (context) => {
    const place = await createPlace(context);
    await place.refuses(() => importWhile(place, change), "CHANGED");
  });
}

test("case 144: a FIFO and a socket among the files are named, and nothing waits for them", async (context) => {
  const place = await createSource(context);
  await run("mkfifo", [join(place.src, "pipe")]);
  assert.match((await rejects(buildSource(place), "UNSAFE_ENTRY")).message, /"pipe".*a FIFO.*ignore it/);
  await rm(join(place.src, "pipe"));
  const server = createServer();
  // The path of a socket has at most 107 bytes.
  const socket = spawn(process.execPath, ["-e", 'require("net").createServer().listen("s", () => console.log(1))'], {
    cwd: place.src,
  });
  context.defer(() => void socket.kill("SIGKILL"));
  await once(socket.stdout, "data");
  assert.match((await rejects(buildSource(place), "UNSAFE_ENTRY")).message, /"s".*a socket/);
  server.close();
});

test("case 144: a sparse file of 1 TB is refused at once", async (context) => {
  const place = await createSource(context);
  const handle = await open(join(place.src, "holes"), "w");
  await handle.truncate(2 ** 40).finally(() => handle.close());
  const start = performance.now();
  assert.match((await rejects(buildSource(place), "TOO_LARGE")).message, /"holes".*1099511627776 bytes.*ignore it/);
  assert.ok(performance.now() - start < 2000);
});

test("case 144: symlinks in a circle are kept as they are, and never followed", async (context) => {
  const place = await createSource(context);
  await symlink("l2", join(place.src, "l1"));
  await symlink("l1", join(place.src, "l2"));
  await symlink(".", join(place.src, "self"));
  const { root } = await buildSource(place);
  assert.ok((await inspectImage(place.local.store, root)).layers.length > 0);
});

test.needs(isRoot ? "an ordinary user" : undefined, "case 144: an unreadable file is named", async (context) => {
  const place = await createSource(context);
  await chmod(join(place.src, "a"), 0);
  assert.match((await rejects(buildSource(place), "IO")).message, /src\/a": EACCES, permission/);
});

const noSpaces = (await run("unshare", ["-Urm", "true"])).code === 0 ? undefined : "user namespaces";

test.needs(noSpaces, "case 144: a mount point among the files is a folder like others", async (context) => {
  const { folder, src } = await createSource(context);
  await mkdir(join(src, "mount"));
  await writeFile(join(folder, "lading.yaml"), "files:\n  - { from: src, to: /srv }\n");
  const script = `mount -t tmpfs t src/mount && echo inside >src/mount/x && exec "$0" "$1" build . --store s -t t:1`;
  const built = await run("unshare", ["-Urm", "sh", "-c", script, process.execPath, LADING], { cwd: folder });
  assert.is(built.code, 0, built.stderr);
  const shown = await run(process.execPath, [LADING, "inspect", "store:t:1", "--files", "--store", "s"], {
    cwd: folder,
  });
  assert.match(shown.stdout, "srv/mount/x");
});

test("case 145: a chain of 10,000, a circle, a package that needs itself, and one thing that many provide", () => {
  const chain = Array.from({ length: 10_000 }, (_, at) => make(`p${at} 1`, { needs: [`p${Math.min(at + 1, 9_999)}`] }));
  assert.is(resolve(ask("p0"), chain, OPTIONS).packages.length, 10_000);
  const self = apcera("self", { provides: ["file=x"], needs: ["file=x"] });
  assert.is(resolve(ask("=self"), [self], OPTIONS).packages.length, 1);
  const circle = ["a", "b"].map((name, at) => apcera(name, { provides: [`file=${at}`], needs: [`file=${1 - at}`] }));
  assert.equal(throws(() => resolve(ask("=a"), circle, OPTIONS), "CYCLE").detail.cycle.length, 3);
  const many = Array.from({ length: 1000 }, (_, at) => apcera(`q${at}`, { provides: ["file=y"] }));
  assert.is(throws(() => resolve(ask("file=y"), many, OPTIONS), "AMBIGUOUS").detail.candidates.length, 1000);
});

const manyFiles = (count: number) => Array.from({ length: count }, (_, at) => file(`d${at % 100}/f${at}`));

test("case 145: memory grows with the count of entries by what a list of their names takes", async (context) => {
  const place = await createPlace(context);
  const peakMeter = await place.write(
    "peak.cjs",
    'process.on("exit", () => console.error("peak", process.resourceUsage().maxRSS));',
  );
  const peak = async (count: number) => {
    const path = await place.writePackage(`p${count}.tar.gz`, gzipSync(archive(...manyFiles(count)), { level: 1 }));
    const words = ["-r", peakMeter, LADING, "package", "import", path, "--store", place.layout, "--quiet"];
    const { code, stderr } = await run(process.execPath, words);
    assert.is(code, 0, stderr);
    return Number(/peak (\d+)/.exec(stderr)?.[1]) * 1024;
  };
  const [few, many] = [await peak(1_000), await peak(100_000)];
  assert.ok(many - few < 100_000 * 1_000, `${Math.round((many - few) / 100_000)} bytes for an entry`);
});

const DOCUMENTS: readonly (readonly [string, string, string])[] = [
  ["a name with ..", '{"name": "../x"}', "name"],
  ["a name with a line break", '{"name": "a\\nb"}', "name"],
  ["a variable that is none", '{"name": "x", "environment": {"A B": "1"}}', "variable"],
  ["a variable with a line break", '{"name": "x", "environment": {"A": "1\\n2"}}', "one line"],
  ["a variable with a NUL", '{"name": "x", "environment": {"A": "1\\u00002"}}', "one line"],
  ["a key of the prototype", '{"name": "x", "__proto__": {"a": 1}}', "__proto__"],
  ["such a key inside", '{"name": "x", "environment": {"__proto__": "1"}}', "__proto__"],
  ["a constructor", '{"name": "x", "constructor": {"a": 1}}', "constructor"],
  ["a key that is there twice", '{"name": "x", "name": "y"}', "name"],
  ["two resources", '{"name": "x", "resources": [{}, {}]}', "resource"],
];

for (const [title, document, part] of DOCUMENTS) {
  test(`case 146: a document with ${title} is refused`, async (context) => {
    const place = await createPlace(context);
    const path = await place.write("x.tar.gz", gzipSync(archive(file("a"))));
    await writeFile(`${path}.json`, document);
    const { message } = await place.refuses(() => importPackages(place.local.store, [path]), "SYNTAX");
    assert.match(message, part);
  });
}

test("case 146: names of inherited members in an environment are names like others", async (context) => {
  const place = await createPlace(context);
  const environment = JSON.parse('{"toString": "1", "constructor": "2"}');
  const path = await place.writePackage("x.tar.gz", gzipSync(archive(file("a"))), { name: "x", environment });
  await importPackages(place.local.store, [path]);
  const request = { kind: "name", name: "x" } as const;
  const { root } = await build({ ...EMPTY_RECIPE, packages: [request] }, { local: place.local });
  const { config } = await inspectImage(place.local.store, root);
  assert.equal(config?.config?.Env?.slice(0, 2).sort(), ["constructor=2", "toString=1"]);
});

test("case 146: what an environment loads, runs or leaves empty is told", async (context) => {
  const place = await createPlace(context);
  const environment = { LD_PRELOAD: "/evil.so", PATH: "/a::/b", X: "$(touch y)", FINE: "$PATH:x" };
  const path = await place.writePackage("x.tar.gz", gzipSync(archive(file("a"))), { name: "x", environment });
  const [imported] = await importPackages(place.local.store, [path]);
  const warnings = imported?.warnings ?? [];
  assert.equal(
    warnings.map((each) => each.split(" ").slice(0, 3).join(" ")),
    ["the variable LD_PRELOAD", "the variable PATH", "the variable X"],
  );
});

test("case 146: a list of checksums that names a file which is not there is told", async (context) => {
  const place = await createPlace(context);
  const md5sums = `${"0".repeat(32)}  usr/absent\n`;
  const path = await place.write("x.deb", debOf({ md5sums, files: [["./usr/other", ""]] }));
  const [imported] = await importPackages(place.local.store, [path]);
  assert.match(imported?.warnings.join() ?? "", /list of checksums names .*"usr\/absent"/);
});

test("case 146: a document whose tarball is not there is an error of its path", async (context) => {
  const place = await createPlace(context);
  const path = await place.write("gone.tar.gz.json", '{"name": "gone"}');
  const { message } = await place.refuses(() => importPackages(place.local.store, [path.slice(0, -5)]), "IO");
  assert.match(message, /gone\.tar\.gz": ENOENT, check the path/);
});

test.run();
