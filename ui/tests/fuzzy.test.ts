/** Few letters for many: what a person types and what they mean by it. */

import { describe, expect, it } from "vitest";

import { marksOf, scoreOf, searchable } from "../src/commands/fuzzy";

/** The texts that `letters` stand for, best first. */
function ranked(letters: string, ...texts: string[]): string[] {
  const scored = texts.map((text) => ({ text, score: scoreOf(letters, searchable(text)) }));
  return scored
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .map(({ text }) => text);
}

/** The text with its marked letters in brackets. */
function marked(letters: string, text: string): string {
  const marks = new Set(marksOf(letters, searchable(text)));
  return Array.from(text, (letter, at) => (marks.has(at) ? `[${letter}]` : letter)).join("");
}

describe("letters", () => {
  it.each([
    ["the whole before its beginning", "ui", ["ui", "ui.badges", "search.ui"]],
    ["a beginning before a later word", "bad", ["badges", "ui.badges", "embadge"]],
    ["a word after a dot before the middle of one", "rank", ["search.ranking", "outranked"]],
    ["the humps of a camel before letters in between", "cp", ["ui.curationPanel", "cheap"]],
    ["letters in a row before scattered ones", "undo", ["Undo", "until now do"]],
    ["the shorter of two equals", "track", ["tracker", "trackerOfManyThings"]],
  ])("rank %s", (_, letters, best) => {
    expect(ranked(letters, ...[...best].reverse())).toEqual(best);
  });

  it("that are not all there, or out of order, stand for nothing", () => {
    expect(ranked("xz", "badges")).toEqual([]);
    expect(ranked("segdab", "badges")).toEqual([]);
    expect(ranked("", "badges")).toEqual([]);
  });

  it("that begin no word stand for nothing unless they are in a row", () => {
    expect(ranked("oa", "keyboard")).toEqual(["keyboard"]);
    expect(ranked("ba", "dashboard")).toEqual([]);
  });

  it.each([
    ["cp", "ui.curationPanel", "ui.[c]uration[P]anel"],
    ["ui", "build.ui", "build.[u][i]"],
    ["kbs", "Keyboard shortcuts", "[K]ey[b]oard [s]hortcuts"],
    ["c12", "area.component12", "area.[c]omponent[1][2]"],
    ["zz", "badges", "badges"],
  ])("%s are marked where they count most in %s", (letters, text, expected) => {
    expect(marked(letters, text)).toBe(expected);
  });

  it("of any script keep their place", () => {
    expect(marked("rösse", "İ Größe")).toBe("İ G[r][ö][ß][e]");
    expect(marked("日本", "Größe 日本")).toBe("Größe [日][本]");
  });
});
