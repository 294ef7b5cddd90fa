import * as assert from "uvu/assert";
import { topFunctions } from "../../bench/profile.js";
import { suite } from "../support/suite.js";

const test = suite("bench/profile");

const node = (id: number, functionName: string, url: string) => ({
  id,
  callFrame: { functionName, url, lineNumber: 9 },
});

test("topFunctions() sums over threads and leaves idle time out", () => {
  const nodes = [node(1, "(idle)", ""), node(2, "inflate", "file:///x/inflate.js"), node(3, "hash", "")];
  const one = { nodes, samples: [1, 2, 3], timeDeltas: [1000, 60, 20] };
  const two = { nodes, samples: [2], timeDeltas: [20] };
  assert.equal(topFunctions([one, two]), [
    { name: "inflate (inflate.js:10)", share: 0.8 },
    { name: "hash", share: 0.2 },
  ]);
  assert.is(topFunctions([one, two], 1).length, 1);
});

test.run();
