// Adds to package-lock.json the optional packages of other platforms that the registry at hand does not carry.
//
// `npm install` leaves such packages out of the lock, and `npm ci` then refuses the lock. Their entries say only for which
// platform they are, which is read from their names: run `node .ci/complete-lock.mjs` after `npm install`.

import { readFileSync, writeFileSync } from "node:fs";

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
const added = [];

for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    const words = name.split(/[-/]/);
    const os = words.find((word) => SYSTEMS.includes(word));
    const cpu = words[words.indexOf(os) + 1];
    if (os === undefined || cpu === undefined) continue;
    const libc = words.includes("musl") ? "musl" : words.includes("gnu") ? "glibc" : undefined;
    const platform = { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) };
    lock.packages[key] = { version, ...(parent.dev ? { dev: true } : {}), optional: true, ...platform };
    added.push(name);
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added.length} added: ${added.join(", ")}\n`);
