import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import * as assert from "uvu/assert";
import { missing, run } from "../support/programs.js";
import { startServe } from "../support/serve.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { readApis, readSpecs } from "./suite-results.js";

const test = suite("service: the specification's conformance suite", { deadlineMs: 180_000 });

/** What the released suite leaves out because it runs another spec instead: tests of a registry that is filled beforehand,
 * and of one that does not look for a blob itself. */
const EXCLUDED = [
  /Get tag name from environment$/,
  /Populate registry with test tags \(no push\)$/,
  // Is for registries that mount nothing.
  /Cross-mounting of nonexistent blob should yield session id$/,
  /Cross-mounting without from, and automatic content discovery disabled should return a 202$/,
];

/** The APIs of the rewritten suite, each of which must be there. */
const APIS = `Tag listing, Tag delete, Tag delete atomic, Blob upload cancel, Blob push, Blob post only, Blob post put,
  Blob chunked, Blob streaming, Blob mount, Blob anonymous mount, Blob get, Blob get range, Blob head, Blob delete,
  Blob delete atomic, Manifest put by digest, Manifest put by tag, Manifest put with tag params, Manifest put with subject,
  Manifest get by digest, Manifest get by tag, Manifest head by digest, Manifest head by tag, Manifest delete,
  Manifest delete atomic, Referrers, Ping`
  .split(",")
  .map((name) => name.trim());

/** Runs the test with a program that `.ci/go-programs` builds, unless that says that nobody here can have it. */
function needs(program: string, title: string, body: (context: TestContext) => Promise<void>): void {
  const notes = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, `${program}.unavailable`));
  const note = notes.find((path) => existsSync(path));
  if (note === undefined) test.needs(missing(program), title, body);
  else test.unavailable(readFileSync(note, "utf8").trim(), title);
}

needs("oci-conformance-1.1", "v1.1.1: none fails, and only what excludes another spec is skipped", async (context) => {
  const { url } = await startServe(context);
  const reports = await tempFolder(context);
  const { code, stdout, stderr } = await run("oci-conformance-1.1", [], {
    cwd: reports,
    env: {
      OCI_ROOT_URL: url,
      OCI_NAMESPACE: "conformance/one",
      OCI_CROSSMOUNT_NAMESPACE: "conformance/two",
      OCI_TEST_PULL: "1",
      OCI_TEST_PUSH: "1",
      OCI_TEST_CONTENT_DISCOVERY: "1",
      OCI_TEST_CONTENT_MANAGEMENT: "1",
      OCI_AUTOMATIC_CROSSMOUNT: "1",
      OCI_HIDE_SKIPPED_WORKFLOWS: "0",
      OCI_REPORT_DIR: reports,
    },
  });
  const text = `${stdout}\n${stderr}`.slice(-4000);
  const specs = readSpecs(await readFile(join(reports, "junit.xml"), "utf8").catch(() => ""));
  assert.equal(
    specs.filter(({ status }) => status === "failed").map(({ name }) => name),
    [],
    text,
  );
  assert.is(code, 0, text);
  const skipped = specs.filter(({ status }) => status === "skipped").map(({ name }) => name);
  assert.equal(
    skipped.filter((name) => !EXCLUDED.some((each) => each.test(name))),
    [],
  );
  // A run that did nothing fails nothing either.
  assert.ok(specs.filter(({ status }) => status === "passed").length >= 60, `${specs.length} specs: ${text}`);
});

needs("oci-conformance", "rewritten: every API passes, none is skipped", async (context) => {
  const { host } = await startServe(context);
  const results = await tempFolder(context);
  const { code, stdout, stderr } = await run("oci-conformance", [], {
    cwd: results,
    env: {
      OCI_REGISTRY: host,
      OCI_TLS: "disabled",
      OCI_REPO1: "conformance/one",
      OCI_REPO2: "conformance/two",
      OCI_VERSION: "dev",
      OCI_RESULTS_DIR: results,
    },
  });
  const text = `${stdout}\n${stderr}`.slice(-8000);
  // Where it could not even begin, it ends as if all were well.
  const apis = readApis(await readFile(join(results, "results.yaml"), "utf8").catch(() => ""));
  assert.equal(
    [...apis].filter(([, status]) => status !== "Pass"),
    [],
    text,
  );
  assert.equal(
    APIS.filter((name) => !apis.has(name)),
    [],
    text,
  );
  assert.is(code, 0, text);
});

test.run();
