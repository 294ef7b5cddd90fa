/**
 * The table of verbs, and what their failures become.
 *
 * @module
 */

import type { Cli, Verb } from "./cli.js";
import { UsageError } from "./usage.js";
import { formatJson, visible } from "./visible.js";

type Load = () => Promise<{ readonly verb: Verb }>;

/** Each verb is one file, loaded when it is asked for. */
const VERBS: Readonly<Record<string, { readonly summary: string; readonly load: Load }>> = {
  build: { summary: "make an image from a recipe, or from package files", load: () => import("./commands/build.js") },
  resolve: { summary: "show which packages a recipe leads to, and why", load: () => import("./commands/resolve.js") },
  package: { summary: "create, import, change, show and export packages", load: () => import("./commands/package.js") },
  namespace: { summary: "show or set where bare names stand", load: () => import("./commands/namespace.js") },
  copy: { summary: "copy an image from one place to another", load: () => import("./commands/copy.js") },
  push: { summary: "copy an image to a registry", load: () => import("./commands/push.js") },
  pull: { summary: "copy an image from a registry", load: () => import("./commands/pull.js") },
  list: { summary: "list images, tags and repositories", load: () => import("./commands/list.js") },
  delete: { summary: "delete a tag or a manifest", load: () => import("./commands/delete.js") },
  inspect: { summary: "show what is in an image", load: () => import("./commands/inspect.js") },
  verify: { summary: "check every byte of an image", load: () => import("./commands/verify.js") },
  login: { summary: "log in to a registry", load: () => import("./commands/login.js") },
  logout: { summary: "forget the login to a registry", load: () => import("./commands/logout.js") },
  gc: { summary: "reclaim what nothing names", load: () => import("./commands/gc.js") },
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
  const message = error.message.replace(/\s*[\r\n]+\s*/g, " ");
  if (json) cli.stderr.write(`${formatJson({ error: { ...error, message } })}\n`);
  else cli.stderr.write(`${visible(`${error.code}: ${message}`)}\n`);
}

/** Says what was probably meant, as commander does for the verbs below a verb. */
async function unknownVerb(name: string, cli: Cli): Promise<UsageError> {
  const { createCommand } = await import("./cli.js");
  const command = createCommand(cli, "lading", "");
  for (const verb of Object.keys(VERBS)) command.command(verb);
  let said = "";
  try {
    command.parse([name], { from: "user" });
  } catch (error) {
    said = (error as Error).message;
  }
  const meant = /\(Did you mean (.*)\?\)/.exec(said)?.[1];
  const remedy = meant === undefined ? "`lading --help` lists them" : `did you mean ${meant}?`;
  return new UsageError(`There is no verb "${name}"; ${remedy}`);
}

async function fail(error: unknown, cli: Cli, json: boolean): Promise<number> {
  const { name, code, exitCode } = error as { name?: string; code?: unknown; exitCode?: number };
  // Help has been printed; where it was asked for, it is a result.
  const isCommandLine = typeof code === "string" && code.startsWith("commander.");
  if (isCommandLine && (exitCode === 0 || code === "commander.help")) return exitCode === 0 ? 0 : 2;
  if (isCommandLine || name === "UsageError") {
    report(cli, json, { code: "USAGE", message: (error as Error).message.replace(/^error: /, "") });
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
  const [first = "", ...rest] = args;
  const isHelp = ["help", "--help", "-h"].includes(first);
  if (first === "" || (isHelp && rest.length === 0)) {
    (isHelp ? cli.stdout : cli.stderr).write(usage());
    return isHelp ? 0 : 2;
  }
  // `lading help build` is `lading build --help`.
  const [name = "", ...flags] = isHelp ? [...rest, "--help"] : args;
  try {
    const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
    if (verb === undefined) throw await unknownVerb(name, cli);
    await (await verb.load()).verb(cli).parseAsync([...flags], { from: "user" });
    return 0;
  } catch (error) {
    return await fail(error, cli, args.includes("--json"));
  }
}
