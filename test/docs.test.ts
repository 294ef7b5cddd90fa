import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createCli } from "./support/cli.js";
import { readmeExamples, sourceExamples } from "./support/examples.js";
import { output, run } from "./support/programs.js";
import { root } from "./support/root.js";
import { suite } from "./support/suite.js";
import { tempFolder } from "./support/temp.js";

const test = suite("docs", { deadlineMs: 180_000 });
const scratch = join(root, "dist/test/.examples");
const examples = [...(await sourceExamples()), ...(await readmeExamples("ts"))];

/** Below dist, so that the package finds itself by its public name. */
const CONFIG = {
  extends: join(root, "tsconfig.json"),
  compilerOptions: { rootDir: ".", outDir: "compiled", declaration: false },
  include: ["*.ts"],
};

test("examples compile as TypeScript", async () => {
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  await writeFile(join(scratch, "tsconfig.json"), JSON.stringify(CONFIG));
  for (const [at, { code, title }] of examples.entries()) {
    await writeFile(join(scratch, `${at}.ts`), `// ${title}\n${code}\nexport {};\n`);
  }
  await output(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", scratch]);
});

for (const [at, { title, code }] of examples.entries()) {
  test(`the example at ${title} runs, and asserts something`, async (context) => {
    assert.match(code, /\bassert\b/);
    const cwd = await tempFolder(context);
    const { env } = await createCli(cwd);
    await output(process.execPath, [join(scratch, "compiled", `${at}.js`)], { cwd, env });
  });
}

test("README's commands run one after the other", async (context) => {
  const cwd = await tempFolder(context);
  const { env } = await createCli(cwd);
  const blocks = await readmeExamples("sh");
  // One shell, so that what one block starts or sets is there in the next; it is in a process group that ends with it.
  const script = blocks.map(({ title, code }) => `: ${title}\n${code}`).join("\n");
  const ended = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT";
  const { code, stderr } = await run("bash", ["-euo", "pipefail", "-x", "-c", `${ended}\n${script}`], { cwd, env });
  assert.is(code, 0, stderr.slice(-4000));
  assert.ok(blocks.length > 0);
});

test.run();
