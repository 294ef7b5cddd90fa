/**
 * What in a package's environment a person may want to know before it becomes that of a container.
 *
 * @module
 */

import { escapePath } from "../tar/escape.js";

/** Variables that make programs load or run what they name, before anything of their own. */
const LOADS_CODE: ReadonlySet<string> = new Set(["LD_PRELOAD", "LD_AUDIT", "BASH_ENV"]);

function warningOf(name: string, value: string): string | undefined {
  if (LOADS_CODE.has(name))
    return `makes every program load or run "${escapePath(Buffer.from(value).toString("latin1"))}"`;
  // Some runtimes, Apptainer among them, let a shell read the environment.
  if (/\$\(|`/.test(value)) return "holds a command substitution, which runs where a shell reads the environment";
  if (name.endsWith("PATH") && value !== "" && value.split(":").includes(""))
    return "has an empty item, which would mean the current folder and is left out of images";
  return undefined;
}

/** One sentence for each variable that loads code, that a shell would run, or that names the current folder by accident. */
export function warnEnvironment(environment: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    const warning = warningOf(name, value);
    return warning === undefined ? [] : [`the variable ${name} ${warning}`];
  });
}
