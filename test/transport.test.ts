import * as assert from "uvu/assert";
import { createMemoryCache } from "../src/store/cache.js";
import { createMemoryStore } from "../src/store/memory.js";
import { openTransport, parseTransport, type Transport } from "../src/transport.js";
import { throws } from "./support/rejects.js";
import { suite } from "./support/suite.js";

const test = suite("transport");
const DIGEST = `sha256:${"0".repeat(64)}`;

const PARSED: readonly (readonly [text: string, transport: unknown])[] = [
  ["oci:out", { kind: "oci", folder: "out", name: undefined }],
  ["oci:out:py", { kind: "oci", folder: "out", name: "py" }],
  ["oci:./a b/out:1.0", { kind: "oci", folder: "./a b/out", name: "1.0" }],
  ["oci:/abs:host:5000/team/py:1", { kind: "oci", folder: "/abs", name: "host:5000/team/py:1" }],
  [`oci:out:${DIGEST}`, { kind: "oci", folder: "out", name: DIGEST }],
  ["oci-archive:x.tar", { kind: "oci-archive", file: "x.tar", name: undefined }],
  ["oci-archive:/a b/x.tar:team/py:1", { kind: "oci-archive", file: "/a b/x.tar", name: "team/py:1" }],
  ["docker-archive:x.tar", { kind: "docker-archive", file: "x.tar", name: undefined }],
  ["docker-archive:x.tar:docker.io/library/py", { kind: "docker-archive", file: "x.tar", name: "py:latest" }],
  ["docker-archive:x.tar:h.example:5000/py:1", { kind: "docker-archive", file: "x.tar", name: "h.example:5000/py:1" }],
  [`docker-archive:x.tar:${DIGEST}`, { kind: "docker-archive", file: "x.tar", name: DIGEST }],
  ["store:py", { kind: "store", name: "py:latest" }],
  ["store:py:1", { kind: "store", name: "py:1" }],
  ["store:127.0.0.1:5000/team/py", { kind: "store", name: "127.0.0.1:5000/team/py:latest" }],
  [`store:${DIGEST}`, { kind: "store", name: DIGEST }],
  [
    "docker://127.0.0.1:5000/team/py:1",
    { kind: "docker", reference: { registry: "127.0.0.1:5000", repository: "team/py", tag: "1" } },
  ],
  [
    `docker://h.example/py@${DIGEST}`,
    { kind: "docker", reference: { registry: "h.example", repository: "py", digest: DIGEST } },
  ],
  ["debian:12", { kind: "docker", reference: { registry: "docker.io", repository: "library/debian", tag: "12" } }],
  ["localhost/x", { kind: "docker", reference: { registry: "localhost", repository: "x" } }],
];

for (const [text, transport] of PARSED) {
  test(`parseTransport() reads ${text}`, () => {
    assert.equal(parseTransport(text), transport as Transport);
  });
}

const REFUSED: readonly (readonly [text: string, words: RegExp])[] = [
  ["", /name is empty/],
  ["oci:", /the folder is missing, wanted oci:DIR/],
  ["oci::tag", /the folder is missing/],
  ["oci:out:", /the tag is missing/],
  ["oci:out:my tag", /"my tag" is not letters and digits/],
  ["oci:out:a__b", /"a__b" is not/],
  ["store:", /the name is missing/],
  ["store:/x", /"\/x:latest" is not/],
  ["store:a\u001b[2J", /is not letters/],
  ["dir:out", /"dir" is not a transport of lading, wanted oci:DIR\[:TAG\], oci-archive:/],
  ["oci-archive:", /the file is missing/],
  ["oci-archive:x.tar:a b", /"a b" is not letters/],
  ["docker-archive:x.tar:", /the tag is missing/],
  ["docker-archive:x.tar:UPPER", /upper-case/],
  [`docker-archive:x.tar:py@${DIGEST}`, /has a tag and no digest/],
  ["docker-daemon:x", /is not a transport/],
  ["containers-storage:x", /is not a transport/],
  ["https://h.example/x", /"https" is not a transport/],
  ["file://out", /"file" is not a transport/],
  ["docker://", /name is empty/],
  ["docker://UPPER/Name", /upper-case/],
  ["./out", /registry|name/],
];

for (const [text, words] of REFUSED) {
  test(`parseTransport() refuses ${JSON.stringify(text)}`, () => {
    const { message } = throws(() => parseTransport(text), "SYNTAX");
    assert.match(message, words);
    assert.not.match(message, /\p{Cc}/u);
  });
}

test("a text without end is shown in part", () => {
  assert.ok(throws(() => parseTransport(`dir:${"x".repeat(100_000)}`), "SYNTAX").message.length < 600);
});

test("a password in a place is never shown", () => {
  for (const text of ["docker://joe:hunter2@h.example/x", "joe:hunter2@h.example/x"]) {
    assert.not.match(throws(() => parseTransport(text), "SYNTAX").message, /hunter2/);
  }
  assert.not.match(throws(() => parseTransport("https://joe:hunter2@h.example/x"), "SYNTAX").message, /hunter2/);
});

test("openTransport() says the whole name, and opens nothing", async () => {
  const local = { store: createMemoryStore(), cache: createMemoryCache() };
  const open = (text: string) => openTransport(text, { local });
  const labels = ["oci:none", "oci:none:1", "store:x", "127.0.0.1:1/x", `docker://127.0.0.1:1/x@${DIGEST}`].map(
    async (text) => {
      const { name, label } = await open(text);
      return [name, label];
    },
  );
  assert.equal(await Promise.all(labels), [
    ["latest", "oci:none:latest"],
    ["1", "oci:none:1"],
    ["x:latest", "store:x:latest"],
    ["latest", "docker://127.0.0.1:1/x"],
    [DIGEST, `docker://127.0.0.1:1/x@${DIGEST}`],
  ]);
  assert.is((await open("store:x")).store, local.store);
});

test.run();
