import { randomBytes } from "node:crypto";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import type { Cli } from "../support/cli.js";
import { type DebContent, debOf } from "../support/deb.js";
import { archive, directory, file, symlink } from "../support/hostile-tar.js";
import { missing, run } from "../support/programs.js";
import { createStockedCli, refuses, storeFolder } from "../support/refusal.js";
import { suite } from "../support/suite.js";

const test = suite("what goes wrong", { deadlineMs: 180_000 });

/** A tarball and the document beside it. */
async function writePackage(cli: Cli, tar: Buffer, document: object): Promise<string> {
  const path = join(cli.folder, "bad.tar.gz");
  await writeFile(path, gzipSync(tar));
  await writeFile(join(cli.folder, "bad.json"), JSON.stringify(document));
  return path;
}

/** Enough that a cut may fall into any part of the package. */
const NUMBERS = Array.from({ length: 20_000 }, (_, at) => `${at}\n`).join("");

async function writeDeb(cli: Cli, content: DebContent = {}): Promise<string> {
  const path = join(cli.folder, "message.deb");
  await writeFile(
    path,
    debOf({
      files: [
        ["./srv/", ""],
        ["./srv/numbers", NUMBERS],
      ],
      ...content,
    }),
  );
  return path;
}

test("a .deb that is cut short", async (context) => {
  const cli = await createStockedCli(context);
  const size = (await readFile(await writeDeb(cli))).byteLength;
  for (const part of [0, 0.0005, 0.01, 0.5, 0.9999]) {
    const path = await writeDeb(cli);
    await truncate(path, Math.floor(size * part));
    await refuses(cli, ["package", "import", path], [/message\.deb/]);
  }
});

test("a .deb that is not what the document beside it claims", async (context) => {
  const cli = await createStockedCli(context);
  const path = await writeDeb(cli);
  const wrong = digestOf(Buffer.from("something else"));
  await writeFile(`${path}.json`, JSON.stringify({ name: "demo", resource: { digest: wrong } }));
  await refuses(cli, ["package", "import", path], [/message\.deb/, wrong.slice(7)]);
});

test("a .deb whose file is not what its own list of checksums says", async (context) => {
  const cli = await createStockedCli(context);
  const path = await writeDeb(cli, { md5sums: `${"0".repeat(32)}  srv/numbers\n` });
  await refuses(cli, ["package", "import", path], [/message\.deb/, /srv\/numbers/]);
});

test("a tarball that is not what its document claims", async (context) => {
  const cli = await createStockedCli(context);
  const path = await writePackage(cli, archive(file("srv/a", "a")), { name: "bad", resource: { length: 1 } });
  await refuses(cli, ["package", "import", path], [/bad\.tar\.gz/]);
});

test("a tarball with ../x", async (context) => {
  const cli = await createStockedCli(context);
  const path = await writePackage(cli, archive(file("../x", "x")), { name: "bad" });
  await refuses(cli, ["package", "import", path], [/bad\.tar\.gz/, /\.\.\/x/]);
});

test("a tarball that writes through a symbolic link", async (context) => {
  const cli = await createStockedCli(context);
  const tar = archive(symlink("escape", "/etc"), file("escape/passwd", "x"));
  const path = await writePackage(cli, tar, { name: "bad" });
  await refuses(cli, ["package", "import", path], [/bad\.tar\.gz/, /escape/]);
});

test("a tarball with a symbolic link that climbs out of the root", async (context) => {
  const cli = await createStockedCli(context);
  const tar = archive(directory("srv/"), symlink("srv/up", "../../../etc/passwd"));
  const path = await writePackage(cli, tar, { name: "bad" });
  await refuses(cli, ["package", "import", path], [/bad\.tar\.gz/, /srv\/up/]);
});

test("a recipe with a misspelt key", async (context) => {
  const cli = await createStockedCli(context);
  await writeFile(join(cli.folder, "lading.yaml"), "packages:\n  - package: greeting\nentripoint: [/bin/say]\n");
  await refuses(cli, ["build", "lading.yaml", "-o", "oci:out:t"], [/lading\.yaml:3:1/, /entrypoint/]);
});

test("a recipe that asks for a capability that nobody provides", async (context) => {
  const cli = await createStockedCli(context);
  await writeFile(join(cli.folder, "lading.yaml"), "packages:\n  - runtime: rubby\n");
  await refuses(cli, ["build", "lading.yaml", "-o", "oci:out:t"], [/runtime:rubby/]);
});

test("a file that is no package", async (context) => {
  const cli = await createStockedCli(context);
  await writeFile(join(cli.folder, "page.deb"), "<!doctype html><title>404</title>");
  await refuses(cli, ["package", "import", "page.deb"], [/page\.deb/, /HTML/]);
});

const noSpaces =
  missing("unshare", "mount") ?? ((await run("unshare", ["-Urm", "true"])).code === 0 ? undefined : "user namespaces");

test.needs(noSpaces, "a full disk", async (context) => {
  const cli = await createStockedCli(context);
  const noise = archive(file("srv/noise", randomBytes(400_000).toString("latin1")));
  const path = await writePackage(cli, noise, { name: "bad" });
  const script = `
    mkdir disk && mount -t tmpfs -o size=128k tmpfs disk
    cp -r "${storeFolder(cli)}" disk/store
    cd disk/store
    list() { find . -type f -exec sha256sum {} + | sort; find . | sort; }
    before=$(list)
    status=0; lading package import --store "$PWD" "${path}" || status=$?
    [ "$before" = "$(list)" ] || { echo 'the store changed:'; list; exit 9; }
    exit "$status"`;
  const { code, stdout, stderr } = await run("unshare", ["-Urm", "bash", "--norc", "-euc", script], {
    cwd: cli.folder,
    env: cli.env,
  });
  assert.equal({ code, stdout }, { code: 1, stdout: "" }, stderr);
  assert.is(stderr.trimEnd().split("\n").length, 1, stderr);
  assert.match(stderr, /ENOSPC/);
  assert.match(stderr, /free some space/);
});

test.run();
