/** Durations over time as a grid: a column for each piece of time, a row for each bucket. */

import type { PulseColumn } from "../bindings/wire";

/** What a row without any is drawn with, so that the grid is seen. */
const NONE = 0.05;
/** The least height of a row with any, so that it differs from one with none. */
const SOME = 0.1;

/** How strongly each cell is drawn, 0 to 1, shortest durations first. */
export function heatOf(column: PulseColumn, buckets: number): number[] {
  const total = column.durations.reduce((sum, count) => sum + count, 0);
  return Array.from({ length: buckets }, (_, bucket) => {
    const count = column.durations[bucket] ?? 0;
    // Not linear, so that one in a hundred stays visible.
    return count === 0 ? NONE : Math.round((SOME + (1 - SOME) * (count / total) ** 0.7) * 50) / 50;
  });
}

/**
 * Returns how many rows lie below a duration, with the part of the row it falls into.
 *
 * Rows grow by factors, so a row is divided by them too. Above the last edge there is no telling
 * how far up: half of the row stands for it.
 */
export function rowsBelow(durationS: number, edgesS: readonly number[]): number {
  const row = edgesS.findIndex((edgeS) => durationS <= edgeS);
  if (row < 0) return edgesS.length + 0.5;
  const upperS = edgesS[row] ?? durationS;
  const lowerS = edgesS[row - 1] ?? upperS / 10;
  return row + Math.max(0, Math.log(durationS / lowerS) / Math.log(upperS / lowerS));
}

/** The row that most of all calculations fall into; `null` without any. */
export function commonestRow(columns: readonly PulseColumn[], buckets: number): number | null {
  const counts = Array.from({ length: buckets }, (_, bucket) =>
    columns.reduce((sum, { durations }) => sum + (durations[bucket] ?? 0), 0),
  );
  const most = Math.max(...counts);
  return most > 0 ? counts.indexOf(most) : null;
}
