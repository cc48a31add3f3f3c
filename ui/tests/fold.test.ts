/** Searches find what differs in case and spelling only: with the vectors of the backend. */

import { describe, expect, it } from "vitest";

import vectors from "../../tests/fixtures/folding.json";
import { marksOf, scoreOf, searchable } from "../src/commands/fuzzy";
import { aligned, findAfter, fold, hasTyped } from "../src/model/fold";
import { suggestNames } from "../src/model/names";
import { find } from "../src/model/state_tree";

const pairs = (kind: "finds" | "misses") => vectors[kind] as [string, string][];

describe("a search", () => {
  it.each(pairs("finds"))("for %j finds %j", (query, text) => {
    expect(hasTyped(text, query)).toBe(true);
  });

  it.each(pairs("misses"))("for %j does not find %j", (query, text) => {
    expect(hasTyped(text, query)).toBe(false);
  });

  it("folds letter by letter as it folds the whole", () => {
    for (const [query, text] of pairs("finds")) {
      for (const each of [query, text])
        expect(aligned(each)?.folded ?? fold(each)).toBe(fold(each));
    }
  });

  it("finds names, keys and values of a state in every spelling", () => {
    const names = [
      { name: "Cafe\u0301", uses: 1 },
      { name: "İstanbul", uses: 1 },
    ];
    expect(suggestNames(names, [], "café")).toEqual([names[0]]);
    expect(suggestNames(names, [], "istanbul")).toEqual([names[1]]);
    expect(find({ city: "İstanbul", Straße: { n: 1 } }, "ISTANBUL")).toEqual(["/city"]);
    expect(find({ city: "İstanbul", Straße: { n: 1 } }, "strasse.n")).toEqual(["/Straße/n"]);
  });

  it("marks in the palette the letters that were meant, accents and all", () => {
    const marked = (query: string, text: string) => {
      const name = searchable(text);
      expect(scoreOf(fold(query), name), text).toBeGreaterThan(0);
      return marksOf(fold(query), name)
        .map((at) => text.charAt(at))
        .join("");
    };
    expect(marked("cafe\u0301", "Café")).toBe("Café");
    expect(marked("café", "my Cafe\u0301 bar")).toBe("Cafe\u0301");
    expect(marked("istan", "İstanbul")).toBe("İstan");
    expect(marked("strasse", "Straße 1")).toBe("Straße");
    expect(scoreOf(fold("cafe"), searchable("Café"))).toBe(0);
  });

  it("selects in a text what was found, from a place on and then from its beginning", () => {
    const text = '{"İl": "Straße", "x": "STRASSE"}';
    const found = (typed: string, from: number) => {
      const place = findAfter(text, typed, from);
      return place && text.slice(place.start, place.end);
    };
    expect(found("strasse", 0)).toBe("Straße");
    expect(found("strasse", 12)).toBe("STRASSE");
    expect(found("il", 12)).toBe("İl");
    expect(found("missing", 0)).toBeNull();
    expect(findAfter("plain TEXT", "text", 0)).toEqual({ start: 6, end: 10 });
  });
});
