import { createRegistryStore } from "../../src/registry/client.js";
import { testStore } from "../contract/store.js";
import { createMemoryRepositories, startEmbeddedRegistry } from "../support/embedded-registry.js";

testStore("registry client over embedded server, layouts", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  return createRegistryStore({ registry: host, repository: "team/app" });
});

testStore("registry client over embedded server, memory", async (context) => {
  const { host } = await startEmbeddedRegistry(context, createMemoryRepositories);
  return createRegistryStore({ registry: host, repository: "team/app" });
});
