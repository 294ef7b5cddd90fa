/**
 * Zip files for tests.
 *
 * @module
 */

import yazl from "yazl";
import { gather } from "../../stream/pieces.js";

export interface Member {
  readonly name: string;
  readonly data: Buffer;
  /** Deflate it (no). */
  readonly deflate?: boolean;
}

export async function zipOf(members: readonly Member[]): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const { name, data, deflate = false } of members) zip.addBuffer(data, name, { compress: deflate });
  zip.end();
  return await gather(zip.outputStream as unknown as AsyncIterable<Uint8Array>);
}
