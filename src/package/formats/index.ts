/**
 * The formats of packages that lading reads.
 *
 * @module
 */

import type { Ecosystem, PackageFile, PackageFormat } from "../package.js";
import { DEB_FORMAT } from "./deb.js";
import { TARBALL_FORMAT } from "./tarball.js";

/** Every format, in the order in which they are tried. */
export const PACKAGE_FORMATS: readonly PackageFormat[] = [DEB_FORMAT, TARBALL_FORMAT];

/** The format of a file, judged by content, or undefined where it is no package. */
export async function formatOf(file: PackageFile): Promise<PackageFormat | undefined> {
  for (const format of PACKAGE_FORMATS) if (await format.matches(file)) return format;
  return undefined;
}

/** The format whose packages are of an ecosystem. */
export function formatOfEcosystem(ecosystem: Ecosystem): PackageFormat {
  const format = PACKAGE_FORMATS.find((candidate) => candidate.ecosystem === ecosystem);
  if (format === undefined) throw new RangeError(`Not an ecosystem: ${ecosystem}`);
  return format;
}
