/**
 * Opening what lading and the others leave behind.
 *
 * @module
 */

import { createReadStream } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { OpenImage, OpenLayer } from "./content.js";
import { output } from "./processes.js";

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface Config {
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** Where the blobs of an image are. */
interface Blobs {
  json<T>(digest: string): Promise<T>;
  open(digest: string): AsyncIterable<Uint8Array>;
}

async function openManifest({ config, layers }: Manifest, blobs: Blobs): Promise<OpenImage> {
  const { rootfs } = await blobs.json<Config>(config.digest);
  if (rootfs.diff_ids.length !== layers.length) {
    throw new Error(`the config has ${rootfs.diff_ids.length} diff_ids, the manifest ${layers.length} layers`);
  }
  return {
    layers: layers.map(({ digest, size }, at) => ({
      claimed: rootfs.diff_ids[at],
      size,
      open: () => blobs.open(digest),
    })),
  };
}

/** The image of that name in an OCI layout; the last one without a name. */
export async function openLayout(folder: string, name?: string): Promise<OpenImage> {
  const path = (digest: string) => join(folder, "blobs", ...digest.split(":"));
  const json = async <T>(file: string) => JSON.parse(await readFile(file, "utf8")) as T;
  const blobs: Blobs = {
    json: (digest) => json(path(digest)),
    open: (digest) => createReadStream(path(digest), { highWaterMark: 1 << 18 }),
  };
  type Named = Descriptor & { readonly annotations?: Readonly<Record<string, string>> };
  const { manifests } = await json<{ readonly manifests: readonly Named[] }>(join(folder, "index.json"));
  const isNamed = (each: Named) => each.annotations?.["org.opencontainers.image.ref.name"] === name;
  const found = name === undefined ? manifests.at(-1) : manifests.find(isNamed);
  if (found === undefined) throw new Error(`there is no image "${name}" in the layout`);
  return await openManifest(await json(path(found.digest)), blobs);
}

/** The image in what `docker save` and its like write; unpacked beside the archive. */
export async function openArchive(archive: string): Promise<OpenImage> {
  const folder = `${archive}.unpacked`;
  await mkdir(folder, { recursive: true });
  await output(["tar", "-xf", archive, "-C", folder, "--force-local"]);
  // Some write the names with small letters.
  type Saved = Readonly<Record<"Config" | "config", string> & Record<"Layers" | "layers", readonly string[]>>;
  const [saved] = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as readonly Saved[];
  if (saved === undefined) throw new Error("there is no image in the archive");
  const { rootfs } = JSON.parse(await readFile(join(folder, saved.Config ?? saved.config), "utf8")) as Config;
  const names = saved.Layers ?? saved.layers;
  const layers = names.map((name, at) => openFile(join(folder, name), rootfs.diff_ids[at]));
  return { layers: await Promise.all(layers) };
}

async function openFile(path: string, claimed: string | undefined): Promise<OpenLayer> {
  const { size } = await stat(path);
  return { claimed, size, open: () => createReadStream(path, { highWaterMark: 1 << 18 }) };
}

/** Files, each taken for a layer. */
export async function openFiles(paths: readonly string[]): Promise<OpenImage> {
  return { layers: await Promise.all(paths.map((path) => openFile(path, undefined))) };
}

async function get(url: string): Promise<Response> {
  const headers = {
    accept: "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json",
  };
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`GET ${url}: ${response.status}`);
  return response;
}

/** The image of that name in a registry that is spoken to by plain http. */
export async function openRegistryImage(host: string, repository: string, tag: string): Promise<OpenImage> {
  const root = `http://${host}/v2/${repository}`;
  const blobs: Blobs = {
    json: async (digest) => (await get(`${root}/blobs/${digest}`)).json() as never,
    async *open(digest) {
      const { body } = await get(`${root}/blobs/${digest}`);
      if (body !== null) yield* body as unknown as AsyncIterable<Uint8Array>;
    },
  };
  return await openManifest((await (await get(`${root}/manifests/${tag}`)).json()) as Manifest, blobs);
}
