/**
 * Progress: on a terminal a line for each blob and one for all, from the first second on, gone at the end; elsewhere a plain
 * line for each blob that moved; for programs one JSON object a line.
 *
 * @module
 */

import type { Command } from "commander";
import type { CopiedBlob, CopyOptions, Descriptor } from "../src/index.js";
import type { Cli, CommonFlags } from "./cli.js";
import { doneLine, progressLines } from "./progress-text.js";
import { createTransferState, type Transfer, type TransferState } from "./transfer-state.js";
import { UsageError } from "./usage.js";
import { formatJson, visible } from "./visible.js";

export interface Progress {
  /** What is being done now. */
  step(text: string): void;
  /** Bytes that were read for the step. */
  bytes(count: number): void;
  /** What a copy to a place tells of its blobs. */
  transfer(place: string): Pick<CopyOptions, "onContent" | "onBytes" | "onBlob">;
  /** Takes away what is shown. */
  end(): void;
}

/** What shows the state: each is told what is new. */
interface View {
  step(text: string): void;
  content(transfer: Transfer): void;
  done(transfer: Transfer): void;
  /** Now and then. */
  tick(): void;
  end(): void;
}

const FORMS = ["auto", "plain", "json"] as const;
type Form = (typeof FORMS)[number];

export interface ProgressFlags extends CommonFlags {
  readonly progress?: Form;
}

const FIRST_MS = 1000;
const EVERY_MS = 200;
/** Characters of a line at most, on a terminal that is wide enough: a line that wraps could not be taken away again. */
const WIDTH = 80;

/** Adds `--progress`. */
export function addProgressFlag(verb: Command): Command {
  return verb.option("--progress <form>", "auto, plain (a line for each blob) or json (an object a line)", parseForm);
}

/** May a line for people stand on stderr beside the progress? */
export function isForPeople({ quiet, json, progress }: ProgressFlags): boolean {
  return !quiet && !json && progress !== "json";
}

function parseForm(text: string): Form {
  const form = FORMS.find((each) => each === text);
  if (form === undefined) throw new UsageError(`--progress "${text}" is unknown, wanted ${FORMS.join(", ")}`);
  return form;
}

export function createProgress(cli: Cli, flags: ProgressFlags): Progress {
  const { quiet, progress: form = "auto" } = flags;
  if (quiet) return { step() {}, bytes() {}, transfer: () => ({}), end() {} };
  const state = createTransferState();
  const isDrawn = form === "auto" && cli.stderrIsTerminal;
  const view = form === "json" ? jsonView(cli, state) : isDrawn ? terminalView(cli, state) : plainView(cli);
  const timer = setInterval(view.tick, EVERY_MS).unref();
  return {
    step: view.step,
    bytes(count) {
      state.read += count;
    },
    transfer: (place) => watch(place, state, view),
    end() {
      clearInterval(timer);
      view.end();
    },
  };
}

function watch(place: string, state: TransferState, view: View): ReturnType<Progress["transfer"]> {
  return {
    onContent(contents: readonly Descriptor[]) {
      for (const each of contents) {
        const before = state.transfers.length;
        const transfer = state.at(place, each);
        if (state.transfers.length > before) view.content(transfer);
      }
    },
    onBytes(descriptor: Descriptor, bytes: number) {
      state.at(place, descriptor).moved += bytes;
    },
    onBlob({ descriptor, action }: CopiedBlob) {
      const transfer = state.at(place, descriptor);
      // What went ahead is there when its image comes.
      if (transfer.action !== undefined) return;
      transfer.action = action;
      view.done(transfer);
    },
  };
}

function plainView(cli: Cli): View {
  return {
    step() {},
    content() {},
    done(transfer) {
      if (transfer.action !== "skipped") cli.stderr.write(`${visible(doneLine(transfer))}\n`);
    },
    tick() {},
    end() {},
  };
}

/** Events `step`, `content`, `bytes`, `done` and `total`. Sizes and rates in bytes, times in seconds. */
function jsonView(cli: Cli, state: TransferState): View {
  const write = (event: object) => cli.stderr.write(`${formatJson(event)}\n`);
  const told = new Map<Transfer, number>();
  const tell = (transfer: Transfer) => {
    const { digest, moved, size } = transfer;
    if (moved === (told.get(transfer) ?? 0)) return false;
    told.set(transfer, moved);
    write({ event: "bytes", digest, moved, size });
    return true;
  };
  const tick = () => {
    const news = state.transfers.filter(tell);
    if (news.length > 0) write({ event: "total", ...state.total(performance.now()) });
  };
  return {
    step: (text) => write({ event: "step", text }),
    content: ({ digest, mediaType, size }) => write({ event: "content", digest, mediaType, size }),
    done(transfer) {
      tell(transfer);
      const { digest, size, action } = transfer;
      write({ event: "done", digest, size, action });
    },
    tick,
    end: tick,
  };
}

function terminalView(cli: Cli, state: TransferState): View {
  const begin = performance.now();
  let step = "";
  let drawn = 0;
  // To the first line of what was drawn, and away with everything from there.
  const clear = () => (drawn === 0 ? "" : `\r${drawn > 1 ? `\u001b[${drawn - 1}A` : ""}\u001b[J`);
  return {
    step(text) {
      step = text;
    },
    content() {},
    done() {},
    tick() {
      const now = performance.now();
      const total = state.total(now);
      if (now - begin < FIRST_MS || step === "") return;
      const width = Math.min(cli.stderr.columns || WIDTH, WIDTH);
      const lines = progressLines(step, state, { total, width });
      cli.stderr.write(`${clear()}${lines.join("\n")}`);
      drawn = lines.length;
    },
    end() {
      if (drawn > 0) cli.stderr.write(clear());
      drawn = 0;
    },
  };
}
