/**
 * The part of the `libdeflate` package that lading uses. `bin/bundle.ts` puts its code here at build.
 *
 * @module
 */

/** Compresses a whole buffer to raw DEFLATE. `level` is 1 to 12 (6). */
export function deflate(input: Readonly<Uint8Array>, level?: number): Uint8Array;
