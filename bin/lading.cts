#!/usr/bin/env node
// CommonJS, since starting Node's loader of modules alone costs more than the answer to `--version`, which scripts ask for
// again and again; nothing is loaded before it is needed.
if (process.argv.length === 3 && /^(--version|-V)$/.test(process.argv[2] ?? "")) {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const text = readFileSync(`${__dirname}/../../package.json`, "utf8");
  process.stdout.write(`${(JSON.parse(text) as { version: string }).version}\n`);
} else {
  (require("./start.cjs") as typeof import("./start.js")).start(process);
}
