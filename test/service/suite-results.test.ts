import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { readApis, readSpecs } from "./suite-results.js";

const test = suite("service: results of the conformance suite");

test("specs are read as their writers mark them", () => {
  const xml = `<testsuite>
    <testcase name="[It] a &#34;b&#34;" classname="x" status="passed" time="0.1"></testcase>
    <testcase name="c" status="skipped"><skipped message="skipped - you have"></skipped></testcase>
    <testcase name="d" status="failed"><failure message="no">text</failure></testcase>
    <testcase name="e" status="panicked"><error type="panicked"/></testcase>
    <testcase name="f"/>
    <testcase name="g"><failure>why</failure></testcase></testsuite>`;
  assert.equal(
    readSpecs(xml).map(({ name, status }) => [name, status]),
    [
      ['[It] a "b"', "passed"],
      ["c", "skipped"],
      ["d", "failed"],
      ["e", "failed"],
      ["f", "passed"],
      ["g", "failed"],
    ],
  );
  assert.equal(readSpecs(""), []);
});

test("APIs are read from their own section alone", () => {
  const yaml =
    'config:\n  apis:\n    push: true\napis:\n  Tag listing: Pass\n  Blob push: Skip\n  "Ping": "FAIL"\ndata:\n  Image: Pass\n';
  assert.equal(
    [...readApis(yaml)],
    [
      ["Tag listing", "Pass"],
      ["Blob push", "Skip"],
      ["Ping", "FAIL"],
    ],
  );
  assert.equal([...readApis("")], []);
});

test.run();
