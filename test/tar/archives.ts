import fc from "fast-check";
import type { Entry, WriteEntry } from "../../src/tar/entry.js";

const byte = fc.integer({ min: 1, max: 255 }).map(String.fromCharCode);
const name = fc
  .oneof(
    fc.constantFrom("a", "b", "c", "lib", "Lib"),
    fc.string({ unit: byte, minLength: 1, maxLength: 120 }).map((text) => text.replaceAll("/", "_")),
  )
  .filter((text) => text !== "." && text !== ".." && !text.startsWith(".wh."));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));

const attributes = {
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.oneof(fc.nat(65_535), fc.nat(2 ** 32)),
  gid: fc.nat(65_535),
  mtime: fc.nat(2 ** 33 - 1),
  xattrs: fc.option(
    fc.dictionary(
      fc.constantFrom("user.a", "security.capability", "__proto__x"),
      fc.string({ unit: byte, minLength: 1 }),
      {
        minKeys: 1,
        noNullPrototype: true,
      },
    ),
    { nil: undefined },
  ),
};

const content = fc.string({ unit: byte, maxLength: 3000 });

const draft = fc.record({
  path,
  kind: fc.constantFrom("file" as const, "file" as const, "directory" as const, "symlink" as const),
  content,
  target: fc.string({ unit: byte, minLength: 1, maxLength: 150 }),
  ...attributes,
});

export interface Content extends WriteEntry {
  readonly text: string;
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

/** Entries of which no two have one path. */
export const entryLists: fc.Arbitrary<readonly Content[]> = fc
  .uniqueArray(draft, { selector: (entry) => entry.path, maxLength: 12 })
  .map((drafts) =>
    drafts.map(({ path, kind, content: text, target, xattrs, ...rest }) => ({
      path,
      type: kind,
      ...rest,
      ...(xattrs === undefined ? {} : { xattrs }),
      ...(kind === "symlink" ? { linkpath: target } : {}),
      size: kind === "file" ? text.length : 0,
      text: kind === "file" ? text : "",
      ...(kind === "file" ? { open: () => pieces(text) } : {}),
    })),
  );

/** What a scan gives back of an entry. */
export function plain({ open: _, text: __, ...entry }: Content): Entry {
  return entry;
}
