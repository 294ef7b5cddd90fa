/**
 * `lading login HOST`
 *
 * @module
 */

import { Option } from "commander";
import { type Cli, type CommonFlags, createVerb, print, type Verb, warn } from "../cli.js";
import { addRegistryFlags, connectionOptions, credentialOptions, type RegistryFlags } from "../flags.js";
import { ask, readSecret } from "../prompt.js";
import { UsageError } from "../usage.js";

interface Flags extends CommonFlags, RegistryFlags {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** A registry as people write it: `HOST`, `HOST:PORT`; what stands before and after is taken off where it says nothing. */
export function parseRegistry(text: string): string {
  const host = text.replace(/^(docker|https):\/\//, "").replace(/\/(v[12]\/?)?$/, "");
  // A password may have been meant to be a part of it.
  if (!/^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/i.test(host)) {
    throw new UsageError("The registry is not HOST or HOST:PORT; a login is for all of a registry");
  }
  return ["index.docker.io", "registry-1.docker.io"].includes(host) ? "docker.io" : host;
}

async function readUser(registry: string, flags: Flags, cli: Cli) {
  if (flags.passwordStdin) {
    if (flags.username === undefined) throw new UsageError("--password-stdin needs --username");
    return { username: flags.username, password: await readSecret(cli) };
  }
  if (cli.stdin().isTTY !== true)
    throw new UsageError("Nobody is there to type a password; use --username and --password-stdin");
  const username = flags.username ?? (await ask(cli, `User name for ${registry}: `, false));
  return { username, password: await ask(cli, `Password of ${username}: `, true) };
}

function refusePassword(): never {
  throw new UsageError("A password is no argument: others could read it; use --password-stdin, or type it when asked");
}

export const verb: Verb = (cli) =>
  addRegistryFlags(createVerb(cli, "login", "Logs in to a registry, and keeps the login where it will be looked for."))
    .argument("<registry>", "HOST or HOST:PORT")
    .option("-u, --username <name>", "who logs in (asked for on a terminal)")
    .option("--password-stdin", "read the password from standard input")
    .addOption(new Option("-p, --password [password]").argParser(refusePassword).preset("").hideHelp())
    .action(async (text: string, flags: Flags) => {
      const registry = parseRegistry(text);
      const user = await readUser(registry, flags, cli);
      if (user.username === "" || user.password === "") throw new UsageError("The user name or the password is empty");
      if (user.username.includes(":")) throw new UsageError("The user name has a colon, which registries cannot read");
      const { login } = await import("../../src/registry/login.js");
      const options = { ...credentialOptions(cli, flags), ...connectionOptions(cli, flags), signal: cli.signal };
      const result = await login(registry, user, options);
      if (!result.checked) warn(cli, flags, `${registry} asked for no login: the password was kept and not checked`);
      if (result.shadowed)
        warn(cli, flags, `DOCKER_AUTH_CONFIG holds another login for ${registry}, which comes first`);
      print(cli, flags, result, () => [`logged in to ${registry} as ${user.username}, kept in ${result.keptIn}`]);
    });
