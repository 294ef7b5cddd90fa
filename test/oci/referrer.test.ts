import * as assert from "uvu/assert";
import { describe } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { encodeIndex, encodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { readReferrer, referrersTag } from "../../src/oci/referrer.js";
import { suite } from "../support/suite.js";

const test = suite("oci/referrer");
const SUBJECT = describe(MEDIA_TYPE.manifest, Buffer.from("subject"));
const CONFIG = describe(MEDIA_TYPE.empty, Buffer.from("{}"));

function read(mediaType: string, bytes: Uint8Array) {
  return readReferrer(describe(mediaType, bytes), bytes);
}

test("readReferrer() takes the artifact's type, else the config's, and the annotations", () => {
  const base = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: CONFIG,
    layers: [],
    subject: SUBJECT,
  } as const;
  const typed = encodeManifest({ ...base, artifactType: "text/sbom", annotations: { a: "b" } });
  assert.equal(read(MEDIA_TYPE.manifest, typed), {
    subject: SUBJECT,
    descriptor: { ...describe(MEDIA_TYPE.manifest, typed), artifactType: "text/sbom", annotations: { a: "b" } },
  });
  const untyped = encodeManifest(base);
  assert.is(read(MEDIA_TYPE.manifest, untyped)?.descriptor.artifactType, MEDIA_TYPE.empty);
});

test("readReferrer() reads indexes, and finds nothing without a subject", () => {
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] } as const;
  const bytes = encodeIndex({ ...index, subject: SUBJECT });
  assert.equal(read(MEDIA_TYPE.index, bytes)?.descriptor, describe(MEDIA_TYPE.index, bytes));
  assert.is(read(MEDIA_TYPE.index, encodeIndex(index)), undefined);
  assert.is(read("text/plain", Buffer.from("x")), undefined);
});

test("referrersTag() is algorithm and 64 digits", () => {
  const { digest } = SUBJECT;
  assert.is(referrersTag(digest), digest.replace(":", "-"));
  assert.is(referrersTag(digestOf("x", "sha512")).length, "sha512-".length + 64);
});

test.run();
