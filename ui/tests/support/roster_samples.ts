/** Rosters as they are imported: none, a few, and more than there is room for. */

import type { Look, Person, RosterInfo } from "../../src/bindings/wire";
import type { MemoryRosters } from "./memory_rosters";

const HOUR_MS = 3_600_000;

const csv: Pick<Look, "format" | "separator" | "encoding" | "table" | "columns"> = {
  format: "csv",
  separator: ";",
  encoding: "utf8",
  table: null,
  columns: [
    { name: "id", taken: "id" },
    { name: "groups", taken: "groups" },
    { name: "weight", taken: "weight" },
    { name: "country", taken: "attribute" },
    { name: "plan", taken: "attribute" },
  ],
};

export function customers(now: number): RosterInfo {
  return {
    ...csv,
    name: "Customers-EU",
    atMs: now - 26 * HOUR_MS,
    file: "customers-eu.csv",
    people: 4_000,
    bad: 3,
    duplicates: 12,
    groups: [
      { name: "beta", people: 420 },
      { name: "staff", people: 38 },
      { name: "eu", people: 2_910 },
    ],
    ungrouped: 820,
    hasWeights: true,
    rest: 0,
  };
}

export function everyone(now: number): RosterInfo {
  return {
    ...csv,
    name: "everyone",
    format: "sqlite",
    separator: null,
    encoding: null,
    table: "users",
    atMs: now - 40 * 24 * HOUR_MS,
    file: "production-users.sqlite3",
    people: 1_000_000,
    bad: 0,
    duplicates: 0,
    groups: [
      { name: "beta", people: 52_113 },
      { name: "premium", people: 210_004 },
    ],
    ungrouped: 740_112,
    hasWeights: false,
    rest: 0,
  };
}

/** Users whom applications named in events. */
export function seenUsers(now: number): RosterInfo {
  return {
    ...csv,
    name: "Seen in events",
    format: "events",
    separator: null,
    encoding: null,
    columns: [
      { name: "user", taken: "id" },
      { name: "groups", taken: "groups" },
    ],
    atMs: now - 3 * 60_000,
    file: "",
    people: 100_000,
    bad: 0,
    duplicates: 0,
    groups: [{ name: "beta", people: 9_120 }],
    ungrouped: 90_880,
    hasWeights: false,
    rest: 42_000,
  };
}

const longName = "a-very-long-name-that-somebody-gave-to-a-list-of-customers-in-the-north";

/** Rosters with long names, hundreds of groups and millions of users. */
export function extremeRosters(now: number): RosterInfo[] {
  const groups = Array.from({ length: 400 }, (_, index) => ({
    name: index === 3 ? `group-${"of-a-very-long-name-".repeat(5)}` : `group-${index}`,
    people: 4_000_000 - index * 9_000,
  }));
  const columns = [
    ...csv.columns,
    ...Array.from({ length: 200 }, (_, index) => ({
      name: index === 2 ? "a column of a very long name ".repeat(6) : `attribute_${index}`,
      taken: "attribute" as const,
    })),
  ];
  const long: RosterInfo = {
    ...customers(now),
    columns,
    groups,
    name: longName,
    file: `${"quite-a-long-file-name-".repeat(8)}.csv`,
    people: 10_000_000,
    bad: 123_456,
    duplicates: 98_765,
    ungrouped: 3,
  };
  const many = Array.from({ length: 60 }, (_, index) => {
    const people = index === 0 ? 1 : index * 12_345;
    const groups = [{ name: "beta", people: Math.floor(people / 3) }];
    const ungrouped = people - Math.floor(people / 3);
    const at = now - index * 5 * HOUR_MS;
    return { ...everyone(at), name: `list-${index}`, people, groups, ungrouped };
  });
  return [long, ...many, { ...customers(now), name: "none", people: 0, groups: [], ungrouped: 0 }];
}

export const ada: Person = {
  id: "ada@example.com",
  groups: ["beta", "eu"],
  weight: 2.5,
  attributes: { country: "FR", plan: "premium" },
};

export function look(now: number): Look {
  const { name, people, bad, duplicates, groups, ungrouped, hasWeights } = customers(now);
  return {
    ...csv,
    ...{ name, people, bad, duplicates, groups, ungrouped, hasWeights },
    people: 4_120,
    good: 4_132,
    badRows: [
      { line: 18, reason: "it has no id" },
      { line: 203, reason: "the weight “heavy” is no number" },
      { line: 1_977, reason: "it has 4 cells and not 5" },
    ],
    padded: 2,
    first: [
      ada,
      { id: "user-000017", groups: [], weight: 1, attributes: { country: "DE", plan: "free" } },
      {
        id: "user-000018",
        groups: ["staff"],
        weight: 0.5,
        attributes: { country: "IT", plan: "" },
      },
    ],
    replaces: null,
  };
}

/** A file with long texts, and more of everything than there is room for. */
function extremeLook(now: number): Look {
  const [long] = extremeRosters(now);
  if (!long) throw new Error("there is one");
  const { columns, groups, people, bad, duplicates, ungrouped } = long;
  const badRows = Array.from({ length: 20 }, (_, index) => ({
    line: 1 + index * 612_345,
    reason: index === 1 ? `the weight “${"heavy ".repeat(40)}” is no number` : "it has no id",
  }));
  const person = (index: number): Person => ({
    id: index === 1 ? `user-${"0123456789".repeat(20)}` : `user-${index}`,
    groups: index === 1 ? groups.slice(0, 60).map(({ name }) => name) : [],
    weight: index === 2 ? 0.000_001 : 1,
    attributes: Object.fromEntries(
      columns.slice(3).map(({ name }, at) => [name, `${name} ${"text ".repeat(at % 20)}`]),
    ),
  });
  const first = [0, 1, 2, 3, 4].map(person);
  const counts = { people, bad, duplicates, ungrouped, good: people + duplicates, padded: 4_321 };
  return { ...look(now), ...counts, columns, groups, badRows, first };
}

/** A person of whom everything is long. */
function somebody(now: number): Person {
  const [, person] = extremeLook(now).first;
  if (!person) throw new Error("there is one");
  return { ...person, id: "somebody" };
}

export type RostersName = "none" | "typical" | "seen" | "extreme";

/** Gives a backend these rosters, and a file to import. */
export function withRosters(host: MemoryRosters, name: RostersName, now = Date.now()): void {
  const lists = {
    none: [],
    typical: [customers(now), everyone(now)],
    seen: [customers(now), seenUsers(now)],
    extreme: extremeRosters(now),
  };
  host.rosterList = lists[name];
  host.persons.set(ada.id, ada);
  host.nextRoster = {
    file: { file: "customers-eu-2026-11.csv", name: "Customers-EU" },
    look: look(now),
  };
  if (name !== "extreme") return;
  host.persons.set("somebody", somebody(now));
  host.nextRoster = {
    file: { file: `${"quite-a-long-file-name-".repeat(6)}.csv`, name: "list-7" },
    look: extremeLook(now),
  };
}
