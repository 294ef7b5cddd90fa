import { fileURLToPath } from "node:url";

/** The repository's root. Compiled tests live in `dist/test/support/`. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));
