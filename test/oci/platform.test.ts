import fc from "fast-check";
import * as assert from "uvu/assert";
import { describe } from "../../src/oci/descriptor.js";
import { matchPlatform } from "../../src/oci/match-platform.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { formatPlatform, parsePlatform } from "../../src/oci/platform.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("oci/platform");

const READ: readonly (readonly [text: string, normal: string])[] = [
  ["linux/amd64", "linux/amd64"],
  ["linux/amd64/v1", "linux/amd64"],
  ["linux/amd64/v3", "linux/amd64/v3"],
  ["linux/amd64/3", "linux/amd64/v3"],
  ["Linux/X86_64", "linux/amd64"],
  ["linux/aarch64", "linux/arm64"],
  ["linux/arm64/v8", "linux/arm64"],
  ["linux/arm64/v9", "linux/arm64/v9"],
  ["linux/arm", "linux/arm/v7"],
  ["linux/armel", "linux/arm/v6"],
  ["linux/armhf", "linux/arm/v7"],
  ["linux/arm/6", "linux/arm/v6"],
  ["linux/i386", "linux/386"],
  ["linux/ppc64el", "linux/ppc64le"],
  ["macos/arm64", "darwin/arm64"],
];
for (const [text, normal] of READ) {
  test(`parsePlatform() reads ${text} as ${normal}`, () => {
    assert.is(formatPlatform(parsePlatform(text)), normal);
    assert.equal(parsePlatform(normal), parsePlatform(text));
  });
}

for (const text of [
  "",
  "linux",
  "linux/",
  "/amd64",
  "linux//v1",
  "a/b/c/d",
  "linux/am d64",
  "linux/amd64\n",
  "linux/../x",
]) {
  test(`parsePlatform() refuses ${JSON.stringify(text)}`, () => {
    assert.match(throws(() => parsePlatform(text), "SYNTAX").message, /expected OS\/ARCHITECTURE/);
  });
}

test("parsePlatform() gives back what formatPlatform() wrote", () => {
  const part = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,10}$/);
  fc.assert(
    fc.property(part, part, fc.option(part), (os, architecture, variant) => {
      const once = parsePlatform([os, architecture, ...(variant === null ? [] : [variant])].join("/"));
      assert.equal(parsePlatform(formatPlatform(once)), once);
    }),
  );
});

const entry = (text: string) => {
  const [os = "", architecture = "", variant] = text.split("/");
  const platform = { os, architecture, ...(variant !== undefined && { variant }) };
  return { ...describe(MEDIA_TYPE.manifest, Buffer.from(text)), ...(text !== "none" && { platform }) };
};

const MATCHES: readonly (readonly [want: string, entries: string, found: string])[] = [
  ["linux/amd64", "linux/arm64 linux/amd64", "linux/amd64"],
  ["linux/amd64", "linux/amd64/v3 linux/amd64/v2 linux/amd64", "linux/amd64"],
  ["linux/amd64", "linux/amd64/v3 linux/amd64/v1", "linux/amd64/v1"],
  ["linux/amd64/v3", "linux/amd64 linux/amd64/v2 linux/amd64/v4 linux/amd64/v3", "linux/amd64/v3"],
  ["linux/amd64/v3", "linux/amd64 linux/amd64/v2 linux/amd64/v4", "linux/amd64/v2"],
  ["linux/amd64/v3", "linux/amd64/v4 linux/amd64", "linux/amd64"],
  ["linux/arm64", "linux/arm64/v9 linux/arm64/v8", "linux/arm64/v8"],
  ["linux/arm64/v8", "linux/arm linux/arm64", "linux/arm64"],
  ["linux/arm64/v9", "linux/arm64 linux/arm64/v8.2", "linux/arm64/v8.2"],
  ["linux/arm", "linux/arm/v5 linux/arm/v6 linux/arm/v7", "linux/arm/v7"],
  ["linux/arm/v6", "linux/arm/v7 linux/arm/v5", "linux/arm/v5"],
  ["linux/ppc64le/power9", "linux/ppc64le/power8 linux/ppc64le", "linux/ppc64le"],
  ["linux/amd64", "unknown/unknown none linux/amd64", "linux/amd64"],
  ["linux/amd64", "unknown/unknown none", "none"],
  ["linux/amd64", "linux/x86_64", "linux/x86_64"],
];
for (const [want, entries, found] of MATCHES) {
  test(`matchPlatform() takes ${found} for ${want} from ${entries}`, () => {
    const list = entries.split(" ").map(entry);
    assert.is(matchPlatform(parsePlatform(want), list).digest, entry(found).digest);
  });
}

const NONE: readonly (readonly [want: string, entries: string, list: string])[] = [
  ["linux/amd64", "linux/arm64 linux/arm/v6", "holds linux/arm64, linux/arm/v6"],
  ["linux/amd64", "linux/amd64/v2", "holds linux/amd64/v2"],
  ["linux/amd64/v2", "linux/amd64/v3", "holds linux/amd64/v3"],
  ["linux/arm/v6", "linux/arm", "holds linux/arm"],
  ["windows/amd64", "linux/amd64", "holds linux/amd64"],
  ["linux/amd64", "unknown/unknown", "names no platform"],
  ["linux/amd64", "none none", "names no platform"],
];
for (const [want, entries, list] of NONE) {
  test(`matchPlatform() finds nothing for ${want} in ${entries}`, () => {
    const error = throws(() => matchPlatform(parsePlatform(want), entries.split(" ").map(entry)), "NOT_FOUND");
    assert.equal(error.detail, { what: "platform", name: formatPlatform(parsePlatform(want)) });
    assert.ok(error.message.includes(list), error.message);
  });
}

test("matchPlatform() takes the first of equals, and skips attestations by their annotation", () => {
  const first = entry("linux/amd64");
  const second = { ...first, size: 1 };
  assert.is(matchPlatform(parsePlatform("linux/amd64"), [first, second]), first);
  const attestation = { ...first, annotations: { "vnd.docker.reference.type": "attestation-manifest" } };
  assert.is(matchPlatform(parsePlatform("linux/amd64"), [attestation, second]), second);
});

test("matchPlatform() compares os.version where it is asked for", () => {
  const plain = entry("windows/amd64");
  const old = { ...plain, platform: { os: "windows", architecture: "amd64", "os.version": "10.0.1" } };
  const fresh = { ...plain, platform: { os: "windows", architecture: "amd64", "os.version": "10.0.2" } };
  assert.is(matchPlatform(fresh.platform, [plain, old, fresh]), fresh);
  assert.is(matchPlatform(parsePlatform("windows/amd64"), [old, fresh]), old);
});

test.run();
