import { defineConfig } from "vitest/config";

// A busy machine, or one that is ten times slower.
const testTimeout = 60_000;

export default defineConfig({
  test: {
    projects: [
      { test: { name: "modules", include: ["tests/*.test.{js,ts}"], testTimeout } },
      {
        test: {
          name: "specification",
          include: ["tests/specification/*.test.js"],
          setupFiles: ["tests/specification/setup.js"],
          globals: true,
          testTimeout,
        },
      },
    ],
  },
});
