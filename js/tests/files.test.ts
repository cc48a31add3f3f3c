// What holds of the files themselves.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { buildSync } from "esbuild";
import { expect, test } from "vitest";

const FOLDER = fileURLToPath(new URL("../ml", import.meta.url));
const NAMES = ["MLConfig", "MLFeatureFlags", "MLStateExtension", "PrometheusExporter"];
const KILOBYTES_MAX = 12;

const PUBLIC = `
  export { MLConfig } from "./MLConfig.js";
  export { MLFeatureFlags, FlagStorage, FlagValidator } from "./MLFeatureFlags.js";
  export { MLStateExtension } from "./MLStateExtension.js";
  export { PrometheusExporter, Counter, Gauge, Histogram } from "./PrometheusExporter.js";
`;

test("there are four files with their types, which import one another alone", () => {
  const expected = NAMES.flatMap((name) => [`${name}.d.ts`, `${name}.js`]);
  expect(readdirSync(FOLDER).sort()).toEqual(expected);
  for (const name of NAMES) {
    const text = readFileSync(`${FOLDER}/${name}.js`, "utf8");
    const imported = [...text.matchAll(/\bfrom "(.*?)"/g)].map(([, from]) => from);
    for (const from of imported) expect(from).toMatch(/^\.\/ML\w+\.js$/);
    expect(text).not.toMatch(/\bimport\(|\brequire\(/);
  }
});

test("they are small, minified and gzipped together", () => {
  const { outputFiles } = buildSync({
    stdin: { contents: PUBLIC, resolveDir: FOLDER },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
  expect(bytes).toBeLessThanOrEqual(KILOBYTES_MAX * 1024);
});
