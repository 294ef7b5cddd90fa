import * as assert from "uvu/assert";
import { createHttpClient } from "../../src/http/client.js";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createRegistryStore, type RegistryStoreOptions } from "../../src/registry/client.js";
import { login } from "../../src/registry/login.js";
import { createSession } from "../../src/registry/session.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { type Answer, reply } from "../support/hostile-server.js";
import { type NamedHosts, startNamedHosts } from "../support/named-hosts.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("registry client: hostile registries on the wide net");
const lacking = missing("openssl");
const USER = { username: "joe", password: "hunter2" };
const BASIC = `Basic ${Buffer.from("joe:hunter2").toString("base64")}`;
const [R, OTHER] = ["r.example", "stranger.example"];
const SECRETS = /hunter2|am9lOmh1bnRlcjI|Bearer good/;

/** A registry that wants a login and says by `challenge` how; `next` answers whoever has one. */
function closed(challenge: string, next: Answer): Answer {
  return (request, response, count) =>
    request.headers.authorization === undefined
      ? reply(response, 401, { "www-authenticate": challenge })
      : next(request, response, count);
}

const tokens: Answer = (_request, response) => reply(response, 200, {}, '{"token":"good"}');
const tags: Answer = (_request, response) => reply(response, 200, {}, '{"tags":[]}');

function storeAt(context: TestContext, { network }: NamedHosts, more: Partial<RegistryStoreOptions> = {}) {
  const client = createHttpClient({ ...network, baseDelayMs: 1, maxDelayMs: 10 });
  context.defer(() => client.close());
  const options = { client, credentials: async () => USER, ...more };
  return { store: createRegistryStore({ registry: R, repository: "team/app" }, options), client };
}

/** What strangers must never have seen. */
function knowsNothing(hosts: NamedHosts, host: string): void {
  assert.not.match(JSON.stringify(hosts.seenBy(host)), SECRETS);
}

const REALMS: readonly (readonly [title: string, realm: string])[] = [
  ["case 114: a token server without https", "http://r.example/token"],
  ["case 115: a token server that is a file", "file:///etc/passwd"],
  ["case 115: a token server by gopher", "gopher://r.example/token"],
  ["case 115: a token server with a user name", "https://u:p@r.example/token"],
  ["case 116: a link-local token server", "https://169.254.169.254/token"],
  ["case 116: a link-local token server, IPv4 in IPv6", "https://[::ffff:169.254.169.254]/token"],
  ["case 116: a token server that is no address at all", "https://0.0.0.0/token"],
  ["case 116: a token server on this machine", "https://127.0.0.1/token"],
  ["case 116: a token server at a decimal address", "https://2852039166/token"],
  ["case 116: a token server at an octal address", "https://0251.0376.0251.0376/token"],
];

for (const [title, realm] of REALMS) {
  test.needs(lacking, `${title} is not asked`, async (context) => {
    const hosts = await startNamedHosts(context, { [R]: closed(`Bearer realm="${realm}",service="s"`, tags) });
    const error = await rejects(storeAt(context, hosts).store.tags(), "REGISTRY");
    assert.match(error.message, `Cannot log in to "${R}"`);
    assert.not.match(error.message, /u:p|hunter2/);
    // One question to the registry, and nobody else was asked for.
    assert.equal([hosts.seenBy(R).length, hosts.proxy.seen.map(({ target }) => target)], [1, [`${R}:443`]]);
  });
}

test.needs(
  lacking,
  "case 117: a token server on a stranger's host gets no login, unless it is trusted",
  async (context) => {
    const challenge = `Bearer realm="https://${OTHER}/token",service="s"`;
    const hosts = await startNamedHosts(context, {
      [R]: closed(challenge, (_request, response) => reply(response, 403)),
      [OTHER]: tokens,
    });
    const error = await rejects(storeAt(context, hosts).store.tags(), "REGISTRY");
    assert.match(error.message, `${OTHER} is on another host and did not get your login: trust it with --token-server`);
    knowsNothing(hosts, OTHER);
    const count = hosts.seenBy(OTHER).length;
    await rejects(storeAt(context, hosts, { trustedRealms: [OTHER] }).store.tags(), "REGISTRY");
    assert.is(hosts.seenBy(OTHER)[count]?.headers.authorization, BASIC);
  },
);

test.needs(lacking, "case 117: login() says that the password was not sent, and keeps nothing", async (context) => {
  const hosts = await startNamedHosts(context, {
    [R]: closed(`Bearer realm="https://${OTHER}/token"`, (_request, response) => reply(response, 200)),
    [OTHER]: tokens,
  });
  const env = { ...hosts.network.env, HOME: await tempFolder(context) };
  const error = await rejects(login(R, USER, { env, network: { env } }), "REGISTRY");
  assert.match(error.message, "the login was not sent");
  knowsNothing(hosts, OTHER);
});

test.needs(lacking, "case 118: a token server that leads elsewhere is left", async (context) => {
  for (const target of [`https://${OTHER}/token`, "https://169.254.169.254/", "http://r.example/token"]) {
    const hosts = await startNamedHosts(context, {
      [R]: (request, response, count) =>
        request.path.startsWith("/token")
          ? reply(response, 302, { location: target })
          : closed(`Bearer realm="https://${R}/token"`, tags)(request, response, count),
      [OTHER]: tokens,
    });
    await rejects(storeAt(context, hosts).store.tags(), "NETWORK");
    assert.is(hosts.seenBy(OTHER).length, 0);
  }
});

const BLOB = { mediaType: "text/plain", digest: digestOf("hello"), size: 5 };

test.needs(lacking, "case 119: a blob from another host is asked for without login", async (context) => {
  const hosts = await startNamedHosts(context, {
    [R]: closed('Basic realm="r"', (_request, response) =>
      reply(response, 307, { location: `https://${OTHER}/blob?signature=x` }),
    ),
    [OTHER]: (_request, response) => reply(response, 200, {}, "hello"),
  });
  assert.is(String(await collect(storeAt(context, hosts).store.open(BLOB), 10)), "hello");
  knowsNothing(hosts, OTHER);
  assert.is(hosts.seenBy(OTHER)[0]?.headers.authorization, undefined);
});

test.needs(lacking, "case 120: another port is another host, and https is not left", async (context) => {
  const next: Answer = ({ headers, path }, response) =>
    path.includes("moved")
      ? reply(response, 200, { "x-saw": String(headers.authorization) }, "hello")
      : reply(response, 307, { location: "https://r.example:5001/moved" });
  const hosts = await startNamedHosts(context, {
    [R]: (request, response, count) =>
      request.path === "/moved"
        ? next(request, response, count)
        : closed('Basic realm="r"', next)(request, response, count),
  });
  const { store } = storeAt(context, hosts);
  assert.is(String(await collect(store.open(BLOB), 10)), "hello");
  assert.is(hosts.seenBy(R).find(({ path }) => path === "/moved")?.headers.authorization, undefined);
  const down = await startNamedHosts(context, {
    [R]: (_request, response) => reply(response, 307, { location: "http://r.example/blob" }),
  });
  const error = await rejects(collect(storeAt(context, down).store.open(BLOB), 10), "NETWORK");
  assert.match(error.message, "from https leads to it, which is not https");
});

/** A registry with a login that takes an upload at this Location. */
const uploadsAt = (location: string): Answer =>
  closed('Basic realm="r"', ({ method }, response) => {
    if (method === "HEAD") return reply(response, 404);
    return method === "POST" ? reply(response, 202, { location }) : reply(response, 201);
  });

test.needs(lacking, "case 121: an upload that goes on at another host goes there without login", async (context) => {
  const hosts = await startNamedHosts(context, {
    [R]: uploadsAt(`https://${OTHER}/upload?signature=a%2Fb`),
    [OTHER]: (_request, response) => reply(response, 201),
  });
  await storeAt(context, hosts).store.put("text/plain", fromBytes("hello"), BLOB);
  assert.equal(
    hosts.seenBy(OTHER).map(({ method, path, headers }) => [method, path, headers.authorization]),
    [["PUT", `/upload?signature=a%2Fb&digest=${encodeURIComponent(BLOB.digest)}`, undefined]],
  );
});

for (const location of [
  "https://169.254.169.254/x",
  "https://127.0.0.1/x",
  "http://r.example/x",
  "https://u:p@r.example/x",
]) {
  test.needs(lacking, `case 121: an upload that goes on at ${location} is refused`, async (context) => {
    const hosts = await startNamedHosts(context, { [R]: uploadsAt(location) });
    const error = await rejects(storeAt(context, hosts).store.put("text/plain", fromBytes("hello"), BLOB), "REGISTRY");
    assert.match(error.message, "Location");
    assert.not.match(error.message, "u:p");
    assert.is(hosts.seenBy(R).filter(({ method }) => method === "PUT").length, 0);
  });
}

test.needs(lacking, "case 122: a host to which a redirect led asks for a login and gets none", async (context) => {
  const hosts = await startNamedHosts(context, {
    [R]: closed('Basic realm="r"', (_request, response) => reply(response, 307, { location: `https://${OTHER}/blob` })),
    [OTHER]: closed('Basic realm="r"', (_request, response) => reply(response, 200, {}, "hello")),
  });
  const error = await rejects(collect(storeAt(context, hosts).store.open(BLOB), 10), "REGISTRY");
  assert.is(error.detail.status, 401);
  assert.is(hosts.seenBy(OTHER).length, 1);
  knowsNothing(hosts, OTHER);
});

test.needs(lacking, "case 131: a list of tags that goes on at another host is refused", async (context) => {
  const hosts = await startNamedHosts(context, {
    [R]: closed('Basic realm="r"', (_request, response) =>
      reply(response, 200, { link: `<https://${OTHER}/v2/x>; rel="next"` }, '{"tags":["a"]}'),
    ),
    [OTHER]: tags,
  });
  await rejects(storeAt(context, hosts).store.tags(), "REGISTRY");
  assert.is(hosts.seenBy(OTHER).length, 0);
});

test.needs(lacking, "case 134: an authority that nobody named: the login stays here", async (context) => {
  const hosts = await startNamedHosts(context, { [R]: closed('Basic realm="r"', tags) });
  const { HTTPS_PROXY = "" } = hosts.network.env;
  const { store } = storeAt(context, { ...hosts, network: { env: { HTTPS_PROXY } } });
  const error = await rejects(store.tags(), "NETWORK");
  assert.match(error.message, "unknown authority");
  assert.is(hosts.seenBy(R).length, 0);
});

test.needs(
  lacking,
  "case 134: a registry that speaks plain http on another machine is not asked so",
  async (context) => {
    const hosts = await startNamedHosts(context, { [R]: tags });
    const client = createHttpClient({ ...hosts.network, attempts: 1 });
    context.defer(() => client.close());
    const error = await rejects(client.request({ method: "GET", url: `http://${R}/v2/` }), "NETWORK");
    assert.match(error.message, "plain http to another machine is not safe");
    assert.is(hosts.proxy.seen.length, 0);
  },
);

test.needs(
  lacking,
  "a mount asks for one token with both scopes, and for one without it where that is refused",
  async (context) => {
    const isMean = { value: false };
    const hosts = await startNamedHosts(context, {
      [R]: (request, response, count) => {
        if (request.path.startsWith("/token")) {
          const isBoth = new URL(request.path, "https://r").searchParams.getAll("scope").length > 1;
          return isBoth && isMean.value ? reply(response, 403) : reply(response, 200, {}, '{"token":"good"}');
        }
        const challenge = `Bearer realm="https://${R}/token",service="s",scope="repository:team/app:pull"`;
        return closed(challenge, (_request, answer) => reply(answer, 201))(request, response, count);
      },
    });
    const asked = () => hosts.seenBy(R).filter(({ path }) => path.startsWith("/token"));
    const scopes = () => new URL(asked().at(-1)?.path ?? "", "https://r").searchParams.getAll("scope");
    for (const mean of [false, true]) {
      isMean.value = mean;
      const { client } = storeAt(context, hosts);
      const session = createSession({ registry: R, repository: "team/app" }, { client, credentials: async () => USER });
      await (await session.send({ method: "HEAD", to: "blobs/x", actions: "pull" })).discard();
      const mount = { method: "POST", to: "blobs/uploads/?mount=x&from=team/base", actions: "pull,push" } as const;
      const before = hosts.seenBy(R).length;
      const response = await session.send({ ...mount, from: "team/base" });
      assert.is(response.status, 201);
      assert.equal(scopes(), ["repository:team/app:pull,push", ...(mean ? [] : ["repository:team/base:pull"])]);
      // The registry says nothing of what a mount lacks, so the token has to be there before it.
      assert.is(hosts.seenBy(R).length - before, mean ? 3 : 2);
    }
  },
);

test.needs(
  lacking,
  "a token that has run out is replaced before a body is sent that cannot be sent again",
  async (context) => {
    let given = 0;
    const hosts = await startNamedHosts(context, {
      [R]: (request, response, count) => {
        if (request.path.startsWith("/token"))
          return reply(response, 200, {}, JSON.stringify({ token: `t${given++}` }));
        const next: Answer = ({ method }, answer) =>
          method === "HEAD" ? reply(answer, 404) : reply(answer, method === "POST" ? 202 : 201, { location: "/u" });
        return closed(`Bearer realm="https://${R}/token"`, next)(request, response, count);
      },
    });
    const { store } = storeAt(context, hosts);
    const text = "a".repeat(2_000_000);
    const now = Date.now;
    context.defer(() => {
      Date.now = now;
    });
    const content = (async function* () {
      // The upload has begun: its token is old by the time that the body goes.
      yield Buffer.from(text);
    })();
    await store.has(BLOB);
    Date.now = () => now() + 3_600_000;
    await store.put(MEDIA_TYPE.layer, content, { digest: digestOf(text), size: text.length });
    const put = hosts.seenBy(R).filter(({ method }) => method === "PUT");
    assert.equal([put.length, put[0]?.body.length], [1, text.length]);
    assert.match(String(put[0]?.headers.authorization), /^Bearer t[1-9]/);
  },
);

test.run();
