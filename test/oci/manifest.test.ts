import * as assert from "uvu/assert";
import { EMPTY_DESCRIPTOR } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import {
  childrenOf,
  decodeIndex,
  decodeManifest,
  encodeIndex,
  encodeManifest,
  type Manifest,
} from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("oci/manifest");
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const HEX = "a".repeat(64);
const LAYER = { mediaType: MEDIA_TYPE.layerGzip, digest: `sha256:${HEX}`, size: 10 };
const CONFIG = { mediaType: MEDIA_TYPE.config, digest: `sha256:${"b".repeat(64)}`, size: 2 };
const MANIFEST = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config: CONFIG, layers: [LAYER] };
const INDEX = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.index,
  manifests: [{ ...LAYER, mediaType: MEDIA_TYPE.manifest }],
};
const layer = (fields: object) => ({ ...MANIFEST, layers: [{ ...LAYER, ...fields }] });

test("decodeManifest() keeps unknown fields, and drops optional ones that are null", () => {
  const input = { ...layer({ "x-layer": [1] }), subject: null, annotations: null, "x-top": { Layers: 1 } };
  assert.equal(decodeManifest(bytes(input)), { ...layer({ "x-layer": [1] }), "x-top": { Layers: 1 } } as unknown);
});

test("decodeManifest() accepts the Docker family, a missing media type, and parameters after a given one", () => {
  const docker = { ...MANIFEST, mediaType: MEDIA_TYPE.dockerManifest };
  decodeManifest(bytes(docker), MEDIA_TYPE.dockerManifest);
  const { mediaType: _mediaType, ...bare } = MANIFEST;
  decodeManifest(bytes(bare));
  decodeManifest(bytes(bare), `${MEDIA_TYPE.manifest}; charset=utf-8`);
});

test("case 98: decodeManifest() accepts sha512", () => {
  decodeManifest(bytes(layer({ digest: `sha512:${HEX}${HEX}` })));
});

const SYNTAX: readonly (readonly [title: string, input: unknown, message: RegExp])[] = [
  ["case 88: a case variant", '{"layers":[],"Layers":[]}', /"Layers" is a case variant, expected "layers"/],
  ["case 88: in a descriptor", layer({ Digest: "x" }), /in layers\[0\] .*"Digest" is a case variant/],
  ["case 88: in a platform", layer({ platform: { OS: "a" } }), /"OS" is a case variant, expected "os"/],
  ["case 88: of another document", { ...MANIFEST, Manifests: [] }, /expected "manifests"/],
  ["case 91: schemaVersion 1", { ...MANIFEST, schemaVersion: 1 }, /schemaVersion is 1, expected 2/],
  ["case 91: no schemaVersion", { ...MANIFEST, schemaVersion: undefined }, /schemaVersion is missing, expected 2/],
  ['case 91: schemaVersion "2"', { ...MANIFEST, schemaVersion: "2" }, /schemaVersion is "2", expected 2/],
  ["case 92: layers null", { ...MANIFEST, layers: null }, /layers is null, expected a list/],
  ["case 92: no layers", { ...MANIFEST, layers: undefined }, /layers is missing/],
  ["case 92: no config", { ...MANIFEST, config: undefined }, /config is missing, expected an object/],
  ["case 92: config a list", { ...MANIFEST, config: [] }, /config is a list, expected an object/],
  ["case 92: size -1", layer({ size: -1 }), /layers\[0\].size is -1, expected a whole number of bytes/],
  ["case 92: size 1.5", layer({ size: 1.5 }), /size is 1.5/],
  ['case 92: size "12"', layer({ size: "12" }), /size is "12"/],
  ["case 92: size 2^53 + 1", JSON.stringify(MANIFEST).replace(":10", ":9007199254740993"), /beyond 2\^53/],
  ["case 93: a digest that climbs", layer({ digest: "sha256:../../etc/passwd" }), /digest is "sha256:\.\./],
  ["case 94: an upper-case digest", layer({ digest: `sha256:${"A".repeat(64)}` }), /layers\[0\].digest is/],
  ["case 95: md5", layer({ digest: `md5:${"a".repeat(32)}` }), /digest is "md5/],
  ["case 96: 63 digits", layer({ digest: `sha256:${"a".repeat(63)}` }), /digest is/],
  ["case 96: 65 digits", layer({ digest: `sha256:${"a".repeat(65)}` }), /digest is/],
  ["case 97: no digits", layer({ digest: "sha256:" }), /digest is "sha256:"/],
  ["a digest with a line end", layer({ digest: `sha256:${HEX}\n` }), /digest is/],
  ["a layer that is null", { ...MANIFEST, layers: [null] }, /layers\[0\] is null/],
  ["a media type that is none", layer({ mediaType: "gzip\r\nx: y" }), /expected a media type/],
  ["annotations that are a list", { ...MANIFEST, annotations: [] }, /annotations is a list/],
  ["an annotation that is a number", { ...MANIFEST, annotations: { "a.b": 1 } }, /annotations\["a.b"\] is 1/],
  ["case 109: data that is no base64", layer({ data: "a" }), /layers\[0\].data is "a", expected standard base64/],
  ["a list", [], /it is a list, expected an object/],
  ["null", null, /it is null/],
];
for (const [title, input, message] of SYNTAX) {
  test(`decodeManifest() refuses ${title}`, () => {
    const error = throws(() => decodeManifest(bytes(input)), "SYNTAX");
    assert.match(error.message, message);
  });
}

const FORMAT: readonly (readonly [title: string, input: unknown, given: string | undefined, message: RegExp])[] = [
  ["case 84: manifests and layers together", { ...MANIFEST, manifests: [] }, undefined, /field manifests/],
  ["case 85: another media type than given", MANIFEST, MEDIA_TYPE.dockerManifest, /expected application\/vnd.docker/],
  [
    "case 86: an index that is called a manifest",
    { schemaVersion: 2, manifests: [] },
    MEDIA_TYPE.manifest,
    /manifests/,
  ],
  ["an index", INDEX, undefined, /found media type application\/vnd.oci.image.index/],
  ["bytes that are given as an index", MANIFEST, MEDIA_TYPE.index, /found media type application\/vnd.oci.image.index/],
  ["Docker's first schema", { schemaVersion: 1, fsLayers: [] }, undefined, /field fsLayers/],
];
for (const [title, input, given, message] of FORMAT) {
  test(`decodeManifest() refuses ${title}`, () => {
    const options = given === undefined ? {} : { mediaType: given };
    assert.match(throws(() => decodeManifest(bytes(input), options), "FORMAT").message, message);
  });
}

test("case 113: decodeManifest() refuses 5 MB", () => {
  throws(() => decodeManifest(new Uint8Array(5_000_000)), "TOO_LARGE");
  throws(() => decodeIndex(bytes(INDEX), { maxBytes: 10 }), "TOO_LARGE");
});

test("case 109: decodeManifest() refuses data that is not what the digest says", () => {
  const good = { ...EMPTY_DESCRIPTOR };
  decodeManifest(bytes({ ...MANIFEST, config: good }));
  throws(() => decodeManifest(bytes({ ...MANIFEST, config: { ...good, data: "e31=" } })), "SYNTAX");
  throws(() => decodeManifest(bytes({ ...MANIFEST, config: { ...good, data: "W10=" } })), "DIGEST_MISMATCH");
  throws(() => decodeManifest(bytes({ ...MANIFEST, config: { ...good, size: 3 } })), "DIGEST_MISMATCH");
});

test("decodeIndex() accepts an empty list, nested indexes and entries without platform", () => {
  decodeIndex(bytes({ schemaVersion: 2, manifests: [] }));
  decodeIndex(bytes({ ...INDEX, manifests: [{ ...LAYER, mediaType: MEDIA_TYPE.index }] }), MEDIA_TYPE.index);
});

test("decodeIndex() refuses a manifest, layers beside manifests, and no manifests", () => {
  throws(() => decodeIndex(bytes(MANIFEST)), "FORMAT");
  throws(() => decodeIndex(bytes({ ...INDEX, layers: [] })), "FORMAT");
  throws(() => decodeIndex(bytes({ ...INDEX, config: CONFIG })), "FORMAT");
  throws(() => decodeIndex(bytes({ ...INDEX, manifests: null })), "SYNTAX");
  throws(() => decodeIndex(bytes({ schemaVersion: 2 })), "SYNTAX");
});

test("decodeIndex() calls the document what it is told", () => {
  const { message } = throws(() => decodeIndex(bytes("{"), { what: "out/index.json" }), "SYNTAX");
  assert.match(message, /^Cannot decode out\/index.json at line 1/);
});

test("encodeManifest() writes fields in the specification's order, and annotations sorted", () => {
  const annotations = { b: "1", "10": "2", "9": "3" };
  const digest = digestOf("x");
  const descriptor = {
    annotations,
    size: 1,
    digest,
    mediaType: MEDIA_TYPE.layer,
    platform: { os: "linux", architecture: "amd64" },
  };
  const manifest: Manifest = { annotations, layers: [descriptor], config: descriptor, schemaVersion: 2 };
  const sorted = '{"10":"2","9":"3","b":"1"}';
  const written = `{"mediaType":"${MEDIA_TYPE.layer}","digest":"${digest}","size":1,"annotations":${sorted},"platform":{"architecture":"amd64","os":"linux"}}`;
  assert.is(
    new TextDecoder().decode(encodeManifest(manifest)),
    `{"schemaVersion":2,"config":${written},"layers":[${written}],"annotations":${sorted}}`,
  );
});

test("encodeManifest() and encodeIndex() give back what was decoded, unknown fields included", () => {
  const manifest = bytes({ ...MANIFEST, zz: { b: 1, a: 2 }, constructor: 1 });
  assert.equal(Buffer.from(encodeManifest(decodeManifest(manifest))), Buffer.from(manifest));
  const index = bytes({ ...INDEX, zz: null });
  assert.equal(Buffer.from(encodeIndex(decodeIndex(index))), Buffer.from(index));
});

test("childrenOf() gives config and layers, manifests, or nothing, and never the subject", () => {
  const subject = { ...LAYER, mediaType: MEDIA_TYPE.manifest };
  assert.equal(childrenOf(MEDIA_TYPE.manifest, bytes({ ...MANIFEST, subject })), [CONFIG, LAYER] as unknown);
  assert.equal(childrenOf(MEDIA_TYPE.index, bytes({ ...INDEX, subject })), INDEX.manifests as unknown);
  assert.equal(childrenOf(MEDIA_TYPE.layerGzip, bytes("not JSON")), []);
  throws(() => childrenOf(MEDIA_TYPE.index, bytes(MANIFEST)), "FORMAT");
});

test.run();
