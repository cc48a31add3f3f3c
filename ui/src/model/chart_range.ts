/** The time span that charts show: how it moves, and how often to read it. */

/** Both ends in milliseconds since 1970. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The spans that can be chosen, in seconds. */
export const spansS = [300, 900, 3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000] as const;

export type SpanS = (typeof spansS)[number];

const HOUR_S = 3600;

/** Finer than this there is nothing to see: a point stands for a second at least. */
const WIDTH_MIN_MS = 10_000;
const WIDTH_MAX_MS = 366 * 24 * HOUR_S * 1000;

/** One point per so many pixels: closer ones cannot be distinguished. */
const PX_PER_POINT = 1.5;
const POINTS_MIN = 50;
const POINTS_MAX = 800;

const REST_MIN_MS = 1000;
/** Beyond an hour the last seconds are not visible. */
const LONG_REST_MIN_MS = 15_000;
const LONG_REST_MAX_MS = 300_000;

export function widthOf({ fromMs, toMs }: Range): number {
  return toMs - fromMs;
}

/** The last `spanS` seconds. */
export function lately(spanS: number, nowMs: number): Range {
  return { fromMs: nowMs - spanS * 1000, toMs: nowMs };
}

/** The span between two moments, in either order, at least as wide as the smallest one. */
export function between(oneMs: number, otherMs: number, nowMs: number): Range {
  return fitted((oneMs + otherMs) / 2, Math.abs(otherMs - oneMs), 0.5, nowMs);
}

/** Makes the span `factor` times as wide; `atMs` keeps its position. */
export function zoomed(range: Range, factor: number, atMs: number, nowMs: number): Range {
  return fitted(atMs, widthOf(range) * factor, shareOf(range, atMs), nowMs);
}

/** Goes sideways by a share of the width; negative into the past. */
export function panned(range: Range, share: number, nowMs: number): Range {
  const width = widthOf(range);
  return fitted(range.fromMs + share * width, width, 0, nowMs);
}

/** The position of a moment in the span: 0 at its beginning, 1 at its end. */
export function shareOf(range: Range, atMs: number): number {
  return (atMs - range.fromMs) / widthOf(range);
}

export function momentAt(range: Range, share: number): number {
  return range.fromMs + share * widthOf(range);
}

export function isWithinRange(range: Range, atMs: number): boolean {
  return atMs >= range.fromMs && atMs <= range.toMs;
}

/** How many distinct points a plot of this width can show. */
export function pointsFor(widthPx: number): number {
  return Math.min(POINTS_MAX, Math.max(POINTS_MIN, Math.round(widthPx / PX_PER_POINT)));
}

/** How long to rest between two readings of a span whose points stand for `stepS`. */
export function restMs(spanS: number, stepS: number): number {
  const stepMs = stepS * 1000;
  if (spanS <= HOUR_S) return Math.max(REST_MIN_MS, stepMs);
  return Math.min(LONG_REST_MAX_MS, Math.max(LONG_REST_MIN_MS, stepMs));
}

/**
 * A stretch with `atMs` at `share` of its width, moved so that it does not reach into the future.
 */
function fitted(atMs: number, widthMs: number, share: number, nowMs: number): Range {
  const width = Math.min(WIDTH_MAX_MS, Math.max(WIDTH_MIN_MS, widthMs));
  const toMs = Math.round(Math.min(nowMs, atMs + (1 - share) * width));
  return { fromMs: Math.round(toMs - width), toMs };
}
