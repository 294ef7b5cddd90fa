import * as assert from "uvu/assert";
import { parseHtpasswd } from "../../../src/service/access/htpasswd.js";
import { createPasswordCheck } from "../../../src/service/access/passwords.js";
import { userLine } from "../../support/guarded-registry.js";
import { suite, type TestContext } from "../../support/suite.js";

const test = suite("service/access: passwords");

const users = parseHtpasswd(userLine("ann") + userLine("bob"), "f");

/** A check whose comparisons are counted; `answer` says how they end. */
function counting(answer: (hash: string) => boolean | Promise<boolean>) {
  const hashes: string[] = [];
  const check = createPasswordCheck({
    async run({ job: { hash } }) {
      hashes.push(hash);
      return await answer(hash);
    },
    close: () => {},
  });
  return { check: check.check, hashes };
}

test("a thread tells right passwords from wrong ones", async (context: TestContext) => {
  const { check, close } = createPasswordCheck();
  context.defer(close);
  assert.is(await check(users, "ann", "pw-ann"), "right");
  assert.is(await check(users, "ann", "pw-ann"), "right");
  assert.is(await check(users, "ann", "pw-bob"), "wrong");
  assert.is(await check(users, "ann", ""), "wrong");
  assert.is(await check(users, "ghost", "pw-ann"), "wrong");
  assert.is(await check(users, "ann", "x".repeat(2000)), "wrong");
});

test("a right password is compared once until it changes, a wrong one each time", async () => {
  const { check, hashes } = counting((hash) => hash !== users.get("bob"));
  await check(users, "ann", "x");
  await check(users, "ann", "x");
  assert.is(hashes.length, 1);
  assert.is(await check(users, "bob", "x"), "wrong");
  assert.is(await check(users, "bob", "x"), "wrong");
  assert.is(hashes.length, 3);
  await check(new Map([["ann", "$2b$04$another"]]), "ann", "x");
  assert.is(hashes.length, 4);
  await check(users, "ann", "y");
  assert.is(hashes.length, 5);
});

test("many who come at once with one password are compared once; too many passwords at once wait outside", async () => {
  let finish = (_: boolean) => {};
  const ended = new Promise<boolean>((resolve) => {
    finish = resolve;
  });
  const { check, hashes } = counting(() => ended);
  const same = Array.from({ length: 500 }, () => check(users, "ann", "x"));
  const others = Array.from({ length: 63 }, (_, at) => check(users, "ann", `guess ${at}`));
  assert.is(await check(users, "bob", "x"), "busy");
  finish(true);
  assert.equal(new Set(await Promise.all([...same, ...others])), new Set(["right"]));
  assert.is(hashes.length, 64);
});

test("a name that nobody has costs what a user's costs, the same each time, and is never right", async () => {
  const mixed = new Map(
    [
      ["ann", "$2b$04$x"],
      ["bob", "$2b$12$x"],
    ].map(([user = "", hash = ""]) => [user, hash.replace("x", ".".repeat(53))] as const),
  );
  const { check, hashes } = counting(() => true);
  for (let at = 0; at < 40; at++) {
    for (const _ of [1, 2]) assert.is(await check(mixed, `ghost ${at}`, "x"), "wrong");
  }
  assert.is(hashes.length, 80);
  assert.equal(new Set(hashes.map((hash) => hash.slice(0, 7))), new Set(["$2b$04$", "$2b$12$"]));
  for (let at = 0; at < 80; at += 2) assert.is(hashes[at], hashes[at + 1]);
});

test.run();
