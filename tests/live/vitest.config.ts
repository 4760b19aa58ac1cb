import { defineConfig } from "vitest/config";
import conformance from "../conformance/vitest.config.ts";

export default defineConfig({
  ...conformance,
  test: { ...conformance.test, include: ["tests/live/*.vitest.ts"] },
});
