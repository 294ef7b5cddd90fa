#!/usr/bin/env node
import { readFileSync } from "node:fs";

// The one question that has to be answered before anything is loaded: scripts ask it again and again.
if (process.argv.length === 3 && /^(--version|-V)$/.test(process.argv[2] ?? "")) {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  process.stdout.write(`${(JSON.parse(text) as { version: string }).version}\n`);
} else {
  const { start } = await import("./start.js");
  await start(process);
}
