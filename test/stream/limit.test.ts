import * as assert from "uvu/assert";
import { limited } from "../../src/stream/limit.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { corpus, gather, pieces } from "./pieces.js";

const test = suite("stream/limit");

test("limited() passes exactly the limit and refuses one byte more", async () => {
  const bytes = corpus(1000);
  assert.ok((await gather(limited(pieces(bytes, [7]), 1000, "control file"))).equals(bytes));
  const trace = { closed: false, pulled: 0 };
  const error = await rejects(gather(limited(pieces(bytes, [100], trace), 299, "control file")), "TOO_LARGE");
  assert.equal(error.detail, { what: "control file", limit: 299 });
  assert.equal(trace, { closed: true, pulled: 300 });
});

test.run();
