import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../src/errors.js";
import { parseAccessFile } from "../../../src/service/access/access-file.js";
import { parseHtpasswd } from "../../../src/service/access/htpasswd.js";
import { type ContentAction, isAllowed } from "../../../src/service/access/rules.js";
import { userLine } from "../../support/guarded-registry.js";
import { suite } from "../../support/suite.js";

const test = suite("service/access: files and rules");

const { rules } = parseAccessFile(
  `
administrators: [root]
workspaces:
  lab:
    members: {ann: owner, bob: member, eve: reader}
    repositories:
      base: {public: true}
      tools/*: {share: [ops]}
      u/ann/demo: {share: [ops]}
      u/bob/*: {public: true}
  ops: {members: [carl]}
  open:
    repositories:
      "*": {public: true}
repositories:
  library/*: {public: true}
  team: {share: [lab]}
`,
  "access.yaml",
);

const ACTIONS: readonly ContentAction[] = ["pull", "push", "delete"];
const may = (user: string | undefined, name: string) =>
  ACTIONS.filter((action) => isAllowed(rules, user, name, action)).join(" ");

const CASES: readonly (readonly [name: string, may: Readonly<Record<string, string>>])[] = [
  ["w/lab/app", { root: "pull push delete", ann: "pull push delete", bob: "pull push", eve: "pull" }],
  ["w/lab/deep/er/app", { root: "pull push delete", ann: "pull push delete", bob: "pull push", eve: "pull" }],
  [
    "w/lab/base",
    { root: "pull push delete", ann: "pull push delete", bob: "pull push", eve: "pull", carl: "pull", "": "pull" },
  ],
  ["w/lab/base/x", { root: "pull push delete", ann: "pull push delete", bob: "pull push", eve: "pull" }],
  ["w/lab/tools", { root: "pull push delete", ann: "pull push delete", bob: "pull push", eve: "pull" }],
  ["w/lab/tools/x", { root: "pull push delete", ann: "pull push delete", bob: "pull push", eve: "pull", carl: "pull" }],
  ["w/lab/u/ann/app", { root: "pull push delete", ann: "pull push delete" }],
  ["w/lab/u/eve/app", { root: "pull push delete", eve: "pull push delete" }],
  ["w/lab/u/ann/demo", { root: "pull push delete", ann: "pull push delete", carl: "pull" }],
  [
    "w/lab/u/bob/x",
    { root: "pull push delete", ann: "pull", bob: "pull push delete", eve: "pull", carl: "pull", "": "pull" },
  ],
  // Whose workspace it is not, has nothing of their own in it either.
  ["w/lab/u/carl/app", { root: "pull push delete" }],
  ["w/nowhere/app", { root: "pull push delete" }],
  ["w/open/app", { root: "pull push delete", ann: "pull", bob: "pull", eve: "pull", carl: "pull", "": "pull" }],
  ["w/open/u/ann/app", { root: "pull push delete" }],
  ["w/lab", { root: "pull push delete" }],
  ["w/lab/u", { root: "pull push delete" }],
  ["w/lab/u/ann", { root: "pull push delete" }],
  ["library/debian", { root: "pull push delete", ann: "pull", bob: "pull", eve: "pull", carl: "pull", "": "pull" }],
  ["library", { root: "pull push delete" }],
  ["team", { root: "pull push delete", ann: "pull", bob: "pull", eve: "pull" }],
  ["w/lab/../ops/app", { root: "pull push delete" }],
  ["library/..", { root: "pull push delete" }],
];

for (const [name, expected] of CASES) {
  test(`who may do what in ${name}`, () => {
    for (const user of ["root", "ann", "bob", "eve", "carl", "ghost", ""]) {
      assert.is(may(user === "" ? undefined : user, name), expected[user === "ghost" ? "" : user] ?? "", user);
    }
  });
}

test("nobody may more without a login than with one, nor delete what they may not push", () => {
  const name = fc
    .array(fc.constantFrom("w", "u", "lab", "ops", "open", "ann", "bob", "base", "tools", "library", "..", "", "X"), {
      maxLength: 6,
    })
    .map((parts) => parts.join("/"));
  fc.assert(
    fc.property(name, fc.constantFrom("ann", "bob", "eve", "carl", "ghost"), (repository, user) => {
      const [own, open] = [may(user, repository), may(undefined, repository)];
      assert.ok(own.startsWith(open));
      assert.ok(["", "pull", "pull push", "pull push delete"].includes(own));
      assert.ok(["", "pull"].includes(open));
    }),
  );
});

test("JSON will do, and a file may say nothing", () => {
  const file = parseAccessFile(
    '{"administrators": ["root"], "htpasswd": "../users", "url": "https://r.example/"}',
    "a.json",
  );
  assert.equal([file.htpasswd, file.url, file.login], ["../users", "https://r.example", "token"]);
  assert.is(parseAccessFile("{}", "a").htpasswd, "htpasswd");
});

const WRONG: readonly (readonly [text: string, message: string])[] = [
  ["administrator: [root]", 'a:1:1: unknown key "administrator"; did you mean "administrators"?'],
  ["workspaces: {lab: {member: [ann]}}", 'a:1:20: workspaces.lab: unknown key "member"; did you mean "members"?'],
  [
    "workspaces:\n  lab:\n    members: {ann: boss}",
    'a:3:20: workspaces.lab.members.ann: found "boss", expected owner, member or reader',
  ],
  [
    "workspaces: {Lab: {}}",
    'a:1:14: workspaces: key "Lab", expected a workspace\'s name: lower-case letters and digits with single . _ or - between them',
  ],
  [
    "workspaces: {lab: {members: [Ann]}}",
    'a:1:30: workspaces.lab.members[0]: found "Ann", expected a user\'s name: lower-case letters and digits with single . _ or - between them',
  ],
  [
    "workspaces: {lab: {repositories: {u/ann: {public: true}}}}",
    'a:1:35: workspaces.lab.repositories: key "u/ann", expected a repository\'s name inside the workspace: NAME or u/USER/NAME, also with /* at its end',
  ],
  [
    "repositories: {w/lab/x: {public: true}}",
    'a:1:16: repositories: key "w/lab/x", expected a repository\'s name outside of w/, also with /* at its end',
  ],
  ["repositories: {x: {publik: true}}", 'a:1:20: repositories.x: unknown key "publik"; did you mean "public"?'],
  ["repositories: {x: {public: yes}}", 'a:1:28: repositories.x.public: found "yes", expected true or false'],
  [
    "repositories: {x: {share: [lab]}}",
    'a:1:28: repositories.x.share[0]: found "lab", expected a workspace of this file',
  ],
  ["login: magic", 'a:1:8: login: found "magic", expected token or password'],
  ["url: 'https://x/v2'", 'a:1:6: url: found "https://x/v2", expected an address such as https://registry.example'],
  ["workspaces: [", "a:1:14: "],
];

for (const [text, message] of WRONG) {
  test(`parseAccessFile() says what is wrong with ${JSON.stringify(text)}`, () => {
    try {
      parseAccessFile(text, "a");
      assert.unreachable();
    } catch (error) {
      assert.ok(isLadingError(error, "SYNTAX"), String(error));
      assert.is(error.message.slice(0, message.length), message);
      assert.is(error.detail.kind, "access file");
    }
  });
}

test("parseHtpasswd() takes bcrypt alone, and tells no hash", () => {
  const users = parseHtpasswd(`# users\n\n${userLine("ann")}${userLine("bob").replace("$2b$", "$2y$")}`, "f");
  assert.equal([...users.keys()], ["ann", "bob"]);
  assert.is(parseHtpasswd(userLine("ann").replace("\n", "\r\n"), "f").size, 1);
  for (const [text, message] of [
    [
      "ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
      'f:1: the password of "ann" is not bcrypt of a cost from 4 to 16; write it by `htpasswd -B`',
    ],
    [
      userLine("ann").replace("$04$", "$31$"),
      'f:1: the password of "ann" is not bcrypt of a cost from 4 to 16; write it by `htpasswd -B`',
    ],
    [`${userLine("ann")}${userLine("ann")}`, 'f:2: the user "ann" comes twice'],
    ["ann", "f:1: expected USER:HASH"],
    [":x", "f:1: expected USER:HASH"],
  ] as const) {
    assert.throws(
      () => parseHtpasswd(text, "f"),
      (error: Error) => error.message === message,
    );
  }
});

test.run();
