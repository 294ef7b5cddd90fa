/**
 * What is refused for its size passes, through the command line, with the option that the error names, and with no other.
 */

import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { type Command, createCommand } from "../bin/command.js";
import { archive, file } from "../support/hostile-tar.js";
import { suite } from "../support/suite.js";

const test = suite("hostile/limits", { deadlineMs: 180_000 });

/** 20 MB of zeros: above 16 MiB, and about a thousandth of that when compressed. */
const ZEROS = gzipSync(archive(file("srv/zeros", "\0".repeat(20e6))));

/** Runs what has to be refused, and again with the flag that the refusal names. */
async function passesWith(command: Command, option: string, value: string, args: readonly string[]): Promise<void> {
  const line = await command.fails(1, ...args);
  const [, name, flag = ""] = /^TOO_LARGE: Cannot .*; raise (\w+) \((--[a-z-]+)\) if you trust it$/.exec(line) ?? [];
  assert.is(name, option, line);
  await command.ok(...args, flag, value);
}

async function createZeros(context: Parameters<typeof createCommand>[0]): Promise<Command> {
  const command = await createCommand(context);
  await command.write("zeros.tar.gz", ZEROS);
  await command.write("zeros.json", JSON.stringify({ name: "zeros" }));
  await command.write("bare.tar.gz", ZEROS);
  return command;
}

test("case 79: a layer of zeros is refused, and passes with the option that the error names", async (context) => {
  const command = await createZeros(context);
  await command.write("lading.yaml", "packages: [zeros]\n");
  await command.write("based.yaml", "base: oci:out:t\n");
  for (const args of [
    ["package", "import", "zeros.tar.gz"],
    ["package", "create", "made", "--from", "bare.tar.gz", "--at", "opt"],
    ["build", "bare.tar.gz", "-o", "oci:out:t"],
    ["build", "zeros.tar.gz", "-o", "oci:package:t"],
    ["build", "lading.yaml", "--compression", "zstd", "-o", "oci:zstd:t"],
    ["build", "lading.yaml", "--squash", "--compression", "estargz", "-o", "oci:squashed:t"],
    ["build", "based.yaml", "-o", "oci:based:t"],
    ["verify", "oci:out:t"],
    ["verify", "oci:squashed:t"],
    ["inspect", "--layers", "oci:out:t"],
    ["inspect", "--files", "oci:out:t"],
  ]) {
    await passesWith(command, "maxRatio", "2000", args);
  }
  // Smaller blocks of their own are compressed even better.
  await passesWith(command, "maxRatio", "999999", ["verify", "oci:zstd:t"]);
});

test("case 79: a budget of bytes is kept, and raised where the error says so", async (context) => {
  const command = await createZeros(context);
  for (const args of [
    ["package", "import", "zeros.tar.gz"],
    ["build", "bare.tar.gz", "-o", "oci:out:t"],
  ]) {
    const trusted = [...args, "--max-ratio", "2000"];
    assert.match(await command.fails(1, ...trusted, "--max-size", "19Mi"), /more than 19922944 bytes; raise maxBytes/);
    await passesWith(command, "maxBytes", "21M", [...trusted, "--max-size", "20000000"]);
  }
});

test("sizes and ratios that are none are wrong usage", async (context) => {
  const { fails } = await createCommand(context);
  for (const size of ["0", "-1", "1.5G", "20X", "9999999T", "", "G"]) {
    assert.match(await fails(2, "build", `--max-size=${size}`), /^USAGE: .*--max-size.*is no size, wanted bytes/);
  }
  for (const ratio of ["0", "-1", "500:1", "x"]) {
    assert.match(await fails(2, "verify", "oci:x", `--max-ratio=${ratio}`), /^USAGE: .*--max-ratio.*is no ratio/);
  }
});

test.run();
