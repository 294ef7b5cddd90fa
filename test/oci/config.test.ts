import * as assert from "uvu/assert";
import { decodeConfig, encodeConfig, type ImageConfig } from "../../src/oci/config.js";
import { digestOf } from "../../src/oci/digest.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("oci/config");
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const ROOTFS = { type: "layers", diff_ids: [digestOf("a")] };
const CONFIG = { architecture: "amd64", os: "linux", config: { Env: ["A=1"] }, rootfs: ROOTFS };
const run = (fields: object) => ({ ...CONFIG, config: fields });

test("decodeConfig() keeps unknown fields, and takes null for absent", () => {
  const input = { ...CONFIG, created: null, history: null, docker_version: "1", container_config: { env: 1 } };
  const { created: _created, history: _history, ...rest } = input;
  assert.equal(decodeConfig(bytes(input)), rest as unknown);
  assert.equal(decodeConfig(bytes({ ...CONFIG, config: null })).config, undefined);
  assert.equal(decodeConfig(bytes(run({ Env: null, Cmd: null }))).config, {});
});

test("decodeConfig() accepts what real images hold", () => {
  decodeConfig(bytes({ ...CONFIG, architecture: "", os: "", variant: "v8", "os.features": ["x"] }));
  decodeConfig(bytes(run({ Labels: { a: "two\nlines", A: "" }, Env: ["A=", "B=$(id)", "C=x\ny"], WorkingDir: "" })));
  decodeConfig(bytes(run({ Healthcheck: { Test: ["NONE"] }, ArgsEscaped: true, OnBuild: null })));
  assert.equal(decodeConfig(bytes(run({ Volumes: { "/a": null }, ExposedPorts: { "80/tcp": {} } }))).config?.Volumes, {
    "/a": {},
  });
});

const REFUSED: readonly (readonly [title: string, input: unknown, message: RegExp])[] = [
  ["case 92: a list", [], /it is a list, expected an object/],
  ["case 92: config a list", { ...CONFIG, config: [] }, /config is a list, expected an object/],
  ["case 111: Env without =", run({ Env: ["A=1", "B"] }), /config.Env\[1\] is "B", expected NAME=value/],
  ["case 111: Env without a name", run({ Env: ["=1"] }), /config.Env\[0\]/],
  ["case 111: Env with NUL", run({ Env: ["A=\0"] }), /config.Env\[0\]/],
  ["case 111: Env no list", run({ Env: { A: "1" } }), /config.Env is an object, expected a list/],
  ["case 111: Cmd a string", run({ Cmd: "sh" }), /config.Cmd is "sh", expected a list/],
  ["case 111: Entrypoint a string", run({ Entrypoint: "sh" }), /config.Entrypoint is "sh"/],
  ["case 111: User with NUL", run({ User: "a\0" }), /config.User/],
  ["case 111: WorkingDir with NUL", run({ WorkingDir: "/\0" }), /config.WorkingDir/],
  ["ExposedPorts a list", run({ ExposedPorts: ["80"] }), /config.ExposedPorts is a list/],
  ["a label that is a number", run({ Labels: { a: 1 } }), /config.Labels.a is 1/],
  ["case 88: a case variant", run({ env: ["A=1"] }), /"env" is a case variant, expected "Env"/],
  ["case 88: of a name that passes", run({ healthcheck: {} }), /expected "Healthcheck"/],
  ["no architecture", { ...CONFIG, architecture: undefined }, /architecture is missing/],
  ["no rootfs", { ...CONFIG, rootfs: undefined }, /rootfs is missing/],
  ["rootfs of another type", { ...CONFIG, rootfs: { ...ROOTFS, type: "x" } }, /rootfs.type is "x", expected "layers"/],
  [
    "a diff_id that is no digest",
    { ...CONFIG, rootfs: { type: "layers", diff_ids: ["x"] } },
    /rootfs.diff_ids\[0\] is "x"/,
  ],
  ["history that is no list of objects", { ...CONFIG, history: ["x"] }, /history\[0\] is "x"/],
];
for (const [title, input, message] of REFUSED) {
  test(`decodeConfig() refuses ${title}`, () => {
    assert.match(throws(() => decodeConfig(bytes(input)), "SYNTAX").message, message);
  });
}

test("case 113: decodeConfig() refuses 5 MB", () => {
  throws(() => decodeConfig(new Uint8Array(5_000_000)), "TOO_LARGE");
});

test("encodeConfig() writes fields in the specification's order, and maps sorted", () => {
  const config: ImageConfig = {
    rootfs: { diff_ids: [digestOf("a")], type: "layers" },
    history: [{ empty_layer: true, created_by: "x" }],
    config: { Labels: { b: "1", "10": "2", "9": "3" }, Volumes: { "/b": {}, "/a": {} }, Env: ["A=1"] },
    os: "linux",
    architecture: "amd64",
    created: "1970-01-01T00:00:00Z",
  };
  assert.is(
    new TextDecoder().decode(encodeConfig(config)),
    '{"created":"1970-01-01T00:00:00Z","architecture":"amd64","os":"linux",' +
      '"config":{"Env":["A=1"],"Volumes":{"/a":{},"/b":{}},"Labels":{"10":"2","9":"3","b":"1"}},' +
      `"rootfs":{"type":"layers","diff_ids":["${digestOf("a")}"]},"history":[{"created_by":"x","empty_layer":true}]}`,
  );
});

test.run();
