/** Names in lists: what is taken from what a person types, and what is suggested. */

import { describe, expect, it } from "vitest";

import { dayIn, parseDay, tagsOf } from "../src/model/about";
import { countNames, parseNames, suggestNames } from "../src/model/names";
import { GROUP_LIMITS, groupsOf } from "../src/model/rollout";
import { typical } from "./support/documents";

describe("typed names", () => {
  it("are taken from between commas, trimmed, each once", () => {
    const names = (text: string, known: string[]) => parseNames(text, known, GROUP_LIMITS);
    expect(names(" a, b,,a , c", ["c"])).toEqual({ ok: true, names: ["a", "b"] });
    expect(names(" , ", [])).toEqual({ ok: true, names: [] });
  });

  it("are refused when too long, too many or all there already", () => {
    const problem = (text: string, known: string[]) => {
      const entry = parseNames(text, known, { chars: 5, count: 3 });
      return entry.ok ? null : entry.problem;
    };
    // Two UTF-16 units, one character.
    expect(problem("𝒳".repeat(5), [])).toBeNull();
    expect(problem("𝒳".repeat(6), [])).toBe("too_long");
    expect(problem("more", ["a", "b", "c"])).toBe("too_many");
    expect(problem("last", ["a", "b"])).toBeNull();
    expect(problem("a", ["a"])).toBe("known");
  });
});

describe("suggested names", () => {
  const all = countNames([["staff", "beta"], ["beta"], ["alphabet", "beta", "staff"]]);

  it("are counted once a list, the most used first", () => {
    expect(all).toEqual([
      { name: "beta", uses: 3 },
      { name: "staff", uses: 2 },
      { name: "alphabet", uses: 1 },
    ]);
    expect(countNames([["twice", "twice"]])).toEqual([{ name: "twice", uses: 1 }]);
  });

  it("contain what is typed, whatever its case, those beginning with it first", () => {
    const found = suggestNames([{ name: "alphabet", uses: 9 }, ...all], [], " BET ");
    expect(found.map(({ name }) => name)).toEqual(["beta", "alphabet", "alphabet"]);
  });

  it("leave out what is in the list already", () => {
    expect(suggestNames(all, ["beta"], "").map(({ name }) => name)).toEqual(["staff", "alphabet"]);
  });

  it("come from every rollout and every description", () => {
    const document = typical();
    expect(groupsOf(document)).toContainEqual({ name: "search team", uses: 1 });
    expect(tagsOf(document.about)).toContainEqual({ name: "confidence", uses: 1 });
    expect(
      groupsOf({ ...document, rollout: { ...document.rollout, userGroups: ["beta"] } })[0],
    ).toEqual({ name: "beta", uses: 2 });
  });
});

describe("a typed day", () => {
  const NOW_MS = Date.parse("2026-12-31T12:00:00Z");

  it.each(["2027-01-31", " 2028-02-29 ", ""])("is read: %j", (text) => {
    expect(parseDay(text, NOW_MS)).toEqual({ ok: true, day: text.trim() });
  });

  it.each([
    ["today", "2026-12-31"],
    ["Yesterday", "2026-12-30"],
    [" tomorrow ", "2027-01-01"],
  ])("is read by its name: %j", (text, day) => {
    expect(parseDay(text, NOW_MS)).toEqual({ ok: true, day });
  });

  it.each([
    ["31.1.2027", "form"],
    ["2027-1-31", "form"],
    ["+002027-01-31", "form"],
    ["constructor", "form"],
    ["2027-02-29", "no_such_day"],
    ["2027-13-01", "no_such_day"],
    ["2027-00-10", "no_such_day"],
  ])("is refused: %s", (text, problem) => {
    expect(parseDay(text, NOW_MS)).toEqual({ ok: false, problem });
  });

  it("is counted from today, over the end of a year", () => {
    expect(dayIn(30, Date.parse("2026-12-20T23:59:59Z"))).toBe("2027-01-19");
  });
});
