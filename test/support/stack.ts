/**
 * Images of layers that are written down entry by entry.
 *
 * @module
 */

import type { Descriptor } from "../../src/oci/descriptor.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import type { EntryType, WriteEntry } from "../../src/tar/entry.js";
import { writeTar } from "../../src/tar/write.js";
import { putImage } from "./image.js";

/** An entry, with what tests seldom care about left out. `path` and `target` as in `Entry.path`. */
export interface Draft {
  readonly path: string;
  readonly type?: EntryType;
  readonly text?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly target?: string;
  readonly xattrs?: Readonly<Record<string, string>>;
}

export const file = (path: string, text = "", more: Partial<Draft> = {}): Draft => ({ path, text, ...more });
export const folder = (path: string, more: Partial<Draft> = {}): Draft => ({ path, type: "directory", ...more });
export const symlink = (path: string, target: string): Draft => ({ path, type: "symlink", target });
export const hardlink = (path: string, target: string): Draft => ({ path, type: "hardlink", target });

function toEntry({ path, type = "file", text = "", mode, uid = 0, gid = 0, target, xattrs }: Draft): WriteEntry {
  return {
    ...{ path, type, mode: mode ?? (type === "directory" ? 0o755 : 0o644), uid, gid, mtime: 0, size: text.length },
    ...(target === undefined ? {} : { linkpath: target }),
    ...(xattrs === undefined ? {} : { xattrs }),
    ...(text === "" ? {} : { open: () => fromBytes(Buffer.from(text, "latin1")) }),
  };
}

/** A layer's tar. */
export function layerOf(drafts: readonly Draft[]): Promise<Buffer> {
  return collect(writeTar(drafts.map(toEntry)), 1 << 30);
}

/** Puts an image of such layers, lowest first. */
export async function putStack(store: Store, layers: readonly (readonly Draft[])[]): Promise<Descriptor> {
  const tars: Buffer[] = [];
  for (const drafts of layers) tars.push(await layerOf(drafts));
  return await putImage(store, tars);
}
