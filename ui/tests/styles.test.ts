import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

const sources: Record<string, string> = import.meta.glob("../src/**/*.{svelte,ts}", {
  query: "?raw",
  import: "default",
  eager: true,
});
/** Every custom property that a component sets on an element. */
function propertiesSet(): string[] {
  const found = Object.values(sources).flatMap((source) => [
    ...source.matchAll(
      /style:(--[\w-]+)|setProperty\(\s*["'`](--[\w-]+)|style="[^"]*?(--[\w-]+):/g,
    ),
  ]);
  const names = found.map(([, directive, call, text]) => directive ?? call ?? text ?? "");
  return [...new Set(names)].sort();
}

describe("custom properties", () => {
  it("that components set are not inherited: WebKit keeps every style for each value", () => {
    const sheet = readFileSync("src/styles/properties.css", "utf8");
    const declared = [...sheet.matchAll(/@property (--[\w-]+) \{[^}]*inherits: false;[^}]*\}/g)];
    expect(declared.map(([, name]) => name).sort()).toEqual(propertiesSet());
  });
});
