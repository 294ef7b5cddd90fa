/**
 * The table of verbs, and what their failures become.
 *
 * @module
 */

import type { Cli, Verb } from "./cli.js";

type Load = () => Promise<{ readonly verb: Verb }>;

/** Each verb is one file, loaded when it is asked for. */
const VERBS: Readonly<Record<string, { readonly summary: string; readonly load: Load }>> = {
  build: { summary: "make an image from a recipe, or from package files", load: () => import("./commands/build.js") },
  resolve: { summary: "show which packages a recipe leads to, and why", load: () => import("./commands/resolve.js") },
  package: { summary: "create, import, list, show and delete packages", load: () => import("./commands/package.js") },
  copy: { summary: "copy an image from one place to another", load: () => import("./commands/copy.js") },
  push: { summary: "copy an image to a registry", load: () => import("./commands/push.js") },
  pull: { summary: "copy an image from a registry", load: () => import("./commands/pull.js") },
  inspect: { summary: "show what is in an image", load: () => import("./commands/inspect.js") },
  verify: { summary: "check every byte of an image", load: () => import("./commands/verify.js") },
  serve: { summary: "be a registry, over a folder", load: () => import("./commands/serve.js") },
};

function usage(): string {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length));
  const lines = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    "Usage: lading <verb> [options]",
    "",
    "Makes OCI images from packages and pushes them to any registry: no root, no daemon.",
    "",
    ...lines,
    "",
    "`lading <verb> --help` tells more. Exit status: 0 done, 1 failed, 2 wrong usage.",
    "",
  ].join("\n");
}

/** One line for people, or one JSON object a line for programs. */
function report(cli: Cli, json: boolean, error: { code: string; message: string; detail?: unknown }): void {
  const message = error.message.replace(/[\r\n]+/g, " ");
  if (json) cli.stderr.write(`${JSON.stringify({ error: { ...error, message } })}\n`);
  else cli.stderr.write(`${error.code}: ${message}\n`);
}

async function fail(error: unknown, cli: Cli, json: boolean): Promise<number> {
  const { name, code, exitCode } = error as { name?: string; code?: unknown; exitCode?: number };
  // Help that was asked for is a result; commander has printed both it and what is wrong with a command line.
  if (name === "CommanderError") return exitCode === 0 ? 0 : 2;
  if (name === "UsageError") {
    report(cli, json, { code: "USAGE", message: (error as Error).message });
    return 2;
  }
  if (cli.signal.aborted) {
    report(cli, json, { code: "STOPPED", message: "Stopped; nothing is left half-done" });
    return 1;
  }
  const { isLadingError, ioError } = await import("../src/errors.js");
  const known = isLadingError(error) ? error : ioError(error, "go on with", (error as { path?: string }).path ?? ".");
  if (isLadingError(known)) report(cli, json, { code: known.code, message: known.message, detail: known.detail });
  else {
    const text = cli.env.LADING_DEBUG ? (error as Error).stack : String(error);
    report(cli, json, {
      code: `INTERNAL${typeof code === "string" ? ` ${code}` : ""}`,
      message: `A mistake of lading's own, please report it: ${text}`,
    });
  }
  return 1;
}

/** Runs a command line. Returns the exit status: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: readonly string[], cli: Cli): Promise<number> {
  const [name = "", ...rest] = args;
  if (name === "" || name === "help" || name === "--help" || name === "-h") {
    (name === "" ? cli.stderr : cli.stdout).write(usage());
    return name === "" ? 2 : 0;
  }
  if (!Object.hasOwn(VERBS, name)) {
    cli.stderr.write(`USAGE: There is no verb "${name}"; \`lading --help\` lists them\n`);
    return 2;
  }
  try {
    const module = await VERBS[name]?.load();
    await module?.verb(cli).parseAsync([...rest], { from: "user" });
    return 0;
  } catch (error) {
    return await fail(error, cli, args.includes("--json"));
  }
}
