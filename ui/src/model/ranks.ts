/**
 * Rows of a long list by their rank, counted from the oldest: what was read of it so far. Pure.
 *
 * A list that only grows at its other end leaves every rank what it is.
 */

import type { HistoryPage, Revision } from "../bindings/wire";

export type Ranks = ReadonlyMap<number, Revision>;

export const noRanks: Ranks = new Map();

/** Returns `ranks` with a page of the list that starts `offset` rows from the latest. */
export function withPage(ranks: Ranks, { total, revisions }: HistoryPage, offset: number): Ranks {
  const read = revisions.map((row, index) => [total - 1 - offset - index, row] as const);
  return new Map([...ranks, ...read]);
}

/** Returns those of `ranks` that are at most `reach` from `middle`. */
export function near(ranks: Ranks, middle: number, reach: number): Ranks {
  return new Map([...ranks].filter(([rank]) => Math.abs(rank - middle) <= reach));
}

/** Returns the rank of a revision; `null` if it was not read. */
export function rankOf(ranks: Ranks, revision: number): number | null {
  for (const [rank, row] of ranks) if (row.revision === revision) return rank;
  return null;
}
