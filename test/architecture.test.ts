import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { root } from "./support/root.js";
import { functionLengths, importsOf, readSources, type Source } from "./support/source.js";
import { suite } from "./support/suite.js";

/** Lines that a file in src may have. */
const FILE_LINES = 300;
/** Lines of its own that a function in src may have. */
const FUNCTION_LINES = 60;

const LIBRARY = ["oci", "stream", "tar", "http", "store", "package", "resolve", "recipe", "image", "registry"];

/** Which folders and files of src each may import, beside itself and errors.ts. This table is the architecture. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  oci: [],
  stream: ["oci"],
  tar: ["oci", "stream"],
  http: ["stream"],
  store: ["oci", "stream", "tar"],
  package: ["oci", "stream", "http", "tar", "store"],
  resolve: ["oci", "package"],
  recipe: ["oci", "package"],
  image: ["oci", "stream", "tar", "store", "package", "resolve", "recipe"],
  registry: ["oci", "stream", "http", "store"],
  "transport.ts": ["oci", "stream", "tar", "store", "registry"],
  "catalogs.ts": ["oci", "stream", "store", "package", "registry", "transport.ts"],
  "delete.ts": ["oci", "stream", "transport.ts"],
  "deliver.ts": ["oci", "store", "transport.ts"],
  "lock-file.ts": ["oci", "stream", "store", "package", "resolve", "recipe"],
  "resolve-recipe.ts": ["oci", "store", "package", "resolve", "recipe", "catalogs.ts", "lock-file.ts"],
  "build.ts": [...LIBRARY, "transport.ts", "deliver.ts", "resolve-recipe.ts"],
  "build-files.ts": ["oci", "stream", "store", "package", "recipe", "image", "build.ts"],
  service: [...LIBRARY, "transport.ts", "deliver.ts", "build.ts", "build-files.ts"],
  "index.ts": [
    ...LIBRARY,
    "transport.ts",
    "catalogs.ts",
    "delete.ts",
    "deliver.ts",
    "lock-file.ts",
    "build.ts",
    "build-files.ts",
    "service",
  ],
};

/** The one folder that imports each third-party package. */
const OWNERS: Readonly<Record<string, string>> = {
  yaml: "src/recipe",
  zod: "src/recipe",
  undici: "src/http",
  minimatch: "src/tar",
  "@dagrejs/dagre": "src/resolve",
  "@toondepauw/node-zstd": "src/stream",
  fzstd: "src/stream",
  "xz-decompress": "src/stream",
  "unbzip2-stream": "src/stream",
  yauzl: "src/package",
  yazl: "src/package",
  bcryptjs: "src/service",
  commander: "bin",
  esbuild: "bin",
};

/** Files of src that hold types alone: nothing in them runs. */
const TYPES_ONLY = ["src/store/store.ts", "src/tar/entry.ts", "src/recipe/recipe.ts", "src/package/package.ts"];

const test = suite("architecture");
const src = await readSources("src");
const bin = await readSources("bin");
const tests = await readSources("test");
const index = src.find(({ path }) => path === "src/index.ts");

/** `oci` of `src/oci/digest.ts`, `errors.ts` of `src/errors.ts`. */
const unitOf = (path: string) => path.split("/")[1] ?? "";
const packageOf = (specifier: string) =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

function exportsOf({ code }: Source): readonly string[] {
  const declared =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm;
  return [...code.matchAll(declared)].map((match) => match[1] ?? "");
}

/** Public name -> the file that declares it. */
function publicNames(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { target, names } of index ? importsOf(index) : []) {
    for (const name of names ?? []) found.set(name, target ?? "");
  }
  return found;
}

test("src imports only what the table allows", () => {
  const wrong = src.flatMap((file) => {
    const unit = unitOf(file.path);
    const allowed = MAY_IMPORT[unit];
    if (allowed === undefined) return [`${file.path}: no line in the table`];
    const targets = importsOf(file).flatMap(({ target }) => target ?? []);
    const bad = targets.filter((target) => {
      if (!target.startsWith("src/")) return true;
      const to = unitOf(target);
      return to !== unit && to !== "errors.ts" && !allowed.includes(to);
    });
    return bad.map((target) => `${file.path} -> ${target}`);
  });
  assert.equal(wrong, []);
});

test("each third-party package has one owner", () => {
  const wrong = [...src, ...bin].flatMap((file) =>
    importsOf(file)
      .map(({ specifier }) => specifier)
      .filter((specifier) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
      .filter((specifier) => !file.path.startsWith(`${OWNERS[packageOf(specifier)] ?? "(nobody)"}/`))
      .map((specifier) => `${file.path} -> ${specifier}`),
  );
  assert.equal(wrong, []);
});

test("src/index.ts is the only barrel, and lists its names one by one", () => {
  const wrong = src.filter(({ path, code }) => {
    if (/^export (?:type )?\*/m.test(code)) return true;
    const own = code.replace(/^(?:import|export)\s[^;]*?\sfrom\s+["'][^"']+["'];/gm, "").trim();
    return path !== "src/index.ts" && own === "" && code.trim() !== "";
  });
  assert.equal(
    wrong.map(({ path }) => path),
    [],
  );
});

test("bin takes from src only names that src/index.ts exports, from the module that holds them", () => {
  const known = publicNames();
  const wrong = bin.flatMap((file) =>
    importsOf(file)
      .filter(({ target }) => target?.startsWith("src/"))
      .flatMap(({ target, names }) => {
        if (names === undefined) return [`${file.path} -> ${target}: name what is taken`];
        const bad = names.filter((name) => !known.has(name) || ![known.get(name), "src/index.ts"].includes(target));
        return bad.map((name) => `${file.path} -> ${target}: ${name}`);
      }),
  );
  assert.equal(wrong, []);
});

test("bin loads src only when a verb runs, but for types", () => {
  const wrong = bin.flatMap(({ path, code }) =>
    [...code.matchAll(/^import (?!type\b)[^;]*?["']([^"']*\/src\/[^"']*)["'];/gm)]
      .filter((match) => match[1]?.endsWith("/src/errors.js") !== true)
      .map((match) => `${path} -> ${match[1]}`),
  );
  assert.equal(wrong, []);
});

test("tests take suite() from test/support", () => {
  const wrong = tests.filter((file) => importsOf(file).some(({ specifier }) => specifier === "uvu"));
  assert.equal(
    wrong.map(({ path }) => path),
    ["test/support/suite.ts"],
  );
});

/** What tests import, what their names mirror, and what these import from their own folder: private parts of a whole. */
function testedFiles(): ReadonlySet<string> {
  const mirrored = src.filter(({ path }) => {
    const steps = path
      .replace(/^src\//, "")
      .replace(/\.ts$/, "")
      .split("/");
    // Its own test, or the test of a folder that it is in: test/a/b/c.test.ts, test/a/b.test.ts.
    const names = steps.map((_, at) => `test/${steps.slice(0, at + 1).join("/")}.test.ts`);
    return tests.some((file) => names.includes(file.path));
  });
  const imported = tests.flatMap((file) => importsOf(file).flatMap(({ target }) => target ?? []));
  const found = new Set([...mirrored.map(({ path }) => path), ...imported]);
  for (const path of found) {
    const file = src.find((one) => one.path === path);
    for (const { target } of file ? importsOf(file) : []) {
      if (target && unitOf(target) === unitOf(path)) found.add(target);
    }
  }
  return found;
}

test("every file of src with exports has a test, or is a part of one in its folder that has", () => {
  const tested = testedFiles();
  const wrong = src.filter((file) => {
    const typesOnly = file.path.endsWith(".d.ts") || TYPES_ONLY.includes(file.path);
    return !typesOnly && exportsOf(file).length > 0 && !tested.has(file.path);
  });
  assert.equal(
    wrong.map(({ path }) => path),
    [],
  );
});

test("every public name has a doc comment", () => {
  const wrong = [...publicNames()].filter(([name, path]) => {
    const text = src.find((file) => file.path === path)?.text ?? "";
    const declared = `^export (?:declare )?(?:async )?(?:function\\*?|const|class|interface|type) ${name}\\b`;
    const at = new RegExp(declared, "m").exec(text)?.index;
    return at === undefined || !text.slice(0, at).trimEnd().endsWith("*/");
  });
  assert.equal(
    wrong.map(([name, path]) => `${path}: ${name}`),
    [],
  );
});

test("every file of src says what it is", () => {
  const wrong = src.filter(({ path, text }) => !path.endsWith(".d.ts") && !/^\/\*\*[\s\S]*?@module\s+\*\//.test(text));
  assert.equal(
    wrong.map(({ path }) => path),
    [],
  );
});

test(`no file of src has more than ${FILE_LINES} lines`, () => {
  const long = src.filter(({ text }) => text.split("\n").length - 1 > FILE_LINES);
  assert.equal(
    long.map(({ path, text }) => `${path}: ${text.split("\n").length - 1}`),
    [],
  );
});

test(`no function of src has more than ${FUNCTION_LINES} lines`, () => {
  const long = src.flatMap((file) =>
    functionLengths(file)
      .filter(({ lines }) => lines > FUNCTION_LINES)
      .map(({ name, line, lines }) => `${file.path}:${line}: ${name}: ${lines}`),
  );
  assert.equal(long, []);
});

test("src and bin hold no path of a machine and nothing unfinished", () => {
  const bad = /["'`\s(]\/(?:work|home|Users)\/\w|\b(?:TODO|FIXME|XXX|HACK)\b/;
  const wrong = [...src, ...bin].flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, at) => (bad.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
  assert.equal(wrong, []);
});

test("src prints nothing", () => {
  const wrong = src.filter(({ code }) => /\bconsole\.|process\.(?:stdout|stderr)\b/.test(code));
  assert.equal(
    wrong.map(({ path }) => path),
    [],
  );
});

test("the lock file carries no download addresses", async () => {
  const lock = await readFile(join(root, "package-lock.json"), "utf8");
  assert.equal(lock.match(/"resolved":.*/g), null);
});

test.run();
