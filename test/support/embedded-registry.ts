import { join } from "node:path";
import { createLayoutRepositories } from "../../src/service/layout-repositories.js";
import type { Repositories } from "../../src/service/repository.js";
import { createRepository } from "../../src/service/repository.js";
import { createRegistryServer, type ListeningServer } from "../../src/service/server.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { TestContext } from "./suite.js";
import { tempFolder } from "./temp.js";

export interface EmbeddedRegistry extends ListeningServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The folder of its repositories. */
  readonly folder: string;
}

/** Repositories in memory; their uploads under way stand in `folder`. */
export function createMemoryRepositories(folder: string): Repositories {
  const opened = new Map<string, ReturnType<typeof createRepository>>();
  return {
    async open(name, { create }) {
      if (create && !opened.has(name)) opened.set(name, createRepository(createMemoryStore(), join(folder, name)));
      return opened.get(name);
    },
    list: async () => [...opened.keys()].sort(),
  };
}

/** Starts lading's own registry until the test ends: over layouts, unless other repositories are given. */
export async function startEmbeddedRegistry(
  context: TestContext,
  create: (folder: string) => Repositories = createLayoutRepositories,
): Promise<EmbeddedRegistry> {
  const folder = await tempFolder(context);
  const listening = await createRegistryServer({ repositories: create(folder) }).listen();
  context.defer(() => listening.close());
  return { ...listening, host: `127.0.0.1:${listening.port}`, folder };
}
