/**
 * Folding the environments of packages and recipe into one: an image's config does not expand variables, so lading does.
 *
 * @module
 */

/** The `PATH` that stands where nothing sets one. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

type Environment = Readonly<Record<string, string>>;

const REFERENCE = /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\}|(\$))/g;
/** Variables that only the one who starts the container knows: they stay as they are written. */
const RUN_TIME: ReadonlySet<string> = new Set(["HOME", "USER", "PWD", "HOSTNAME", "UID", "TMPDIR", "SHELL", "TERM"]);

/** A list such as `PATH` without its empty items: an empty item would mean the current folder. */
function trimList(name: string, value: string): string {
  if (!name.endsWith("PATH")) return value;
  return value
    .split(":")
    .filter((item) => item !== "")
    .join(":");
}

function expand(value: string, known: ReadonlyMap<string, string>): string {
  return value.replace(REFERENCE, (text, plain?: string, braced?: string, dollar?: string) => {
    if (dollar !== undefined) return "$";
    const name = plain ?? braced ?? "";
    const found = known.get(name);
    if (found !== undefined) return found;
    if (name === "PATH") return DEFAULT_PATH;
    return RUN_TIME.has(name) ? text : "";
  });
}

/**
 * Folds environments in order; a later one may name what earlier ones set, as `$NAME` or `${NAME}`; `$$` is a dollar sign.
 *
 * A name that nothing sets is empty, but `$PATH`, which is then {@link DEFAULT_PATH}, and those that are known only when a
 * container starts (`$HOME`, `$USER`, …), which stay as written. Variables whose name ends in `PATH` lose empty items.
 *
 * @param base Items of a base image's config, `NAME=value`.
 * @returns Items `NAME=value` in the order in which the names first came; `PATH` is always among them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { foldEnvironment } from "lading";
 *
 * const env = foldEnvironment([{ PATH: "/opt/a/bin:$PATH" }, { PATH: "/opt/b/bin:$PATH", LANG: "C.UTF-8" }]);
 * assert.deepEqual(env, [
 *   "PATH=/opt/b/bin:/opt/a/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
 *   "LANG=C.UTF-8",
 * ]);
 * ```
 */
export function foldEnvironment(environments: readonly Environment[], base: readonly string[] = []): readonly string[] {
  const known = new Map<string, string>();
  for (const item of base) {
    const at = item.indexOf("=");
    if (at > 0) known.set(item.slice(0, at), item.slice(at + 1));
  }
  for (const environment of environments) {
    const before = new Map(known);
    for (const [name, value] of Object.entries(environment)) known.set(name, trimList(name, expand(value, before)));
  }
  if (!known.has("PATH")) known.set("PATH", DEFAULT_PATH);
  return [...known].map(([name, value]) => `${name}=${value}`);
}
