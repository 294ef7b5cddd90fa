import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createHttpClient, type HttpClientOptions } from "../../src/http/client.js";
import { collect } from "../../src/stream/bytes.js";
import { type Authority, createAuthority } from "../support/authority.js";
import { reply, startHostileServer } from "../support/hostile-server.js";
import { missing } from "../support/programs.js";
import { type ProxyOptions, startProxy } from "../support/proxy.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("http: proxies and certificates");
const lacking = missing("openssl");
const NAME = "r.example";

function clientOf(context: TestContext, options: HttpClientOptions) {
  const client = createHttpClient({ baseDelayMs: 1, maxDelayMs: 10, ...options });
  context.defer(() => client.close());
  return client;
}

async function textOf(client: ReturnType<typeof createHttpClient>, url: string): Promise<string> {
  return String(await collect((await client.request({ method: "GET", url })).body, 1000));
}

/** A server of TLS on this machine, and how to ask it by a name. */
async function startSecure(context: TestContext, authority: Authority, hosts = ["127.0.0.1", NAME], days = 2) {
  const { cert, key } = await authority.issue(hosts, days);
  const tls = { cert, key, ca: authority.ca };
  return await startHostileServer(context, (_request, response) => reply(response, 200, {}, "hello"), { tls });
}

const portOf = (url: string) => Number(new URL(url).port);

test.needs(
  lacking,
  "case 134: an authority is trusted by --cacert, SSL_CERT_FILE, SSL_CERT_DIR and certs.d",
  async (context) => {
    const authority = await createAuthority(context);
    const { url, host } = await startSecure(context, authority);
    const home = await tempFolder(context);
    const folder = join(home, "containers/certs.d", host);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "ca.crt"), authority.ca);
    // Others of its kind, and things that are none, lie in the folder too.
    await writeFile(join(home, "notes.txt"), "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n");
    await writeFile(join(home, "ours.pem"), `about it\n${authority.ca}`);
    const ways: readonly HttpClientOptions[] = [
      { cacert: [authority.caFile] },
      { env: { SSL_CERT_FILE: authority.caFile } },
      { env: { SSL_CERT_DIR: `/there/is/none:${home}` } },
      { env: { XDG_CONFIG_HOME: home } },
    ];
    for (const way of ways) assert.is(await textOf(clientOf(context, way), url), "hello", JSON.stringify(way));
    const error = await rejects(
      textOf(clientOf(context, { env: { SSL_CERT_FILE: "/there/is/none" } }), url),
      "NETWORK",
    );
    assert.match(error.message, "from an unknown authority, name its authority's certificate with --cacert");
  },
);

test.needs(
  lacking,
  "case 134: a certificate for another host, or one that has run out, is refused, at once",
  async (context) => {
    const authority = await createAuthority(context);
    const client = clientOf(context, { cacert: [authority.caFile] });
    const other = await startSecure(context, authority, ["other.example"]);
    assert.match((await rejects(textOf(client, other.url), "NETWORK")).message, "its certificate is for another host");
    const old = await startSecure(context, authority, ["127.0.0.1"], -1);
    assert.match((await rejects(textOf(client, old.url), "NETWORK")).message, "its certificate has expired");
    assert.equal([other.seen.length, old.seen.length], [0, 0]);
  },
);

test.needs(
  lacking,
  "a client's certificate comes from certs.d, and a server that wants one says so",
  async (context) => {
    const authority = await createAuthority(context);
    const { cert, key } = await authority.issue(["127.0.0.1"]);
    const tls = { cert, key, ca: authority.ca, requestCert: true, rejectUnauthorized: true };
    const { url, host } = await startHostileServer(context, (_, response) => reply(response, 200, {}, "known"), {
      tls,
    });
    const home = await tempFolder(context);
    const folder = join(home, "containers/certs.d", host);
    await mkdir(folder, { recursive: true });
    const client = await authority.issue(["joe"]);
    await writeFile(join(folder, "client.cert"), client.cert);
    const options = { env: { XDG_CONFIG_HOME: home }, cacert: [authority.caFile] };
    const lonely = await rejects(textOf(clientOf(context, options), url), "SYNTAX");
    assert.match(lonely.message, "a .cert needs its .key");
    await writeFile(join(folder, "client.key"), client.key);
    assert.is(await textOf(clientOf(context, options), url), "known");
    const error = await rejects(textOf(clientOf(context, { cacert: [authority.caFile] }), url), "NETWORK");
    assert.match(error.message, /client's certificate.*certs\.d|connection was cut/);
    await writeFile(join(folder, "client.key"), "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n");
    const broken = await rejects(textOf(clientOf(context, options), url), "SYNTAX");
    assert.not.match(broken.message + String(broken.cause), "hunter2");
  },
);

test("a file of --cacert has to be there and hold a certificate", async (context) => {
  const file = join(await tempFolder(context), "ca.pem");
  const ask = () => textOf(clientOf(context, { cacert: [file] }), "https://127.0.0.1:1/");
  assert.is((await rejects(ask(), "IO")).detail.errno, "ENOENT");
  await writeFile(file, "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n");
  assert.match((await rejects(ask(), "SYNTAX")).message, "no certificate in PEM");
});

/** A server of TLS with a name that only a proxy knows. */
async function startBehind(context: TestContext, options: Partial<ProxyOptions> = {}, user = "") {
  const authority = await createAuthority(context);
  const server = await startSecure(context, authority, [NAME]);
  const proxy = await startProxy(context, { route: () => portOf(server.url), ...options });
  const env = { HTTPS_PROXY: `http://${user}${proxy.host}`, SSL_CERT_FILE: authority.caFile };
  return { server, proxy, env, client: clientOf(context, { env }) };
}

test.needs(
  lacking,
  "case 135: https goes by CONNECT, with the proxy's login and none of it for the origin",
  async (context) => {
    const login = `Basic ${Buffer.from("joe:hun@ter2").toString("base64")}`;
    const { server, proxy, client } = await startBehind(context, { login }, "joe:hun%40ter2@");
    for (let count = 0; count < 2; count++) {
      const headers = { authorization: "Bearer s" };
      const response = await client.request({ method: "GET", url: `https://${NAME}:5000/v2/`, headers });
      assert.is(String(await collect(response.body, 100)), "hello");
    }
    assert.equal(
      proxy.seen.map(({ method, target }) => `${method} ${target}`),
      [`CONNECT ${NAME}:5000`],
    );
    assert.is(proxy.seen[0]?.headers.authorization, undefined);
    for (const { headers } of server.seen) {
      assert.equal([headers["proxy-authorization"], headers.authorization], [undefined, "Bearer s"]);
    }
  },
);

test("case 135: plain http asks the proxy for it, and the origin sees no login of the proxy's", async (context) => {
  const server = await startHostileServer(context, (_request, response) => reply(response, 200, {}, "hello"));
  const login = `Basic ${Buffer.from("joe:hunter2").toString("base64")}`;
  const proxy = await startProxy(context, { route: () => portOf(server.url), login });
  const ask = (user: string) => {
    const env = { http_proxy: `http://${user}@${proxy.host}` };
    return textOf(clientOf(context, { env, insecure: true }), `http://${NAME}/v2/`);
  };
  assert.is(await ask("joe:hunter2"), "hello");
  assert.equal([proxy.seen[0]?.method, proxy.seen[0]?.target], ["GET", `http://${NAME}/v2/`]);
  const error = await rejects(ask("joe:wrong"), "NETWORK");
  assert.match(error.message, `the proxy ${proxy.host} answered 407`);
  assert.not.match(error.message, "wrong");
});

const FAULTS: readonly (readonly [title: string, options: Partial<ProxyOptions>, words: string])[] = [
  ["wants another login", { login: "Basic other" }, "answered 407, put the right user and password into HTTPS_PROXY"],
  ["cannot reach the host", { route: () => undefined }, "answered 502, check HTTPS_PROXY"],
  ["cuts the connection", { fault: "cut" }, "the connection was cut (through the proxy 127.0.0.1:"],
];

for (const [title, options, words] of FAULTS) {
  test.needs(lacking, `case 135: a proxy that ${title} is named, and its password is not`, async (context) => {
    const { client, server } = await startBehind(context, options, "joe:hunter2@");
    const error = await rejects(textOf(client, `https://${NAME}/v2/`), "NETWORK");
    assert.match(error.message, words);
    assert.not.match(error.message + String(error.cause), "hunter2");
    assert.is(server.seen.length, 0);
  });
}

test.needs(
  lacking,
  "case 135: a proxy that takes CONNECT and says nothing is left after the time to connect",
  async (context) => {
    const { env } = await startBehind(context, { fault: "silent" });
    const client = clientOf(context, { env, connectTimeoutMs: 300 });
    const error = await rejects(textOf(client, `https://${NAME}/v2/`), "NETWORK");
    assert.match(error.message, /in time \(through the proxy/);
  },
);

test.needs(lacking, "case 135: nobody listens as the proxy: no direct connection is tried", async (context) => {
  const { env, server } = await startBehind(context);
  const client = clientOf(context, { env: { ...env, HTTPS_PROXY: "http://127.0.0.1:1" } });
  const error = await rejects(textOf(client, `https://${NAME}:${portOf(server.url)}/`), "NETWORK");
  assert.match(
    error.message,
    "nothing listens there (through the proxy 127.0.0.1:1), check HTTPS_PROXY and HTTP_PROXY",
  );
});

test.needs(lacking, "a proxy that is asked by https itself", async (context) => {
  const { url } = await startSecure(context, await createAuthority(context));
  const client = clientOf(context, { env: { HTTPS_PROXY: url.replace("127.0.0.1", "localhost") } });
  assert.match((await rejects(textOf(client, `https://${NAME}/`), "NETWORK")).message, "unknown authority");
});

test.run();
