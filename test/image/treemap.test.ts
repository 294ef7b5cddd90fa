import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Script } from "node:vm";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { type FileReport, type FilesReport, reportFiles } from "../../src/image/files-report.js";
import { renderTreemap, writeTreemap } from "../../src/image/treemap.js";
import { createTreemapTree, type TreemapNode } from "../../src/image/treemap-tree.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { rejects } from "../support/rejects.js";
import { type Draft, file, folder, putStack } from "../support/stack.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("image/treemap");

async function report(layers: readonly (readonly Draft[])[]): Promise<FilesReport> {
  const store = createMemoryStore();
  return await reportFiles(store, await putStack(store, layers));
}

const UNCLOSED = ["!DOCTYPE", "meta", "br", "input", "th"];

/** The elements of a page, as far as the pages of this writer need a parser: tags, with what stands in raw text apart. */
function parsePage(html: string) {
  const tags: string[] = [];
  const raw: { readonly tag: string; readonly text: string }[] = [];
  const open: string[] = [];
  for (let at = 0; at < html.length; ) {
    const start = html.indexOf("<", at);
    if (start < 0) break;
    const end = html.indexOf(">", start);
    assert.ok(end > 0, "a tag is not closed");
    const tag = html.slice(start + 1, end);
    tags.push(tag);
    at = end + 1;
    const [name = ""] = tag.split(/[\s>]/);
    if (name.startsWith("/")) assert.is(`/${open.pop()}`, name);
    else if (!UNCLOSED.includes(name)) open.push(name);
    if (name !== "script" && name !== "style") continue;
    const close = html.indexOf(`</${name}`, at);
    raw.push({ tag, text: html.slice(at, close) });
    at = close;
  }
  assert.equal(open, []);
  return { tags, raw };
}

const HOSTILE = [
  "<script>alert(1)</script>",
  "</script><img src=x onerror=alert(2)>",
  '"onmouseover="alert(3)',
  "&lt;b&gt;",
  "]]>--><!--",
  "\xe2\x80\xa8\xe2\x80\xae\xff",
];

test("a page has nothing in it that loads or runs but its own script", async () => {
  const html = renderTreemap(await report([[file("a", "1")]]));
  const { tags, raw } = parsePage(html);
  assert.not.match(html, /https?:|\/\/[a-z]|url\(|@import|\b(?:src|href|srcset|action)\s*=/i);
  assert.not.match(tags.join("\n"), /\son[a-z]+\s*=/i);
  assert.ok(!tags.some((tag) => /^(?:img|link|iframe|object|embed|base|form|a)\b/.test(tag)));
  assert.equal(
    raw.map(({ tag }) => tag),
    ["style", 'script type="application/json" id="data"', "script"],
  );
});

test("the policy names the script and the style by digest, and both parse", async () => {
  const html = renderTreemap(await report([[file("a", "1")]]));
  const { raw } = parsePage(html);
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
  const hash = (text = "") => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  assert.is(
    policy,
    `default-src 'none'; script-src ${hash(raw[2]?.text)}; style-src ${hash(raw[0]?.text)}; base-uri 'none'; form-action 'none'`,
  );
  new Script(raw[2]?.text ?? "(");
});

test("hostile names are text", async () => {
  const files = HOSTILE.map((name) => file(`d/${name.replaceAll("/", "/x")}`, "same"));
  const { annotations, ...rest } = await report([files]);
  const layers = rest.layers.map((layer) => ({ ...layer, createdBy: HOSTILE.join() }));
  const html = renderTreemap({ ...rest, annotations, layers }, { title: HOSTILE.join() });
  const { tags, raw } = parsePage(html);
  const plain = parsePage(renderTreemap(await report([[file("a", "1")]])));
  const names = (all: readonly string[]) => new Set(all.map((tag) => tag.split(" ")[0]));
  assert.equal(
    [...names(tags)].filter((name) => !names(plain.tags).has(name) && name !== "br" && name !== "table"),
    [],
  );
  assert.is(raw.length, 3);
  assert.not.match(raw[1]?.text ?? "", /[<>&\u2028\u2029\u202e]/);
  const { root } = JSON.parse(raw[1]?.text ?? "") as { root: TreemapNode };
  assert.match(JSON.stringify(root), /alert\(1\)/);
  assert.ok(html.includes("&quot;onmouseover=&quot;alert(3)"));
});

test("the same report gives the same page", async () => {
  const one = await report([[file("a", "1"), file("b/c", "22")], [file("b/c", "3")]]);
  assert.is(renderTreemap(one), renderTreemap(one));
});

test("an image without layers has a page too", async () => {
  parsePage(renderTreemap(await report([])));
});

test("tables tell layers, largest files and duplicates without any script", async () => {
  const html = renderTreemap(await report([[file("bin/tool", "x".repeat(2000)), file("copy", "x".repeat(2000))]]));
  const tables = html.slice(html.indexOf("<main>"), html.indexOf("</main>"));
  assert.match(tables, /2\.0 kB<\/td><td class="path">\/bin\/tool/);
  assert.match(tables, /2 × 2\.0 kB<\/td><td class="path">\/bin\/tool<br>\/copy/);
});

const node = (path: string, size: number, layer = 0): FileReport => ({
  ...{ path, type: "file" as const, mode: 0o644, uid: 0, gid: 0, size, layer },
});
const directory = (path: string): FileReport => ({ ...node(path, 0), type: "directory" });

test("the tree has sums, the main layer, and the largest first", () => {
  const files = [
    directory("/"),
    directory("/a"),
    node("/a/x", 1),
    node("/a/y", 3, 1),
    node("/z", 9, 2),
    node("/zero", 0),
  ];
  assert.equal(createTreemapTree(files, 100), {
    ...{ n: "/", b: 13, f: 4, l: 2, d: 1 },
    k: [
      { n: "z", b: 9, f: 1, l: 2 },
      {
        ...{ n: "a", b: 4, f: 2, l: 1, d: 1 },
        k: [
          { n: "y", b: 3, f: 1, l: 1 },
          { n: "x", b: 1, f: 1, l: 0 },
        ],
      },
    ],
  });
});

test("what is small is drawn as one", () => {
  const files = [
    directory("/"),
    directory("/a"),
    node("/a/x", 5),
    node("/a/y", 1, 1),
    node("/a/z", 1, 1),
    node("/b", 2),
  ];
  assert.equal(createTreemapTree(files, 3), {
    ...{ n: "/", b: 9, f: 4, l: 0, d: 1 },
    k: [
      {
        ...{ n: "a", b: 7, f: 3, l: 0, d: 1 },
        k: [
          { n: "x", b: 5, f: 1, l: 0 },
          { b: 2, f: 2, l: 1 },
        ],
      },
      { b: 2, f: 1, l: 0 },
    ],
  });
});

function sumUp(tree: TreemapNode): { readonly nodes: number; readonly bytes: number; readonly files: number } {
  if (tree.k === undefined) return { nodes: 1, bytes: tree.b, files: tree.f };
  const sums = tree.k.map(sumUp);
  const total = (pick: (sum: (typeof sums)[number]) => number) => sums.reduce((sum, each) => sum + pick(each), 0);
  return {
    nodes: 1 + total(({ nodes }) => nodes),
    bytes: total(({ bytes }) => bytes),
    files: total(({ files }) => files),
  };
}

test("whatever the budget, no byte is lost and the tree stays small", async () => {
  const paths = fc.uniqueArray(
    fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }).map((p) => p.join("/")),
    {
      maxLength: 25,
    },
  );
  await fc.assert(
    fc.asyncProperty(paths, fc.integer({ min: 1, max: 20 }), async (names, budget) => {
      // A name ends in its own letter, so that no file lies where another one has its folder.
      const drafts = names.map((name, index) => file(`${name}.f`, "x".repeat((index * 7) % 40)));
      const { files, total } = await report([[folder("empty"), ...drafts]]);
      const tree = createTreemapTree(files, budget);
      const { nodes } = sumUp(tree);
      assert.equal([tree.b, tree.f], [total.bytes, total.count]);
      assert.is(sumUp(tree).bytes, total.bytes);
      assert.ok(nodes <= 2 * budget + 1, `${nodes} nodes for ${budget}`);
    }),
    { numRuns: 60 },
  );
});

test("100 000 files make a page of a size that can be opened", async () => {
  const files = [directory("/")];
  for (let at = 0; at < 300; at++) {
    files.push(directory(`/d${at}`));
    for (let in_ = 0; in_ < 334; in_++)
      files.push(node(`/d${at}/a-file-with-a-name-of-usual-length-${in_}`, 1000 + ((at * in_) % 977)));
  }
  const html = renderTreemap({ ...(await report([[file("a")]])), files });
  assert.ok(html.length < 2_000_000, `${html.length} characters`);
  assert.match(html, /"f":334/);
});

test("a page is written whole, in the place of an older one, and nothing else is left", async (context) => {
  const place = await tempFolder(context);
  const path = join(place, "new/page.html");
  const files = await report([[file("a", "1")]]);
  await writeTreemap(path, files, { title: "one" });
  await writeTreemap(path, files, { title: "two" });
  assert.is(await readFile(path, "utf8"), renderTreemap(files, { title: "two" }));
  assert.equal(await readdir(join(place, "new")), ["page.html"]);
});

test("a page takes the place of nothing but a file", async (context) => {
  const place = await tempFolder(context);
  await mkdir(join(place, "folder"));
  const files = await report([]);
  assert.match((await rejects(writeTreemap(join(place, "folder"), files), "FORMAT")).message, /it is a folder/);
  assert.match((await rejects(writeTreemap("/dev/null", files), "FORMAT")).message, /it is a device or pipe/);
  assert.ok((await stat("/dev/null")).isCharacterDevice());
  await writeFile(join(place, "file"), "");
  await rejects(writeTreemap(join(place, "file/page.html"), files), "IO");
});

test.run();
