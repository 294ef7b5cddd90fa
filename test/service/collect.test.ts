import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { deliver } from "../../src/deliver.js";
import { verifyImage } from "../../src/image/verify.js";
import { listRepositories } from "../../src/registry/catalog.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { collectRepositories } from "../../src/service/collect.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { startHostileServer } from "../support/hostile-server.js";
import { putTarImage } from "../support/image.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("service/collect, registry/catalog");

test("collectRepositories() reclaims in each repository what nothing there names, with uploads that nobody goes on with", async (context) => {
  const { host, folder } = await startEmbeddedRegistry(context);
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one", "two"]);
  const store = (repository: string) => createRegistryStore({ registry: host, repository });
  for (const name of ["a", "a/b"]) await deliver(root, from, { store: store(name), name: "1", label: name });
  assert.equal(await listRepositories(host), ["a", "a/b"]);
  await store("a").untag([root.digest]);
  const uploads = join(folder, "a/_uploads");
  await mkdir(uploads, { recursive: true });
  const [old, young] = ["1", "2"].map((digit) =>
    join(uploads, `${digit.repeat(8)}-1111-1111-1111-${digit.repeat(12)}`),
  );
  for (const path of [old, young]) await writeFile(path ?? "", "partial");
  await utimes(old ?? "", new Date(0), new Date(0));
  const early = await collectRepositories(folder);
  assert.equal(
    early.map(({ blobs, uploads }) => [blobs.count, uploads.count]),
    [
      [0, 1],
      [0, 0],
    ],
  );
  const found = await collectRepositories(folder, { graceMs: 0 });
  assert.equal(
    found.map(({ repository, blobs }) => [repository, blobs.count]),
    [
      ["a", 3],
      ["a/b", 0],
    ],
  );
  assert.equal(await readdir(uploads), []);
  await verifyImage(store("a/b"), root);
  await deliver(root, from, { store: store("a"), name: "2", label: "a" });
  await verifyImage(store("a"), root);
  await rejects(collectRepositories(join(folder, "none")), "NOT_FOUND");
});

test("collectRepositories() reclaims uploads where no repository came of them, and goes on after one that is damaged", async (context) => {
  const { host, folder } = await startEmbeddedRegistry(context);
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one"]);
  const store = (repository: string) => createRegistryStore({ registry: host, repository });
  for (const name of ["a", "b"]) await deliver(root, from, { store: store(name), name: "1", label: name });
  await store("b").untag([root.digest]);
  await writeFile(join(folder, "a/_layout/index.json"), "{");
  const upload = join(folder, "c/d/_uploads", "11111111-1111-1111-1111-111111111111");
  await mkdir(join(folder, "c/d/_uploads"), { recursive: true });
  await writeFile(upload, "partial");
  const error = await rejects(collectRepositories(folder, { graceMs: 0 }), "SYNTAX");
  assert.match(error.message, /^Cannot collect garbage in repository "a": /);
  assert.equal(await readdir(join(folder, "c/d/_uploads")), []);
  assert.equal(await readdir(join(folder, "b/_layout/blobs/sha256")), []);
  assert.equal(await listRepositories(host), ["a", "b"]);
});

test("listRepositories() follows pages, and says where there is no list", async (context) => {
  const pages = [
    { repositories: ["b", "UPPER", 3], next: "/v2/_catalog?last=b" },
    { repositories: ["a"], next: undefined },
  ];
  const { host } = await startHostileServer(context, (request, response) => {
    const page = request.path.includes("last=") ? pages[1] : pages[0];
    if (page?.next !== undefined) response.setHeader("link", `<${page.next}>; rel="next"`);
    response.end(JSON.stringify(page));
  });
  assert.equal(await listRepositories(host), ["a", "b"]);
  const { host: none } = await startHostileServer(context, (_request, response) => {
    response.statusCode = 404;
    response.end();
  });
  assert.match(
    (await rejects(listRepositories(none), "UNSUPPORTED")).message,
    /keeps no list of them; name a repository/,
  );
});

test.run();
