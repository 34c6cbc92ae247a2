import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    // Generous, for machines that have more to do.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: "100%",
    // Files share the modules of their worker: to load the library anew for each took a tenth of the time.
    isolate: false,
  },
});
