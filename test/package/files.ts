/**
 * Package files on disk, for tests.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Package } from "../../src/package/package.js";
import { createLayoutStore } from "../../src/store/layout.js";
import type { Store } from "../../src/store/store.js";
import { listTree } from "../support/folder.js";
import { archive, directory, file } from "../support/hostile-tar.js";
import type { TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

/** A clean tar of one file with this content. */
export const tarWith = (content: string): Buffer => archive(directory("srv/"), file("srv/data", content));
/** The same, compressed as any gzip does it. */
export const tarGzWith = (content: string): Buffer => gzipSync(tarWith(content), { level: 9 });

/** Writes a tarball, and the document beside it. Gives its path. */
export async function writePackage(
  folder: string,
  name: string,
  bytes: Uint8Array,
  document?: object,
): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  if (document !== undefined) await writeFile(`${path}.json`, JSON.stringify(document));
  return path;
}

/** A package that is made of nothing but its name. */
export async function writeNamed(folder: string, name: string, more: object = {}): Promise<string> {
  return await writePackage(folder, `${name}.tar.gz`, tarGzWith(name), { name, ...more });
}

export interface Place {
  /** Where package files may stand. */
  readonly folder: string;
  /** A layout beside it. */
  readonly store: Store;
  readonly layout: string;
  /** Every path of the layout, with its digest. */
  list(): Promise<readonly string[]>;
}

export async function createPlace(context: TestContext): Promise<Place> {
  const folder = await tempFolder(context);
  const layout = join(await tempFolder(context), "store");
  return { folder, layout, store: createLayoutStore(layout), list: () => listTree(layout) };
}

export const names = (packages: readonly Package[]) =>
  packages.map(({ fqn, version, architecture }) => [fqn, architecture, version].filter(Boolean).join(" "));
