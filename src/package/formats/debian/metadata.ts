/**
 * What a Debian package's control paragraph says, as metadata.
 *
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb-control.5.en.html
 * @module
 */

import { isLadingError, LadingError } from "../../../errors.js";
import { fromDebianArchitecture } from "../../architecture.js";
import type { Alternatives, Capability } from "../../capability.js";
import { formatFqn } from "../../fqn.js";
import type { Dependency, PackageMetadata } from "../../package.js";
import type { ControlParagraph } from "./control.js";
import { parseRelations } from "./relation.js";
import { parseDebianVersion } from "./version.js";

/** The namespace of Debian packages. */
export const DEBIAN_NAMESPACE = "/debian";

const PRIORITIES = ["required", "important", "standard", "optional", "extra"];
/** What a package without a priority that Debian knows counts as: `optional`. */
const DEFAULT_PREFERENCE = 3;

function refuse(source: string, field: string, why: string): LadingError<"SYNTAX"> {
  const message = `Cannot read control file of ${JSON.stringify(source)}: field ${field} ${why}; ask the package's maker to correct it`;
  return new LadingError("SYNTAX", message, { kind: "control file", path: source, input: field });
}

function required({ fields }: ControlParagraph, field: string, source: string): string {
  const value = fields.get(field.toLowerCase()) ?? "";
  if (value !== "") return value;
  throw refuse(source, field, "is missing");
}

function packageName(paragraph: ControlParagraph, source: string): string {
  const name = required(paragraph, "Package", source);
  if (/^[A-Za-z0-9][A-Za-z0-9+._-]{0,199}$/.test(name)) return name.toLowerCase();
  throw refuse(source, "Package", `is ${JSON.stringify(name.slice(0, 80))}, expected letters, digits and + - . _`);
}

function checkVersion(version: string, source: string): void {
  try {
    parseDebianVersion(version);
  } catch (error) {
    throw isLadingError(error) ? refuse(source, "Version", `is malformed (${error.message})`) : error;
  }
}

/** The specification's name, or undefined for `all`. */
function specificationArchitecture(architecture: string, source: string): string | undefined {
  if (architecture === "all") return undefined;
  const known = fromDebianArchitecture(architecture);
  if (known !== undefined) return known;
  const what = `architecture ${JSON.stringify(architecture.slice(0, 80))}`;
  throw new LadingError(
    "UNSUPPORTED",
    `Cannot use ${JSON.stringify(source)}: it is for ${what}, expected one of Debian's for Linux`,
    {
      what,
    },
  );
}

function providedBy(relation: Alternatives, source: string): readonly Capability[] {
  return relation.map(({ name, range }) => {
    if (range === undefined) return { type: "package", name };
    if (range.operator !== "=")
      throw refuse(source, "Provides", `has ${name} (${range.operator} …), expected (= VERSION)`);
    return { type: "package", name, version: range.version };
  });
}

/** The lists of relations, each field read in its grammar. */
function relationsOf({ fields }: ControlParagraph, architecture: string, source: string) {
  const read = (field: string, alternatives: boolean) =>
    parseRelations(fields.get(field.toLowerCase()) ?? "", { field, source, architecture, alternatives });
  const dependencies: readonly Dependency[] = [
    ...read("Pre-Depends", true).map((anyOf) => ({ anyOf, strict: true })),
    ...read("Depends", true).map((anyOf) => ({ anyOf })),
  ];
  const provides = read("Provides", false).flatMap((relation) => providedBy(relation, source));
  const conflicts = [...read("Conflicts", false), ...read("Breaks", false)];
  return { dependencies, provides, conflicts };
}

function preferenceOf({ fields }: ControlParagraph): number {
  const index = PRIORITIES.indexOf((fields.get("priority") ?? "").toLowerCase());
  return index === -1 ? DEFAULT_PREFERENCE : index;
}

/**
 * The metadata of a Debian package. Its full name is `package::/debian::NAME`; it provides itself, with its version, and
 * what `Provides` says: without a version where none is written, and such a capability meets no requirement that has a
 * range. `Pre-Depends` come first, as strict dependencies; `Conflicts` and `Breaks` are both conflicts, and may name what
 * the package itself provides, which is no conflict with itself.
 *
 * @param source The package, as messages name it.
 * @throws {LadingError} `SYNTAX` where `Package`, `Version` or `Architecture` is missing, or a field is malformed.
 * @throws {LadingError} `UNSUPPORTED` for an architecture that lading does not know.
 * @see https://www.debian.org/doc/debian-policy/ch-relationships.html#virtual-packages-provides
 */
export function debianMetadata(paragraph: ControlParagraph, source: string): PackageMetadata {
  const name = packageName(paragraph, source);
  const version = required(paragraph, "Version", source);
  checkVersion(version, source);
  const debianArchitecture = required(paragraph, "Architecture", source);
  const architecture = specificationArchitecture(debianArchitecture, source);
  const { dependencies, provides, conflicts } = relationsOf(paragraph, debianArchitecture, source);
  const [description = ""] = (paragraph.fields.get("description") ?? "").split("\n");
  return {
    fqn: formatFqn({ namespace: DEBIAN_NAMESPACE, name }),
    name,
    version,
    ecosystem: "debian",
    ...(architecture === undefined ? {} : { architecture }),
    os: "linux",
    provides: [{ type: "package", name, version }, ...provides],
    dependencies,
    conflicts,
    environment: {},
    tags: {},
    ...(description === "" ? {} : { description }),
    preference: preferenceOf(paragraph),
    control: paragraph.text,
  };
}
