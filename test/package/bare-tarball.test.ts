import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { storeTarball } from "../../src/package/bare-tarball.js";
import { listPackages } from "../../src/package/catalog.js";
import { createMemoryCache } from "../../src/store/cache.js";
import { debOf } from "../support/deb.js";
import { archive, END, file, member, V7_MAGIC } from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { createPlace, tarGzWith, tarWith, writeNamed, writePackage } from "./files.js";

const test = suite("package/bare-tarball");

test("storeTarball() tells packages from bare tarballs by what they are", async (context) => {
  const { folder, store } = await createPlace(context);
  const write = (name: string, bytes: Uint8Array) => writePackage(folder, name, bytes);
  const nameOf = async (path: string) => (await storeTarball(store, path))?.name;
  assert.is(await nameOf(await writeNamed(folder, "a")), undefined);
  assert.is(await nameOf(await write("b.tar.gz", debOf())), undefined);
  assert.is(await nameOf(await write("c.txt", tarGzWith("x"))), "c.txt");
  assert.is(await nameOf(await write("d.tar.gz", tarWith("x"))), "d.tar.gz");
  assert.is(await nameOf(await write("e.tar", archive(member({ name: "old", magic: V7_MAGIC }, "x")))), "e.tar");
  assert.is(await nameOf(await write("f.tar", END)), "f.tar");
});

test("storeTarball() refuses everything else as what it is", async (context) => {
  const { folder, store } = await createPlace(context);
  for (const [bytes, found] of [
    [Buffer.from("<html>"), "an HTML page"],
    [Buffer.from("PK\x03\x04"), "a zip archive"],
    [Buffer.alloc(0), "an empty file"],
    [Buffer.from("!<arch>\nother.o/"), "an ar archive"],
  ] as const) {
    const path = await writePackage(folder, "x.tar.gz", bytes);
    const { detail, message } = await rejects(storeTarball(store, path), "FORMAT");
    assert.is(detail.found, found);
    assert.is(message, `Cannot build from "${path}": it is ${found}, wanted a tarball or a Debian package`);
  }
  await rejects(storeTarball(store, folder), "FORMAT");
});

test("storeTarball() makes a layer, no package", async (context) => {
  const { folder, store } = await createPlace(context);
  const bytes = tarGzWith("x");
  const stored = await storeTarball(store, await writePackage(folder, "rootfs.tar.gz", bytes));
  assert.equal(
    [stored?.name, stored?.layer.descriptor.digest, stored?.warnings],
    ["rootfs.tar.gz", digestOf(bytes), []],
  );
  assert.ok(stored !== undefined && (await store.has(stored.layer.descriptor)));
  assert.equal(await listPackages(store), []);
});

test("a tarball that was stored before is not read again, unless it changed", async (context) => {
  const { folder, store } = await createPlace(context);
  const cache = createMemoryCache();
  const path = await writePackage(folder, "a.tar.gz", tarGzWith("1"));
  let count = 0;
  const onBytes = (bytes: number) => {
    count += bytes;
  };
  const storeCounted = async () => {
    count = 0;
    const stored = await storeTarball(store, path, { cache, onBytes });
    return [stored?.layer.descriptor.digest, count] as const;
  };
  await sleep(130);
  const bytes = tarGzWith("1");
  assert.equal(await storeCounted(), [digestOf(bytes), bytes.length]);
  assert.equal(await storeCounted(), [digestOf(bytes), 0]);
  const other = tarGzWith("other");
  await writePackage(folder, "a.tar.gz", other);
  assert.equal(await storeCounted(), [digestOf(other), other.length]);
});

test("what is wrong inside leaves the store as it was, and names the file", async (context) => {
  const { folder, store, list } = await createPlace(context);
  await storeTarball(store, await writePackage(folder, "good.tar.gz", tarGzWith("x")));
  const before = await list();
  for (const [bytes, code] of [
    [gzipSync(archive(file("../x", "x"))), "UNSAFE_ENTRY"],
    [tarGzWith("x").subarray(0, 60), "CORRUPT"],
    [gzipSync("hello"), "FORMAT"],
  ] as const) {
    const path = await writePackage(folder, "bad.tar.gz", bytes);
    assert.match((await rejects(storeTarball(store, path), code)).message, `"${path}"`);
    assert.equal(await list(), before);
  }
});

test.run();
