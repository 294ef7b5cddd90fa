/**
 * `lading logout HOST`
 *
 * @module
 */

import { type CommonFlags, createVerb, print, type Verb, warn } from "../cli.js";
import { credentialOptions, type RegistryFlags } from "../flags.js";
import { parseRegistry } from "./login.js";

interface Flags extends CommonFlags, Pick<RegistryFlags, "authfile"> {}

export const verb: Verb = (cli) =>
  createVerb(cli, "logout", "Forgets the login to a registry, wherever it would be looked for.")
    .argument("<registry>", "HOST or HOST:PORT")
    .option("--authfile <file>", "the one file of logins (else $REGISTRY_AUTH_FILE, else the usual ones)")
    .action(async (text: string, flags: Flags) => {
      const registry = parseRegistry(text);
      const { logout } = await import("../../src/registry/login.js");
      const result = await logout(registry, { ...credentialOptions(cli, flags), signal: cli.signal });
      if (result.shadowed) warn(cli, flags, `DOCKER_AUTH_CONFIG still holds a login for ${registry}`);
      const { removedFrom } = result;
      print(cli, flags, result, () =>
        removedFrom.length === 0
          ? [`there was no login for ${registry}`]
          : removedFrom.map((place) => `removed from ${place}`),
      );
    });
