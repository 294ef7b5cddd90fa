/**
 * Debian's packages, `.deb`.
 *
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb.5.en.html
 * @module
 */

import type { PackageFormat } from "../package.js";
import { isDeb } from "./debian/members.js";
import { compareDebianVersions } from "./debian/version.js";

/**
 * Debian packages. The resource is the member `data.tar` as it stands in the file. Where a document is beside the package,
 * its claims are of the `.deb` itself and are checked before anything is read from it. Packages may need each other in a
 * circle, unless every dependency in it is strict.
 */
export const DEB_FORMAT: PackageFormat = {
  ecosystem: "debian",
  acceptsCycles: true,
  compareVersions: compareDebianVersions,
  matches: async (file) => isDeb(file.head),
  // Comparing versions, all that resolving needs, loads none of what reading takes.
  open: async (file, options) => (await import("./debian/open.js")).openDeb(file, options),
};
