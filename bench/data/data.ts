/**
 * Everything that rows are run on. Files are made when a row first asks for them and kept for the next time.
 *
 * @module
 */

import { createReadStream } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { createHeavyLayer } from "./heavy.js";
import { type MadeFile, makeTar, noise, prependFile, writeMade } from "./make-tar.js";
import { type PackageSet, prepareSetA } from "./set-a.js";

export type SetName = "A" | "small";

/** Sizes in bytes, and counts. */
export interface Scale {
  readonly single: number;
  readonly smallFiles: number;
  readonly tinyPackages: number;
  readonly heavyBytes: number;
  readonly heavyFiles: number;
  /** What 1× is in the rows of growth. */
  readonly growth: { readonly bytes: number; readonly files: number; readonly packages: number };
}

const SCALES: Readonly<Record<SetName, Scale>> = {
  A: {
    single: 1e9,
    smallFiles: 50_000,
    tinyPackages: 500,
    heavyBytes: 10 * 2 ** 30,
    heavyFiles: 1_000_000,
    growth: { bytes: 64e6, files: 6000, packages: 7 },
  },
  small: {
    single: 4e6,
    smallFiles: 500,
    tinyPackages: 20,
    heavyBytes: 64 * 2 ** 20,
    heavyFiles: 2000,
    growth: { bytes: 250e3, files: 100, packages: 2 },
  },
};

export interface Data {
  readonly set: SetName;
  readonly scale: Scale;
  /** The 20 packages. */
  packages(): Promise<PackageSet>;
  /** One archive of one file of `size` bytes, or of that many small files, gzipped or not. */
  archive(shape: { readonly bytes: number } | { readonly files: number }, end: "tar" | "tar.gz"): Promise<string>;
  /** `count` packages of one small file each. */
  tiny(count: number): Promise<readonly string[]>;
  /** `count` packages as the small ones of a distribution are: 20 files, 200 kB. */
  smallPackages(count: number): Promise<readonly string[]>;
  /** A gzipped layer of one file of that many bytes; nothing of its uncompressed size is ever stored. */
  heavyBytes(): Promise<string>;
  /** A gzipped layer of that many empty files. */
  heavyFiles(): Promise<string>;
  /** The package of that name with another file in it, a different one for each `number`; goes into `folder`. */
  changed(tar: string, number: number, folder: string): Promise<string>;
}

/** Small files as source trees have them: 3.2 kB apart, 40 to a folder. */
function* smallFiles(count: number): Generator<MadeFile> {
  for (let at = 0; at < count; at++) {
    const folder = `opt/tree/d${Math.floor(at / 1600)}/e${Math.floor(at / 40)}`;
    yield { path: `${folder}/file-${at}.txt`, size: 200 + ((at * 7919) % 5000) };
  }
}

async function once(path: string, make: () => Promise<void>): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) await make();
  return path;
}

/** A set for quick runs: 20 packages of some hundred kilobytes. */
async function prepareSmall(folder: string): Promise<PackageSet> {
  const made = Array.from({ length: 20 }, async (_, at) => {
    const files = Array.from({ length: 4 + at }, (_, file) => ({
      path: `opt/p${at}/f${file}`,
      size: 500 + 200 * file * at,
    }));
    const path = join(folder, `p${at}.tar`);
    await once(path, () => writeMade(path, makeTar(`p${at}`, files)));
    await once(`${path}.gz`, () => writeMade(`${path}.gz`, makeTar(`p${at}`, files)));
    return path;
  });
  const tar = await Promise.all(made);
  const sizes = await Promise.all(tar.map(async (path) => (await stat(path)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const description = `small set: 20 made packages, ${(total / 1e6).toFixed(1)} MB of tar; bars are for set A and not judged`;
  return { description, gz: tar.map((path) => `${path}.gz`), tar, xz: [] };
}

/** The data of a set, below `root`. */
export async function createData(root: string, set: SetName): Promise<Data> {
  const folder = join(root, set);
  await mkdir(folder, { recursive: true });
  const scale = SCALES[set];
  let packages: Promise<PackageSet> | undefined;
  return {
    set,
    scale,
    packages() {
      packages ??= set === "A" ? prepareSetA(folder) : prepareSmall(folder);
      return packages;
    },
    async archive(shape, end) {
      const [name, files] =
        "bytes" in shape
          ? [`bytes-${shape.bytes}`, [{ path: "opt/large", size: shape.bytes }]]
          : [`files-${shape.files}`, smallFiles(shape.files)];
      const path = join(folder, `${name}.${end}`);
      return await once(path, () => writeMade(path, makeTar(name, files)));
    },
    async tiny(count) {
      await mkdir(join(folder, "tiny"), { recursive: true });
      const paths = Array.from({ length: count }, (_, at) => join(folder, "tiny", `t${at}.tar.gz`));
      for (const [at, path] of paths.entries()) {
        const files = [{ path: `opt/tiny/t${at}`, size: 300 }];
        await once(path, () => writeMade(path, makeTar(`tiny ${at}`, files)));
      }
      return paths;
    },
    async smallPackages(count) {
      await mkdir(join(folder, "small"), { recursive: true });
      const paths = Array.from({ length: count }, (_, at) => join(folder, "small", `s${at}.tar.gz`));
      for (const [at, path] of paths.entries()) {
        const files = Array.from({ length: 20 }, (_, file) => ({ path: `opt/s${at}/f${file}`, size: 1000 * file }));
        await once(path, () => writeMade(path, makeTar(`small ${at}`, files)));
      }
      return paths;
    },
    async heavyBytes() {
      const path = join(folder, `heavy-bytes-${scale.heavyBytes}.tar.gz`);
      return await once(path, () => createHeavyLayer(path, scale.heavyBytes));
    },
    async heavyFiles() {
      const path = join(folder, `heavy-files-${scale.heavyFiles}.tar.gz`);
      const files = function* () {
        for (let at = 0; at < scale.heavyFiles; at++) yield { path: `opt/d${Math.floor(at / 500)}/f${at}`, size: 0 };
      };
      return await once(path, () => writeMade(path, makeTar("files", files())));
    },
    async changed(tar, number, into) {
      const path = join(into, `${basename(tar)}.gz`);
      const content = noise(`changed ${number}`, 4096);
      const file = { path: "opt/lading-bench-changed", size: content.length };
      await writeMade(path, prependFile(file, content, createReadStream(tar, { highWaterMark: 1 << 18 })));
      return path;
    },
  };
}
