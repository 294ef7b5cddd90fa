/**
 * Documents and short texts that are nearly right, and the functions that read them.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { decodeConfig, encodeConfig } from "../../src/oci/config.js";
import { parseDigest } from "../../src/oci/digest.js";
import { decodeJson } from "../../src/oci/json.js";
import { decodeIndex, decodeManifest, encodeIndex, encodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { formatPlatform, parsePlatform } from "../../src/oci/platform.js";
import { formatReference, parseReference } from "../../src/oci/reference.js";
import { parseControl } from "../../src/package/formats/debian/control.js";
import { debianMetadata } from "../../src/package/formats/debian/metadata.js";
import { formatFqn, parseFqn } from "../../src/package/fqn.js";
import { decodeMetadata, encodeMetadata } from "../../src/package/metadata.js";
import { parseRequirement } from "../../src/package/requirement.js";
import { parseRecipe } from "../../src/recipe/parse.js";
import { parseTransport } from "../../src/transport.js";
import { controlOf } from "../support/deb.js";
import { mutateBytes, mutateText } from "./random.js";
import type { Target } from "./targets.js";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const layer = { mediaType: MEDIA_TYPE.layerGzip, digest: DIGEST, size: 10, annotations: { a: "b" } };
const config = { mediaType: MEDIA_TYPE.config, digest: DIGEST, size: 2 };
const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers: [layer, layer] };
const platform = { os: "linux", architecture: "arm64", variant: "v8" };
const index = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.index,
  manifests: [{ mediaType: MEDIA_TYPE.manifest, digest: DIGEST, size: 10, platform }],
};
const imageConfig = {
  ...{ architecture: "amd64", os: "linux", created: "2024-01-01T00:00:00Z" },
  config: { Env: ["PATH=/bin"], Cmd: ["sh"], Labels: { a: "b" }, ExposedPorts: { "80/tcp": {} } },
  rootfs: { type: "layers", diff_ids: [DIGEST] },
  history: [{ created_by: "x", empty_layer: true }],
};
const metadata = {
  fqn: "package::/acme::demo",
  version: "1.2",
  architecture: "amd64",
  provides: [{ type: "runtime", name: "demo" }],
  dependencies: [{ type: "os", name: "linux" }, "package::/a::b (>= 1)"],
  environment: { PATH: "/opt/bin:$PATH" },
  tags: ["x"],
  resource: { digest: DIGEST, length: 10 },
};

const JSON_WORDS = [
  "null",
  "true",
  "0",
  "-1",
  "1e9",
  "9007199254740993",
  '""',
  "[]",
  "{}",
  '"__proto__"',
  "\\u0000",
  "\ufeff",
  '"a"',
];

/** A target for JSON; with `read` come the checks. */
function json(name: string, document: object, read: (bytes: Buffer) => void): Target {
  const text = JSON.stringify(document);
  return {
    name,
    make: (random) =>
      random.once(3)
        ? mutateBytes(random, Buffer.from(text))
        : Buffer.from(mutateText(random, text, [...JSON_WORDS, "schemaVersion", "layers", "size"])),
    run: read,
  };
}

/** A target for short texts. */
function text(
  name: string,
  samples: readonly string[],
  words: readonly string[],
  read: (text: string) => void,
): Target {
  return {
    name,
    make: (random) => Buffer.from(mutateText(random, random.pick(samples), words)),
    run: (input) => read(input.toString()),
  };
}

/** What was read is written and read again as the same. */
function roundTrip<T>(value: T, again: (value: T) => T): void {
  assert.equal(again(value), value);
}

const RECIPE = `packages:
  - os: linux
  - greeting
  - package: jq (>= 1.0)
files:
  - { from: src, to: /srv, ignore: ["*.log"] }
environment: { PATH: "/opt/bin:$PATH" }
entrypoint: [/bin/sh, -c]
platforms: [linux/amd64]
labels: { a: b }
`;
const YAML_WORDS = [
  "&a",
  "*a",
  "<<",
  "!!binary",
  "|",
  ">",
  "\n  ",
  "- ",
  ": ",
  "? ",
  "~",
  "yes",
  "0x1f",
  "{",
  "]",
  "#",
  "\t",
  "---",
];
const REFERENCES = ["ubuntu", "ghcr.io/a/b:1", `localhost:5000/x/y:t@${DIGEST}`, "[::1]:5000/a/b"];
const PLACES = ["oci:dir:tag", "store:name:tag", "docker://host/name:tag", "oci:/a/b"];
const MARKS = [":", "/", "@", ".", "-", "_", "sha256", "..", "//", "[", "]", "é", "%2f", "0", "linux", "a".repeat(130)];

export const DOCUMENTS: readonly Target[] = [
  json("json", { a: [1, "b", { c: null }], d: "\u00e9" }, (bytes) => {
    const value = decodeJson(bytes, { what: "x" });
    assert.equal(value, JSON.parse(bytes.toString()));
  }),
  json("manifest", manifest, (bytes) =>
    roundTrip(decodeManifest(bytes), (value) => decodeManifest(Buffer.from(encodeManifest(value)))),
  ),
  json("index", index, (bytes) =>
    roundTrip(decodeIndex(bytes), (value) => decodeIndex(Buffer.from(encodeIndex(value)))),
  ),
  json("config", imageConfig, (bytes) => roundTrip(decodeConfig(bytes), (value) => decodeConfig(encodeConfig(value)))),
  json("metadata", metadata, (bytes) => {
    const options = { source: "x.json" };
    const { metadata: value, claims } = decodeMetadata(bytes, options);
    assert.equal(decodeMetadata(encodeMetadata(value, claims), options).metadata, value);
  }),
  text("recipe", [RECIPE], YAML_WORDS, (input) => void parseRecipe(input)),
  text("reference", REFERENCES, MARKS, (input) =>
    roundTrip(parseReference(input), (value) => parseReference(formatReference(value))),
  ),
  text("place", PLACES, MARKS, (input) => void parseTransport(input)),
  text("platform", ["linux/amd64", "linux/arm64/v8"], MARKS, (input) =>
    roundTrip(parsePlatform(input), (value) => parsePlatform(formatPlatform(value))),
  ),
  text("digest", [DIGEST], MARKS, (input) => assert.is(parseDigest(input), input)),
  text("fqn", ["package::/a/b::c", "/a::b", "name"], [...MARKS, "::", "package"], (input) =>
    roundTrip(parseFqn(input), (value) => parseFqn(formatFqn(value))),
  ),
  text(
    "requirement",
    ["runtime=ruby", "package:jq (>= 1.6)", "os:linux"],
    [...MARKS, ">=", "(", ")", "<<", "="],
    (input) => void parseRequirement(input),
  ),
  text(
    "control",
    [controlOf({ Depends: "a (>= 1), b | c [amd64 !i386], d:any", Provides: "x (= 1)", Description: "a\n b\n .\n c" })],
    [":", ",", "|", "(", ")", ">=", "<<", "~", "\n", "\n ", "[", "]", "<", "!", "0", "all", "1:2-3", "é"],
    (input) => void debianMetadata(parseControl(input, "control"), "control"),
  ),
];
