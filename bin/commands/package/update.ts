/**
 * `lading package update NAME`
 *
 * @module
 */

import type { Policy } from "../../../src/index.js";
import { type Cli, createVerb, gather, print, type Verb, warn } from "../../cli.js";
import { addNamespaceFlag, type NamespaceFlags, namespaceOf, openStore, parsePairs } from "../../flags.js";
import { readPolicies } from "../../policy.js";
import { UsageError } from "../../usage.js";

interface Flags extends NamespaceFlags {
  readonly name?: string;
  readonly packageVersion?: string;
  readonly description?: string;
  readonly provides?: readonly string[];
  readonly depends?: readonly string[];
  readonly env?: readonly string[];
  readonly removeProvides?: readonly string[];
  readonly removeDepends?: readonly string[];
  readonly removeEnv?: readonly string[];
  readonly override?: boolean;
  readonly policy?: readonly string[];
}

/** The flags that change something; without any there is nothing to do. */
function changesOf(flags: Flags) {
  const { name, packageVersion: version, description, provides, depends } = flags;
  const { env, removeProvides, removeDepends, removeEnv } = flags;
  const given = [name, version, description, provides, depends, env, removeProvides, removeDepends, removeEnv];
  if (given.every((each) => each === undefined)) throw new UsageError("There is nothing to change; see --help");
  const environment = parsePairs("--env", env);
  const remove = { provides: removeProvides, depends: removeDepends, environment: removeEnv };
  return { name, version, description, provides, depends, environment, remove };
}

/** Says which rules go on to name what is called otherwise now. */
async function warnOfRules(cli: Cli, flags: Flags, policy: Policy | undefined, before: string): Promise<void> {
  if (policy === undefined) return;
  const { rulesNaming } = await import("../../../src/resolve/policy-names.js");
  for (const { path, line, action } of rulesNaming(policy, before)) {
    warn(cli, flags, `${path}:${line} names ${before} (package.${action}), which is not there any more; change it`);
  }
}

export const verb: Verb = (cli) =>
  addNamespaceFlag(createVerb(cli, "update", "Changes what a package says. Its layer stays as it is."))
    .name("update")
    .argument("<name>", "package::/ns::name, /ns::name or name; =VERSION may follow")
    .option("--name <name>", "its new local name; its namespace stays")
    .option("--package-version <version>", "its version")
    .option("--description <text>", "a line about it")
    .option("-p, --provides <capability>", "what it gives, too: runtime=node-6; repeatable", gather)
    .option("-d, --depends <capability>", 'what it needs, too: os=linux, "jq (>= 1.6)"; repeatable', gather)
    .option("-e, --env <name=value>", "a variable that it sets: PATH=/opt/app/bin:$PATH; repeatable", gather)
    .option("--remove-provides <capability>", "what it does not give any more; repeatable", gather)
    .option("--remove-depends <capability>", "what it does not need any more; repeatable", gather)
    .option("--remove-env <name>", "a variable that it does not set any more; repeatable", gather)
    .option("--override", "replace a package that has the new name already")
    .option("--policy <file>", "warn of rules in this policy (.pol) that name it as it was called; repeatable", gather)
    .action(async (name: string, flags: Flags) => {
      const changes = changesOf(flags);
      const { updatePackage } = await import("../../../src/package/update.js");
      const { policy } = await readPolicies({ policy: flags.policy });
      const { store } = await openStore(cli, flags);
      const { override } = flags;
      const namespace = await namespaceOf(flags, store);
      const updated = await updatePackage(store, name, changes, { namespace, override, signal: cli.signal });
      for (const warning of updated.warnings) warn(cli, flags, warning);
      const { before, package: now, status } = updated;
      if (before.fqn !== now.fqn) await warnOfRules(cli, flags, policy, before.fqn);
      print(cli, flags, updated, () => [`${status} ${now.fqn}${before.fqn === now.fqn ? "" : ` (was ${before.fqn})`}`]);
    });
