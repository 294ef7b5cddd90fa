import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../src/errors.js";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../../src/oci/media-type.js";
import { createRegistryStore } from "../../../src/registry/client.js";
import { copy } from "../../../src/store/copy.js";
import { createLayoutStore } from "../../../src/store/layout.js";
import { createMemoryStore } from "../../../src/store/memory.js";
import type { Store } from "../../../src/store/store.js";
import { mapConcurrent } from "../../../src/stream/pool.js";
import { basicOf, type GuardedRegistry, passwordOf, startGuardedRegistry } from "../../support/guarded-registry.js";
import { putImage } from "../../support/image.js";
import { missing, run } from "../../support/programs.js";
import { suite } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";

const test = suite("service/access: who may do what", { deadlineMs: 120_000 });

const WHO = ["ann", "bob", "carl", "anonymous"] as const;
type Who = (typeof WHO)[number];
type Table = Readonly<Record<string, Readonly<Record<Who, string>>>>;

/** The owner, a member, somebody of another workspace, and nobody: at repositories of each scope. */
const TABLE: Table = {
  "w/lab/app": { ann: "pull push delete", bob: "pull push", carl: "", anonymous: "" },
  "w/lab/u/ann/app": { ann: "pull push delete", bob: "", carl: "", anonymous: "" },
  "w/lab/u/bob/app": { ann: "", bob: "pull push delete", carl: "", anonymous: "" },
  "w/lab/shared": { ann: "pull push delete", bob: "pull push", carl: "pull", anonymous: "" },
  "w/lab/public": { ann: "pull push delete", bob: "pull push", carl: "pull", anonymous: "pull" },
  "w/ops/app": { ann: "", bob: "", carl: "pull push", anonymous: "" },
  "base/app": { ann: "", bob: "", carl: "", anonymous: "" },
};
const REPOSITORIES = Object.keys(TABLE);

/** A place of one's own to mount into. */
const OWN: Readonly<Record<string, string>> = { ann: "w/lab/u/ann/own", bob: "w/lab/u/bob/own", carl: "w/ops/own" };

/** Gives every repository an image by the name of 1, and one for each who may try to delete it. */
async function fill({ folder }: GuardedRegistry): Promise<void> {
  for (const name of REPOSITORIES) {
    const store = createLayoutStore(join(folder, name, "_layout"), { shared: true });
    await store.tag([{ name: "1", descriptor: await putImage(store, [Buffer.from(`layer of ${name}`)]) }]);
    for (const who of WHO) {
      const descriptor = await putImage(store, [Buffer.from(`${who} deletes from ${name}`)]);
      await store.tag([{ name: `of-${who}`, descriptor }]);
    }
  }
}

/** Tries each action of each user at each repository. */
async function tableOf(
  attempts: Readonly<Record<string, (who: Who, repository: string) => Promise<boolean>>>,
): Promise<Table> {
  const rows: [string, Record<Who, string>][] = [];
  for (const repository of REPOSITORIES) {
    const cells = await mapConcurrent(WHO, 4, async (who) => {
      const may: string[] = [];
      for (const [action, attempt] of Object.entries(attempts)) if (await attempt(who, repository)) may.push(action);
      return [who, may.join(" ")] as const;
    });
    rows.push([repository, Object.fromEntries(cells) as Record<Who, string>]);
  }
  return Object.fromEntries(rows);
}

/** Every request of an action has to have the same outcome. */
function agree(outcomes: readonly boolean[], what: string): boolean {
  assert.is(new Set(outcomes).size, 1, `${what}: ${outcomes.join(" ")}`);
  return outcomes[0] === true;
}

for (const way of ["Basic", "tokens"] as const) {
  test(`every endpoint keeps the table, by ${way}`, async (context) => {
    const registry = await startGuardedRegistry(context);
    await fill(registry);

    async function ask(who: Who, repository: string, requests: readonly string[]): Promise<boolean> {
      const scopes = [`repository:${repository}:pull,push,delete`];
      const authorization = way === "Basic" ? basicOf(who) : await registry.token(who, ...scopes);
      const outcomes: boolean[] = [];
      for (const each of requests) {
        const [method = "", path = ""] = each.split(" ");
        const body = /^P/.test(method) ? "x" : undefined;
        const { status, code } = await registry.call(method, `/v2/${repository}/${path}`, { authorization, body });
        if (status < 400 || status === 404) outcomes.push(true);
        else {
          const refused = who === "anonymous" ? [401, "UNAUTHORIZED"] : [403, "DENIED"];
          assert.equal([status, code], method === "HEAD" ? [refused[0], undefined] : refused, each);
          outcomes.push(false);
        }
      }
      return agree(outcomes, `${who} ${repository}`);
    }

    /** A blob that may be read is mounted; of any other the registry says what it says of one that is not there. */
    async function mount(who: Who, repository: string): Promise<boolean> {
      const own = OWN[who];
      if (own === undefined) return ask(who, repository, ["GET tags/list"]);
      const digest = digestOf(`layer of ${repository}`);
      const scopes = [`repository:${own}:pull,push`, `repository:${repository}:pull`];
      const authorization = way === "Basic" ? basicOf(who) : await registry.token(who, ...scopes);
      const results: boolean[] = [];
      for (const from of [`&from=${repository}`, ""]) {
        const path = `/v2/${own}/blobs/uploads/?mount=${digest}${from}`;
        const { status } = await registry.call("POST", path, { authorization });
        assert.ok(status === 201 || status === 202, String(status));
        results.push(status === 201);
        await registry.call("DELETE", `/v2/${own}/blobs/${digest}`, { authorization: basicOf("root") });
      }
      return agree(results, `${who} mounts from ${repository}`);
    }

    const digest = (repository: string) => digestOf(`layer of ${repository}`);
    const found = await tableOf({
      async pull(who, repository) {
        const reads = [
          "GET tags/list",
          "GET manifests/1",
          "HEAD manifests/1",
          `GET manifests/${digestOf("none")}`,
          `GET blobs/${digest(repository)}`,
          `GET blobs/${digestOf("none")}`,
          `GET referrers/${digestOf("none")}`,
        ];
        return agree([await ask(who, repository, reads), await mount(who, repository)], `${who} ${repository}`);
      },
      push: (who, repository) =>
        ask(who, repository, [
          "POST blobs/uploads/",
          `POST blobs/uploads/?digest=${digestOf("x")}`,
          `POST blobs/uploads/?mount=${digestOf("none")}&from=base/none`,
          "PATCH blobs/uploads/00000000-0000-0000-0000-000000000000",
          "PUT blobs/uploads/00000000-0000-0000-0000-000000000000",
          "GET blobs/uploads/00000000-0000-0000-0000-000000000000",
          "DELETE blobs/uploads/00000000-0000-0000-0000-000000000000",
        ]),
      delete: (who, repository) =>
        ask(who, repository, [
          `DELETE manifests/of-${who}`,
          `DELETE manifests/${digestOf("none")}`,
          `DELETE blobs/${digestOf("none")}`,
        ]),
    });
    assert.equal(found, TABLE);
  });
}

test("the catalog names what each may pull, in pages", async (context) => {
  const registry = await startGuardedRegistry(context);
  await fill(registry);
  for (const who of WHO) {
    const may = REPOSITORIES.filter((name) => TABLE[name]?.[who].includes("pull")).sort();
    const authorization = await registry.token(who, "registry:catalog:*");
    const { text } = await registry.call("GET", "/v2/_catalog", { authorization });
    assert.equal(JSON.parse(text).repositories, may, who);
    const page = await registry.call("GET", `/v2/_catalog?n=1&last=${may[0]}`, { authorization });
    assert.equal(JSON.parse(page.text).repositories, may.slice(1, 2));
  }
  const { text } = await registry.call("GET", "/v2/_catalog", { authorization: basicOf("root") });
  assert.equal(JSON.parse(text).repositories, [...REPOSITORIES].sort());
  assert.is((await registry.call("GET", "/v2/_catalog")).status, 401);
  const other = await registry.token("ann", "repository:w/lab/app:pull");
  assert.is((await registry.call("GET", "/v2/_catalog", { authorization: other })).status, 401);
});

function isRefusal(error: unknown): false {
  if (isLadingError(error, "REGISTRY") && [401, 403].includes(error.detail.status)) return false;
  throw error;
}

test("lading's own client meets the table", async (context) => {
  const registry = await startGuardedRegistry(context);
  await fill(registry);
  const source = createMemoryStore();
  const open = (who: Who, repository: string): Store =>
    createRegistryStore(
      { registry: registry.host, repository },
      who === "anonymous" ? {} : { credentials: async () => ({ username: who, password: passwordOf(who) }) },
    );
  const found = await tableOf({
    async pull(who, repository) {
      const store = open(who, repository);
      const pull = async () => {
        await copy(await store.resolve("1"), store, createMemoryStore());
        return true;
      };
      const list = async () => (await store.tags()).some(({ name }) => name === "1");
      const refer = async () => {
        assert.equal(await store.referrers?.(digestOf("none")), []);
        return true;
      };
      const attempts = [pull(), list(), refer()].map((attempt) => attempt.catch(isRefusal));
      return agree(await Promise.all(attempts), `${who} ${repository}`);
    },
    async push(who, repository) {
      const root = await putImage(source, [Buffer.from(`${who} was at ${repository}`)]);
      const store = open(who, repository);
      const push = async () => {
        await copy(root, source, store);
        await store.tag([{ name: `by-${who}`, descriptor: root }]);
        return true;
      };
      return push().catch(isRefusal);
    },
    async delete(who, repository) {
      const remove = async () => {
        await open(who, repository).untag([`of-${who}`]);
        return true;
      };
      return remove().catch(isRefusal);
    },
  });
  assert.equal(found, TABLE);
});

test("lading's own client mounts out of what its user may read, and out of nothing else", async (context) => {
  const registry = await startGuardedRegistry(context);
  await fill(registry);
  for (const [who, own = ""] of Object.entries(OWN)) {
    for (const repository of REPOSITORIES) {
      const credentials = async () => ({ username: who, password: passwordOf(who) });
      const store = createRegistryStore({ registry: registry.host, repository: own }, { credentials });
      const text = `layer of ${repository}`;
      const descriptor = { mediaType: MEDIA_TYPE.layer, digest: digestOf(text), size: text.length };
      const isMounted = await store.mount?.(descriptor, { from: { registry: registry.host, repository } });
      assert.is(isMounted, TABLE[repository]?.[who as Who].includes("pull"), `${who} mounts out of ${repository}`);
    }
  }
});

test.needs(missing("skopeo"), "skopeo meets the table", async (context) => {
  const registry = await startGuardedRegistry(context);
  await fill(registry);
  const folder = await tempFolder(context);
  await writeFile(join(folder, "auth.json"), "{}");
  const env = { REGISTRY_AUTH_FILE: join(folder, "auth.json"), TMPDIR: folder };
  const local = createLayoutStore(join(folder, "local"));
  const digest: Digest = (await putImage(local, [Buffer.from("new")])).digest;
  await local.tag([
    { name: "new", descriptor: await local.resolve(digest).catch(() => putImage(local, [Buffer.from("new")])) },
  ]);

  const login = (who: Who, side = "") =>
    who === "anonymous" ? `--${side}no-creds` : `--${side}creds=${who}:${passwordOf(who)}`;
  async function skopeo(...args: readonly string[]): Promise<boolean> {
    const { code, stderr } = await run("skopeo", ["--insecure-policy", ...args], { env });
    if (code !== 0)
      assert.match(stderr, /unauthorized|denied|lacks the scope|\(Forbidden\)/, `${args.join(" ")}: ${stderr}`);
    return code === 0;
  }
  const at = (repository: string) => `docker://${registry.host}/${repository}`;
  const found = await tableOf({
    async pull(who, repository) {
      const pulled = await skopeo(
        ...["copy", "-q", login(who, "src-"), "--src-tls-verify=false", `${at(repository)}:1`],
        `oci:${join(folder, who)}:1`,
      );
      const listed = await skopeo("list-tags", login(who), "--tls-verify=false", at(repository));
      return agree([pulled, listed], `${who} ${repository}`);
    },
    push: (who, repository) =>
      skopeo(
        ...["copy", "-q", login(who, "dest-"), "--dest-tls-verify=false", `oci:${join(folder, "local")}:new`],
        `${at(repository)}:by-${who}`,
      ),
    delete: (who, repository) => skopeo("delete", login(who), "--tls-verify=false", `${at(repository)}:of-${who}`),
  });
  assert.equal(found, TABLE);
});

test.run();
