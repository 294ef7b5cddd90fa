import { writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Cli } from "../support/cli.js";
import { createStockedCli, refuses } from "../support/refusal.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("registries that fail", { deadlineMs: 300_000 });

/** The fixtures' image in the store, ready to be pushed. */
async function prepareImage(context: TestContext): Promise<Cli> {
  const cli = await createStockedCli(context);
  await writeFile(join(cli.folder, "lading.yaml"), "packages: [greeting]\n");
  await cli.ok(["build", "lading.yaml", "-t", "greeting:1"]);
  return cli;
}

/** A server on a free port, `HOST:PORT`. */
async function listen(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a registry that answers 500", async (context) => {
  const cli = await prepareImage(context);
  const host = await listen(context, (_request, response) => response.writeHead(500).end("no\n"));
  await refuses(cli, ["push", "store:greeting:1", `docker://${host}/team/greeting:1`], [host, "500"]);
});

test("a registry that nobody listens as", async (context) => {
  const cli = await prepareImage(context);
  await refuses(cli, ["push", "store:greeting:1", "docker://127.0.0.1:1/team/greeting:1"], ["127.0.0.1:1"]);
});

// Waits for as long as a person would have to: half a minute, and once more for the second try.
test("a registry that takes the request and never answers", async (context) => {
  const cli = await prepareImage(context);
  const host = await listen(context, () => {});
  const args = ["push", "store:greeting:1", `docker://${host}/team/greeting:1`];
  await refuses(cli, args, [host, "no answer in time"], { timeoutMs: 100_000 });
});

test.run();
