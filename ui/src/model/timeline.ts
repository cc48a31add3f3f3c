/** How much changed when, as it is drawn: columns, their heights, and what is near. Pure. */

import type { Snapshot, Timeline } from "../bindings/wire";
import type { Range } from "./chart_range";

/** Snapshots a second, as they are played back. */
export type Speed = 1 | 4;

/** Returns the stretch of time that a column stands for. */
export function stretchOf({ fromMs, toMs, columns }: Timeline, column: number): Range {
  const width = (toMs - fromMs) / Math.max(1, columns.length);
  return { fromMs: fromMs + column * width, toMs: fromMs + (column + 1) * width };
}

/** Returns the column that a moment is in, or the first or the last one. */
export function columnAt({ fromMs, toMs, columns }: Timeline, atMs: number): number {
  const place = Math.floor(((atMs - fromMs) / (toMs - fromMs)) * columns.length);
  return Math.max(0, Math.min(columns.length - 1, place));
}

/** Returns the column nearest to a moment that has a snapshot; `null` if none has. */
export function columnNear(timeline: Timeline, atMs: number): number | null {
  const { columns } = timeline;
  const middle = columnAt(timeline, atMs);
  for (let away = 0; away < columns.length; away += 1) {
    const found = [middle - away, middle + away].find((column) => columns[column]?.snapshots);
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * Returns how high each column is, 0 to 1. On a scale of roots: a few changes are still to be seen
 * beside a few thousand.
 */
export function heightsOf({ columns }: Timeline): number[] {
  const most = Math.max(1, ...columns.map(({ changes }) => changes));
  return columns.map(({ changes }) => Math.sqrt(changes / most));
}

/** If there are fewer snapshots, all are drawn, however far apart they are. */
const FEW = 20;
/** How much room there is for gaps. */
const SLACK = 1.5;

/**
 * Returns a stretch of time in which each column of a timeline has about one snapshot, around one
 * of those taken at `times`, latest first; `null` if all of them are to be drawn.
 *
 * A few that were kept from long ago would press all others together.
 */
export function stretchAround(
  times: readonly number[],
  place: number,
  columns: number,
): Range | null {
  const [latest, middle] = [times[0], times[place]];
  if (times.length < FEW || latest === undefined || middle === undefined) return null;
  const near = times.slice(Math.max(0, place - FEW), place + FEW);
  const gaps = near.slice(1).map((atMs, index) => (near[index] ?? atMs) - atMs);
  const usual = gaps.toSorted((one, other) => one - other)[Math.floor(gaps.length / 2)] ?? 0;
  const reach = Math.max(1, usual * columns * SLACK);
  const isAtLatest = latest - middle < reach / 2;
  const toMs = isAtLatest ? latest : middle + reach / 2;
  const drawn = times.filter((atMs) => atMs <= toMs && atMs >= toMs - reach);
  return { fromMs: drawn.at(-1) ?? middle, toMs: (drawn[0] ?? middle) + 1 };
}

export function nearestTo(snapshots: readonly Snapshot[], atMs: number): Snapshot | null {
  return snapshots.reduce<Snapshot | null>((nearest, snapshot) => {
    const away = Math.abs(snapshot.atMs - atMs);
    return nearest === null || away < Math.abs(nearest.atMs - atMs) ? snapshot : nearest;
  }, null);
}
