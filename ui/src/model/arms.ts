/**
 * The two arms on the dashboard, as shapes: failures of users for whom components are on, and of
 * those for whom they are off.
 */

import type { Charts, Extent } from "../bindings/wire";
import type { Range } from "./chart_range";
import { hasAnything, ticksTo, type Values } from "./charts";
import { SPARK_HEIGHT } from "./spark";

export interface Arms {
  /** Paths as high as {@link SPARK_HEIGHT}, with a gap while nothing was reported. */
  exposed: string;
  control: string;
  /** The 95 % interval of each, as areas. */
  exposedBand: string;
  controlBand: string;
  /** How many points there are, and so how wide the paths. */
  points: number;
  /** How high the limit is, 0 to 1 from the top. */
  limitAt: number;
  /** The stretch from the first point to the last. */
  range: Range;
  /** The latest share of failures, 0 to 1; `null` if nothing was reported lately. */
  latest: { exposed: number | null; control: number | null };
}

/** What is older is not the latest any more. */
const LATELY_S = 60;

/** The limit is seen with some room over it. */
const ROOM = 1.1;

/**
 * Draws the arms from what was read at `asOfMs`; `null` if no application reported any.
 *
 * A point that was not over by then is left out: of the few calculations in it one that fails
 * would seem very many.
 */
export function drawArms(charts: Charts, asOfMs: number): Arms | null {
  const { stepS, limits } = charts;
  const timesS = charts.timesS.filter((atS) => (atS + stepS) * 1000 <= asOfMs);
  const exposed = charts.errorsExposed.mean.slice(0, timesS.length);
  const control = charts.errorsControl.mean.slice(0, timesS.length);
  if (!hasAnything(exposed) && !hasAnything(control)) return null;
  const most = mostOf([...exposed, ...control, ROOM * limits.errorShare]);
  const [firstS = 0, lastS = 0] = [timesS.at(0), timesS.at(-1)];
  const oldestS = asOfMs / 1000 - Math.max(LATELY_S, 3 * stepS);
  const sinceLately = timesS.findIndex((atS) => atS + stepS > oldestS);
  const latestOf = (values: Values) =>
    sinceLately < 0
      ? null
      : (values.slice(sinceLately).findLast((value) => value !== null) ?? null);
  return {
    exposed: pathOf(exposed, most),
    control: pathOf(control, most),
    exposedBand: areaOf(charts.errorsExposed, timesS.length, most),
    controlBand: areaOf(charts.errorsControl, timesS.length, most),
    points: timesS.length,
    limitAt: 1 - limits.errorShare / most,
    range: { fromMs: firstS * 1000, toMs: (lastS + stepS) * 1000 },
    latest: { exposed: latestOf(exposed), control: latestOf(control) },
  };
}

/** The top of the scale: a round number, so that it does not move with every value. */
function mostOf(values: Values): number {
  const most = Math.max(...values.map((value) => (value ?? 0) * 100));
  return Math.min(100, ticksTo(most || 1).at(-1) ?? 100) / 100;
}

/** Each point in the middle of its column; the first and last of a run up to the edge of theirs. */
function pathOf(values: Values, most: number): string {
  let path = "";
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    const height = heightOf(value, most);
    if (values[at - 1] == null) path += `M${at} ${height}`;
    path += `L${at + 0.5} ${height}`;
    if (values[at + 1] == null) path += `L${at + 1} ${height}`;
  }
  return path;
}

/** The space between both ends of an interval: a step for each point. */
function areaOf({ low, high }: Extent, points: number, most: number): string {
  let path = "";
  for (let at = 0; at < points; at += 1) {
    const [from, to] = [low[at], high[at]];
    if (from == null || to == null) continue;
    path += `M${at} ${heightOf(from, most)}V${heightOf(to, most)}H${at + 1}V${heightOf(from, most)}Z`;
  }
  return path;
}

/** An interval of few calculations reaches beyond the scale, and is cut there. */
function heightOf(value: number, most: number): number {
  const share = Math.min(value, most);
  return Math.round(SPARK_HEIGHT * (1 - share / most) * 100) / 100;
}
