/**
 * What the conformance suites of the distribution specification ask, in the order in which the rewritten one asks it: a
 * machine without Go tries it, too.
 */
import { randomBytes } from "node:crypto";
import * as assert from "uvu/assert";
import { type Algorithm, type Digest, digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createLayoutRepositories } from "../../src/service/layout-repositories.js";
import { createMemoryRepositories, startEmbeddedRegistry } from "../support/embedded-registry.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("service: conformance");
type Kind = keyof typeof KINDS;

/** Registers a test for each kind of store. */
function testEach(title: string, body: (context: TestContext, kind: Kind) => Promise<void>): void {
  for (const kind of ["layouts", "memory"] as const) test(`${title} (${kind})`, (context) => body(context, kind));
}
const REPO = "/v2/conformance/one";
const OTHER = "/v2/conformance/two";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

interface Call {
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the body without its length. */
  readonly streamed?: boolean;
}

type Registry = Awaited<ReturnType<typeof start>>;

/** Over layouts, the default, and over another kind of store. */
const KINDS = { layouts: createLayoutRepositories, memory: createMemoryRepositories };

async function start(context: TestContext, kind: Kind) {
  const { url } = await startEmbeddedRegistry(context, KINDS[kind]);
  const call = async (method: string, path: string, { body, headers = {}, streamed }: Call = {}): Promise<Answer> => {
    const sent = body === undefined ? undefined : new Uint8Array(body);
    const content = streamed && sent !== undefined ? new Blob([sent]).stream() : sent;
    const init = { method, headers, ...(content !== undefined && { body: content, duplex: "half" as const }) };
    const response = await fetch(new URL(path, url), init);
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const begin = async (repo = REPO) => locationOf(await call("POST", `${repo}/blobs/uploads/`), 202);
  return { url, call, begin };
}

function locationOf({ status, headers, bytes }: Answer, expected: number): string {
  assert.is(status, expected, bytes.toString());
  return headers.get("location") ?? "";
}

const withDigest = (location: string, digest: string) =>
  `${location}${location.includes("?") ? "&" : "?"}digest=${digest}`;
const range = (from: number, to: number) => ({ "content-range": `${from}-${to}` });

/** Sends chunks of 1024 bytes; before each, where `disorder` is set, one from elsewhere, which is refused. */
async function chunked(
  { call, begin }: Registry,
  blob: Buffer,
  digest: string,
  more: Partial<Chunks>,
): Promise<Answer> {
  let at = await begin();
  for (let from = 0; from < blob.byteLength; from += 1024) {
    const to = Math.min(from + 1024, blob.byteLength) - 1;
    const isLast = to === blob.byteLength - 1;
    const method = more.putLast && isLast ? "PUT" : "PATCH";
    const path = method === "PUT" ? withDigest(at, digest) : at;
    const wrong = from + 1024 < blob.byteLength ? from + 1024 : 0;
    if (more.disorder && wrong !== from) {
      const body = blob.subarray(wrong, wrong + 1024);
      const refused = await call(method, path, { body, headers: range(wrong, wrong + body.byteLength - 1) });
      assert.is(refused.status, 416);
      const state = await call("GET", at);
      assert.equal([state.status, state.headers.get("range")], [204, `0-${Math.max(from - 1, 0)}`]);
      at = state.headers.get("location") ?? "";
    }
    const answer = await call(method, path, { body: blob.subarray(from, to + 1), headers: range(from, to) });
    if (method === "PUT") return answer;
    at = locationOf(answer, 202);
    assert.is(answer.headers.get("range"), `0-${to}`);
  }
  return await call("PUT", withDigest(at, digest));
}

interface Chunks {
  readonly putLast: boolean;
  readonly disorder: boolean;
}

const PUSHES: Readonly<Record<string, (registry: Registry, blob: Buffer, digest: string) => Promise<Answer>>> = {
  "POST alone": ({ call }, body, digest) => call("POST", `${REPO}/blobs/uploads/?digest=${digest}`, { body }),
  "POST and PUT": async ({ call, begin }, body, digest) => call("PUT", withDigest(await begin(), digest), { body }),
  "POST with an algorithm and PUT": async ({ call }, body, digest) => {
    const post = await call("POST", `${REPO}/blobs/uploads/?digest-algorithm=${digest.split(":")[0]}`);
    return call("PUT", withDigest(locationOf(post, 202), digest), { body });
  },
  stream: async ({ call, begin }, body, digest) => {
    const patch = await call("PATCH", await begin(), { body, streamed: true });
    return call("PUT", withDigest(locationOf(patch, 202), digest));
  },
  chunks: (registry, blob, digest) => chunked(registry, blob, digest, {}),
  "chunks, the last by PUT": (registry, blob, digest) => chunked(registry, blob, digest, { putLast: true }),
  "chunks out of order": (registry, blob, digest) => chunked(registry, blob, digest, { disorder: true }),
  "chunks out of order, the last by PUT": (registry, blob, digest) =>
    chunked(registry, blob, digest, { disorder: true, putLast: true }),
};

async function checkBlob({ call }: Registry, repo: string, digest: string, blob: Buffer): Promise<void> {
  const path = `${repo}/blobs/${digest}`;
  for (const method of ["HEAD", "GET"]) {
    const { status, headers, bytes } = await call(method, path);
    assert.equal(
      [status, headers.get("content-length"), headers.get("docker-content-digest")],
      [200, String(blob.byteLength), digest],
    );
    assert.ok(bytes.equals(method === "HEAD" ? Buffer.alloc(0) : blob));
  }
}

async function checkDelete({ call }: Registry, path: string): Promise<void> {
  assert.is((await call("DELETE", path)).status, 202);
  assert.is((await call("HEAD", path)).status, 404);
  assert.is((await call("DELETE", path)).status, 404);
}

for (const algorithm of ["sha256", "sha512"] as const satisfies readonly Algorithm[]) {
  for (const [title, push] of Object.entries(PUSHES)) {
    testEach(`${algorithm}: ${title}, then read and deleted; a wrong digest keeps nothing`, async (context, kind) => {
      const registry = await start(context, kind);
      for (const size of [3 * 1024 - 5, 512, 2]) {
        const blob = randomBytes(size);
        const digest = digestOf(blob, algorithm);
        assert.is((await registry.call("GET", `${REPO}/blobs/${digest}`)).status, 404);
        const location = locationOf(await push(registry, blob, digest), 201);
        await checkBlob(registry, location.replace(/\/blobs\/[^/]+$/, ""), digest, blob);
        await checkDelete(registry, `${REPO}/blobs/${digest}`);
        const wrong = await push(registry, Buffer.concat([blob, Buffer.from("oh no")]), digest);
        assert.equal([wrong.status, JSON.parse(wrong.bytes.toString()).errors[0].code], [400, "DIGEST_INVALID"]);
        assert.is((await registry.call("HEAD", `${REPO}/blobs/${digest}`)).status, 404);
      }
    });
  }

  testEach(
    `${algorithm}: mounts by name, without one, and not of what is nowhere; nothing is lost by a delete`,
    async (context, kind) => {
      const registry = await start(context, kind);
      const { call } = registry;
      for (const [query, blob] of [
        ["&from=conformance/two", randomBytes(512)],
        ["", randomBytes(512)],
      ] as const) {
        const digest = digestOf(blob, algorithm);
        const mount = () => call("POST", `${REPO}/blobs/uploads/?mount=${digest}${query}`);
        assert.match(locationOf(await mount(), 202), /\/blobs\/uploads\//);
        await call("POST", `${OTHER}/blobs/uploads/?digest=${digest}`, { body: blob });
        assert.is(locationOf(await mount(), 201), `${REPO}/blobs/${digest}`);
        await checkDelete(registry, `${OTHER}/blobs/${digest}`);
        await checkBlob(registry, REPO, digest, blob);
        await checkDelete(registry, `${REPO}/blobs/${digest}`);
      }
    },
  );

  testEach(`${algorithm}: ranges`, async (context, kind) => {
    const { call } = await start(context, kind);
    const blob = randomBytes(2048);
    const digest = digestOf(blob, algorithm);
    await call("POST", `${REPO}/blobs/uploads/?digest=${digest}`, { body: blob });
    const get = (text: string) => call("GET", `${REPO}/blobs/${digest}`, { headers: { range: `bytes=${text}` } });
    for (const [text, from, to] of [
      ["500-1499", 500, 1499],
      ["500-", 500, 2047],
      ["-500", 1548, 2047],
      ["2000-5000", 2000, 2047],
    ] as const) {
      const { status, headers, bytes } = await get(text);
      assert.equal([status, headers.get("content-range")], [206, `bytes ${from}-${to}/2048`]);
      assert.equal([headers.get("content-length"), bytes], [String(to - from + 1), blob.subarray(from, to + 1)]);
    }
    for (const text of ["500-0", "5000-10000"]) assert.is((await get(text)).status, 416);
  });
}

testEach("an upload is cancelled, the empty blob is one, and nothing is there at first", async (context, kind) => {
  const registry = await start(context, kind);
  const { call, begin } = registry;
  const none = await call("GET", `${REPO}/referrers/${digestOf("x")}`);
  assert.equal([none.status, JSON.parse(none.bytes.toString()).manifests], [200, []]);
  assert.is((await call("GET", `${REPO}/tags/list`)).status, 404);
  const at = await begin();
  assert.is((await call("DELETE", at)).status, 204);
  assert.is((await call("GET", at)).status, 404);
  await call("PUT", withDigest(await begin(), digestOf("")));
  await checkBlob(registry, REPO, digestOf(""), Buffer.alloc(0));
});

const BLOB = Buffer.from("{}");
const blobOf = (mediaType: string, more: object = {}) => ({ mediaType, digest: digestOf(BLOB), size: 2, ...more });
const manifest = (more: object = {}) => ({
  ...{ schemaVersion: 2, mediaType: MEDIA_TYPE.manifest },
  ...{ config: blobOf(MEDIA_TYPE.config), layers: [blobOf(MEDIA_TYPE.layer)] },
  ...more,
});
const index = (manifests: readonly object[], more: object = {}) => ({
  ...{ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests },
  ...more,
});
const encode = (document: object) => Buffer.from(JSON.stringify(document, undefined, "\t"));
const describe = (document: { mediaType: string }) => {
  const bytes = encode(document);
  return { mediaType: document.mediaType, digest: digestOf(bytes), size: bytes.byteLength };
};
const MISSING = { mediaType: MEDIA_TYPE.manifest, digest: digestOf("missing"), size: 7 };
const FOREIGN = {
  ...{ mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", digest: digestOf("foreign") },
  ...{ size: 123456, urls: ["https://store.example/blob"] },
};
const CHILD = manifest({ annotations: { child: "1" } });
const INNER = index([describe(CHILD)]);

/** Documents that are pushed one after the other; the last one is tagged. */
const DOCUMENTS: Readonly<Record<string, readonly { mediaType: string }[]>> = {
  image: [manifest()],
  "3.9 MB": [
    manifest({ annotations: Object.fromEntries(Array.from({ length: 390 }, (_, n) => [`a${n}`, "A".repeat(10_000)])) }),
  ],
  "index of an index": [CHILD, INNER, index([describe(INNER)])],
  "empty index": [index([])],
  artifact: [manifest({ artifactType: "text/x-one", config: blobOf("application/vnd.oci.empty.v1+json") })],
  "missing subject": [manifest({ subject: MISSING })],
  "data field": [manifest({ config: blobOf(MEDIA_TYPE.config, { data: BLOB.toString("base64") }) })],
  nondistributable: [manifest({ layers: [FOREIGN] })],
  "unknown fields": [manifest({ "org.example.b": { z: 1, a: [2] } })],
  "no layers": [manifest({ layers: [] })],
};

for (const [title, documents] of Object.entries(DOCUMENTS)) {
  testEach(`manifests: ${title}: put, listed, read as it came, deleted`, async (context, kind) => {
    const registry = await start(context, kind);
    const { call } = registry;
    await call("POST", `${REPO}/blobs/uploads/?digest=${digestOf(BLOB)}`, { body: BLOB });
    const put = (target: string, document: { mediaType: string }) =>
      call("PUT", `${REPO}/manifests/${target}`, {
        body: encode(document),
        headers: { "content-type": document.mediaType },
        streamed: true,
      });
    const digests: Digest[] = documents.map((document) => describe(document).digest);
    for (const [at, document] of documents.entries()) locationOf(await put(digests[at] ?? "", document), 201);
    const last = documents.at(-1) ?? manifest();
    const digest = describe(last).digest;
    for (const tag of ["a", "b"]) assert.is((await put(tag, last)).headers.get("docker-content-digest"), digest);
    for (const target of ["a", digest]) {
      for (const method of ["HEAD", "GET"]) {
        const { status, headers, bytes } = await call(method, `${REPO}/manifests/${target}`);
        assert.equal([status, headers.get("content-type")], [200, last.mediaType]);
        assert.equal(
          [headers.get("docker-content-digest"), headers.get("content-length")],
          [digest, String(encode(last).byteLength)],
        );
        if (method === "GET") assert.ok(bytes.equals(encode(last)));
      }
    }
    const tags = await call("GET", `${REPO}/tags/list?last=a`);
    assert.equal(JSON.parse(tags.bytes.toString()).tags, ["b"]);
    for (const tag of ["a", "b"]) await checkDelete(registry, `${REPO}/manifests/${tag}`);
    for (const each of digests.reverse()) await checkDelete(registry, `${REPO}/manifests/${each}`);
    await checkDelete(registry, `${REPO}/blobs/${digestOf(BLOB)}`);
  });
}

testEach(
  "referrers: by subject, filtered by type, from manifests and indexes, and of what was never pushed",
  async (context, kind) => {
    const { call } = await start(context, kind);
    await call("POST", `${REPO}/blobs/uploads/?digest=${digestOf(BLOB)}`, { body: BLOB });
    const subject = describe(manifest());
    const referrers = [
      manifest({ subject, artifactType: "text/x-one", annotations: { n: "1" } }),
      manifest({ subject, config: blobOf("text/x-two"), annotations: { n: "2" } }),
      index([], { subject, artifactType: "text/x-three", annotations: { n: "3" } }),
      manifest({ subject: MISSING, artifactType: "text/x-one" }),
    ];
    for (const document of referrers) {
      const headers = { "content-type": document.mediaType };
      const answer = await call("PUT", `${REPO}/manifests/${describe(document).digest}`, {
        body: encode(document),
        headers,
      });
      assert.is(answer.headers.get("oci-subject"), "subject" in document && (document.subject as Descriptor).digest);
    }
    const list = async (digest: string, query = "") => {
      const { status, headers, bytes } = await call("GET", `${REPO}/referrers/${digest}${query}`);
      assert.equal([status, headers.get("content-type")], [200, MEDIA_TYPE.index]);
      const { manifests } = JSON.parse(bytes.toString()) as {
        manifests: { artifactType: string; annotations?: object }[];
      };
      return { types: manifests.map((each) => each.artifactType).sort(), manifests, headers };
    };
    const all = await list(subject.digest);
    assert.equal(all.types, ["text/x-one", "text/x-three", "text/x-two"]);
    assert.equal(all.manifests.map(({ annotations }) => JSON.stringify(annotations)).sort(), [
      '{"n":"1"}',
      '{"n":"2"}',
      '{"n":"3"}',
    ]);
    const two = await list(subject.digest, "?artifactType=text/x-two");
    assert.equal([two.types, two.headers.get("oci-filters-applied")], [["text/x-two"], "artifactType"]);
    assert.equal((await list(MISSING.digest)).types, ["text/x-one"]);
    assert.is((await call("GET", `${REPO}/referrers/sha256:bad`)).status, 400);
  },
);

interface Descriptor {
  readonly digest: string;
}

testEach("tags beside a digest, of both algorithms; what is named wrongly is refused", async (context, kind) => {
  const { call } = await start(context, kind);
  await call("POST", `${REPO}/blobs/uploads/?digest=${digestOf(BLOB)}`, { body: BLOB });
  const headers = { "content-type": MEDIA_TYPE.manifest };
  const body = encode(manifest());
  for (const algorithm of ["sha256", "sha512"] as const) {
    const digest = digestOf(body, algorithm);
    const tags = Array.from({ length: 12 }, (_, n) => `${algorithm}-tag-${n}`);
    const query = tags.map((tag) => `tag=${tag}`).join("&");
    const { status, headers: said } = await call("PUT", `${REPO}/manifests/${digest}?${query}`, { body, headers });
    assert.equal([status, said.get("oci-tag")], [201, tags.join(", ")]);
    const head = await call("HEAD", `${REPO}/manifests/${tags[7]}`);
    assert.equal([head.status, head.headers.get("docker-content-digest")], [200, digest]);
  }
  const more = Buffer.concat([body, Buffer.from("  ")]);
  assert.is((await call("PUT", `${REPO}/manifests/${digestOf(body)}`, { body: more, headers })).status, 400);
  assert.is((await call("PUT", `${REPO}/manifests/sha256:baddigeststring`, { body, headers })).status, 400);
  assert.is((await call("GET", `${REPO}/manifests/sha256:baddigeststring`)).status, 404);
  assert.is((await call("HEAD", `${REPO}/manifests/.INVALID_MANIFEST_NAME`)).status, 404);
  assert.is((await call("GET", `${REPO}/manifests/${digestOf("no")}`)).status, 404);
});

test.run();
