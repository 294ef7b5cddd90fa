/**
 * containerify of npm: copies a tree into one layer on top of an image that it pulls.
 *
 * It puts files in the place of symlinks and fails at those that lead nowhere, so real packages come out as something else;
 * it is measured on trees of files alone.
 *
 * @module
 */

import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { openArchive } from "../images.js";
import { output } from "../processes.js";
import { startRegistry } from "../registry.js";
import type { Side } from "../side.js";
import type { Tools } from "../tools.js";

const EMPTY_CONFIG = JSON.stringify({
  architecture: "amd64",
  os: "linux",
  config: {},
  rootfs: { type: "layers", diff_ids: [] },
});

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256:${Buffer.from(hash).toString("hex")}`;
}

/** Puts an image without layers into a registry, for there is no other way to start from nothing. */
async function putEmptyImage(host: string): Promise<void> {
  const digest = await sha256(EMPTY_CONFIG);
  const upload = await fetch(`http://${host}/v2/base/blobs/uploads/`, { method: "POST" });
  const location = new URL(upload.headers.get("location") ?? "", `http://${host}`);
  location.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream" };
  await fetch(location, { method: "PUT", headers, body: EMPTY_CONFIG });
  const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
  const type = "application/vnd.docker.container.image.v1+json";
  const config = { mediaType: type, digest, size: EMPTY_CONFIG.length };
  const body = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
  const put = await fetch(`http://${host}/v2/base/manifests/t`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body,
  });
  if (!put.ok) throw new Error(`Cannot put an empty image into ${host}: ${put.status}`);
}

/**
 * `containerify --customContent TREE:/ --toTar ARCHIVE` of the packages unpacked; unpacking is not counted. It makes one
 * layer of them all, so only trees can be compared.
 */
export function containerify(tools: Tools, files: readonly string[]): Side | undefined {
  const program = tools.find("containerify");
  if (program === undefined) return undefined;
  return {
    name: "containerify",
    hasChildren: true,
    start: async (folder) => {
      const tree = join(folder, "tree");
      await mkdir(tree);
      for (const file of files) await output(["tar", "-xzf", file, "-C", tree]);
      const { host, stop } = await startRegistry(tools, join(folder, "registry"));
      await putEmptyImage(host);
      const archive = join(folder, "image.tar");
      const from = ["--fromRegistry", `http://${host}/v2/`, "--fromImage", "base:t", "--allowInsecureRegistries"];
      const to = ["--toImage", "image:t", "--toTar", archive, "--buildFolder", join(folder, "build")];
      const content = ["--folder", folder, "--customContent", `${basename(tree)}:/`, "--preserveTimeStamp"];
      return { steps: [{ argv: [program, ...from, ...to, ...content] }], image: () => openArchive(archive), end: stop };
    },
  };
}
