/**
 * Architectures: the image specification's names, and what others call the same machines.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions
 * @see https://manpages.debian.org/bookworm/dpkg-dev/dpkg-architecture.1.en.html
 * @module
 */

/** Debian's names to the specification's. `armel` and `armhf` are both `arm`; their variants differ. */
const DEBIAN: ReadonlyMap<string, string> = new Map([
  ["amd64", "amd64"],
  ["arm64", "arm64"],
  ["armel", "arm"],
  ["armhf", "arm"],
  ["i386", "386"],
  ["loong64", "loong64"],
  ["mips", "mips"],
  ["mipsel", "mipsle"],
  ["mips64", "mips64"],
  ["mips64el", "mips64le"],
  ["ppc64", "ppc64"],
  ["ppc64el", "ppc64le"],
  ["riscv64", "riscv64"],
  ["s390x", "s390x"],
  ["sparc64", "sparc64"],
]);

/** What `uname -m` and compilers say. */
const MACHINE: ReadonlyMap<string, string> = new Map([
  ["x86_64", "amd64"],
  ["x86-64", "amd64"],
  ["aarch64", "arm64"],
  ["i486", "386"],
  ["i586", "386"],
  ["i686", "386"],
  ["x86", "386"],
  ["armv6l", "arm"],
  ["armv7l", "arm"],
  ["loongarch64", "loong64"],
]);

const OCI: ReadonlySet<string> = new Set(DEBIAN.values());

/** The specification's names that lading knows, sorted. */
export const ARCHITECTURES: readonly string[] = [...OCI].sort();

/** The specification's name of Debian's architecture, or undefined for one that lading does not know. */
export function fromDebianArchitecture(name: string): string | undefined {
  return DEBIAN.get(name);
}

/** Is it an architecture that Debian names? */
export function isDebianArchitecture(name: string): boolean {
  return DEBIAN.has(name);
}

/**
 * The specification's name of an architecture that is spelt as the specification, Debian or `uname -m` spell it; undefined
 * for one that lading does not know.
 */
export function architectureOf(name: string): string | undefined {
  const lower = name.toLowerCase();
  return OCI.has(lower) ? lower : (DEBIAN.get(lower) ?? MACHINE.get(lower));
}
