/**
 * The promises that every `Store` keeps. Each implementation's test calls this once.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half");
  throw new Error("the source broke");
}

/** Puts a whole small image and gives its manifest's descriptor. `seed` makes its layer unlike others. */
async function putImage(store: Store, seed: string) {
  const layer = await store.put(MEDIA_TYPE.layer, fromBytes(`layer ${seed}`));
  const config = await store.put(
    MEDIA_TYPE.config,
    fromBytes(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: {},
        rootfs: { type: "layers", diff_ids: [layer.digest] },
      }),
    ),
  );
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers: [layer] };
  return await store.put(MEDIA_TYPE.manifest, fromBytes(JSON.stringify(manifest)));
}

/**
 * Registers the contract's tests. `create` gives an empty store, and cleans up through the test's context; `nameOf` makes names
 * of the store's own grammar of the letters that the tests use.
 */
export function testStore(
  name: string,
  create: (context: TestContext) => Promise<Store>,
  nameOf: (letter: string) => string = (letter) => letter,
): void {
  const test = suite(`Store contract: ${name}`);

  test("put() names content by its digest, however it is chunked", async (context) => {
    const store = await create(context);
    const descriptor = await store.put("text/plain", chunks("he", "llo"));
    assert.equal(descriptor, { mediaType: "text/plain", digest: digestOf("hello"), size: 5 });
    assert.equal((await collect(store.open(descriptor), 100)).toString(), "hello");
  });

  test("put() twice gives the same and keeps it readable", async (context) => {
    const store = await create(context);
    const first = await store.put("text/plain", chunks("a"));
    assert.equal(await store.put("text/plain", chunks("a")), first);
    assert.equal((await collect(store.open(first), 100)).toString(), "a");
  });

  test("put() refuses content that is not what was promised, and keeps nothing of it", async (context) => {
    const store = await create(context);
    const digest = digestOf("b");
    await rejects(store.put("text/plain", chunks("a"), { digest, size: 1 }), "DIGEST_MISMATCH");
    assert.not.ok(await store.has({ mediaType: "text/plain", digest, size: 1 }));
    assert.not.ok(await store.has({ mediaType: "text/plain", digest: digestOf("a"), size: 1 }));
  });

  test("put() refuses content of another size than was promised", async (context) => {
    const store = await create(context);
    await rejects(store.put("text/plain", chunks("ab"), { digest: digestOf("ab"), size: 3 }), "DIGEST_MISMATCH");
  });

  test("put() whose source breaks keeps nothing", async (context) => {
    const store = await create(context);
    let message = "";
    await store.put("text/plain", failing()).catch((error) => {
      message = String(error.message);
    });
    assert.match(message, "the source broke");
    assert.not.ok(await store.has({ mediaType: "text/plain", digest: digestOf("half"), size: 4 }));
  });

  test("has() asks for digest and size", async (context) => {
    const store = await create(context);
    const descriptor = await store.put("text/plain", chunks("hello"));
    assert.ok(await store.has(descriptor));
    assert.not.ok(await store.has({ ...descriptor, size: 6 }));
    assert.not.ok(await store.has({ ...descriptor, digest: digestOf("other") }));
  });

  test("open() refuses to tell less or more than the descriptor says", async (context) => {
    const store = await create(context);
    const descriptor = await store.put("text/plain", chunks("hello"));
    await rejects(collect(store.open({ ...descriptor, size: 4 }), 100), "DIGEST_MISMATCH");
    await rejects(collect(store.open({ ...descriptor, digest: digestOf("x") }), 100), "NOT_FOUND");
  });

  test("resolve() reports a missing name", async (context) => {
    const error = await rejects((await create(context)).resolve(nameOf("nothing")), "NOT_FOUND");
    assert.is(error.detail.name, nameOf("nothing"));
  });

  test("tag() points a name at a manifest, and a later one replaces it", async (context) => {
    const store = await create(context);
    const [first, second] = [await putImage(store, "1"), await putImage(store, "2")];
    await store.tag([{ name: nameOf("latest"), descriptor: first }]);
    assert.is((await store.resolve(nameOf("latest"))).digest, first.digest);
    await store.tag([{ name: nameOf("latest"), descriptor: second }]);
    const found = await store.resolve(nameOf("latest"));
    assert.equal([found.digest, found.size, found.mediaType], [second.digest, second.size, second.mediaType]);
  });

  test("tag() refuses a manifest that is not there", async (context) => {
    const store = await create(context);
    const descriptor = { mediaType: MEDIA_TYPE.manifest, digest: digestOf("no"), size: 2 };
    await rejects(store.tag([{ name: nameOf("latest"), descriptor }]), "NOT_FOUND");
  });

  test("tags() lists names in order; untag() forgets one and leaves the content", async (context) => {
    const store = await create(context);
    const [first, second] = [await putImage(store, "1"), await putImage(store, "2")];
    await store.tag([
      { name: nameOf("b"), descriptor: second },
      { name: nameOf("a"), descriptor: first },
      { name: nameOf("c"), descriptor: first },
    ]);
    assert.equal(await names(store), ["a", "b", "c"].map(nameOf));
    await store.untag(["b", "absent"].map(nameOf));
    assert.equal(await names(store), ["a", "c"].map(nameOf));
    assert.is((await store.resolve(nameOf("c"))).digest, first.digest);
  });

  test("with keep, what loses its last name stays listed by its digest", async (context) => {
    const store = await create(context);
    const [first, second] = [await putImage(store, "1"), await putImage(store, "2")];
    await store.tag([
      { name: nameOf("a"), descriptor: first },
      { name: nameOf("b"), descriptor: first },
    ]);
    await store.tag([{ name: nameOf("a"), descriptor: second }], { keep: true });
    await store.untag([nameOf("b")], { keep: true });
    assert.equal(await names(store), [nameOf("a")]);
    assert.is((await store.resolve(first.digest)).digest, first.digest);
  });

  test("a signal that has fired stops put() and leaves nothing", async (context) => {
    const store = await create(context);
    const signal = AbortSignal.abort();
    let name = "";
    await store.put("text/plain", chunks("late"), { signal }).catch((error) => {
      name = error.name;
    });
    assert.is(name, "AbortError");
    assert.not.ok(await store.has({ mediaType: "text/plain", digest: digestOf("late"), size: 4 }));
  });

  test.run();
}

async function names(store: Store): Promise<(string | undefined)[]> {
  return (await store.tags()).map(({ name }) => name).filter((name) => name !== undefined);
}
