import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { decodeJson, encodeJson } from "../../src/oci/json.js";
import { namesOf } from "../../src/oci/json-parser.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("oci/json");
const bytes = (text: string) => new TextEncoder().encode(text);
const decode = (text: string | Uint8Array, options: object = {}) =>
  decodeJson(typeof text === "string" ? bytes(text) : text, { what: "thing", ...options });

const REFUSED: readonly (readonly [title: string, input: string | Uint8Array, message: RegExp])[] = [
  ["nothing", "", /line 1, column 1: it ends early/],
  ["blanks alone", " \n ", /ends early/],
  ["case 87: a duplicate key", '{"a":1,\n "b":{"c":1,"c":2}}', /in b at line 2, column 13: the key "c" comes twice/],
  ["case 87: a duplicate key, escaped", '{"a":1,"\\u0061":2}', /the key "a" comes twice/],
  ["case 89: a second value", '{"a":1} {"a":2}', /line 1, column 9: there is more/],
  ["case 89: a bracket too many", '{"a":1}}', /there is more/],
  ["case 90: a byte-order mark", new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), /byte-order mark/],
  ["case 90: __proto__", '{"__proto__":{"a":1}}', /"__proto__" is not allowed/],
  ["case 90: __proto__, escaped", '{"__pr\\u006fto__":{"a":1}}', /"__proto__" is not allowed/],
  ["case 90: NaN", '{"a":NaN}', /in a at line 1, column 6: expected a value/],
  ["case 90: nesting", "[".repeat(65), /deeper than 64/],
  ["case 90: megabytes of nesting", '{"a":'.repeat(800_000), /deeper than 64/],
  ["an infinity", '{"a":1e400}', /beyond 2\^53/],
  ["case 92: 2^53", "[9007199254740992]", /in \[0\] .*beyond 2\^53/],
  ["case 92: 2^53 + 1", "[9007199254740993]", /beyond 2\^53/],
  ["a leading zero", "[01]", /expected ","/],
  ["a plus", "[+1]", /expected a value/],
  ["a bare point", "[.5]", /expected a value/],
  ["a point without digits", "[1.]", /expected ","/],
  ["a comma too many", "[1,]", /expected a value/],
  ["a comma too many in an object", '{"a":1,}', /expected a key/],
  ["a missing comma", "[1 2]", /expected ","/],
  ["a missing colon", '{"a" 1}', /expected ":"/],
  ["a key without quotes", "{a:1}", /expected a key/],
  ["single quotes", "['a']", /expected a value/],
  ["a comment", "[1] // one", /there is more/],
  ["a word cut short", "[tru]", /expected a value/],
  ["a string without end", '["abc', /a string has no end/],
  ["a string that ends in a backslash", '["abc\\', /a string has no end/],
  ["a line end in a string", '["a\nb"]', /line 1, column 4: a control character/],
  ["an unknown escape", '["\\x41"]', /escape that JSON does not know/],
  ["half of a surrogate pair", '["\\ud800"]', /half of a surrogate pair/],
  ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), /not UTF-8/],
  ["a surrogate in UTF-8", new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), /not UTF-8/],
  ["a list without end", "[1", /expected "," or "]"/],
];
for (const [title, input, message] of REFUSED) {
  test(`decodeJson() refuses ${title}`, () => {
    const error = throws(() => decode(input), "SYNTAX");
    assert.match(error.message, message);
    assert.is(error.detail.kind, "thing");
    assert.not.match(error.message, /\n/);
  });
}

test("decodeJson() names path, line and column", () => {
  const { detail } = throws(() => decode('{"a":[1,\n  {"b c":x}]}'), "SYNTAX");
  assert.equal(detail, { kind: "thing", path: 'a[1]["b c"]', line: 2, column: 10 });
});

test("decodeJson() refuses more bytes than allowed, unread", () => {
  const { detail } = throws(() => decode(new Uint8Array(4 * 1024 * 1024 + 1)), "TOO_LARGE");
  assert.equal(detail, { what: "thing", limit: 4194304, actual: 4194305 });
  throws(() => decode("[1]", { maxBytes: 2 }), "TOO_LARGE");
});

test("decodeJson() keeps constructor and its like as plain keys", () => {
  const value = decode('{"constructor":{"prototype":{"polluted":1}},"toString":2,"hasOwnProperty":3}');
  assert.is(Object.getPrototypeOf(value), Object.prototype);
  assert.is(JSON.stringify(value), '{"constructor":{"prototype":{"polluted":1}},"toString":2,"hasOwnProperty":3}');
  assert.is(({} as { polluted?: unknown }).polluted, undefined);
});

test("decodeJson() accepts what maxDepth allows, and 64 levels unasked", () => {
  decode(`${"[".repeat(64)}${"]".repeat(64)}`);
  decode("[[[]]]", { maxDepth: 3 });
  throws(() => decode("[[[]]]", { maxDepth: 2 }), "SYNTAX");
});

/** The text without what I-JSON does not hold. */
function tame(text: string): unknown {
  return JSON.parse(text.replaceAll("__proto__", "proto"), (_key, value: unknown) =>
    typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER ? 1 : value,
  );
}

const NAMES = namesOf({ layers: namesOf({ mediaType: undefined, size: undefined }), annotations: undefined });
const VARIANTS: readonly (readonly [input: string, meant: string])[] = [
  ['{"Layers":[]}', "layers"],
  ['{"layers":[],"LAYERS":[]}', "layers"],
  ['{"layer\u017f":[]}', "layers"],
  ['{"layer\\u017f":[]}', "layers"],
  ['{"layers":[{"MediaType":1}]}', "mediaType"],
  ['{"layers":{"SIZE":1}}', "size"],
];
for (const [input, meant] of VARIANTS) {
  test(`decodeJson() refuses the case variant in ${input}`, () => {
    const { message } = throws(() => decode(input, { names: NAMES }), "SYNTAX");
    assert.ok(message.endsWith(`is a case variant, expected "${meant}"`), message);
  });
}

test("decodeJson() accepts case variants inside maps, and of names that nobody gave", () => {
  decode('{"annotations":{"Layers":"","LAYERS":"","mediaType":"","MediaType":""}}', { names: NAMES });
  decode('{"other":{"Layers":""},"OTHER":1}', { names: NAMES });
  decode('{"Layers":[]}');
});

test("decodeJson() agrees with JSON.parse on every JSON text", () => {
  fc.assert(
    fc.property(fc.json({ depthSize: "medium" }), fc.constantFrom(undefined, 1, "\t"), (text, indent) => {
      const written = JSON.stringify(tame(text), undefined, indent);
      assert.is(JSON.stringify(decode(written)), JSON.stringify(JSON.parse(written)));
    }),
  );
});

test("decodeJson() throws nothing but its own errors, and accepts nothing that JSON.parse refuses", () => {
  const fragment = fc.constantFrom(
    ...'{}[]",:\\',
    "0",
    "-",
    "1e9",
    "true",
    "null",
    " ",
    '"a"',
    '"\\u00e9"',
    "\\ud834",
    "é",
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      try {
        decode(text);
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
        return;
      }
      JSON.parse(text);
    }),
    { numRuns: 2000 },
  );
});

test("decodeJson() reads an index of 2 MB in time", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const annotations = { "org.opencontainers.image.ref.name": "a-name", "io.lading.version": "1.2.3-4" };
  const entry = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 1234, annotations };
  const input = encodeJson({ schemaVersion: 2, manifests: Array.from({ length: 9000 }, () => entry) });
  assert.ok(input.byteLength > 2_000_000);
  decodeJson(input, { what: "index" });
  const start = performance.now();
  decodeJson(input, { what: "index" });
  // Measured at 20 to 30 ms; the limit leaves room for a machine that does other things.
  assert.ok(performance.now() - start < 500);
});

test("encodeJson() keeps the order of objects and sorts maps bytewise", () => {
  const map = new Map([
    ["b", 1],
    ["10", 2],
    ["9", 3],
    ["\u{1f600}", 4],
    ["\uffee", 5],
    ["a", 6],
  ]);
  const text = new TextDecoder().decode(encodeJson({ z: 1, a: map, u: undefined, list: [null, true, "é<"] }));
  assert.is(text, '{"z":1,"a":{"10":2,"9":3,"a":6,"b":1,"\uffee":5,"\u{1f600}":4},"list":[null,true,"é<"]}');
});

test("encodeJson() refuses what JSON cannot hold", () => {
  for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY, () => 1, [undefined]]) {
    assert.throws(
      () => encodeJson(value),
      (error: unknown) => error instanceof TypeError,
    );
  }
});

test("encodeJson() gives back what decodeJson() read", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const written = JSON.stringify(tame(text));
      assert.is(new TextDecoder().decode(encodeJson(decode(written))), written);
    }),
  );
});

test.run();
