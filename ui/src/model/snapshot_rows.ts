/**
 * Rows of the list of snapshots by their place from the latest: what was read of it so far. Pure.
 */

import type { Snapshot } from "../bindings/wire";

export type SnapshotRows = ReadonlyMap<number, Snapshot>;

export const noRows: SnapshotRows = new Map();

/** Returns `rows` with a page of the list that starts `offset` places from the latest. */
export function withRows(
  rows: SnapshotRows,
  page: readonly Snapshot[],
  offset: number,
): SnapshotRows {
  return new Map([...rows, ...page.map((row, index) => [offset + index, row] as const)]);
}

/** Returns those of `rows` that are at most `reach` from `middle`. */
export function rowsNear(rows: SnapshotRows, middle: number, reach: number): SnapshotRows {
  return new Map([...rows].filter(([index]) => Math.abs(index - middle) <= reach));
}

/** Returns `rows` with what is said of one of them replaced. */
export function withRenewed(rows: SnapshotRows, snapshot: Snapshot): SnapshotRows {
  return new Map([...rows].map(([index, row]) => [index, row.id === snapshot.id ? snapshot : row]));
}

/** Returns the place of a snapshot; `null` if it was not read. */
export function placeOf(rows: SnapshotRows, id: number): number | null {
  for (const [index, row] of rows) if (row.id === id) return index;
  return null;
}

/** Returns every number once, in the order in which they come first. */
export function distinct(ids: readonly number[]): number[] {
  return [...new Set(ids)];
}

/**
 * Returns the rows from the `first` to before the `end`, in their order, as far as they were read.
 */
export function slice(rows: SnapshotRows, first: number, end: number): Snapshot[] {
  const indices = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  return indices.flatMap((index) => rows.get(index) ?? []);
}
