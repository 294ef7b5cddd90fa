import fc from "fast-check";
import * as assert from "uvu/assert";
import { formatReference, parseReference } from "../../src/oci/reference.js";
import { parseWorkspacePath, placeInWorkspace } from "../../src/registry/workspace.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("registry/workspace");

test("parseWorkspacePath() tells whose a repository is", () => {
  assert.equal(parseWorkspacePath("w/lab/py"), { workspace: "lab", name: "py" });
  assert.equal(parseWorkspacePath("w/lab/py/u/x"), { workspace: "lab", name: "py/u/x" });
  assert.equal(parseWorkspacePath("w/lab/u/ann/py/3"), { workspace: "lab", user: "ann", name: "py/3" });
  for (const name of ["w", "w/lab", "w/lab/u", "w/lab/u/ann", "lab/py", "x/w/lab/py", "W/lab/py"]) {
    assert.is(parseWorkspacePath(name), undefined, name);
  }
});

const PART = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8})?$/);

test("placeInWorkspace() makes what parseWorkspacePath() reads", () => {
  fc.assert(
    fc.property(
      PART,
      fc.option(PART, { nil: undefined }),
      fc.array(PART, { minLength: 1, maxLength: 3 }),
      (w, user, parts) => {
        fc.pre(!["w", "u"].includes(parts[0] ?? ""));
        const name = parts.join("/");
        const { repository, registry, tag } = placeInWorkspace(parseReference(`127.0.0.1:5000/${name}:1`), {
          workspace: w,
          user,
        });
        assert.equal([registry, tag], ["127.0.0.1:5000", "1"]);
        assert.equal(
          parseWorkspacePath(repository),
          user === undefined ? { workspace: w, name } : { workspace: w, user, name },
        );
      },
    ),
  );
});

test("placeInWorkspace() keeps a digest and refuses what leads elsewhere", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const placed = placeInWorkspace(parseReference(`h:1/py@${digest}`), { workspace: "lab" });
  assert.is(formatReference(placed), `h:1/w/lab/py@${digest}`);
  for (const [place, workspace, user] of [
    ["h:1/w/lab/py", "lab", undefined],
    ["h:1/u/ann/py", "lab", undefined],
    ["h:1/u", "lab", undefined],
    ["py", "lab", undefined],
    ["h:1/py", "Lab", undefined],
    ["h:1/py", "a/b", undefined],
    ["h:1/py", "", undefined],
    ["h:1/py", "lab", "../x"],
    ["h:1/py", "lab", "ann@example"],
    [`h:1/${"x".repeat(246)}`, "lab", undefined],
  ] as const) {
    throws(() => placeInWorkspace(parseReference(place), { workspace, user }), "SYNTAX");
  }
});

test.run();
