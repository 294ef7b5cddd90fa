/**
 * One build of everything that lading makes bytes of, under any conditions, and the digests that it always has.
 *
 * @module
 */

import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { compress } from "../../src/stream/codec.js";
import { LADING } from "../bin/command.js";
import { corpus } from "../stream/pieces.js";
import { arOf, controlOf, tarOf } from "../support/deb.js";
import { archive, directory, file, hardlink, symlink as link, pax, record } from "../support/hostile-tar.js";
import { run } from "../support/programs.js";

/** What differs from machine to machine and must not show. */
export interface Conditions {
  /** The program that runs lading (this process's). */
  readonly node?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As a shell writes it (`022`). */
  readonly umask?: string;
  readonly jobs?: number;
  /** Words before the program: `taskset -c 0`. */
  readonly wrap?: readonly string[];
  /** Write inputs, and name them, in the other order. */
  readonly reversed?: boolean;
}

/** Digests of the image and its layers, by output. */
export type Digests = Readonly<Record<string, readonly string[]>>;

/** Bytes, so that no package's resource depends on the zlib of the Node that runs this. */
const gzip = async (bytes: Uint8Array): Promise<Buffer> =>
  collect(compress(fromBytes(bytes), { type: "gzip" }), 1 << 26);

const INPUTS: Readonly<Record<string, () => Promise<Buffer>>> = {
  "kept.tar.gz": () => gzip(archive(directory("srv/"), file("srv/kept", "kept"), hardlink("srv/link", "srv/kept"))),
  "plain.tar": async () => archive(directory("opt/"), file("opt/large", corpus(8_600_000).toString("latin1"))),
  "unclean.tar.gz": () =>
    gzip(
      Buffer.concat([
        pax(record("comment", "x"), "g"),
        file("/abs", "1"),
        file("twice", "1"),
        file("caf\xc3\xa9", "2"),
        link("l", "abs"),
        file("twice", "22"),
      ]),
    ),
};

/** The deb that `debOf` of the tests makes, compressed by lading. */
async function debBytes(): Promise<Buffer> {
  const control = tarOf(["./", ""], ["./control", controlOf()]);
  const data = tarOf(["./usr/", ""], ["./usr/bin/", ""], ["./usr/bin/demo", "#!/bin/sh\n"]);
  return arOf(["debian-binary", "2.0\n"], ["control.tar.gz", await gzip(control)], ["data.tar.gz", await gzip(data)]);
}

const SOURCES = ["z", "a", "B", "é", "10", "9", "d/x", "d/a"];

const RECIPE = `packages: [base, kept, large, unclean, demo]
files:
  - { from: src, to: /srv/files }
environment: { PATH: "/opt/bin:$PATH" }
labels: { z: "1", a: "2" }
`;

/** Writes package files, a recipe, and its files. */
async function writeInputs(folder: string, reversed: boolean): Promise<readonly string[]> {
  const order = <T>(items: readonly T[]) => (reversed ? [...items].reverse() : items);
  await mkdir(join(folder, "src/d"), { recursive: true });
  for (const name of order(SOURCES)) await writeFile(join(folder, "src", name), `file ${name}`);
  await symlink("a", join(folder, "src/link"));
  if (reversed) await utimes(join(folder, "src/a"), 1, 1);
  await writeFile(join(folder, "lading.yaml"), RECIPE);
  await writeFile(join(folder, "demo.deb"), await debBytes());
  const paths = ["demo.deb"];
  for (const [path, make] of Object.entries(INPUTS)) {
    const name = path === "plain.tar" ? "large" : path.replace(/\..*/, "");
    await writeFile(join(folder, path), await make());
    await writeFile(join(folder, `${path}.json`), JSON.stringify({ name, provides: [{ type: "runtime", name }] }));
    paths.push(path);
  }
  await writeFile(join(folder, "base.tar.gz"), await gzip(archive(directory("bin/"), file("bin/sh", "x"))));
  await writeFile(
    join(folder, "base.tar.gz.json"),
    JSON.stringify({ name: "base", provides: [{ type: "os", name: "linux" }] }),
  );
  return order([...paths, "base.tar.gz"]);
}

interface Built {
  readonly digest: string;
  readonly images?: readonly { readonly layers?: readonly { readonly digest: string }[] }[];
}

/** Imports and builds in an empty folder, and gives the digests. Throws what lading says where it fails. */
export async function buildUnder(folder: string, conditions: Conditions): Promise<Digests> {
  const { node = process.execPath, env = {}, umask = "022", jobs, wrap = [], reversed = false } = conditions;
  await mkdir(folder, { recursive: true });
  const paths = await writeInputs(folder, reversed);
  const lading = async (args: readonly string[]): Promise<string> => {
    const words = [...wrap, node, LADING, ...args, ...(jobs === undefined ? [] : ["--jobs", String(jobs)])];
    const script = `umask ${umask}; exec "$@"`;
    const own = { HOME: folder, LADING_STORE: undefined, XDG_DATA_HOME: undefined, SOURCE_DATE_EPOCH: undefined };
    const { code, stdout, stderr } = await run("sh", ["-c", script, "sh", ...words], {
      cwd: folder,
      env: { ...own, ...env },
    });
    if (code !== 0) throw new Error(`lading ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const digests: Record<string, readonly string[]> = {};
  for (const compression of ["gzip", "zstd"]) {
    const store = ["--store", `store-${compression}`, "--compression", compression, "--json"];
    const imported = JSON.parse(await lading(["package", "import", ...paths, ...store])) as {
      package: { name: string; manifest: { digest: string }; layer: { descriptor: { digest: string } } };
    }[];
    for (const { package: pkg } of imported) {
      digests[`${compression} ${pkg.name}`] = [pkg.manifest.digest, pkg.layer.descriptor.digest];
    }
    const built = JSON.parse(await lading(["build", ".", "-t", "t:1", ...store])) as Built;
    digests[`${compression} image`] = [built.digest];
  }
  return Object.fromEntries(Object.entries(digests).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is tried on every machine, beside what it has as it is. */
export const CONDITIONS: readonly (readonly [title: string, conditions: Conditions])[] = [
  ["one job", { jobs: 1 }],
  ["four jobs, inputs in the other order", { jobs: 4, reversed: true }],
  [
    "a strict umask, another time zone and locale",
    { umask: "077", env: { TZ: "Asia/Kathmandu", LC_ALL: "tr_TR.UTF-8", LANG: "C" } },
  ],
  [
    "an open umask, the C locale, no threads for files",
    { umask: "000", env: { TZ: "America/St_Johns", LC_ALL: "C", UV_THREADPOOL_SIZE: "1" } },
  ],
];
