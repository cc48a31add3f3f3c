/** Names of rosters, tables of databases, groups by size and reasons in brief. */

import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { columnsTaken, givenThat, groupsBySize, reasonIn } from "../src/model/roster_facts";
import { checkRosterName, ROSTER_NAME_CHARS_MAX } from "../src/model/roster_name";
import { tablesIn } from "../src/model/roster_tables";
import { words } from "../src/words";

const rust = (path: string) => readFileSync(`../src-tauri/${path}`, "utf8");

describe("a name of a roster", () => {
  it.each([
    ["Customers-EU", null],
    ["Kunden (neu) 2026", null],
    ["顧客", null],
    ["...", null],
    ["x".repeat(128), null],
    ["😀".repeat(128), null],
    ["", "empty"],
    [" \t ", "empty"],
    ["x".repeat(129), "too_long"],
    ["a/b", "slash"],
    ["a\\b", "slash"],
    ["..", "dots"],
    [".", "dots"],
    ["a\nb", "control"],
    ["a\u0085b", "control"],
  ])("%j is one unless it is %s", (name, problem) => {
    expect(checkRosterName(name)).toBe(problem);
  });

  it("has as many characters as the backend allows", () => {
    const limit = /SOURCE_CHARS_MAX: usize = (\d+);/.exec(rust("core/src/limits.rs"))?.[1];
    expect(Number(limit)).toBe(ROSTER_NAME_CHARS_MAX);
  });
});

describe("a refusal that asks for a table", () => {
  const refusal = "has several tables with a column id; say with --table which is meant: ";

  it("names the tables", () => {
    expect(tablesIn(`The file /home/a/users.db ${refusal}people, staff.`)).toEqual([
      "people",
      "staff",
    ]);
  });

  it("is none of the others", () => {
    expect(tablesIn("The file /home/a/users.db has no table with a column id.")).toBeNull();
  });

  it("is written as the backend writes it", () => {
    expect(rust("src/rosters/reading/sqlite.rs")).toContain(`"${refusal}{}"`);
  });
});

describe("what is in a roster", () => {
  it("are groups that have anyone, the largest first", () => {
    const groups = [
      { name: "b", people: 3 },
      { name: "none", people: 0 },
      { name: "a", people: 3 },
      { name: "most", people: 9 },
    ];
    expect(groupsBySize(groups).map(({ name }) => name)).toEqual(["most", "a", "b"]);
    expect(groups[0]?.name).toBe("b");
  });

  it("are columns by what they were taken for", () => {
    const columns = [
      { name: " id ", taken: "id" },
      { name: "plan", taken: "attribute" },
      { name: "country", taken: "attribute" },
    ] as const;
    expect(columnsTaken(columns, "id")).toEqual(["id"]);
    expect(columnsTaken(columns, "attribute")).toEqual(["plan", "country"]);
    expect(columnsTaken(columns, "groups")).toEqual([]);
  });

  it("is told of its file as flagctl tells it", () => {
    const { formatOf } = words.rosters.file;
    const form = { format: "csv", separator: ";", encoding: "utf8", table: null, columns: [] };
    expect(formatOf({ ...form, format: "csv", encoding: "utf8" })).toBe(
      "CSV, separated by semicolons, UTF-8",
    );
    expect(formatOf({ ...form, format: "csv", separator: "\t", encoding: "utf16_le" })).toBe(
      "CSV, separated by tabs, UTF-16",
    );
    expect(formatOf({ ...form, format: "lines", separator: null, encoding: "utf8" })).toBe(
      "One id a line, UTF-8",
    );
    const table = { format: "sqlite", separator: null, encoding: null, table: "users" } as const;
    expect(formatOf({ ...form, ...table })).toBe("SQLite, table users");
  });
});

describe("what a person gets", () => {
  const given = (component: string, on: boolean, sentence: string) => ({ component, on, sentence });
  const all = [given("a", true, ""), given("b", false, ""), given("c", true, "")];

  it("is shown as far as it is asked for", () => {
    const named = (filter: "all" | "on" | "off") =>
      givenThat(all, filter).map(({ component }) => component);
    expect(named("all")).toEqual(["a", "b", "c"]);
    expect(named("on")).toEqual(["a", "c"]);
    expect(named("off")).toEqual(["b"]);
  });

  it.each([
    ['ui.badges is off for "ada": ui.badges is switched off.', "It is switched off."],
    ['ui.badges is off for "ada": the master switch is off.', "The master switch is off."],
    ["There is no ui.badges.", "There is no ui.badges."],
    ['ui.badges is off for "eve": the master switch is off.', null],
  ])("%j is said in brief only if it begins with both", (sentence, brief) => {
    expect(reasonIn(given("ui.badges", false, sentence), "ada")).toBe(brief ?? sentence);
  });

  it("is said in brief for a user without an id, too", () => {
    const sentence = "a is on for a user without an id: its custom rollout is at 100 %.";
    expect(reasonIn(given("a", true, sentence), "")).toBe("Its custom rollout is at 100 %.");
  });
});
