import * as assert from "uvu/assert";
import { deadlineSignal } from "../../src/http/deadline.js";
import { isInternalHost, isLoopbackHost } from "../../src/http/host.js";
import { redactUrl } from "../../src/http/redact.js";
import { parseRetryAfter, retryDelayMs } from "../../src/http/retry.js";
import { suite } from "../support/suite.js";

const test = suite("http: host, redact, retry");

const HOSTS: readonly (readonly [url: string, loopback: boolean, internal: boolean])[] = [
  ["http://localhost", true, true],
  ["http://LOCALHOST.", true, true],
  ["http://a.localhost:1", true, true],
  ["http://127.9.9.9", true, true],
  ["http://2130706433", true, true],
  ["http://[::1]", true, true],
  ["http://[::ffff:127.0.0.1]", true, true],
  ["http://10.1.2.3", false, true],
  ["http://[::ffff:10.1.2.3]", false, true],
  ["http://169.254.169.254", false, true],
  ["http://0.0.0.0", false, true],
  ["http://[fe80::1]", false, true],
  ["http://[fd00::1]", false, true],
  ["http://8.8.8.8", false, false],
  ["http://172.32.0.1", false, false],
  ["http://[2001:db8::1]", false, false],
  ["http://notlocalhost", false, false],
  ["http://127.0.0.1.example.com", false, false],
];

for (const [url, loopback, internal] of HOSTS) {
  test(`${url} is ${loopback ? "this machine" : internal ? "inside" : "outside"}`, () => {
    const { hostname } = new URL(url);
    assert.equal([isLoopbackHost(hostname), isInternalHost(hostname)], [loopback, internal]);
  });
}

test("redactUrl() shows neither user nor query", () => {
  assert.is(redactUrl("https://u:p@h:1/a/b?token=x#y"), "https://h:1/a/b?…");
  assert.is(redactUrl("https://h/a"), "https://h/a");
  assert.is(redactUrl("secret"), "(not a URL)");
});

const NOW = Date.parse("2026-01-01T00:00:00Z");
const AFTER: readonly (readonly [value: string | undefined, expected: number | undefined])[] = [
  [undefined, undefined],
  ["2", 2000],
  ["1000000000", 1e12],
  ["-1", undefined],
  ["soon", undefined],
  ["Thu, 01 Jan 2026 00:00:05 GMT", 5000],
  ["Thu, 01 Jan 2015 00:00:05 GMT", undefined],
];

for (const [value, expected] of AFTER) {
  test(`case 130: Retry-After ${value} asks for ${expected} ms`, () =>
    assert.is(parseRetryAfter(value, NOW), expected));
}

test("case 130: no wait is longer than the limit", () => {
  assert.is(retryDelayMs(1, 1e12, { baseDelayMs: 10, maxDelayMs: 100 }), 100);
  assert.is(retryDelayMs(1, 50, { baseDelayMs: 10, maxDelayMs: 100 }), 50);
  const own = retryDelayMs(2, undefined, { baseDelayMs: 10, maxDelayMs: 100 });
  assert.ok(own >= 30 && own <= 36);
});

test("deadlineSignal() fires with a typed error when its time is over, and with the caller's signal", async () => {
  const stopped = deadlineSignal("https://r.example/", 60_000, AbortSignal.abort("stop"));
  assert.is(stopped.reason, "stop");
  const late = deadlineSignal("https://r.example/?secret", 1, undefined);
  while (!late.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(late.reason.message, "the answer stalled");
  assert.not.match(late.reason.message, "secret");
});

test.run();
