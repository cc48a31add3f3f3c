import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "modules", include: ["tests/*.test.ts"] } },
      {
        test: {
          name: "specification",
          include: ["tests/specification/*.test.js"],
          setupFiles: ["tests/specification/setup.js"],
          globals: true,
        },
      },
    ],
  },
});
