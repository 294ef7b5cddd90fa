import * as assert from "uvu/assert";
import { isTrustedRealm, parseRealm } from "../../src/registry/realm.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("registry/realm");

const REFUSED: readonly (readonly [title: string, registry: string, realm: string | undefined])[] = [
  ["case 114: http for an https registry", "https://r.example", "http://r.example/token"],
  ["case 115: a file", "https://r.example", "file:///etc/passwd"],
  ["case 115: gopher", "https://r.example", "gopher://r.example/"],
  ["case 115: a user name", "https://r.example", "https://u:p@r.example/token"],
  ["case 116: link-local", "https://r.example", "https://169.254.169.254/latest"],
  ["case 116: link-local from this machine", "http://127.0.0.1:5000", "http://169.254.169.254/latest"],
  ["case 116: IPv4 in IPv6", "https://r.example", "https://[::ffff:169.254.169.254]/"],
  ["case 116: unspecified", "https://r.example", "https://0.0.0.0/"],
  ["case 116: loopback", "https://r.example", "https://127.0.0.1/"],
  ["case 116: a loopback name", "https://r.example", "https://localhost/"],
  ["case 116: a decimal address", "https://r.example", "https://2130706433/"],
  ["case 116: an octal address", "https://r.example", "https://0177.0.0.1/"],
  ["case 116: private", "https://r.example", "https://10.0.0.1/"],
  ["no realm", "https://r.example", undefined],
  ["no URL", "https://r.example", "here"],
];

for (const [title, registry, realm] of REFUSED) {
  test(`parseRealm() refuses ${title}`, () => {
    const error = throws(() => parseRealm(realm, new URL(registry)), "REGISTRY");
    assert.not.match(error.message, "u:p");
  });
}

const ALLOWED: readonly (readonly [registry: string, realm: string])[] = [
  ["https://r.example", "https://auth.example/token?x=1"],
  ["https://10.0.0.1:5000", "https://10.0.0.1:5001/token"],
  ["http://localhost:5000", "http://127.0.0.1:5001/token"],
];

for (const [registry, realm] of ALLOWED) {
  test(`parseRealm() allows ${realm} of ${registry}`, () => {
    assert.is(parseRealm(realm, new URL(registry)).href, realm);
  });
}

const TRUST: readonly (readonly [registry: string, realm: string, trusted: boolean])[] = [
  ["https://r.example", "https://r.example:444", true],
  ["https://registry.gitlab.example", "https://gitlab.example", true],
  ["https://r.example", "https://auth.r.example", true],
  ["https://registry-1.docker.io", "https://auth.docker.io", true],
  ["http://127.0.0.1:1", "http://localhost:2", true],
  ["https://r.example", "https://other.example", false],
  ["https://r.example", "https://example", false],
  ["https://r.example", "https://evilr.example", false],
  ["https://1.2.3.4", "https://3.4", false],
  ["https://named.example", "https://trusted.example", true],
];

for (const [registry, realm, expected] of TRUST) {
  test(`case 117: ${realm} ${expected ? "may" : "may not"} see the credentials of ${registry}`, () => {
    assert.is(isTrustedRealm(new URL(realm), new URL(registry), ["trusted.example"]), expected);
  });
}

test.run();
