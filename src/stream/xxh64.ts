/**
 * XXH64 with seed 0: the content checksum of zstd frames.
 *
 * 64-bit numbers are pairs of 32-bit ones in the hot loop, since BigInt is some fifty times slower.
 *
 * @see https://github.com/Cyan4973/xxHash/blob/v0.8.2/doc/xxhash_spec.md
 * @module
 */

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const STRIPE = 32;
const mask = (value: bigint) => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint) => mask((value << bits) | (value >> (64n - bits)));
const round = (lane: bigint, input: bigint) => mask(rotate(mask(lane + input * P2), 31n) * P1);

/** The high half of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + (Math.imul(a0, b0) >>> 16);
  const lower = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(lower / 65536)) | 0;
}

const [P1_HIGH, P1_LOW, P2_HIGH, P2_LOW] = [0x9e3779b1, 0x85ebca87, 0xc2b2ae3d, 0x27d4eb4f];

/** {@link round} on lane `at` of the state, which is the low and the high half of each of four lanes. */
function roundInPlace(state: Int32Array, at: number, low: number, high: number): void {
  const addLow = Math.imul(low, P2_LOW);
  const addHigh = multiplyHigh(low, P2_LOW) + Math.imul(high, P2_LOW) + Math.imul(low, P2_HIGH);
  const sumLow = ((state[at] ?? 0) >>> 0) + (addLow >>> 0);
  const sumHigh = (state[at + 1] ?? 0) + addHigh + (sumLow > 0xffffffff ? 1 : 0);
  const turnedLow = (sumLow << 31) | ((sumHigh | 0) >>> 1);
  const turnedHigh = (sumHigh << 31) | ((sumLow | 0) >>> 1);
  state[at] = Math.imul(turnedLow, P1_LOW);
  state[at + 1] = multiplyHigh(turnedLow, P1_LOW) + Math.imul(turnedHigh, P1_LOW) + Math.imul(turnedLow, P1_HIGH);
}

function mixStripes(state: Int32Array, bytes: Uint8Array, end: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < end; at += STRIPE) {
    for (let lane = 0; lane < 4; lane++) {
      const place = at + lane * 8;
      roundInPlace(state, lane * 2, view.getUint32(place, true), view.getUint32(place + 4, true));
    }
  }
}

function mergeLanes(state: Int32Array): bigint {
  const lanes = [0, 2, 4, 6].map((at) => (BigInt((state[at + 1] ?? 0) >>> 0) << 32n) | BigInt((state[at] ?? 0) >>> 0));
  const [one = 0n, two = 0n, three = 0n, four = 0n] = lanes;
  const sum = mask(rotate(one, 1n) + rotate(two, 7n) + rotate(three, 12n) + rotate(four, 18n));
  return lanes.reduce((hash, lane) => mask((hash ^ round(0n, lane)) * P1 + P4), sum);
}

function finish(start: bigint, tail: Uint8Array): bigint {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let hash = start;
  let at = 0;
  for (; at + 8 <= tail.byteLength; at += 8) {
    hash = mask(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  for (; at + 4 <= tail.byteLength; at += 4) {
    hash = mask(rotate(hash ^ mask(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
  }
  for (; at < tail.byteLength; at++) hash = mask(rotate(hash ^ mask(BigInt(view.getUint8(at)) * P5), 11n) * P1);
  hash = mask((hash ^ (hash >> 33n)) * P2);
  hash = mask((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}

function initialState(): Int32Array {
  const lanes = [mask(P1 + P2), P2, 0n, mask(-P1)];
  return Int32Array.from(lanes.flatMap((lane) => [Number(lane & 0xffffffffn) | 0, Number(lane >> 32n) | 0]));
}

/** Creates a hasher; `end` gives the 64-bit hash of all that came. */
export function createXxh64(): { update(chunk: Uint8Array): void; end(): bigint } {
  const state = initialState();
  const tail = new Uint8Array(STRIPE);
  let pending = 0;
  let size = 0n;
  return {
    update(chunk) {
      size += BigInt(chunk.byteLength);
      let rest = chunk;
      if (pending > 0) {
        const part = rest.subarray(0, STRIPE - pending);
        tail.set(part, pending);
        pending += part.byteLength;
        rest = rest.subarray(part.byteLength);
        if (pending < STRIPE) return;
        mixStripes(state, tail, STRIPE);
      }
      const whole = rest.byteLength - (rest.byteLength % STRIPE);
      mixStripes(state, rest, whole);
      tail.set(rest.subarray(whole));
      pending = rest.byteLength - whole;
    },
    end: () => finish(mask((size >= 32n ? mergeLanes(state) : P5) + size), tail.subarray(0, pending)),
  };
}
