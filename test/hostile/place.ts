/**
 * A store with one sound package in it, and the check that refused input leaves it as it was.
 *
 * @module
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { buildFiles } from "../../src/build-files.js";
import type { ErrorCode, LadingError } from "../../src/errors.js";
import { importPackages } from "../../src/package/import.js";
import { type LocalStore, openLocalStore } from "../../src/store/local.js";
import { listTree } from "../support/folder.js";
import { archive, file } from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import type { TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

export interface Place {
  readonly folder: string;
  readonly local: LocalStore;
  /** The store's folder. */
  readonly layout: string;
  /** Writes a file and gives its path. */
  write(name: string, bytes: Uint8Array | string): Promise<string>;
  /** Writes a tarball with a document beside it, and gives the tarball's path. */
  writePackage(name: string, bytes: Uint8Array, document?: object): Promise<string>;
  /** Asserts that work is refused in one line with this code, and that nothing of the store changed. */
  refuses<C extends ErrorCode>(work: () => Promise<unknown>, code: C): Promise<LadingError<C>>;
  /** The same for a resource: as a package's tarball, and as a bare tarball of a build. */
  refusesResource<C extends ErrorCode>(name: string, bytes: Uint8Array, code: C): Promise<LadingError<C>>;
}

/** Neither a line break nor another control character may come from the input into a message. */
function checkMessage({ message }: LadingError): void {
  assert.not.match(message, /\p{Cc}|\u202e/u, JSON.stringify(message));
  assert.match(message, /^Cannot \S/);
}

/** A new place; its store holds the package `sound`. */
export async function createPlace(context: TestContext): Promise<Place> {
  const folder = join(await tempFolder(context), "in");
  await mkdir(folder);
  const layout = join(folder, "../store");
  const local = openLocalStore(layout);
  const write: Place["write"] = async (name, bytes) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  const writePackage: Place["writePackage"] = async (name, bytes, document) => {
    await write(`${name}.json`, JSON.stringify(document ?? { name: name.split(".")[0] }));
    return await write(name, bytes);
  };
  const refuses: Place["refuses"] = async (work, code) => {
    const before = await listTree(layout);
    const error = await rejects(work(), code);
    checkMessage(error);
    assert.equal(await listTree(layout), before, "the store is as it was");
    return error;
  };
  await importPackages(local.store, [await writePackage("sound.tar.gz", gzipSync(archive(file("srv/a", "a"))))]);
  return {
    folder,
    local,
    layout,
    write,
    writePackage,
    refuses,
    async refusesResource(name, bytes, code) {
      const path = await writePackage(`hostile-${name}`, bytes);
      const bare = await write(`bare-${name}`, bytes);
      const error = await refuses(() => importPackages(local.store, [path], { cache: local.cache }), code);
      assert.ok(error.message.includes(path), `${error.message} should name ${path}`);
      const built = await refuses(() => buildFiles([bare], { local }), code);
      assert.ok(built.message.includes(bare), `${built.message} should name ${bare}`);
      return error;
    },
  };
}
