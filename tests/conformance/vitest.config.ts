import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: {
      "@std/async": fileURLToPath(new URL("../stand-ins/async/mod.ts", import.meta.url)),
    },
  },
  test: {
    include: ["tests/conformance/*.vitest.ts"],
    globals: true,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
