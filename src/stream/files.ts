/**
 * The file system, asked in the way that suits the thread.
 *
 * A caller's thread must stay free, so there every call goes to the system's pool of threads, as `node:fs/promises` does it. In
 * a thread that lading has started for work alone, that detour costs ten times what most calls take, and so they are made
 * directly, but for flushes; promises are given all the same, so that code need not know where it runs.
 *
 * @module
 */

import * as direct from "node:fs";
import * as pooled from "node:fs/promises";
import { promisify } from "node:util";
import { gather, type Settled } from "./gather.js";

/** What a thread that lading starts for work is given as its only argument. */
export const WORK_THREAD = "lading: work";

/** Is this a thread that has nothing to do but lading's work? Messages are heard only between turns there. */
export const isWorkThread: boolean = process.argv[2] === WORK_THREAD;

/** A file that is open, as `FileHandle` has it. */
export interface OpenFile {
  readonly fd: number;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  /** `position` is where it goes in the file (behind what was written last). */
  write(
    chunk: Uint8Array,
    offset: number,
    length?: number,
    position?: number,
  ): Promise<{ readonly bytesWritten: number }>;
  truncate(size: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  writeFile(content: string | Uint8Array): Promise<void>;
  stat(options: { readonly bigint: true }): Promise<direct.BigIntStats>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

interface Stat {
  (path: string | Buffer, options: { readonly bigint: true }): Promise<direct.BigIntStats>;
  (path: string | Buffer): Promise<direct.Stats>;
}

/** Calls of `node:fs/promises`, as far as they are needed where threads work. */
interface Files {
  open(path: string | Buffer, flags: string | number, mode?: number): Promise<OpenFile>;
  readonly stat: Stat;
  readonly lstat: Stat;
  readFile(path: string): Promise<Buffer>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  readdir(path: string): Promise<string[]>;
  link(path: string, name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  mkdir(path: string): Promise<unknown>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
  utimes(path: string, atime: Date, mtime: Date): Promise<void>;
  writeFile(path: string, content: string, options: { readonly flag: string }): Promise<void>;
}

const flushOne = promisify(direct.fsync);
/** Flushes at once: a file system that is flushed keeps those waiting who make files. */
const FLUSHES = 64;

/** The disk is slow wherever it is asked from, and takes together what is flushed together. */
const flush = gather(FLUSHES, (fds: readonly number[]) => Promise.all(fds.map(flushed)));

async function flushed(fd: number): Promise<Settled<void>> {
  return await flushOne(fd).then(
    () => ({ done: undefined }),
    (error) => ({ error }),
  );
}

function openDirectly(path: string | Buffer, flags: string | number, mode?: number): OpenFile {
  const fd = direct.openSync(path, flags, mode);
  return {
    fd,
    read: async (buffer, offset, length, position) => ({
      bytesRead: direct.readSync(fd, buffer, offset, length, position),
    }),
    write: async (chunk, offset, length, position) => ({
      bytesWritten: direct.writeSync(fd, chunk, offset, length, position),
    }),
    truncate: async (size) => direct.ftruncateSync(fd, size),
    chmod: async (mode) => direct.fchmodSync(fd, mode),
    writeFile: async (content) => direct.writeFileSync(fd, content),
    stat: async (options) => direct.fstatSync(fd, options),
    sync: () => flush(fd),
    close: async () => direct.closeSync(fd),
  };
}

/** The same call, made at once; what it throws is a rejection. */
function made<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => Promise<R> {
  return async (...args) => call(...args);
}

const DIRECT: Files = {
  open: made(openDirectly),
  stat: made(direct.statSync) as Stat,
  lstat: made(direct.lstatSync) as Stat,
  readFile: made(direct.readFileSync) as Files["readFile"],
  readdir: made((path: string) => direct.readdirSync(path)),
  link: made(direct.linkSync),
  rename: made(direct.renameSync),
  mkdir: made((path: string) => direct.mkdirSync(path)),
  rm: made((path: string, options: { readonly force: true }) => direct.rmSync(path, options)),
  utimes: made(direct.utimesSync),
  writeFile: made(direct.writeFileSync) as Files["writeFile"],
};

/** The file system as this thread asks it. */
export const files: Files = isWorkThread ? DIRECT : pooled;
