/**
 * Which rules of policies name a package.
 *
 * @module
 */

import { parseFqn } from "../package/fqn.js";
import type { Policy, PolicyRule } from "./policy.js";

/**
 * The rules that name a package by its full name. Who renames it has to change these; rules on its namespace go on to hold.
 *
 * @param fqn `package::/ns::name`, or a short form of it.
 * @throws {LadingError} `SYNTAX` for what is no package's name.
 */
export function rulesNaming({ rules }: Policy, fqn: string): readonly PolicyRule[] {
  const { namespace, name } = parseFqn(fqn);
  return rules.filter(({ packages }) => packages.name === name && packages.namespace === namespace);
}
