import { describe, expect, it } from "vitest";

import examples from "../../tests/fixtures/edits.json";
import type { Document, Edit } from "../src/bindings/wire";
import { applyEdit } from "../src/model/edit";
import { written } from "./support/documents";

interface Example {
  name: string;
  document: Document;
  edit: Edit;
  /** What the backend makes of it; null if it refuses the edit. */
  after: Document | null;
}

// The examples are written by the backend's own tests (`tests/edits.rs`).
describe("an edit that is shown before it is stored", () => {
  const applied = (examples as unknown as Example[]).filter(({ after }) => after !== null);

  it.each(applied)("is what the backend makes of it: $name", ({ document, edit, after }) => {
    const shown = written(applyEdit(document, edit));
    expect(shown).toEqual(after);
    // The order that components are shown in.
    expect(JSON.stringify(shown.components)).toBe(JSON.stringify(after?.components));
  });

  // What others require is not looked at: the backend refuses to remove it, and says why.
  const refused = (examples as unknown as Example[]).filter(
    ({ after, edit }) => after === null && edit.kind !== "remove",
  );

  it.each(refused)("leaves the document as it is if it is refused: $name", (example) => {
    const { document, edit } = example;
    expect(written(applyEdit(document, edit))).toEqual(document);
  });
});
