/** Builds the sample as the window is built, and serves it under the window's content policy. */

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte()],
  build: {
    target: "safari18.2",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    outDir: "../../node_modules/.sample",
    emptyOutDir: true,
  },
  preview: {
    headers: {
      "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self'",
    },
  },
});
