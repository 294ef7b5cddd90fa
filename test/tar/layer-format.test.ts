import { gunzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { LAYER_TYPE } from "../../src/oci/media-type.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { decompress } from "../../src/stream/codec.js";
import { isEstargzOwn } from "../../src/tar/estargz.js";
import {
  compressionOf,
  isOfFormat,
  type LayerFormat,
  type LayerTable,
  packTar,
  TABLE_ANNOTATION,
  tableOf,
} from "../../src/tar/layer-format.js";
import { suite } from "../support/suite.js";
import { gather, SAMPLE, tarOf } from "./layers.js";
import { scan } from "./read.js";

const test = suite("tar/layer-format");

const TYPES: readonly LayerFormat["type"][] = ["gzip", "zstd", "none", "estargz", "zstd:chunked"];

/** A layer's bytes and table. */
async function pack(format: LayerFormat) {
  const tar = await tarOf(SAMPLE);
  const tables: LayerTable[] = [];
  const blob = await gather(packTar(fromBytes(tar), format, { onTable: (table) => tables.push(table) }));
  return { tar, blob, tables };
}

for (const type of TYPES) {
  test(`${type} is read as what it is taken for, and the table says what is read`, async () => {
    const { tar, blob, tables } = await pack({ type });
    const plain = await gather(decompress(fromBytes(blob), compressionOf({ type })));
    const own = scan(plain).entries.filter(({ path }) => !isEstargzOwn(path));
    assert.equal(own, scan(tar).entries);
    const [table] = tables;
    const mediaType = LAYER_TYPE[compressionOf({ type })];
    const layer = { mediaType, digest: digestOf(blob), size: blob.length, annotations: table?.annotations ?? {} };
    assert.is(tables.length, type in TABLE_ANNOTATION ? 1 : 0);
    assert.is(tableOf(layer), type in TABLE_ANNOTATION ? type : undefined);
    assert.equal(
      TYPES.filter((each) => isOfFormat(layer, { type: each })),
      TYPES.filter((each) => each === type || (type in TABLE_ANNOTATION && each === compressionOf({ type }))),
    );
    if (table === undefined) assert.is(plain.equals(tar), true);
    else assert.equal([table.diffId, table.uncompressedSize], [digestOf(plain), plain.length]);
  });
}

test("levels count", async () => {
  for (const type of ["gzip", "estargz"] as const) {
    const [fast, small] = [await pack({ type, level: 1 }), await pack({ type, level: 9 })];
    assert.not(fast.blob.equals(small.blob));
    assert.ok(gunzipSync(fast.blob).equals(gunzipSync(small.blob)) || type === "estargz");
  }
});

test("an annotation on a layer of another compression names no table", () => {
  const annotations = { [TABLE_ANNOTATION.estargz]: "x" };
  const layer = { digest: digestOf(""), size: 0, annotations };
  assert.is(tableOf({ ...layer, mediaType: LAYER_TYPE.zstd }), undefined);
  assert.is(tableOf({ ...layer, mediaType: LAYER_TYPE.gzip }), "estargz");
});

test.run();
