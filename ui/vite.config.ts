import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** Tests that put a module in place of another, which no other test file may have loaded before. */
const replacing = ["tests/closing.test.ts"];

export default defineConfig({
  plugins: [svelte()],
  build: {
    // The oldest engine that shows the window: WebKitGTK 2.50.
    target: "safari18.2",
    // `default-src 'self'` refuses data: URIs, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // The page shows the recipes of the documentation.
  server: { fs: { allow: [".", "../docs/recipes"] } },
  // Vitest picks Svelte's browser build, as the window does.
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  test: {
    environment: "jsdom",
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
    // Longer than any wait of a test takes when the machine builds something else.
    testTimeout: 30_000,
    maxWorkers: "100%",
    // A process and a document for each file cost more than half of the time.
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["tests/**/*.test.ts"],
          exclude: replacing,
          isolate: false,
        },
      },
      { extends: true, test: { name: "apart", include: replacing } },
    ],
  },
});
