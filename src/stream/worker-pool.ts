/**
 * Threads for work that keeps a core busy.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { type ErrorCode, type ErrorDetails, isLadingError, LadingError } from "../errors.js";
import { accountForThread, closeAccount } from "./dictionaries.js";
import { WORK_THREAD } from "./files.js";

/** What a pool says to a thread. */
export type ToThread<Job> = { readonly type: "job"; readonly job: Job } | { readonly type: "stop" };

/** What a thread says to its pool. `notice` may come any number of times before the other two. */
export type FromThread<Result, Notice> =
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "result"; readonly result: Result }
  | { readonly type: "error"; readonly error: ThreadError };

/** An error in a form that crosses threads. */
export interface ThreadError {
  readonly name: string;
  readonly message: string;
  /** Of lading's own errors. */
  readonly code?: ErrorCode;
  readonly detail?: unknown;
}

export interface PoolTask<Job, Notice> {
  readonly job: Job;
  readonly signal?: AbortSignal | undefined;
  readonly onNotice?: ((notice: Notice) => void) | undefined;
}

export interface WorkerPool<Job, Result, Notice> {
  /** Runs a job on the next free thread. */
  run(task: PoolTask<Job, Notice>): Promise<Result>;
  /** Ends the threads; jobs under way are to be waited for before. */
  close(): void;
}

interface Waiting<Job, Result, Notice> extends PoolTask<Job, Notice> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export function toThreadError(error: unknown): ThreadError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return isLadingError(error) ? { name, message, code: error.code, detail: error.detail } : { name, message };
}

export function fromThreadError({ name, message, code, detail }: ThreadError): Error {
  if (code !== undefined) return new LadingError(code, message, detail as ErrorDetails[ErrorCode]);
  if (name === "AbortError") return new DOMException(message, name);
  return Object.assign(new Error(message), { name });
}

/** Each thread's room for short-lived objects, in MB. V8's own default, three times 16, is most of a thread's memory; more than this gains no time. */
const YOUNG_MB = 2;

/**
 * Creates a pool. Threads start when there is work for them.
 *
 * Where a thread cannot be started, as with a low `ulimit -u`, the work is done by those that run, and by `here` where none
 * does.
 *
 * @param module The module that a thread runs: it answers {@link ToThread} by {@link FromThread}.
 * @param size Threads at most.
 * @param here Does a job on the caller's thread.
 */
export function createWorkerPool<Job, Result, Notice>(
  module: URL,
  size: number,
  here: (task: PoolTask<Job, Notice>) => Promise<Result>,
): WorkerPool<Job, Result, Notice> {
  const queue: Waiting<Job, Result, Notice>[] = [];
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  let canStart = true;
  let runsHere = false;

  function startWorker(): Worker | undefined {
    if (!canStart || all.size >= size) return undefined;
    try {
      const dictionaries = accountForThread();
      const worker = new Worker(module, {
        env: {},
        argv: [WORK_THREAD],
        workerData: { dictionaries },
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      });
      worker.on("error", () => {});
      worker.once("exit", () => closeAccount(dictionaries));
      all.add(worker);
      return worker;
    } catch {
      canStart = false;
      return undefined;
    }
  }

  async function runHere(task: Waiting<Job, Result, Notice>): Promise<void> {
    runsHere = true;
    await here(task).then(task.resolve, task.reject);
    runsHere = false;
    dispatch();
  }

  function runOn(worker: Worker, task: Waiting<Job, Result, Notice>): void {
    let answered = false;
    const stop = () => worker.postMessage({ type: "stop" } satisfies ToThread<Job>);
    const finish = (isUsable: boolean) => {
      answered = true;
      task.signal?.removeEventListener("abort", stop);
      worker.removeAllListeners("message").off("exit", onExit);
      if (isUsable) idle.push(worker);
      else all.delete(worker);
    };
    worker.on("message", (message: FromThread<Result, Notice>) => {
      if (message.type === "notice") return task.onNotice?.(message.notice);
      finish(true);
      if (message.type === "result") task.resolve(message.result);
      else task.reject(fromThreadError(message.error));
      return dispatch();
    });
    const onExit = () => {
      if (answered) return;
      finish(false);
      // It never came up, or the system ended it: what it should have done is done elsewhere.
      canStart = false;
      queue.unshift(task);
      dispatch();
    };
    worker.once("exit", onExit);
    task.signal?.addEventListener("abort", stop, { once: true });
    worker.postMessage({ type: "job", job: task.job } satisfies ToThread<Job>);
  }

  function dispatch(): void {
    while (queue.length > 0) {
      const worker = idle.pop() ?? startWorker();
      if (worker === undefined && (all.size > 0 || runsHere)) return;
      const task = queue.shift();
      if (task === undefined) return;
      if (task.signal?.aborted) task.reject(task.signal.reason);
      else if (worker !== undefined) runOn(worker, task);
      else void runHere(task);
    }
  }

  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        queue.push({ ...task, resolve, reject });
        dispatch();
      }),
    close() {
      for (const worker of all) void worker.terminate();
      all.clear();
    },
  };
}
