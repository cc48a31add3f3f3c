/**
 * Changes of the flags, and what else happened, as charts mark them: close ones share a dot, so
 * that each can be hit.
 */

import type { Mark } from "../bindings/wire";
import { isWithinRange, shareOf, type Range } from "./chart_range";

export interface Cluster<Of extends { atMs: number } = Mark> {
  /** Position of the dot: 0 at the beginning of the range, 1 at its end. */
  share: number;
  /** Earliest first; never empty. */
  marks: readonly Of[];
  latest: Of;
}

/** Dots closer than this would overlap. */
const GAP_PX = 24;

/** Groups the marks of a range into clusters with room between them, on a plot of this width. */
export function clusters<Of extends { atMs: number }>(
  marks: readonly Of[],
  range: Range,
  widthPx: number,
): Cluster<Of>[] {
  const gap = GAP_PX / Math.max(widthPx, 1);
  const found: { first: number; marks: [Of, ...Of[]] }[] = [];
  for (const mark of marks) {
    if (!isWithinRange(range, mark.atMs)) continue;
    const share = shareOf(range, mark.atMs);
    const last = found.at(-1);
    if (last && share - last.first < gap) last.marks.push(mark);
    else found.push({ first: share, marks: [mark] });
  }
  return found.map(({ first, marks }) => ({
    share: first,
    marks,
    latest: marks.at(-1) ?? marks[0],
  }));
}
