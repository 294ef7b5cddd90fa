/**
 * Architecture restrictions of relations: `[amd64 arm64]`, `[!armhf]`, `[linux-any]`.
 *
 * @see https://www.debian.org/doc/debian-policy/ch-customized-programs.html#architecture-wildcards
 * @module
 */

/** Does Debian's architecture, `amd64` for `linux-amd64`, meet a name or a wildcard? */
function matchesName(name: string, architecture: string): boolean {
  if (name === "any" || name === architecture) return true;
  const dash = name.lastIndexOf("-");
  if (dash === -1) return false;
  const [os, cpu] = [name.slice(0, dash), name.slice(dash + 1)];
  return (os === "any" || os === "linux") && (cpu === "any" || cpu === architecture);
}

/**
 * Does the restriction let `architecture` stand? Undefined where it cannot be said: no names, names with and without `!`
 * together, or the architecture `all`.
 *
 * @param names Items as written, `!` included.
 * @param architecture Debian's name, of a Linux architecture.
 */
export function matchesArchitectures(names: readonly string[], architecture: string): boolean | undefined {
  const negated = names.filter((name) => name.startsWith("!"));
  const isMixed = negated.length > 0 && negated.length < names.length;
  if (names.length === 0 || isMixed || architecture === "all") return undefined;
  const named = names.some((name) => matchesName(name.replace(/^!/, ""), architecture));
  return negated.length > 0 ? !named : named;
}
