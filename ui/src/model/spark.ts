/** Small charts as shapes: a rate over time with the flags' changes on it, a number over time. */

import type { BlameValue, Mark, Pulse, PulseColumn } from "../bindings/wire";
import { shareOf, type Range } from "./chart_range";

/** How high the shapes are, in their own units; as wide as there are columns. */
export const SPARK_HEIGHT = 100;

export interface Spark {
  line: string;
  area: string;
  /** The highest rate that is drawn. */
  peak: number;
}

/** Draws the rate, its last column at `now`: that one is not over yet, and would seem to fall. */
export function drawSpark(columns: readonly PulseColumn[], now: number): Spark {
  const rates = columns.map(({ perSecond }, index) =>
    index === columns.length - 1 ? now : perSecond,
  );
  const peak = Math.max(0, ...rates);
  const heightOf = (rate: number) => round(SPARK_HEIGHT * (1 - (peak > 0 ? rate / peak : 0)));
  const first = heightOf(rates.at(0) ?? 0);
  const last = heightOf(rates.at(-1) ?? 0);
  const middles = rates.map((rate, index) => `L${index + 0.5} ${heightOf(rate)}`).join("");
  const width = Math.max(rates.length, 1);
  const line = `M0 ${first}${middles}L${width} ${last}`;
  return { line, area: `${line}V${SPARK_HEIGHT}H0Z`, peak };
}

/** A number over time as a line of steps, as wide and as high as `SPARK_HEIGHT`. */
export interface ValueLine {
  line: string;
  least: number;
  most: number;
}

/** Draws what a number was: each value holds until the next one. `null` of fewer than two. */
export function drawValues(values: readonly BlameValue[]): ValueLine | null {
  const [first, last] = [values.at(0), values.at(-1)];
  if (!first || !last || values.length < 2) return null;
  const numbers = values.map(({ value }) => value);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const spanMs = Math.max(last.atMs - first.atMs, 1);
  const heightOf = (value: number) =>
    most > least ? round(SPARK_HEIGHT * (1 - (value - least) / (most - least))) : SPARK_HEIGHT / 2;
  const steps = values.slice(1).map(({ atMs, value }) => {
    const at = round((SPARK_HEIGHT * (atMs - first.atMs)) / spanMs);
    return `H${at}V${heightOf(value)}`;
  });
  return { line: `M0 ${heightOf(first.value)}${steps.join("")}`, least, most };
}

/** Changes of the flags that are too near to each other for a mark each. */
export interface PlacedMark {
  /** Its position, 0 to 1 from the left. */
  at: number;
  /** The latest of them. */
  mark: Mark;
  /** How many others there are. */
  others: number;
}

/** The span that the columns cover; `null` if there are none. */
export function rangeOf({ columns, columnS }: Pick<Pulse, "columns" | "columnS">): Range | null {
  const fromMs = columns.at(0)?.atMs;
  if (fromMs === undefined) return null;
  return { fromMs, toMs: fromMs + columns.length * columnS * 1000 };
}

/** Places the changes in a stretch, latest first, none nearer than `gap` to the one before it. */
export function placeMarks(marks: readonly Mark[], range: Range | null, gap: number): PlacedMark[] {
  if (range === null) return [];
  const placed: PlacedMark[] = [];
  for (const mark of marks) {
    const at = Math.min(shareOf(range, mark.atMs), 1);
    if (at < 0) continue;
    const before = placed.at(-1);
    if (before && before.at - at < gap) before.others += 1;
    else placed.push({ at, mark, others: 0 });
  }
  return placed;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
