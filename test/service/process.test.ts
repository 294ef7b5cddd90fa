import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { run } from "../support/programs.js";
import { startServe } from "../support/serve.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("service: lading serve as a process");
const MIB = 1024 * 1024;

async function begin(url: string): Promise<string> {
  const response = await fetch(`${url}/v2/a/blobs/uploads/`, { method: "POST" });
  return response.headers.get("location") ?? "";
}

/** How many bytes an upload has. */
async function sizeOf(location: string): Promise<number> {
  const response = await fetch(location);
  assert.is(response.status, 204);
  const last = Number(response.headers.get("range")?.split("-")[1]);
  return last === 0 ? 0 : last + 1;
}

const write = (sent: ClientRequest, bytes: Uint8Array) => new Promise((resolve) => sent.write(bytes, resolve));

test("killed at any point of a push, it goes on where it was; nothing half is ever a blob", async (context) => {
  const folder = await tempFolder(context);
  const blob = randomBytes(16 * MIB);
  const digest = digestOf(blob);
  let served = await startServe(context, { folder });
  const at = await begin(served.url);
  let kept = 0;
  for (const stop of [1, 3, 7, 12, 15]) {
    const headers = { "content-length": blob.byteLength - kept };
    const sent = request(served.url + at, { method: "PATCH", headers });
    sent.on("error", () => undefined);
    for (let from = kept; from < stop * MIB; from += 256 * 1024) {
      await write(sent, blob.subarray(from, Math.min(from + 256 * 1024, stop * MIB)));
    }
    await sleep(20);
    await served.kill("SIGKILL");
    sent.destroy();
    served = await startServe(context, { folder });
    const size = await sizeOf(served.url + at);
    assert.ok(size >= kept && size <= stop * MIB, `${size} bytes after ${kept}, of ${stop} MiB`);
    kept = size;
    assert.equal(await readdir(join(folder, "a/_layout/blobs/sha256")).catch(() => []), []);
  }
  assert.ok(kept > 0);
  const headers = { "content-range": `${kept}-${blob.byteLength - 1}` };
  const put = await fetch(`${served.url}${at}?digest=${digest}`, {
    method: "PUT",
    headers,
    body: new Uint8Array(blob.subarray(kept)),
  });
  assert.is(put.status, 201);
  const back = Buffer.from(await (await fetch(`${served.url}/v2/a/blobs/${digest}`)).arrayBuffer());
  assert.ok(back.equals(blob));
  assert.equal(await readdir(join(folder, "a/_uploads")), []);
});

/** The most memory that a process has had, in MiB. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

test("memory does not grow with what is pushed and pulled", async (context) => {
  const { url, pid } = await startServe(context);
  const chunk = randomBytes(4 * MIB);
  const transfer = async (count: number) => {
    const hash = createHash("sha256");
    const at = await begin(url);
    const sent = request(url + at, { method: "PATCH" });
    const answered = new Promise<void>((resolve, reject) => {
      sent.on("response", (response) => response.resume().on("end", resolve));
      sent.on("error", reject);
    });
    for (let n = 0; n < count; n++) {
      hash.update(chunk);
      await write(sent, chunk);
    }
    sent.end();
    await answered;
    const digest = `sha256:${hash.digest("hex")}`;
    assert.is((await fetch(`${url}${at}?digest=${digest}`, { method: "PUT" })).status, 201);
    let size = 0;
    const response = await fetch(`${url}/v2/a/blobs/${digest}`);
    for await (const part of response.body ?? []) size += part.byteLength;
    assert.is(size, count * chunk.byteLength);
    return await peakOf(pid);
  };
  const small = await transfer(8);
  const large = await transfer(80);
  assert.ok(large < small + 60, `${small} MiB after 32 MiB, ${large} MiB after 320`);
});

const PACKAGE = join(import.meta.dirname, "../../../package.json");
const REFUSED: readonly (readonly [code: number, says: RegExp, ...flags: string[]])[] = [
  [2, /belong together/, "--cert", "x"],
  [2, /belong together/, "--key", "x"],
  [1, /other machines reach it.*--insecure-listen/, "--listen", "0.0.0.0:0"],
  [1, /Cannot read the certificate "missing\.pem": ENOENT/, "--cert", "missing.pem", "--key", "missing.pem"],
  [1, /Cannot serve ".*package\.json": EEXIST, something else has that name/, "--root", PACKAGE],
];

for (const [code, says, ...flags] of REFUSED) {
  test(`lading serve ${flags.join(" ")} is refused`, async (context) => {
    const folder = await tempFolder(context);
    const serve = join(import.meta.dirname, "../../bin/lading.cjs");
    const result = await run(process.execPath, [serve, "serve", "--root", folder, ...flags], { timeoutMs: 20_000 });
    assert.is(result.code, code, result.stderr);
    assert.match(result.stderr, says);
  });
}

test("--insecure-listen listens where other machines reach it", async (context) => {
  const { url } = await startServe(context, { flags: ["--listen", "0.0.0.0:0", "--insecure-listen"] });
  const { port } = new URL(url);
  assert.is((await fetch(`http://127.0.0.1:${port}/v2/`)).status, 200);
});

test.run();
