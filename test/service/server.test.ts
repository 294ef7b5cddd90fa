import { readFileSync, watch } from "node:fs";
import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { basename, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { OPEN_GATE } from "../../src/service/access-request.js";
import { createLayoutRepositories } from "../../src/service/layout-repositories.js";
import { listReferrers } from "../../src/service/referrers.js";
import { createRepository } from "../../src/service/repository.js";
import { createRegistryServer } from "../../src/service/server.js";
import { copy } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { putImage } from "../support/image.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("service/server");

async function start(context: TestContext) {
  const registry = await startEmbeddedRegistry(context);
  const call = async (method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}) => {
    const url = path.startsWith("/") ? registry.url + path : path;
    const response = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body: new Uint8Array(Buffer.from(body)) }),
    });
    const text = await response.text();
    const code = text.startsWith('{"errors"') ? JSON.parse(text).errors[0].code : undefined;
    return { status: response.status, headers: response.headers, text, code };
  };
  const begin = async (name = "a") => (await call("POST", `/v2/${name}/blobs/uploads/`)).headers.get("location") ?? "";
  const upload = async (text: string, name = "a") => call("PUT", `${await begin(name)}?digest=${digestOf(text)}`, text);
  return { ...registry, call, begin, upload };
}

test("a blob goes up in one piece and comes back whole, in part, and by HEAD", async (context) => {
  const { call, upload, folder } = await start(context);
  const digest = digestOf("hello");
  const put = await upload("hello");
  assert.equal([put.status, put.headers.get("location")], [201, `/v2/a/blobs/${digest}`]);
  const got = await call("GET", `/v2/a/blobs/${digest}`);
  assert.equal(
    [got.text, got.headers.get("content-length"), got.headers.get("docker-content-digest")],
    ["hello", "5", digest],
  );
  const head = await call("HEAD", `/v2/a/blobs/${digest}`);
  assert.equal([head.status, head.text, head.headers.get("content-length")], [200, "", "5"]);
  const part = await call("GET", `/v2/a/blobs/${digest}`, undefined, { range: "bytes=1-3" });
  assert.equal([part.status, part.text, part.headers.get("content-range")], [206, "ell", "bytes 1-3/5"]);
  const none = await call("GET", `/v2/a/blobs/${digest}`, undefined, { range: "bytes=5-9" });
  assert.is(none.status, 416);
  assert.equal(await readdir(join(folder, "a/_uploads")), []);
  assert.is(await readFile(join(folder, "a/_layout/blobs/sha256", digest.slice(7)), "utf8"), "hello");
});

test("a range is a GET's alone", async (context) => {
  const { call, upload } = await start(context);
  await upload("hello");
  const range = { range: "bytes=1-2" };
  assert.is((await call("GET", `/v2/a/blobs/${digestOf("hello")}`, undefined, range)).text, "el");
  const { status, headers } = await call("HEAD", `/v2/a/blobs/${digestOf("hello")}`, undefined, range);
  assert.equal([status, headers.get("content-length")], [200, "5"]);
});

test("chunks must come in order; the upload tells where it goes on", async (context) => {
  const { call, begin } = await start(context);
  const at = await begin();
  assert.is((await call("PATCH", at, "lo", { "content-range": "3-4" })).status, 416);
  const first = await call("PATCH", at, "hel", { "content-range": "0-2" });
  assert.equal([first.status, first.headers.get("range")], [202, "0-2"]);
  assert.is((await call("PATCH", at, "hel", { "content-range": "0-2" })).status, 416);
  const state = await call("GET", at);
  assert.equal([state.status, state.headers.get("range"), state.headers.get("location")], [204, "0-2", at]);
  const last = await call("PUT", `${at}?digest=${digestOf("hello")}`, "lo", { "content-range": "3-4" });
  assert.is(last.status, 201);
  assert.is((await call("GET", `/v2/a/blobs/${digestOf("hello")}`)).text, "hello");
  assert.is((await call("GET", at)).code, "BLOB_UPLOAD_UNKNOWN");
});

test("sha512 is computed where it is asked for", async (context) => {
  const { call, begin } = await start(context);
  const digest = digestOf("hello", "sha512");
  assert.is((await call("PUT", `${await begin()}?digest=${digest}`, "hello")).status, 201);
  assert.is((await call("GET", `/v2/a/blobs/${digest}`)).text, "hello");
});

test("a wrong digest keeps nothing, nor does a cancelled upload", async (context) => {
  const { call, begin, folder } = await start(context);
  const wrong = await call("PUT", `${await begin()}?digest=${digestOf("other")}`, "hello");
  assert.equal([wrong.status, wrong.code], [400, "DIGEST_INVALID"]);
  const post = await call("POST", `/v2/a/blobs/uploads/?digest=${digestOf("other")}`, "hello");
  assert.is(post.code, "DIGEST_INVALID");
  assert.is((await call("PUT", `${await begin()}?digest=md5:1`, "hello")).code, "DIGEST_INVALID");
  const at = await begin();
  assert.is((await call("DELETE", at)).status, 204);
  assert.is((await call("PATCH", at, "x")).status, 404);
  assert.is((await call("HEAD", `/v2/a/blobs/${digestOf("other")}`)).status, 404);
  assert.is((await readdir(join(folder, "a/_uploads"))).length, 1);
});

test("a single POST, the empty blob, and a mount from another repository", async (context) => {
  const { call, folder } = await start(context);
  const digest = digestOf("hello");
  assert.is((await call("POST", `/v2/a/blobs/uploads/?digest=${digest}`, "hello")).status, 201);
  assert.is((await call("POST", `/v2/a/blobs/uploads/?digest=${digestOf("")}`)).status, 201);
  assert.is((await call("GET", `/v2/a/blobs/${digestOf("")}`)).text, "");
  const mounted = await call("POST", `/v2/b/c/blobs/uploads/?mount=${digest}&from=a`);
  assert.equal([mounted.status, mounted.headers.get("location")], [201, `/v2/b/c/blobs/${digest}`]);
  assert.is(await readFile(join(folder, "b/c/_layout/blobs/sha256", digest.slice(7)), "utf8"), "hello");
  assert.is((await call("POST", `/v2/b/c/blobs/uploads/?mount=${digestOf("no")}&from=a`)).status, 202);
  // Without `from`, any repository does.
  const found = await call("POST", `/v2/d/blobs/uploads/?mount=${digest}`);
  assert.equal([found.status, found.headers.get("location")], [201, `/v2/d/blobs/${digest}`]);
  assert.is((await call("POST", `/v2/d/blobs/uploads/?mount=${digestOf("no")}`)).status, 202);
});

test("an upload whose client was cut keeps what came, also for the next server", async (context) => {
  const { call, begin, folder, close, url } = await start(context);
  const at = await begin();
  await new Promise<void>((resolve) => {
    const sent = request(url + at, { method: "PATCH", headers: { "content-length": 10 } });
    sent.on("error", () => resolve());
    sent.write("hel", () => setTimeout(() => sent.destroy(new Error("cut")), 50));
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.is((await call("GET", at)).headers.get("range"), "0-2");
  await close();
  const next = await createRegistryServer({ repositories: createLayoutRepositories(folder) }).listen();
  context.defer(() => next.close());
  const put = await call("PUT", `${next.url}${at}?digest=${digestOf("hello")}`, "lo", { "content-range": "3-4" });
  assert.is(put.status, 201);
});

test("a manifest is kept as it came, under tag and digest, and is a root of the layout", async (context) => {
  const { host, call, folder } = await start(context);
  const local = createMemoryStore();
  const root = await putImage(local, [Buffer.from("layer")], { unknown: { b: 1, a: 2 } });
  const remote = createRegistryStore({ registry: host, repository: "a" });
  await copy(root, local, remote);
  assert.equal(
    (await createLayoutStore(join(folder, "a/_layout")).tags()).map(({ descriptor }) => descriptor.digest),
    [root.digest],
  );
  await remote.tag([{ name: "1", descriptor: root }]);
  const got = await call("GET", "/v2/a/manifests/1");
  assert.is(digestOf(got.text), root.digest);
  assert.is(got.headers.get("content-type"), MEDIA_TYPE.manifest);
  const head = await call("HEAD", `/v2/a/manifests/${root.digest}`);
  assert.equal([head.status, head.headers.get("content-length")], [200, String(root.size)]);
  assert.equal((await createLayoutStore(join(folder, "a/_layout")).resolve("1")).digest, root.digest);
});

test("bad manifests are refused by the code of the specification", async (context) => {
  const { call, upload } = await start(context);
  await upload("{}");
  const config = { mediaType: MEDIA_TYPE.config, digest: digestOf("{}"), size: 2 };
  const layer = { mediaType: MEDIA_TYPE.layer, digest: digestOf("no"), size: 2 };
  const manifest = (more: object) =>
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers: [], ...more });
  const put = async (target: string, body: string, type: string = MEDIA_TYPE.manifest) => {
    const { status, code } = await call("PUT", `/v2/a/manifests/${target}`, body, { "content-type": type });
    return [status, code];
  };
  assert.equal(await put("1", manifest({})), [201, undefined]);
  assert.equal(await put("1", manifest({ layers: [layer] })), [404, "MANIFEST_BLOB_UNKNOWN"]);
  assert.equal(await put("1", manifest({ config: { ...config, size: 3 } })), [400, "MANIFEST_INVALID"]);
  assert.equal(await put("1", "{"), [400, "MANIFEST_INVALID"]);
  assert.equal(await put("1", manifest({}), MEDIA_TYPE.index), [400, "MANIFEST_INVALID"]);
  assert.equal(await put("-", manifest({})), [400, "MANIFEST_INVALID"]);
  assert.equal(await put(digestOf("x"), manifest({})), [400, "DIGEST_INVALID"]);
  assert.equal(await put("1", "x".repeat(6 * 1024 * 1024)), [413, "SIZE_INVALID"]);
  assert.equal(await put("2", manifest({ subject: layer })), [201, undefined]);
  const foreign = { ...layer, mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar" };
  assert.equal(await put("3", manifest({ layers: [foreign] })), [201, undefined]);
  assert.is((await call("GET", "/v2/a/manifests/nothing")).code, "MANIFEST_UNKNOWN");
  assert.is((await call("GET", `/v2/a/manifests/${digestOf("{}")}`)).code, "MANIFEST_UNKNOWN");
});

test("tags, the catalog and referrers are listed", async (context) => {
  const { host, call } = await start(context);
  const store = createRegistryStore({ registry: host, repository: "team/app" });
  const root = await putImage(store, [Buffer.from("layer")]);
  await store.tag(["c", "a", "b"].map((name) => ({ name, descriptor: root })));
  assert.equal(JSON.parse((await call("GET", "/v2/team/app/tags/list?n=2")).text), {
    name: "team/app",
    tags: ["a", "b"],
  });
  assert.equal(JSON.parse((await call("GET", "/v2/_catalog")).text), { repositories: ["team/app"] });
  const { mediaType, digest, size } = root;
  const more = { artifactType: "text/x-note", subject: { mediaType, digest, size }, annotations: { k: "v" } };
  const referrer = await putImage(store, [], more);
  const list = async (query = "") => {
    const response = await call("GET", `/v2/team/app/referrers/${root.digest}${query}`);
    assert.is(response.headers.get("content-type"), MEDIA_TYPE.index);
    return { manifests: JSON.parse(response.text).manifests, filters: response.headers.get("oci-filters-applied") };
  };
  const expected = { ...referrer, artifactType: "text/x-note", annotations: { k: "v" } };
  assert.equal(await list(), { manifests: [expected], filters: null });
  assert.equal(await list("?artifactType=no"), { manifests: [], filters: "artifactType" });
  assert.is((await call("GET", `/v2/none/referrers/${root.digest}`)).status, 200);
  assert.is((await call("GET", "/v2/none/referrers/x")).status, 400);
  assert.is((await call("GET", "/v2/none/tags/list")).code, "NAME_UNKNOWN");
});

test("deleting a tag leaves the manifest; deleting that takes its tags along; blobs go from one repository only", async (context) => {
  const { host, call, upload } = await start(context);
  const store = createRegistryStore({ registry: host, repository: "a" });
  const root = await putImage(store, [Buffer.from("layer")]);
  await store.tag([
    { name: "1", descriptor: root },
    { name: "2", descriptor: root },
  ]);
  assert.is((await call("DELETE", "/v2/a/manifests/1")).status, 202);
  assert.is((await call("DELETE", "/v2/a/manifests/1")).status, 404);
  assert.is((await call("GET", "/v2/a/manifests/2")).status, 200);
  assert.is((await call("DELETE", "/v2/a/manifests/2")).status, 202);
  assert.is((await call("GET", `/v2/a/manifests/${root.digest}`)).status, 200);
  await store.tag([{ name: "3", descriptor: root }]);
  assert.is((await call("DELETE", `/v2/a/manifests/${root.digest}`)).status, 202);
  for (const name of ["3", root.digest]) assert.is((await call("GET", `/v2/a/manifests/${name}`)).status, 404);
  await upload("shared", "a");
  await call("POST", `/v2/b/blobs/uploads/?mount=${digestOf("shared")}&from=a`);
  assert.is((await call("DELETE", `/v2/a/blobs/${digestOf("shared")}`)).status, 202);
  assert.is((await call("GET", `/v2/a/blobs/${digestOf("shared")}`)).status, 404);
  assert.is((await call("GET", `/v2/b/blobs/${digestOf("shared")}`)).text, "shared");
});

test("what loses its tags can be collected at no moment, also where another process moves them", async (context) => {
  const { host, call, folder } = await start(context);
  const store = createRegistryStore({ registry: host, repository: "a" });
  const layout = join(folder, "a/_layout");
  const root = await putImage(store, [Buffer.from("layer")]);
  await store.tag([{ name: "1", descriptor: root }]);
  // Whatever collects garbage sees the index as it is between two writes.
  const seen: boolean[] = [];
  const watcher = watch(layout, () => {
    const text = readFileSync(join(layout, "index.json"), "utf8");
    seen.push(text.includes(root.digest));
  });
  assert.is((await call("DELETE", "/v2/a/manifests/1")).status, 202);
  for (let waited = 0; seen.length === 0 && waited < 100; waited++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  watcher.close();
  assert.ok(seen.length > 0 && seen.every(Boolean));
  assert.is((await call("GET", `/v2/a/manifests/${root.digest}`)).status, 200);
});

test("a repository whose folder is taken away begins anew", async (context) => {
  const { host, call, folder } = await start(context);
  const store = createRegistryStore({ registry: host, repository: "a" });
  for (const round of ["1", "2", "3"]) {
    const root = await putImage(store, [Buffer.from(round)]);
    await store.tag([{ name: "1", descriptor: root }]);
    assert.is((await call("GET", "/v2/a/manifests/1")).headers.get("docker-content-digest"), root.digest);
    await rm(join(folder, "a"), { recursive: true });
    assert.is((await call("GET", "/v2/a/manifests/1")).status, 404);
  }
});

test("what an index lists as a manifest has to be one, at any depth", async (context) => {
  const { call, upload } = await start(context);
  const listing = (mediaType: string, text: string) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.index,
      manifests: [{ mediaType, digest: digestOf(text), size: Buffer.byteLength(text) }],
    });
  const put = (text: string) => call("PUT", "/v2/a/manifests/1", text, { "content-type": MEDIA_TYPE.index });
  await upload("no manifest");
  const outer = listing(MEDIA_TYPE.manifest, "no manifest");
  assert.is((await put(outer)).code, "MANIFEST_INVALID");
  await upload(outer);
  assert.is((await put(listing(MEDIA_TYPE.index, outer))).code, "MANIFEST_INVALID");
  const hollow = listing(MEDIA_TYPE.manifest, "not there");
  await upload(hollow);
  assert.is((await put(listing(MEDIA_TYPE.index, hollow))).code, "MANIFEST_BLOB_UNKNOWN");
  assert.is((await put(listing("text/plain", "no manifest"))).status, 201);
});

test("an upload that is a blob already takes no more content", async (context) => {
  const { call, begin, upload, folder } = await start(context);
  await upload("other");
  const at = await begin();
  await call("PATCH", at, "hello");
  // A server that is killed before it removes the upload leaves this.
  const file = join(folder, "a/_uploads", basename(at));
  await link(file, join(folder, "a/_layout/blobs/sha256", digestOf("hello").slice(7)));
  assert.is((await call("PATCH", at, "!")).code, "BLOB_UPLOAD_UNKNOWN");
  assert.is((await call("GET", `/v2/a/blobs/${digestOf("hello")}`)).text, "hello");
  assert.equal(await readdir(join(folder, "a/_uploads")), []);
});

test("an upload whose last step fails is still there", async (context) => {
  const { call, begin, folder } = await start(context);
  const at = await begin();
  await call("PATCH", at, "hello");
  await writeFile(join(folder, "a/_layout"), "in the way");
  const put = () => call("PUT", `${at}?digest=${digestOf("hello")}`);
  assert.is((await put()).status, 500);
  assert.is((await call("GET", at)).headers.get("range"), "0-4");
  await rm(join(folder, "a/_layout"));
  assert.is((await put()).status, 201);
});

test("a chunk of another length than its range says leaves nothing behind", async (context) => {
  const { call, begin, url } = await start(context);
  const at = await begin();
  await call("PATCH", at, "hel", { "content-range": "0-2" });
  const long = await call("PATCH", at, "loxxx", { "content-range": "3-4" });
  assert.equal([long.status, long.code], [400, "SIZE_INVALID"]);
  // Without a length, that shows only when some of it is written.
  const sent = request(url + at, { method: "PATCH", headers: { "content-range": "3-4" } });
  const status = new Promise((resolve) => sent.on("response", (response) => resolve(response.resume().statusCode)));
  await new Promise((resolve) => sent.write("x", resolve));
  await new Promise((resolve) => setTimeout(resolve, 50));
  sent.end("xx");
  assert.is(await status, 400);
  assert.is((await call("GET", at)).headers.get("range"), "0-2");
  assert.is((await call("PUT", `${at}?digest=${digestOf("hello")}`, "lo", { "content-range": "3-4" })).status, 201);
});

test("who comes back to an upload waits for the request that has it", async (context) => {
  const { call, begin, url } = await start(context);
  const at = await begin();
  const sent = request(url + at, { method: "PATCH", headers: { "content-length": 6 } });
  const done = new Promise((resolve) => sent.on("response", (response) => resolve(response.resume())));
  await new Promise((resolve) => sent.write("hel", resolve));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const state = call("GET", at);
  await new Promise((resolve) => setTimeout(resolve, 50));
  sent.end("lo!");
  await done;
  assert.is((await state).headers.get("range"), "0-5");
});

test("what a moved tag stood for stays there by its digest, and its referrers with it", async (context) => {
  const { host, call, folder } = await start(context);
  const store = createRegistryStore({ registry: host, repository: "a" });
  const [old, now] = [await putImage(store, [Buffer.from("1")]), await putImage(store, [Buffer.from("2")])];
  const { mediaType, digest, size } = now;
  const referrer = await putImage(store, [], { subject: { mediaType, digest, size } });
  await store.tag([{ name: "t", descriptor: referrer }]);
  for (const descriptor of [old, now]) await store.tag([{ name: "t", descriptor }]);
  assert.is((await call("GET", `/v2/a/manifests/${old.digest}`)).status, 200);
  const layout = createLayoutStore(join(folder, "a/_layout"));
  const roots = (await layout.tags()).map((root) => root.descriptor.digest);
  assert.equal(roots.sort(), [old.digest, now.digest, referrer.digest].sort());
  assert.match((await call("GET", `/v2/a/referrers/${digest}`)).text, referrer.digest);
  // What somebody has damaged is not held on to, and stops nobody.
  await rm(join(folder, "a/_layout/blobs/sha256", digest.slice(7)));
  await store.tag([{ name: "t", descriptor: old }]);
  assert.is((await call("HEAD", "/v2/a/manifests/t")).headers.get("docker-content-digest"), old.digest);
});

test("referrers come in pages that clients accept, with those that only the fallback tag names", async (context) => {
  const { host, call, folder } = await start(context);
  const store = createRegistryStore({ registry: host, repository: "a" });
  const subject = { mediaType: MEDIA_TYPE.manifest, digest: digestOf("never pushed"), size: 12 };
  const pushed: string[] = [];
  for (const name of ["1", "2", "3", "4"]) {
    const annotations = { name, long: "x".repeat(1_000_000) };
    pushed.push((await putImage(store, [], { subject, annotations })).digest);
  }
  // As another program may have left it: listed in the index under the tag, and nowhere else.
  const layout = createLayoutStore(join(folder, "a/_layout"));
  const hidden = await putImage(layout, [], { subject, annotations: { name: "5" } });
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [hidden] };
  const fallback = await layout.put(MEDIA_TYPE.index, fromBytes(JSON.stringify(index)));
  await layout.tag([{ name: subject.digest.replace(":", "-"), descriptor: fallback }]);
  const found: string[] = [];
  let pages = 0;
  for (let path: string | undefined = `/v2/a/referrers/${subject.digest}`; path !== undefined; pages++) {
    const { text, headers } = await call("GET", path);
    assert.ok(text.length < 4 * 1024 * 1024);
    found.push(...JSON.parse(text).manifests.map((each: { digest: string }) => each.digest));
    path = /<([^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];
  }
  assert.ok(pages > 1);
  assert.equal(found, [...pushed, hidden.digest].sort());
});

test("a page of referrers reads no more than it holds", async (context) => {
  const store = createMemoryStore();
  const config = await store.put(MEDIA_TYPE.config, fromBytes("{}"));
  const subject = { mediaType: MEDIA_TYPE.manifest, digest: digestOf("subject"), size: 7 };
  for (const at of ["1", "2", "3", "4", "5"]) {
    const annotations = { at, note: "x".repeat(2 * 1024 * 1024) };
    const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers: [], subject, annotations };
    await store.tag([{ descriptor: await store.put(MEDIA_TYPE.manifest, fromBytes(JSON.stringify(manifest))) }]);
  }
  let reads = 0;
  const open = (...given: Parameters<typeof store.open>) => {
    reads++;
    return store.open(...given);
  };
  const repository = createRepository({ ...store, open }, await tempFolder(context));
  const request = { query: new URLSearchParams(), path: "/", signal: new AbortController().signal };
  const reply = await listReferrers(repository, subject.digest, request);
  assert.is(JSON.parse(String(reply.body)).manifests.length, 1);
  assert.match(reply.headers.link ?? "", "last=sha256");
  assert.is(reads, 2);
});

test("a manifest that is deleted as a blob loses its tags", async (context) => {
  const { host, call } = await start(context);
  const store = createRegistryStore({ registry: host, repository: "a" });
  const descriptor = await putImage(store, [Buffer.from("layer")]);
  await store.tag([{ name: "1", descriptor }]);
  assert.is((await call("DELETE", `/v2/a/blobs/${descriptor.digest}`)).status, 202);
  assert.equal(JSON.parse((await call("GET", "/v2/a/tags/list")).text).tags, []);
});

test("eight clients push eight tags at once, and all are there", async (context) => {
  const { host } = await start(context);
  const names = Array.from({ length: 8 }, (_, count) => `t${count}`);
  await Promise.all(
    names.map(async (name) => {
      const store = createRegistryStore({ registry: host, repository: "a" });
      const descriptor = await putImage(store, [Buffer.from("shared"), Buffer.from(name)]);
      await store.tag([{ name, descriptor }]);
    }),
  );
  const tags = await createRegistryStore({ registry: host, repository: "a" }).tags();
  assert.equal(
    tags.map(({ name }) => name),
    names,
  );
});

test("what is no endpoint, method, name or host of ours is refused", async (context) => {
  const { call, port } = await start(context);
  assert.is((await call("GET", "/v2/")).status, 200);
  assert.is((await call("GET", "/")).status, 404);
  assert.is((await call("PUT", "/v2/")).status, 405);
  assert.is((await call("GET", "/v2/A/tags/list")).code, "NAME_INVALID");
  const statusOf = async (...headers: string[]) => {
    return await new Promise((resolve, reject) => {
      const sent = request({ port, host: "127.0.0.1", path: "/v2/", headers, setHost: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on("error", reject).end();
    });
  };
  const own = ["Host", `127.0.0.1:${port}`];
  assert.is(await statusOf(...own), 200);
  assert.is(await statusOf("Host", "evil.example"), 403);
  assert.is(await statusOf(...own, "Host", "evil.example"), 400);
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1"])
    assert.is(await statusOf(...own, "Origin", origin), 403);
  assert.is(await statusOf(...own, "Origin", `http://127.0.0.1:${port}`), 200);
});

test("names that were asked for fill no memory", async (context) => {
  const repositories = createLayoutRepositories(await tempFolder(context));
  const open = async (name: string) => await repositories.open(name, { create: true });
  const held = await open("held");
  const first = new WeakRef((await open("first")) ?? {});
  assert.is(await open("first"), first.deref());
  for (let at = 0; at < 1_000; at++) await open(`n${at}`);
  setFlagsFromString("--expose-gc");
  const collectAll = runInNewContext("gc") as () => void;
  for (let tries = 0; first.deref() !== undefined && tries < 20; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collectAll();
  }
  assert.is(first.deref(), undefined);
  assert.is(await open("held"), held);
});

test("no name leads out of the folder", async (context) => {
  const { folder } = await start(context);
  const repositories = createLayoutRepositories(folder);
  for (const name of ["..", "../x", "a/../../x", "/etc", "a//b", "_layout", "a/_layout", ""]) {
    assert.is(await repositories.open(name, { create: true }), undefined);
  }
});

test("listen() refuses what other machines reach, and a port that is taken", async (context) => {
  const { port, folder } = await start(context);
  const server = createRegistryServer({ repositories: createLayoutRepositories(folder) });
  for (const host of ["0.0.0.0", "::", "192.168.1.1", "r.example"])
    await rejects(server.listen({ host }), "UNSUPPORTED");
  const repositories = createLayoutRepositories(folder);
  const half = createRegistryServer({ repositories, gate: OPEN_GATE });
  assert.match((await rejects(half.listen({ host: "0.0.0.0" }), "UNSUPPORTED")).message, /in the clear/);
  const told = await createRegistryServer({ repositories, insecureListen: true }).listen({ host: "0.0.0.0" });
  context.defer(() => told.close());
  const answer = await fetch(`http://127.0.0.1:${told.port}/v2/`, { headers: { host: "any.example" } });
  assert.is(answer.status, 200);
  const error = await rejects(server.listen({ port }), "IO");
  assert.is(error.detail.errno, "EADDRINUSE");
});

test("listen() refuses a certificate that is none", async (context) => {
  const repositories = createLayoutRepositories(await tempFolder(context));
  const tls = { cert: "no", key: "no" };
  await rejects(createRegistryServer({ repositories, tls }).listen(), "FORMAT");
});

test("storage that fails is a 500 without its path, and the owner hears of it", async (context) => {
  const folder = await tempFolder(context);
  // A file stands where the repository's folder would be.
  await writeFile(join(folder, "a"), "");
  const heard: unknown[] = [];
  const onError = (error: unknown) => heard.push(error);
  const listening = await createRegistryServer({ repositories: createLayoutRepositories(folder), onError }).listen();
  context.defer(() => listening.close());
  const response = await fetch(`${listening.url}/v2/a/blobs/uploads/`, { method: "POST" });
  assert.is(response.status, 500);
  assert.not.match(await response.text(), folder);
  assert.ok(isLadingError(heard[0], "IO"));
});

test("content that is damaged is nobody else's mistake, and the owner hears of it", async (context) => {
  const folder = await tempFolder(context);
  const heard: unknown[] = [];
  const onError = (error: unknown) => heard.push(error);
  const listening = await createRegistryServer({ repositories: createLayoutRepositories(folder), onError }).listen();
  context.defer(() => listening.close());
  const digest = digestOf("hello");
  const blobs = `${listening.url}/v2/a/blobs/`;
  assert.is((await fetch(`${blobs}uploads/?digest=${digest}`, { method: "POST", body: "hello" })).status, 201);
  await writeFile(join(folder, "a/_layout/blobs/sha256", digest.slice(7)), "HELLO");
  const got = fetch(blobs + digest).then((response) => response.text());
  assert.is(await got.catch(() => "cut"), "cut");
  assert.ok(isLadingError(heard[0], "DIGEST_MISMATCH"));
  assert.is((await fetch(`${listening.url}/v2/a/manifests/${digest}`)).status, 500);
  assert.ok(isLadingError(heard[1], "DIGEST_MISMATCH"));
  // Who goes away is no error.
  const left = new AbortController();
  const large = Buffer.alloc(8 * 1024 * 1024);
  await fetch(`${blobs}uploads/?digest=${digestOf(large)}`, { method: "POST", body: new Uint8Array(large) });
  await fetch(blobs + digestOf(large), { signal: left.signal });
  left.abort();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.is(heard.length, 2);
});

test("a connection is silent while an answer is made, and is ended when its client is silent", async (context) => {
  const folder = await tempFolder(context);
  const repository = createRepository(createMemoryStore(), join(folder, "uploads"));
  const open = async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return repository;
  };
  const repositories = { open, list: async () => [] };
  const listening = await createRegistryServer({ repositories, idleTimeoutMs: 100 }).listen();
  context.defer(() => listening.close());
  const statusOf = async (method: string, path: string) =>
    (await fetch(`${listening.url}/v2/a/${path}`, { method })).status;
  assert.is(await statusOf("GET", "tags/list"), 200);
  assert.is(await statusOf("HEAD", "manifests/1"), 404);
  assert.is(await statusOf("POST", "blobs/uploads/"), 202);
  const silent = request(`${listening.url}/v2/a/blobs/uploads/`, { method: "POST", headers: { "content-length": 5 } });
  const cut = new Promise((resolve) => silent.on("error", () => resolve("cut")));
  silent.write("he");
  assert.is(await cut, "cut");
});

test("close() ends connections that are kept alive, soon", async (context) => {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "x"));
  const listening = await createRegistryServer({ repositories: createLayoutRepositories(folder) }).listen();
  await fetch(`${listening.url}/v2/`).then((response) => response.text());
  const begin = Date.now();
  await listening.close();
  assert.ok(Date.now() - begin < 1_000);
});

test.run();
