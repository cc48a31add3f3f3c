/** A list of numbers before and after as two lines of one small chart. Pure. */

import type { StateChange } from "../bindings/wire";

/** The size of the drawing in its own units. */
export const OVERLAID_WIDTH = 100;
export const OVERLAID_HEIGHT = 100;

export interface Overlaid {
  /** As the `d` of a path; empty for no numbers. */
  before: string;
  after: string;
  low: number;
  high: number;
}

/** Draws a series. A ring that moved on is laid over itself, so that what is new sticks out. */
export function drawOverlaid({ series, list }: Pick<StateChange, "series" | "list">): Overlaid {
  const [before, after] = [series?.before ?? [], series?.after ?? []];
  const all = [...before, ...after];
  // Not spread into a call: that many arguments would be too many.
  const low = all.reduce((least, value) => Math.min(least, value), Infinity);
  const high = all.reduce((most, value) => Math.max(most, value), -Infinity);
  if (all.length === 0) return { before: "", after: "", low: 0, high: 0 };
  const lengthBefore = list?.lengthBefore ?? before.length;
  const lengthAfter = list?.lengthAfter ?? after.length;
  const shift = list?.isShifted ? list.dropped : 0;
  const width = Math.max(lengthBefore, shift + lengthAfter, 1);
  const y = (value: number) =>
    round(
      high === low ? OVERLAID_HEIGHT / 2 : OVERLAID_HEIGHT * (1 - (value - low) / (high - low)),
    );
  const line = (values: readonly number[], start: number, length: number) => {
    const step = length / Math.max(values.length, 1);
    const x = (index: number) => round((OVERLAID_WIDTH * (start + (index + 0.5) * step)) / width);
    return values
      .map((value, index) => `${index === 0 ? "M" : "L"}${x(index)} ${y(value)}`)
      .join("");
  };
  return {
    before: line(before, 0, lengthBefore),
    after: line(after, shift, lengthAfter),
    low,
    high,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
