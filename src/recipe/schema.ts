/**
 * The schema of `lading.yaml`: which keys there are, and what each may hold.
 *
 * It judges one document as it stands. What the texts mean is for `parse.ts`; whether the files, packages and the base
 * exist is for later.
 *
 * @module
 */

import * as z from "zod";
import { isLadingError, LadingError } from "../errors.js";
import { parsePlatform } from "../oci/platform.js";
import { parseReference } from "../oci/reference.js";
import { CAPABILITY_TYPES } from "../package/capability.js";
import { parseFqn } from "../package/fqn.js";
import { parseRequirement } from "../package/requirement.js";
import { list, text } from "./schema-parts.js";

/** A text that a parser takes; its message is kept. */
function parsed(wanted: string, parse: (text: string) => unknown) {
  return z.string({ error: `expected ${wanted}` }).superRefine((value, context) => {
    try {
      parse(value);
    } catch (error) {
      if (!isLadingError(error)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });
}

const LINE = "a text without NUL and line ends";
const LINE_PATTERN = /^[^\0\r\n]*$/;
const ARGUMENT = text("a text without NUL; quote a number", /^[^\0]*$/);
const RELATIVE = text(
  "a path relative to the recipe's folder, without ..",
  /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))[^\0\r\n]+$/,
);
const ABSOLUTE = text("an absolute path without ..", /^(?!.*\/\.\.(?:\/|$))\/[^\0\r\n]*$/);
const GLOB = text("a glob of 1 to 1024 characters", /^(?!!?\/?$)[^\0\r\n]{1,1024}$/);
const NAMED_TEXTS = z.record(
  text("a name of 1 to 255 characters without blanks", /^[^\s\0]{1,255}$/),
  text("a text without NUL; quote a number", /^[^\0]*$/),
  { error: "expected names with texts, such as {team: tools}" },
);

const CAPABILITY = `exactly one of ${CAPABILITY_TYPES.join(", ")}`;

/** The requirement that one key and its text say. */
export function requirementOf(type: (typeof CAPABILITY_TYPES)[number], name: string) {
  return parseRequirement(`${type}=${name}`);
}

function capability(type: (typeof CAPABILITY_TYPES)[number], example: string, description: string) {
  const wanted = `a name such as ${example}; quote a number`;
  return parsed(wanted, (name) => requirementOf(type, name))
    .optional()
    .describe(description);
}

const CAPABILITY_ITEM = z
  .strictObject(
    {
      os: capability("os", "linux", "An operating system."),
      runtime: capability("runtime", "node", "A language's runtime."),
      file: capability("file", "/bin/sh", "A file that a package says it provides."),
      package: capability(
        "package",
        "jq (>= 1.6)",
        "Anything else, perhaps with a version range of its ecosystem: jq (>= 1.6).",
      ),
    },
    { error: "expected a capability such as {runtime: node}, or a package's name" },
  )
  .refine((item) => Object.keys(item).length === 1, { error: `expected ${CAPABILITY}` })
  .meta({ minProperties: 1, maxProperties: 1, description: "What some package has to provide." });

const NAME_ITEM = z
  .string()
  .superRefine((name, context) => {
    const message = nameProblem(name);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  })
  .describe("A package's name: package::/namespace::name, /namespace::name or name.");

/** A requirement that stands as a bare text would be looked for as a package of that odd name. */
function nameProblem(name: string): string | undefined {
  if (/\(\s*[<=>]/.test(name))
    return `expected a package's name; write {package: ${JSON.stringify(name)}} for a version`;
  const typed = new RegExp(`^(${CAPABILITY_TYPES.join("|")})=(.+)$`).exec(name);
  if (typed !== null) return `expected a package's name; write {${typed[1]}: ${typed[2]}} for a capability`;
  try {
    parseFqn(name);
    return undefined;
  } catch (error) {
    if (isLadingError(error)) return error.message;
    throw error;
  }
}

const FILES_ITEM = z.strictObject(
  {
    from: RELATIVE.describe("A file, a folder or a glob, relative to the recipe's folder. Of a folder, what is in it."),
    to: ABSOLUTE.describe("Where it goes in the image; ends in / where it goes into that directory."),
    ignore: z
      .union([RELATIVE, list(GLOB, "a list of globs")], {
        error: "expected the name of an ignore file, or a list of globs",
      })
      .optional()
      .describe(
        "What is left out: the name of a file of globs as .gitignore files hold them, or a list of such globs.",
      ),
  },
  { error: "expected {from: PATH, to: /PATH}" },
);

const COMMAND = list(ARGUMENT, 'a list of texts, such as [/bin/sh, -c, "…"]');
const USER = "a user or user:group, each a name or a number";
const PORT = "a port from 1 to 65535, and /tcp, /udp or /sctp after it or nothing";
const NUMBER_0_TO_65535 = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

const CATALOG = "docker://HOST/NAME or store:";

/** Where packages come from; throws for what is no such place. */
function checkCatalog(name: string): void {
  if (name === "store:") return;
  const reference = name.startsWith("docker://") ? parseReference(name.slice("docker://".length)) : undefined;
  if (reference !== undefined && reference.tag === undefined && reference.digest === undefined) return;
  const message = `expected ${CATALOG}, without a tag`;
  throw new LadingError("SYNTAX", message, { kind: "catalog", input: name.slice(0, 200) });
}

/** The whole document. Every key may be absent; an unknown one is refused. */
export const RECIPE_SCHEMA = z
  .strictObject(
    {
      packages: list(
        z.union([NAME_ITEM, CAPABILITY_ITEM], {
          error: "expected a capability such as {runtime: node}, or a package's name",
        }),
        "a list, such as [{runtime: node}]",
      )
        .optional()
        .describe("What the image needs: capabilities, and packages by name."),
      files: list(FILES_ITEM, "a list, such as [{from: app/, to: /srv/app}]")
        .optional()
        .describe("Files of the recipe's own. They come after the packages and may replace their files."),
      environment: z
        .record(
          text("a name of letters, digits and _ that starts with no digit", /^[A-Za-z_][A-Za-z0-9_]*$/),
          z.union([text(LINE, LINE_PATTERN), z.number(), z.boolean()], {
            error: `expected ${LINE}, a number or true or false`,
          }),
          { error: "expected names with texts, such as {PATH: /srv/bin:$PATH}" },
        )
        .optional()
        .describe("Environment variables. $NAME stands for an earlier value; numbers are taken as they are written."),
      entrypoint: COMMAND.optional().describe("The command that a container runs, as a list."),
      cmd: COMMAND.optional().describe("Arguments after the entrypoint, which whoever starts a container may replace."),
      user: z
        .union(
          [text(USER, /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?$/), z.int().min(0)],
          {
            error: `expected ${USER}`,
          },
        )
        .optional()
        .describe("Who the command runs as."),
      workdir: ABSOLUTE.optional().describe("The directory in which the command starts."),
      labels: NAMED_TEXTS.optional().describe("Labels of the image's config."),
      ports: list(
        z.union([text(PORT, new RegExp(`^${NUMBER_0_TO_65535}(?:/(?:tcp|udp|sctp))?$`)), z.int().min(1).max(65535)], {
          error: `expected ${PORT}`,
        }),
        "a list, such as [8080, 53/udp]",
      )
        .optional()
        .describe("Ports that the command listens on."),
      volumes: list(ABSOLUTE, "a list of absolute paths")
        .optional()
        .describe("Directories whose content is not the image's."),
      annotations: NAMED_TEXTS.optional().describe("Annotations of the image's manifest."),
      platforms: list(
        parsed("a platform such as linux/amd64", parsePlatform),
        "a list, such as [linux/amd64, linux/arm64]",
      )
        .optional()
        .describe("What the image is for. Without it, what the packages say, else linux/amd64."),
      base: text("an image, such as oci:base:1 or debian:12", /^[^\s\0]+$/)
        .optional()
        .describe("An image of any transport; its layers come first, as they are."),
      catalogs: list(parsed(CATALOG, checkCatalog), "a list, such as [docker://registry.example.org/team/packages]")
        .optional()
        .describe(
          "Where the packages come from: repositories to which they were published, and store: for the local store, which is meant alone where nothing stands here. Of a package that several have, the first one's is taken.",
        ),
    },
    { error: "expected keys with values, such as packages: [{runtime: node}]" },
  )
  .meta({ title: "lading recipe", description: "What an image is made of: packages, files, and how it starts." });

/** A document that the schema accepts. */
export type RecipeDocument = z.infer<typeof RECIPE_SCHEMA>;

/** The keys that are known at a place of the document. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path[0] === "packages") return CAPABILITY_TYPES;
  return Object.keys(path[0] === "files" ? FILES_ITEM.shape : RECIPE_SCHEMA.shape);
}

/**
 * The schema as JSON Schema, draft 2020-12, for editors and other tools. It is a little wider than lading: whether a
 * requirement, a package's name or a platform can be read, only lading says.
 */
export function recipeJsonSchema(): object {
  return z.toJSONSchema(RECIPE_SCHEMA, { target: "draft-2020-12", io: "input" });
}
