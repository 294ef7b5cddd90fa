import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createAuthority } from "../support/authority.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { missing } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { createCommand } from "./command.js";

const test = suite("bin: certificates");
const lacking = missing("openssl", "docker-registry");

test("a file of --cacert that is not there, or is none, is what the error names", async (context) => {
  const { fails, write } = await createCommand(context);
  const list = ["list", "docker://r.example/team/app"];
  assert.match(await fails(1, ...list, "--cacert", "none.pem"), /^IO: .*"none\.pem": ENOENT/);
  await write("notes.pem", "hello\n");
  assert.match(await fails(1, ...list, "--cacert", "notes.pem"), /^SYNTAX: .*"notes\.pem": it holds no certificate/);
});

test.needs(
  lacking,
  "a registry on this machine that wants a client's certificate says so, and takes it",
  async (context) => {
    const { fails, ok, folder } = await createCommand(context);
    const authority = await createAuthority(context);
    const tls = { ...(await authority.issue(["127.0.0.1"])), clientCaFile: authority.caFile };
    const { host } = await startDockerRegistry(context, { tls });
    const list = ["list", "--cacert", authority.caFile, `docker://${host}`];
    const refused = await fails(1, ...list);
    assert.match(
      refused,
      /^NETWORK: .*does not accept this client's certificate, or wants one, put NAME.cert and NAME.key/,
    );
    const certs = join(folder, "home/.config/containers/certs.d", host);
    await mkdir(certs, { recursive: true });
    const { certFile, keyFile } = await authority.issue(["joe"]);
    await copyFile(certFile, join(certs, "joe.cert"));
    await copyFile(keyFile, join(certs, "joe.key"));
    assert.equal(await ok(...list), []);
  },
);

test.run();
