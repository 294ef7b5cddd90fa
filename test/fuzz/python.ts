/**
 * Python's `tarfile`, asked for many archives by one process.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const PROGRAM = `
import sys, io, json, struct, tarfile, warnings
warnings.simplefilter("ignore")
stdin = sys.stdin.buffer
while True:
    head = stdin.read(4)
    if len(head) < 4: break
    data = stdin.read(struct.unpack(">I", head)[0])
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding="latin-1", errors="surrogateescape") as archive:
            found = [[m.name, m.type.decode("latin-1"), m.size, m.linkname] for m in archive]
        print(json.dumps(found))
    except Exception as error:
        print(json.dumps(type(error).__name__))
    sys.stdout.flush()
`;

/** Name, type flag, size and link target of each member; or the name of the error. */
export type PythonAnswer = readonly (readonly [name: string, type: string, size: number, target: string])[] | string;

export interface Python {
  ask(tar: Buffer): Promise<PythonAnswer>;
  close(): void;
}

/** Starts it. One question at a time. */
export function startPython(): Python {
  const child = spawn("python3", ["-c", PROGRAM], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(tar) {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(tar.length);
      child.stdin.write(Buffer.concat([head, tar]));
      const { value, done } = await lines.next();
      if (done === true) throw new Error("Python ended");
      return JSON.parse(value) as PythonAnswer;
    },
    close: () => void child.kill(),
  };
}
