/** What the legend of a chart says of a point: each line, band and limit with its value there. */

import { hasAnything, sharesOf, type Drawing, type Values } from "../../model/charts";
import { words } from "../../words";
import { inkOfBound, inkOfLine, type InkName } from "./inks";

export interface LegendItem {
  key: string;
  /** How it is drawn. */
  kind: "line" | "band" | "bound" | "shade" | "none";
  ink: InkName;
  name: string;
  /** The exact term, or what it means. */
  meaning: string;
  /** Empty if the name says everything. */
  value: string;
}

const { metrics } = words;

/** The items of a chart at a point; -1 for no point. */
export function legendOf(drawing: Drawing, at: number): LegendItem[] {
  return [
    ...linesOf(drawing, at),
    ...bandsOf(drawing, at),
    ...differenceOf(drawing, at),
    ...shadesOf(drawing, at),
    ...boundsOf(drawing),
  ];
}

/** What is read aloud of a point: everything that has a value there. */
export function spokenOf(drawing: Drawing, at: number): string[] {
  const shares = sharesOf(drawing.columns[at] ?? []);
  if (shares) {
    return shares.flatMap((share, row) =>
      share === 0 ? [] : [`${metrics.shareOfBucket(share)} ${metrics.bucket(drawing.edgesS, row)}`],
    );
  }
  return [...linesOf(drawing, at), ...bandsOf(drawing, at), ...differenceOf(drawing, at)]
    .filter(({ value }) => value !== metrics.none)
    .map(({ name, value }) => `${name} ${value}`);
}

function linesOf(drawing: Drawing, at: number): LegendItem[] {
  return drawing.lines.toReversed().map(({ name, tone, values }) => ({
    key: name,
    kind: "line",
    ink: inkOfLine(tone),
    name: metrics.lines[name],
    meaning: metrics.lineMeanings[name],
    value: valueAt(drawing, values, at),
  }));
}

function bandsOf(drawing: Drawing, at: number): LegendItem[] {
  return drawing.bands
    .filter(({ low }) => hasAnything(low))
    .toReversed()
    .map(({ name, tone, low, high }) => ({
      key: name,
      kind: "band",
      ink: inkOfLine(tone),
      name: metrics.bands[name],
      meaning: metrics.bandMeanings[name],
      value:
        low[at] == null || high[at] == null
          ? metrics.none
          : metrics.between(valueAt(drawing, low, at), valueAt(drawing, high, at)),
    }));
}

/** How much higher the on arm is: written, not drawn. */
function differenceOf({ difference }: Drawing, at: number): LegendItem[] {
  if (!difference) return [];
  const [mean, low, high] = [difference.mean[at], difference.low[at], difference.high[at]];
  const isKnown = mean != null && low != null && high != null;
  return [
    {
      key: "difference",
      kind: "none",
      ink: "main",
      name: metrics.difference,
      meaning: metrics.differenceMeaning,
      value: isKnown ? metrics.differenceOf(mean, low, high) : metrics.none,
    },
  ];
}

/** The bucket that holds the most, and the one that is over every edge. */
function shadesOf({ id, columns, edgesS }: Drawing, at: number): LegendItem[] {
  if (id !== "heat") return [];
  const shares = sharesOf(columns[at] ?? []);
  const over = shares?.at(-1);
  return [
    {
      key: "shades",
      kind: "shade",
      ink: "heat",
      name: metrics.shades,
      meaning: metrics.shadesMeaning,
      value: "",
    },
    {
      key: "over",
      kind: "none",
      ink: "heat",
      name: capitalBucket(edgesS),
      meaning: metrics.overMeaning,
      value: over === undefined ? metrics.none : metrics.shareOfBucket(over),
    },
  ];
}

function boundsOf(drawing: Drawing): LegendItem[] {
  return drawing.bounds.map((bound) => ({
    key: bound.name,
    kind: "bound",
    ink: inkOfBound(bound),
    name: metrics.bound(drawing, bound.name, bound.value),
    meaning: metrics.boundMeanings[bound.name],
    value: "",
  }));
}

function capitalBucket(edgesS: readonly number[]): string {
  const text = metrics.bucket(edgesS, edgesS.length);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function valueAt(drawing: Drawing, values: Values, at: number): string {
  const value = values[at];
  return value == null ? metrics.none : metrics.value(drawing, value);
}
