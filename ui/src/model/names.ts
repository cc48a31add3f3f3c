/** Lists of short names that people type: the groups of a rollout, tags. */

import { fold } from "./fold";

/** The bounds of the store. */
export interface NameLimits {
  /** Characters of one name. */
  chars: number;
  /** Names of one list. */
  count: number;
}

/** Why names are refused. */
export type NameProblem = "too_long" | "too_many" | "known";

export type NameEntry = { ok: true; names: string[] } | { ok: false; problem: NameProblem };

/** A name that is in use, and how often. */
export interface Suggestion {
  name: string;
  uses: number;
}

/** Counts as the store counts: characters, not UTF-16 units. */
export function charsOf(text: string): number {
  return Array.from(text).length;
}

/** Reads names separated by commas, to be added to `known`. Those already there are left out. */
export function parseNames(text: string, known: readonly string[], limits: NameLimits): NameEntry {
  const typed = [...new Set(text.split(",").map((name) => name.trim()))].filter(Boolean);
  if (typed.some((name) => charsOf(name) > limits.chars)) return refused("too_long");
  const names = typed.filter((name) => !known.includes(name));
  if (typed.length > 0 && names.length === 0) return refused("known");
  if (known.length + names.length > limits.count) return refused("too_many");
  return { ok: true, names };
}

/** Returns every name in `lists` with how many of them it is in, the most used first. */
export function countNames(lists: Iterable<readonly string[]>): Suggestion[] {
  const counts = new Map<string, number>();
  for (const list of lists) {
    for (const name of new Set(list)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const counted = [...counts].map(([name, uses]) => ({ name, uses }));
  return counted.sort((one, other) => other.uses - one.uses);
}

/**
 * Returns those of `all` that contain `query` and are not in `known`, those beginning with it
 * first.
 */
export function suggestNames(
  all: readonly Suggestion[],
  known: readonly string[],
  query: string,
): Suggestion[] {
  const wanted = fold(query.trim());
  const taken = new Set(known);
  const found = all.filter(({ name }) => !taken.has(name) && fold(name).includes(wanted));
  const begins = ({ name }: Suggestion) => fold(name).startsWith(wanted);
  return [...found.filter(begins), ...found.filter((each) => !begins(each))];
}

function refused(problem: NameProblem): NameEntry {
  return { ok: false, problem };
}
