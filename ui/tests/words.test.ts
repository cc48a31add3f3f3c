import { describe, expect, it } from "vitest";

import { words } from "../src/words";
import { actions } from "../src/words/actions";

/** Every sentence that is written out, with the names that lead to it. */
function sentences(of: object, path: readonly string[] = []): [string, string][] {
  return Object.entries(of).flatMap(([name, value]: [string, unknown]) => {
    const at = [...path, name];
    if (typeof value === "string") return [[at.join("."), value] as [string, string]];
    return typeof value === "object" && value !== null ? sentences(value, at) : [];
  });
}

describe("the words", () => {
  it("are one part for each file, so that no name of one hides that of another", () => {
    const files: Record<string, Record<string, unknown>> = import.meta.glob("../src/words/*.ts", {
      eager: true,
    });
    const parts = Object.values(files).flatMap((file) => Object.values(file));
    const strays = Object.entries(words).filter(([, part]) => !parts.includes(part));
    expect(strays.map(([name]) => name)).toEqual([]);
  });

  it("of buttons that any view has are written once", () => {
    const once = new Set<string>(Object.values(actions));
    const elsewhere = sentences(words).filter(([at]) => !/^(actions|help)[.]/.test(at));
    const again = elsewhere.filter(([, text]) => once.has(text));
    expect(again.map(([at]) => at)).toEqual([]);
  });
});
