import { createHash } from "node:crypto";
import { gunzipSync, inflateRawSync } from "node:zlib";
import * as assert from "uvu/assert";
import { loadJoinedGzip } from "../../src/stream/gzip-joined.js";
import { suite } from "../support/suite.js";
import { corpus } from "./pieces.js";

const test = suite("stream/gzip-joined");

/** What there is of a kind in all sizes around those at which pieces end. */
const SIZES = [0, 1, 7, 8191, 8192, 8193, 30_000];

async function joined(chunks: Iterable<Uint8Array>, level: number): Promise<Buffer> {
  const join = await loadJoinedGzip(level);
  const parts: Buffer[] = [];
  for (const bytes of join(chunks)) parts.push(Buffer.from(bytes));
  return Buffer.concat(parts);
}

function lines(size: number): Buffer {
  const all = Array.from({ length: Math.ceil(size / 60) }, (_, index) => {
    const digest = createHash("sha256").update(String(index)).digest("hex");
    return `{"name":"file-${index}","digest":"sha256:${digest}"}`;
  });
  return Buffer.from(all.join(",")).subarray(0, size);
}

test("pieces become one member at every level, which ends where its file ends", async () => {
  for (const level of [1, 2, 5, 6, 8, 9, 10, 12]) {
    for (const size of SIZES) {
      for (const bytes of [lines(size), Buffer.alloc(size), corpus(size)]) {
        const member = await joined([bytes], level);
        assert.ok(gunzipSync(member).equals(bytes), `level ${level}, ${size} bytes`);
        // Raw DEFLATE has no second member: this is all of it.
        assert.ok(inflateRawSync(member.subarray(10, -8)).equals(bytes), `one member at level ${level}, ${size} bytes`);
      }
    }
  }
});

test("how bytes come makes no difference, and these are the bytes", async () => {
  const bytes = lines(100_000);
  const whole = await joined([bytes], 6);
  const chunks = [bytes.subarray(0, 5), bytes.subarray(5, 5), bytes.subarray(5, 50_001), bytes.subarray(50_001)];
  assert.ok((await joined(chunks, 6)).equals(whole));
  assert.is(
    createHash("sha256").update(whole).digest("hex"),
    "85eab3a5e06a7b44a41a299c3a4e638588e40d233a8671459414e748e578ff72",
  );
});

test.run();
