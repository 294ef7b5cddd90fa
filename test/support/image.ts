import { type Descriptor, describe } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { writeTar } from "../../src/tar/write.js";

/** Puts a small image with these layers, whatever their bytes are, and gives its manifest's descriptor. */
export async function putImage(
  store: Store,
  layers: readonly Uint8Array[],
  more: object = {},
  architecture = "amd64",
): Promise<Descriptor> {
  const put = async (mediaType: string, bytes: Uint8Array) => {
    const { digest, size } = describe(mediaType, bytes);
    return store.put(mediaType, fromBytes(bytes), { digest, size });
  };
  const descriptors = [];
  for (const bytes of layers) descriptors.push(await put(MEDIA_TYPE.layer, bytes));
  const diffIds = layers.map((bytes) => digestOf(bytes));
  const config = { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: diffIds } };
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: await put(MEDIA_TYPE.config, Buffer.from(JSON.stringify(config))),
    layers: descriptors,
    ...more,
  };
  return put(MEDIA_TYPE.manifest, Buffer.from(JSON.stringify(manifest)));
}

/** A tar with one file. */
export async function tarOf(name: string, size = 100): Promise<Buffer> {
  const content = Buffer.alloc(size, name);
  const entry = { path: name.replaceAll(" ", "-"), type: "file", mode: 0o644, uid: 0, gid: 0, mtime: 0 } as const;
  return await collect(writeTar([{ ...entry, size, open: () => fromBytes(content) }]), size + 4096);
}

/** Puts an image with a layer for each name, that of one file of that size. */
export async function putTarImage(store: Store, names: readonly string[], size = 100, more: object = {}) {
  const layers = [];
  for (const name of names) layers.push(await tarOf(name, size));
  return await putImage(store, layers, more);
}
