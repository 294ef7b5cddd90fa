/**
 * `--workspace` and `--scope`: the place of an image in a registry's workspace.
 *
 * @module
 */

import type { CredentialSource } from "../src/index.js";
import type { Cli } from "./cli.js";
import type { WorkspaceFlags } from "./flags.js";
import { UsageError } from "./usage.js";

/**
 * The same places, those in registries moved into the workspace that the flags name. Whose the scope `user` is, the login
 * says.
 */
export async function inWorkspace(
  places: readonly string[],
  { workspace: named, scope = "workspace" }: WorkspaceFlags,
  { cli, credentials }: { readonly cli: Cli; readonly credentials: CredentialSource },
): Promise<readonly string[]> {
  const { parseTransport } = await import("../src/transport.js");
  const { formatReference } = await import("../src/oci/reference.js");
  const { placeInWorkspace } = await import("../src/registry/workspace.js");
  const workspace = named ?? cli.env.LADING_WORKSPACE;
  if (!workspace) throw new UsageError("--scope needs a workspace: add --workspace NAME, or set LADING_WORKSPACE");
  const transports = places.map((place) => ({ place, transport: parseTransport(place) }));
  if (!transports.some(({ transport }) => transport.kind === "docker")) {
    throw new UsageError("--workspace and --scope are for registries, and no place is in one; add --push, or name one");
  }
  const moved: string[] = [];
  for (const { place, transport } of transports) {
    if (transport.kind !== "docker") {
      moved.push(place);
      continue;
    }
    const { registry } = transport.reference;
    const user = scope === "user" ? await userOf(registry, workspace, credentials) : undefined;
    moved.push(`docker://${formatReference(placeInWorkspace(transport.reference, { workspace, user }))}`);
  }
  return moved;
}

async function userOf(registry: string, workspace: string, credentials: CredentialSource): Promise<string> {
  const { username } = (await credentials({ registry, repository: `w/${workspace}` })) ?? {};
  if (username !== undefined) return username;
  throw new UsageError(
    `--scope user needs a login that names its user, and there is none for ${registry}; log in there`,
  );
}
