import fc from "fast-check";
import * as assert from "uvu/assert";
import { pageReply } from "../../src/service/page.js";
import { parseChunkRange, parseRange } from "../../src/service/range.js";
import { parseRoute, type Route } from "../../src/service/route.js";
import { suite } from "../support/suite.js";

const test = suite("service: route, range, page");

const ROUTES: readonly (readonly [path: string, expected: Route | undefined])[] = [
  ["/v2/", { kind: "base" }],
  ["/v2/_catalog", { kind: "catalog" }],
  ["/v2/a/b/blobs/sha256%3Aab", { kind: "blob", name: "a/b", target: "sha256:ab" }],
  ["/v2/a/blobs/uploads/", { kind: "uploads", name: "a" }],
  ["/v2/a/blobs/uploads", { kind: "uploads", name: "a" }],
  ["/v2/a/blobs/uploads/id", { kind: "upload", name: "a", target: "id" }],
  ["/v2/a/manifests/latest", { kind: "manifest", name: "a", target: "latest" }],
  ["/v2/manifests/manifests/tags", { kind: "manifest", name: "manifests", target: "tags" }],
  ["/v2/a/blobs/uploads/tags/list", { kind: "tags", name: "a/blobs/uploads" }],
  ["/v2/a/referrers/x", { kind: "referrers", name: "a", target: "x" }],
  ["/v2/A/manifests/x", { kind: "badName", name: "A" }],
  ["/v2/../manifests/x", { kind: "badName", name: ".." }],
  ["/v2/a%2fb/manifests/x", { kind: "badName", name: "a%2fb" }],
  ["/v2/%61/manifests/x", { kind: "badName", name: "%61" }],
  ["/v2/a/%2e%2e/manifests/x", { kind: "badName", name: "a/%2e%2e" }],
  ["/v2/a/%zz/manifests/x", { kind: "badName", name: "a/%zz" }],
  ["/v2/_layout/manifests/x", { kind: "badName", name: "_layout" }],
  ["/v2//manifests/x", { kind: "badName", name: "" }],
  ["/v2/a/manifests/%zz", undefined],
  ["/v2/manifests/x", undefined],
  ["/v1/a/manifests/x", undefined],
  ["/", undefined],
];

for (const [path, expected] of ROUTES) {
  test(`parseRoute() reads ${path}`, () => assert.equal(parseRoute(path), expected));
}

test("parseRoute() gives names that cannot leave a folder, or none", () => {
  fc.assert(
    fc.property(fc.webPath(), (path) => {
      const route = parseRoute(`/v2${path}/manifests/x`);
      if (route !== undefined && "name" in route && route.kind !== "badName")
        assert.match(route.name, /^[a-z0-9][a-z0-9/._-]*$/);
    }),
  );
});

const RANGES: readonly (readonly [header: string | undefined, expected: unknown])[] = [
  [undefined, undefined],
  ["bytes=500-1499", { start: 500, end: 1500 }],
  ["bytes=500-", { start: 500, end: 2048 }],
  ["bytes=-500", { start: 1548, end: 2048 }],
  ["bytes=-5000", { start: 0, end: 2048 }],
  ["bytes=2000-5000", { start: 2000, end: 2048 }],
  ["bytes=500-0", "unsatisfiable"],
  ["bytes=5000-10000", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=0-1,3-4", undefined],
  ["bytes=-", undefined],
  ["lines=1-2", undefined],
];

for (const [header, expected] of RANGES) {
  test(`parseRange() of 2048 bytes reads ${header}`, () => assert.equal(parseRange(header, 2048), expected));
}

test("parseChunkRange() reads what clients write", () => {
  assert.equal(parseChunkRange("0-9"), { start: 0, end: 10 });
  assert.equal(parseChunkRange("bytes 10-10/20"), { start: 10, end: 11 });
  for (const bad of ["5-4", "a-b", "-1", "1-", ""]) assert.is(parseChunkRange(bad), undefined);
});

test("pageReply() cuts, and leads on", () => {
  const page = (query: string) => {
    const reply = pageReply(["a", "b", "c"], { path: "/p", query: new URLSearchParams(query) }, (names) => names);
    return [reply.status, JSON.parse(String(reply.body)), reply.headers.link];
  };
  assert.equal(page(""), [200, ["a", "b", "c"], undefined]);
  assert.equal(page("n=2"), [200, ["a", "b"], '</p?n=2&last=b>; rel="next"']);
  assert.equal(page("n=2&last=b"), [200, ["c"], undefined]);
  assert.equal(page("last=aa"), [200, ["b", "c"], undefined]);
  assert.equal(page("n=0"), [200, [], undefined]);
  assert.is(page("n=x")[0], 400);
});

test.run();
