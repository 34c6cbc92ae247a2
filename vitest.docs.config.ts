import { defineConfig } from "vitest/config";

// The fences of the documents, made into tests by tools/doctest.mjs. They import the built package, loaded by Node
// itself rather than transformed, as in anyone's project.
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    dir: ".doctest",
    testTimeout: 60_000,
    isolate: false, // Each fence is a module of its own already.
    server: { deps: { external: [/\/packages\/lemniscate\/bundle\//] } },
  },
});
