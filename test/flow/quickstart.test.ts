import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { MESSAGE } from "../../fixtures/contents.js";
import { processFolder } from "../support/folder.js";
import { missing, output } from "../support/programs.js";
import { suite } from "../support/suite.js";

const test = suite("quick start");
const script = fileURLToPath(new URL("../../fixtures/quickstart.js", import.meta.url));
const layout = join(script, "../../quickstart/pulled");

test("it shows digest, layers and bytes moved, and moves nothing twice", async () => {
  const text = await output(process.execPath, [script]);
  const digest = /^image +(sha256:[0-9a-f]{64}), linux\/amd64$/m.exec(text)?.[1];
  assert.ok(digest, text);
  for (const name of ["linux-base", "hello", "greeting"]) {
    assert.match(text, new RegExp(`sha256:[0-9a-f]{64}, [\\d,]+ bytes: .*\\b${name}\\b`));
  }
  assert.match(text, /^pushed .* [\d,]{3,} bytes moved, 0 bytes were there$/m);
  assert.match(text, /^again .* 0 bytes moved/m);
  assert.match(text, /^verified +every byte/m);
  assert.is(await output(process.execPath, [script]).then((again) => again.includes(digest)), true);
});

test.needs(missing("skopeo", "umoci", "bwrap"), "its image runs", async () => {
  await output(process.execPath, [script]);
  const folder = processFolder("quickstart");
  await output("umoci", ["unpack", "--rootless", "--image", `${layout}:greeting`, join(folder, "bundle")]);
  const { config } = JSON.parse(await output("skopeo", ["inspect", "--config", `oci:${layout}:greeting`]));
  const inRoot = ["--ro-bind", join(folder, "bundle/rootfs"), "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all"];
  assert.is(await output("bwrap", [...inRoot, ...config.Entrypoint]), MESSAGE);
  // Through the symbolic link `bin` of another layer, and as the interpreter of a script.
  assert.match(await output("bwrap", [...inRoot, "/bin/say", "/etc/os-release"]), /^ID=linux-base$/m);
  assert.match(await output("bwrap", [...inRoot, "/srv/greeting/bin/greet"]), /Hello again/);
});

test.run();
