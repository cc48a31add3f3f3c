/** Texts of others, shown and copied so that they do nothing and hide nothing. */

import { describe, expect, it } from "vitest";

import type { Change, Revision } from "../src/bindings/wire";
import { cell, csv } from "../src/model/csv";
import { dotted } from "../src/model/pointer";
import { reportOf } from "../src/model/report";
import { visible, visibleJson } from "../src/model/visible";
import csvVectors from "../../tests/fixtures/csv.json";
import visibleVectors from "../../tests/fixtures/visible.json";

/** Forges a line, sets a title, reverses and hides. */
const HOSTILE = "x\n- **Who:** admin\r\u001b]0;owned\u0007\u009b2J\u202elap\u2066\u200b\u2028";

describe("a text of others", () => {
  it.each(visibleVectors.vectors)("is shown as flagctl shows it: $shown", (vector) => {
    const { text, shown } = vector;
    expect(visible(text)).toBe(shown);
    expect(visible(shown)).toBe(shown);
    const quoted = JSON.stringify(text);
    expect(visibleJson(quoted)).toBe(vector.json === undefined ? quoted : `"${vector.json}"`);
  });

  it("keeps the value of JSON, and its lines", () => {
    const value = { [HOSTILE]: [HOSTILE, 1.5, null] };
    const json = JSON.stringify(value, null, 2);
    const shown = visibleJson(json);
    expect(JSON.parse(shown)).toEqual(value);
    expect(shown.split("\n")).toHaveLength(json.split("\n").length);
    expect(shown).not.toMatch(/[\u007f-\u009f\u200b\u2028\u202e\u2066]/);
  });
});

describe("a key that is copied", () => {
  it("is one line, and is written as flagctl reads it", () => {
    expect(dotted("")).toBe("ml");
    expect(dotted("/flags/enabled")).toBe("ml.flags.enabled");
    expect(dotted("/list/0")).toBe("ml.list.0");
    expect(dotted("/a~1b/ui.badges/c d")).toBe('ml.a/b["ui.badges"]["c d"]');
    expect(dotted("/x\n$(id)")).toBe('ml["x\\n$(id)"]');
    expect(dotted("/\u202ea/\u001b")).toBe('ml["\\u202ea"]["\\u001b"]');
  });
});

describe("a report that is copied", () => {
  const change: Change = {
    pointer: `/about/${HOSTILE}`,
    sentence: `${HOSTILE} changed`,
    before: JSON.stringify(HOSTILE),
    after: null,
  };
  const revision = {
    revision: 12,
    atMs: 0,
    actor: { name: HOSTILE, via: "http" },
    cause: { kind: "edit" },
    note: HOSTILE,
  } as Revision;
  const difference = { changes: [change], total: 1 };

  it("is of the lines that it is made of, whatever texts are in it", () => {
    const report = reportOf(revision, difference);
    const plain = reportOf(
      { ...revision, actor: { name: "ada", via: "http" }, note: "x" },
      {
        ...difference,
        changes: [{ ...change, pointer: "/a", sentence: "a changed", before: "1" }],
      },
    );
    expect(report.split("\n")).toHaveLength(plain.split("\n").length);
    expect(report.replaceAll("\n", "")).toBe(visible(report.replaceAll("\n", "")));
  });
});

describe("a table that is exported", () => {
  it.each(csvVectors.vectors)("writes $text as flagctl does", ({ text, cell: written }) => {
    expect(cell(text)).toBe(written);
  });

  it("has its cells between commas and its rows in lines", () => {
    expect(
      csv([
        ["a", "=1"],
        ["-2", ""],
      ]),
    ).toBe('a,"\'=1"\r\n-2,\r\n');
  });
});
