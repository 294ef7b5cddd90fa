import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { reply, startHostileServer } from "../support/hostile-server.js";
import { missing, run } from "../support/programs.js";
import { suite, type TestContext } from "../support/suite.js";
import { createCommand, LADING } from "./command.js";

const test = suite("bin: login and logout");
const AUTH = Buffer.from("joe:hunter2").toString("base64");

async function prepare(context: TestContext) {
  const command = await createCommand(context);
  const { host } = await startHostileServer(context, ({ headers }, response) =>
    headers.authorization === `Basic ${AUTH}`
      ? reply(response, 200, {}, '{"tags":[]}')
      : reply(response, 401, { "www-authenticate": 'Basic realm="r"' }),
  );
  const file = join(command.folder, "home/.docker/config.json");
  return { ...command, host, file, kept: async () => JSON.parse(await readFile(file, "utf8")).auths };
}

test("a password from standard input; the file serves the next verb; logout takes it out", async (context) => {
  const { lading, host, file, kept, ok, fails } = await prepare(context);
  const args = ["login", host, "-u", "joe", "--password-stdin"];
  const { code, stdout, stderr } = await lading(args, { input: "hunter2\r\n" });
  assert.equal([code, stdout, stderr], [0, `logged in to ${host} as joe, kept in ${file}\n`, ""]);
  assert.equal(await kept(), { [host]: { auth: AUTH } });
  assert.match(await fails(1, "inspect", `docker://${host}/team/app:1`), /NETWORK|REGISTRY|FORMAT|SYNTAX|NOT_FOUND/);
  assert.equal(await ok("logout", host), [`removed from ${file}`]);
  assert.equal(await kept(), {});
  assert.equal(await ok("logout", host), [`there was no login for ${host}`]);
  assert.match(await fails(1, "inspect", `docker://${host}/team/app:1`), `log in with \`lading login ${host}\``);
});

test("a wrong password is refused, and shown nowhere", async (context) => {
  const { lading, host } = await prepare(context);
  for (const json of [[], ["--json"]]) {
    const env = { LADING_DEBUG: "1" };
    const args = ["login", host, "-u", "joe", "--password-stdin", ...json];
    const { code, stdout, stderr } = await lading(args, { input: "sesame", env });
    assert.equal([code, stdout], [1, ""]);
    assert.match(stderr, "REGISTRY");
    assert.not.match(stderr, "sesame");
    assert.not.match(stderr, Buffer.from("joe:sesame").toString("base64"));
  }
});

const WRONG: readonly (readonly [title: string, args: readonly string[], words: string])[] = [
  ["a password as an argument", ["h", "-p", "hunter2"], "A password is no argument"],
  ["a password as an argument, in one word", ["h", "--password=hunter2"], "A password is no argument"],
  ["a password in the name", ["joe:hunter2@h"], "not HOST or HOST:PORT"],
  ["a namespace", ["h.example/team"], "not HOST or HOST:PORT"],
  ["a password without a user", ["h", "--password-stdin"], "needs --username"],
  ["nobody to ask", ["h"], "Nobody is there to type a password"],
  ["an empty password", ["h", "-u", "joe", "--password-stdin"], "is empty"],
];

for (const [title, args, words] of WRONG) {
  test(`wrong usage: ${title}`, async (context) => {
    const { fails } = await createCommand(context);
    const line = await fails(2, "login", ...args);
    assert.match(line, words);
    assert.not.match(line, "hunter2");
  });
}

test.needs(missing("script"), "on a terminal it asks, and shows no letter of the password", async (context) => {
  const { host, kept, folder, env } = await prepare(context);
  const command = `${process.execPath} ${LADING} login ${host}`;
  // The keys come when the questions are there: before that, the terminal itself would show them.
  const keys = `sleep 2; printf 'joe\\r'; sleep 1; printf 'hunterX\\b2\\r'; sleep 3`;
  const { code, stdout } = await run("bash", ["-c", `(${keys}) | script -qefc "${command}" /dev/null`], {
    cwd: folder,
    env,
  });
  assert.is(code, 0, stdout);
  assert.match(stdout, `User name for ${host}: `);
  assert.match(stdout, "Password of joe: ");
  assert.match(stdout, `logged in to ${host} as joe`);
  assert.not.match(stdout, "hunter");
  assert.equal(await kept(), { [host]: { auth: AUTH } });
});

test.run();
