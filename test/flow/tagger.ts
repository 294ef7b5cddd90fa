/**
 * A process that tags names in a layout, for the tests of several writers:
 * `node tagger.js LAYOUT NAME COUNT` waits for a line on its standard input, then tags NAME-1 … NAME-COUNT one after
 * the other, each with content of its own. `node tagger.js LAYOUT --die-with-lock` leaves the lock behind.
 *
 * @module
 */

import { once } from "node:events";
import { join } from "node:path";
import { createLayoutStore } from "../../src/store/layout.js";
import { acquireLock } from "../../src/store/lock.js";
import { fromBytes } from "../../src/stream/bytes.js";

const [layout = "", name = "", count = "1"] = process.argv.slice(2);

if (name === "--die-with-lock") {
  await acquireLock(join(layout, ".lading", "lock"));
  process.kill(process.pid, "SIGKILL");
}

process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.destroy();

const store = createLayoutStore(layout);
for (let number = 1; number <= Number(count); number++) {
  const descriptor = await store.put("text/plain", fromBytes(`content of ${name}-${number}`));
  await store.tag([{ name: `${name}-${number}`, descriptor }]);
}
