import { join } from "node:path";
import * as assert from "uvu/assert";
import { createRegistryStore } from "../../src/registry/client.js";
import { copy } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { putImage } from "../support/image.js";
import { missing, run } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("service: skopeo");

test.needs(
  missing("skopeo"),
  "skopeo copies to the embedded registry and back, digests as they were",
  async (context) => {
    const { host } = await startEmbeddedRegistry(context);
    const folder = await tempFolder(context);
    const from = join(folder, "from");
    const local = createLayoutStore(from);
    const root = await putImage(local, [Buffer.alloc(3_000_000, "x"), Buffer.from("small")]);
    await local.tag([{ name: "1", descriptor: root }]);
    const skopeo = async (...args: string[]) => {
      const { code, stderr, stdout } = await run("skopeo", ["--insecure-policy", ...args]);
      assert.is(code, 0, stderr);
      return stdout;
    };
    const remote = `docker://${host}/team/app:1`;
    await skopeo("copy", "-q", "--preserve-digests", "--dest-tls-verify=false", `oci:${from}:1`, remote);
    const store = createRegistryStore({ registry: host, repository: "team/app" });
    assert.equal(await store.resolve("1"), root);
    await skopeo("copy", "-q", "--preserve-digests", "--src-tls-verify=false", remote, `oci:${join(folder, "back")}:1`);
    assert.is((await createLayoutStore(join(folder, "back")).resolve("1")).digest, root.digest);
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", remote));
    assert.is(inspected.Digest, root.digest);
    assert.equal(inspected.RepoTags, ["1"]);
    assert.equal(JSON.parse(await skopeo("list-tags", "--tls-verify=false", `docker://${host}/team/app`)).Tags, ["1"]);
    // What skopeo pushed, lading pulls, and the other way round.
    const pulled = createLayoutStore(join(folder, "pulled"));
    await copy(root, store, pulled);
    assert.ok(await pulled.has(root));
    await store.tag([{ name: "2", descriptor: root }]);
    await skopeo("copy", "-q", "--src-tls-verify=false", `docker://${host}/team/app:2`, `dir:${join(folder, "dir")}`);
    await skopeo("delete", "--tls-verify=false", remote);
  },
);

test.run();
