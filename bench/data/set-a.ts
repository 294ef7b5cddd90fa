/**
 * Set A: the data of 20 Debian 12 packages for amd64, got by name with apt.
 *
 * @module
 */

import { createReadStream } from "node:fs";
import { access, mkdir, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { openPackageFile } from "../../src/package/file.js";
import { readArMembers } from "../../src/package/formats/debian/ar.js";
import { output } from "../processes.js";
import { writeMade } from "./make-tar.js";

const NAMES = [
  ..."gcc-12 g++-12 cpp-12 gfortran-12 libgcc-12-dev libstdc++-12-dev libllvm14 llvm-14 libboost1.74-dev".split(" "),
  ..."python3-numpy python3-scipy libpython3.11-stdlib r-base-core cmake git perl-modules-5.36".split(" "),
  ..."libopenblas0-pthread libopenmpi3 libhdf5-dev golang-1.19-src".split(" "),
];

/** What the set had when its figures were taken; a point release of Debian moves it a little. */
const EXPECTED = { tar: 943.4e6, gzip: 285.6e6 };
const TOLERANCE = 0.02;

export interface PackageSet {
  /** One line for people: what it is and how large. */
  readonly description: string;
  /** Gzipped by `gzip -n6`, and the same uncompressed and by xz, in one order; `xz` may hold fewer. */
  readonly gz: readonly string[];
  readonly tar: readonly string[];
  readonly xz: readonly string[];
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function debOf(folder: string, name: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const found = names.find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"));
  return found && join(folder, found);
}

/** Fetches what is missing, in one call. */
async function download(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const debs = await Promise.all(NAMES.map((name) => debOf(folder, name)));
  const missing = NAMES.filter((_, at) => debs[at] === undefined);
  if (missing.length > 0) await output(["apt-get", "download", "-q", ...missing], { cwd: folder });
}

/** The archive inside of a Debian package as it is: `data.tar.xz`. */
async function copyData(deb: string, target: string): Promise<void> {
  const file = await openPackageFile(deb);
  const data = (await readArMembers(file)).find(({ name }) => name === "data.tar.xz");
  if (data === undefined) throw new Error(`${deb} has no data.tar.xz`);
  await writeMade(target, file.read({ start: data.offset, end: data.offset + data.size }));
}

async function make(path: string, argv: readonly string[]): Promise<void> {
  if (await isThere(path)) return;
  await output(argv, { stdout: `${path}.part` });
  await rename(`${path}.part`, path);
}

async function prepare(name: string, folder: string, debs: string) {
  const [gz, tar, xz] = ["gz", "", "xz"].map((end) => join(folder, `${name}.tar${end && `.${end}`}`)) as [
    string,
    string,
    string,
  ];
  if (!(await isThere(gz)) || !(await isThere(xz))) {
    const deb = await debOf(debs, name);
    if (deb === undefined) throw new Error(`apt-get download did not bring ${name}`);
    if (!(await isThere(xz))) await copyData(deb, xz);
    await make(tar, ["dpkg-deb", "--fsys-tarfile", deb]);
  }
  await make(tar, ["gzip", "-dc", gz]);
  await make(gz, ["gzip", "-n6", "-c", tar]);
  return { gz, tar, xz };
}

async function totalSize(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Entries of an archive: what `tar` lists. */
async function countEntries(tars: readonly string[]): Promise<number> {
  const { createScanner } = await import("../../src/tar/scan.js");
  let entries = 0;
  for (const tar of tars) {
    const scanner = createScanner({});
    for await (const chunk of createReadStream(tar, { highWaterMark: 1 << 20 })) scanner.write(chunk as Uint8Array);
    entries += scanner.end().entries;
  }
  return entries;
}

/** Gets the set into `folder`, and says how it compares to what it should be. */
export async function prepareSetA(folder: string): Promise<PackageSet> {
  await mkdir(folder, { recursive: true });
  const present = await Promise.all(
    NAMES.flatMap((name) => ["gz", "xz"].map((end) => isThere(join(folder, `${name}.tar.${end}`)))),
  );
  if (present.includes(false)) await download(join(folder, "debs"));
  const made = [];
  for (const name of NAMES) made.push(await prepare(name, folder, join(folder, "debs")));
  const [gz, tar, xz] = [made.map((each) => each.gz), made.map((each) => each.tar), made.map((each) => each.xz)];
  const [tarSize, gzSize, entries] = [await totalSize(tar), await totalSize(gz), await countEntries(tar)];
  const isClose = (actual: number, wanted: number) => Math.abs(actual / wanted - 1) <= TOLERANCE;
  const isSame = isClose(tarSize, EXPECTED.tar) && isClose(gzSize, EXPECTED.gzip);
  const sizes = `${(tarSize / 1e6).toFixed(1)} MB of tar, ${(gzSize / 1e6).toFixed(1)} MB of gzip, ${entries} entries`;
  const doubt = isSame ? "" : " (other sizes than the 943.4 and 285.6 MB of the figures that the bars come from)";
  return { description: `set A: ${NAMES.length} Debian packages, ${sizes}${doubt}`, gz, tar, xz };
}
