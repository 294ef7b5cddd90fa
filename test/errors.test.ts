import * as assert from "uvu/assert";
import { errnoOf, ioError, isLadingError, LadingError } from "../src/errors.js";
import { suite } from "./support/suite.js";

const test = suite("errors");

const failed = (code: unknown, errno?: number) => Object.assign(new Error("no"), { code, errno });

const CASES: readonly (readonly [unknown, string | undefined])[] = [
  [failed("ENOSPC", -28), "ENOSPC"],
  [failed("Unknown system error -122", -122), "EDQUOT"],
  [failed("Unknown system error -116", -116), "ESTALE"],
  [failed("Unknown system error -99999", -99999), undefined],
  [failed("ERR_INVALID_ARG_TYPE"), undefined],
  [failed(20), undefined],
  [new Error("no"), undefined],
  [undefined, undefined],
  [null, undefined],
  [Symbol("x"), undefined],
];

// The numbers are those of Linux.
if (process.platform === "linux") {
  for (const [error, errno] of CASES) {
    const title = (error as { code?: unknown } | undefined)?.code ?? error;
    test(`errnoOf() of ${String(title)} is ${errno}`, () => assert.is(errnoOf(error), errno));
  }
}

test("ioError() says what failed, where, and what to do", () => {
  const cause = failed("Unknown system error -122", -122);
  const error = ioError(cause, "write", "/scratch/out") as LadingError<"IO">;
  assert.ok(isLadingError(error, "IO"));
  assert.equal(error.detail, { path: "/scratch/out", errno: "EDQUOT" });
  assert.match(error.message, /^Cannot write "\/scratch\/out": EDQUOT, the disk quota is used up: free some space/);
  assert.is(error.cause, cause);
  assert.match((ioError(failed("ENOTEMPTY"), "write", "a") as Error).message, /ENOTEMPTY, see the cause$/);
});

test("ioError() leaves every other error as it is", () => {
  const own = new LadingError("USAGE", "no", {});
  for (const error of [own, new TypeError("no"), "text", undefined, Symbol("x")]) {
    assert.is(ioError(error, "write", "a"), error);
  }
});

test("isLadingError() asks for the brand, and for the code if one is given", () => {
  const error = new LadingError("USAGE", "no", {});
  assert.ok(isLadingError(error) && isLadingError(error, "USAGE"));
  assert.not.ok(isLadingError(error, "IO"));
  for (const other of [new Error("no"), { code: "USAGE" }, null, undefined, "USAGE"])
    assert.not.ok(isLadingError(other));
});

test.run();
