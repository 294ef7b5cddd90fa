import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../../src/errors.js";
import { readArMembers } from "../../../../src/package/formats/debian/ar.js";
import { arOf, memoryFile } from "../../../support/deb.js";
import { rejects } from "../../../support/rejects.js";
import { suite } from "../../../support/suite.js";

const test = suite("package/formats/debian/ar");
const read = (bytes: Uint8Array) => readArMembers(memoryFile("a.deb", bytes));

test("readArMembers() gives name, offset and size", async () => {
  const bytes = arOf(["one", "12345"], ["two/", "ab"], ["three", ""]);
  assert.equal(await read(bytes), [
    { name: "one", offset: 68, size: 5 },
    { name: "two", offset: 134, size: 2 },
    { name: "three", offset: 196, size: 0 },
  ]);
});

test("readArMembers() reads headers only", async () => {
  const file = memoryFile("a.deb", arOf(["one", Buffer.alloc(100_000)], ["two", Buffer.alloc(100_000)]));
  await readArMembers(file);
  assert.is(file.bytesRead(), 120);
});

test("readArMembers() refuses what is no ar archive", async () => {
  assert.match((await rejects(read(Buffer.from("!<arch>\r")), "FORMAT")).message, /does not start like an ar archive/);
  await rejects(read(Buffer.alloc(0)), "FORMAT");
});

test("readArMembers() sees every truncation", async () => {
  const bytes = arOf(["one", "123"], ["two", "ab"], ["odd", "x"]);
  const whole: number[] = [68 + 4, 68 + 4 + 62];
  for (let size = 8; size < bytes.length; size++) {
    if (whole.includes(size)) continue;
    const { message, detail } = await rejects(read(bytes.subarray(0, size)), "CORRUPT");
    assert.match(message, new RegExp(`truncated: .* at byte ${size}; `));
    assert.is(detail.offset, size);
  }
});

const patch = (at: number, text: string) => {
  const bytes = arOf(["one", "123"]);
  bytes.write(text, at, "latin1");
  return bytes;
};

const BAD: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["a wrong end mark", patch(8 + 58, "x"), /no ar header at byte 8/],
  ["a size that is no number", patch(8 + 48, "0x3"), /size "0x3" in an ar header at byte 56/],
  ["a negative size", patch(8 + 48, "-3"), /size "-3"/],
  ["no size", patch(8 + 48, " "), /size/],
  ["a huge size", patch(8 + 48, "9999999999"), /9999999936|bytes of member one are missing/],
  ["no name", patch(8, "   "), /name ""/],
  ["a long name's form", patch(8, "#1/20"), /name "#1\/20"/],
  ["a table of long names", patch(8, "// "), /name "\/"/],
  ["a name with a control character", patch(8, "a\n"), /name "a\\n/],
  ["too many members", arOf(...Array.from({ length: 65 }, () => ["a", ""] as const)), /more than 64 members/],
];

for (const [title, bytes, why] of BAD) {
  test(`readArMembers() refuses ${title}`, async () => {
    assert.match((await rejects(read(bytes), "CORRUPT")).message, why);
  });
}

test("readArMembers() gives members inside of the file, or an error of lading's", async () => {
  const patchOf = fc.tuple(fc.nat(200), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(patchOf, { maxLength: 4 }), fc.nat(200), async (patches, cut) => {
      const bytes = arOf(["one", "123"], ["two", "abcd"]);
      for (const [at, value] of patches) if (at < bytes.length) bytes[at] = value;
      const content = bytes.subarray(0, bytes.length - (cut % bytes.length));
      try {
        for (const { offset, size } of await read(content)) assert.ok(offset + size <= content.length);
      } catch (error) {
        assert.ok(isLadingError(error), String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test.run();
