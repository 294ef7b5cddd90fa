import * as assert from "uvu/assert";
import { isExempt, proxyFor } from "../../src/http/proxy.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("http/proxy");
const LIST =
  "one.example, .two.example *.three.example four.example:8443,10.0.0.0/8,[::1]:99,192.168.1.7,2001:db8::/32";

const HOSTS: readonly (readonly [url: string, list: string, exempt: boolean])[] = [
  ["https://one.example", LIST, true],
  ["https://ONE.example.", LIST, true],
  ["https://a.one.example:5000", LIST, true],
  ["https://evilone.example", LIST, false],
  ["https://two.example", LIST, true],
  ["https://a.b.two.example", LIST, true],
  ["https://a.three.example", LIST, true],
  ["https://four.example:8443", LIST, true],
  ["https://four.example", LIST, false],
  ["https://four.example", "four.example:443", true],
  ["http://four.example", "four.example:443", false],
  ["http://four.example", "four.example:80", true],
  ["https://10.20.30.40", LIST, true],
  ["https://[::ffff:10.20.30.40]", LIST, true],
  ["https://11.0.0.1", LIST, false],
  ["https://192.168.1.7:1", LIST, true],
  ["https://192.168.1.70", LIST, false],
  ["https://[2001:db8::5]", LIST, true],
  ["https://[2001:db9::5]", LIST, false],
  ["https://[::2]:99", LIST, false],
  ["https://any.example", "*", true],
  ["https://any.example", "other.example,*", true],
  ["https://any.example", "", false],
  ["https://any.example", ".", false],
  ["https://8.8.8.8", "8", false],
  ["https://8.8.8.8", "8.8.8.8/99,nonsense/8,/", false],
];

for (const [url, list, exempt] of HOSTS) {
  test(`case 135: NO_PROXY ${list === LIST ? "list" : JSON.stringify(list)} ${exempt ? "names" : "does not name"} ${url}`, () =>
    assert.is(isExempt(new URL(url), list), exempt));
}

const [S, P] = ["https://r.example/", "http://r.example/"];
const CHOICES: readonly (readonly [url: string, env: Record<string, string>, proxy: string | undefined])[] = [
  [S, { HTTPS_PROXY: "http://up:1" }, "up:1"],
  [S, { HTTPS_PROXY: "http://up:1", https_proxy: "http://low:1" }, "low:1"],
  [S, { HTTPS_PROXY: "http://up:1", https_proxy: "" }, undefined],
  [S, { HTTP_PROXY: "http://up:1" }, undefined],
  [P, { HTTP_PROXY: "http://up:1", HTTPS_PROXY: "http://s:1" }, "up:1"],
  [P, { HTTP_PROXY: "http://up:1", REQUEST_METHOD: "GET" }, undefined],
  [P, { http_proxy: "http://low:1", REQUEST_METHOD: "GET" }, "low:1"],
  [S, { HTTPS_PROXY: "plain:3128" }, "plain:3128"],
  [S, { HTTPS_PROXY: "http://up:1", NO_PROXY: "r.example" }, undefined],
  [S, { HTTPS_PROXY: "http://up:1", NO_PROXY: "r.example", no_proxy: "other" }, "up:1"],
  ["https://127.0.0.1:5000", { HTTPS_PROXY: "http://up:1" }, undefined],
  ["https://localhost", { HTTPS_PROXY: "http://up:1" }, undefined],
];

for (const [url, env, proxy] of CHOICES) {
  test(`case 135: ${url} with ${JSON.stringify(env)} goes ${proxy === undefined ? "directly" : `through ${proxy}`}`, () =>
    assert.is(proxyFor(new URL(url), env)?.host, proxy));
}

for (const value of ["socks5://u:hunter2@p:1", "http://[", "://u:hunter2@p"]) {
  test(`case 135: HTTPS_PROXY ${value} is refused, and its password not shown`, () => {
    const error = throws(() => proxyFor(new URL(S), { HTTPS_PROXY: value }), "NETWORK");
    assert.match(error.message, "HTTPS_PROXY is no http or https URL");
    assert.not.match(error.message, "hunter2");
  });
}

test.run();
