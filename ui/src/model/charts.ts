/**
 * From what the backend tells of a span to what each chart draws of it: lines, bands, limits and an
 * axis, in the unit that people read. Knows nothing of pixels, colours or words.
 */

import type { Charts, Extent } from "../bindings/wire";

export type Values = readonly (number | null)[];

export const chartIds = [
  "rate",
  "errors",
  "durations",
  "heat",
  "confidence",
  "iterations",
  "memory",
] as const;

export type ChartId = (typeof chartIds)[number];

export type LineName =
  "mean" | "share" | "exposed" | "control" | "half" | "most" | "nearlyAll" | "host" | "own";

export type BandName = "extremes" | "interval" | "exposedInterval" | "controlInterval";

export type BoundName = "errorShare" | "response" | "calculation" | "memory" | "hostMemory";

/** The emphasis of a line: the main one, a secondary one, the worst case. */
export type LineTone = "main" | "second" | "third";

export interface Line {
  name: LineName;
  tone: LineTone;
  values: Values;
}

export interface Band {
  name: BandName;
  /** That of the line it belongs to. */
  tone: LineTone;
  low: Values;
  high: Values;
}

/** What the settings call too much. */
export interface Bound {
  name: BoundName;
  value: number;
  /** Whether too much of it is an error, and not only a warning. */
  isStrict: boolean;
}

export interface Axis {
  min: number;
  max: number;
  ticks: readonly number[];
  isLog: boolean;
}

export interface Drawing {
  id: ChartId;
  lines: readonly Line[];
  bands: readonly Band[];
  bounds: readonly Bound[];
  /** How much higher the on arm is than the off arm; only when the two arms are compared. */
  difference: Extent | null;
  axis: Axis;
  /** A greater value is only known to be greater; `null` if every value is known. */
  edge: number | null;
  /** For each point, the calculations in each bucket of durations; for the heat map alone. */
  columns: readonly (readonly number[])[];
  edgesS: readonly number[];
}

const MIB = 1024 * 1024;

/** Above the edge there is a strip of this share for what is known only to be greater. */
const STRIP_LINEAR = 1.18;
const STRIP_LOG = 4;

/** An interval of few calculations is wide. Beyond so many times the limit it sets no scale. */
const INTERVAL_REACH = 2;

/** Everything there is to draw, in the order of {@link chartIds}. */
export function drawingsOf(charts: Charts): Drawing[] {
  return [
    rate(charts),
    errors(charts),
    durations(charts),
    heat(charts),
    confidence(charts),
    iterations(charts),
    memory(charts),
  ];
}

/** Whether no application reported anything. Flagdeck's own memory is always known. */
export function isQuiet({ rate, confidence, memory, errors }: Charts): boolean {
  return ![rate, confidence, memory, errors].some(({ mean }) => hasAnything(mean));
}

/** Whether values over the edge are drawn: in a strip of their own above it. */
export function hasStrip({ edge, axis }: Drawing): boolean {
  return edge !== null && axis.max > edge;
}

/** Whether a limit can be drawn: values over the edge are not known exactly. */
export function hasPlace({ edge, axis }: Drawing, { value }: Bound): boolean {
  return value >= axis.min && value <= (edge ?? axis.max);
}

/**
 * The position of a value: one over the edge is in the middle of the strip, none is off the axis.
 */
export function drawnAt({ edge, axis }: Drawing, value: number): number {
  if (edge !== null && value > edge) return middle(edge, axis);
  return axis.isLog ? Math.max(value, axis.min) : value;
}

/** The point that a moment belongs to; -1 if there are no points. */
export function pointAt(timesS: readonly number[], atS: number): number {
  let [low, high] = [0, timesS.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timesS[middle] ?? 0) <= atS) low = middle + 1;
    else high = middle;
  }
  return timesS.length === 0 ? -1 : Math.max(0, low - 1);
}

/**
 * The latest point with something to tell, where that can be called the present at `toS`;
 * -1 for none.
 */
export function currentPoint(drawing: Drawing, timesS: readonly number[], toS: number): number {
  const stepS = (timesS[1] ?? 0) - (timesS[0] ?? 0);
  const oldestS = toS - Math.max(60, 3 * stepS);
  for (let at = timesS.length - 1; at >= 0 && (timesS[at] ?? 0) >= oldestS; at -= 1) {
    if (isTold(drawing, at)) return at;
  }
  return -1;
}

/** Whether a chart has something at a point. */
export function isTold({ id, lines, bands, columns }: Drawing, at: number): boolean {
  if (id === "heat") return sum(columns[at] ?? []) > 0;
  return [...lines.map(({ values }) => values), ...bands.map(({ low }) => low)].some(
    (values) => values[at] != null,
  );
}

/** The shares of a column, 0 to 1; `null` if nothing was calculated. */
export function sharesOf(column: readonly number[]): number[] | null {
  const whole = sum(column);
  return whole === 0 ? null : column.map((count) => count / whole);
}

/** Round numbers from 0 to at least `most`, a few of them. */
export function ticksTo(most: number): number[] {
  const wanted = Math.max(most, Number.MIN_VALUE) / 4;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = ([1, 2, 2.5, 5].find((each) => each * power >= wanted) ?? 10) * power;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: Math.max(count, 1) + 1 }, (_, index) => cleaned(index * step));
}

function rate({ rate: { mean, low, high } }: Charts): Drawing {
  return plain("rate", {
    lines: [{ name: "mean", tone: "main", values: mean }],
    bands: bandsOf("extremes", { mean, low, high }),
    axis: linear(mostOf([mean, high]) || 1),
  });
}

/** Each arm with its own interval, if there are both; else all of it. */
function errors(charts: Charts): Drawing {
  const { errorsExposed, errorsControl, errorsDifference, limits } = charts;
  const hasArms = hasAnything(errorsExposed.mean) && hasAnything(errorsControl.mean);
  const whole = inPercent(charts.errors);
  const [exposed, control] = [inPercent(errorsExposed), inPercent(errorsControl)];
  const bound = limits.errorShare * 100;
  const lines: Line[] = hasArms
    ? [
        { name: "control", tone: "second", values: control.mean },
        { name: "exposed", tone: "main", values: exposed.mean },
      ]
    : [{ name: "share", tone: "main", values: whole.mean }];
  const bands: Band[] = hasArms
    ? [
        ...bandsOf("controlInterval", control, "second"),
        ...bandsOf("exposedInterval", exposed, "main"),
      ]
    : bandsOf("interval", whole);
  const most = Math.max(mostOf(lines.map(({ values }) => values)), 1.1 * bound);
  const reach = Math.min(mostOf(bands.map(({ high }) => high)), INTERVAL_REACH * most);
  return plain("errors", {
    lines,
    bands,
    bounds: [{ name: "errorShare", value: bound, isStrict: true }],
    difference: hasArms ? inPercent(errorsDifference) : null,
    axis: linear(Math.min(100, Math.max(most, reach) || 1)),
  });
}

function durations({ p50S, p95S, p99S, edgesS, limits }: Charts): Drawing {
  const edge = edgesS.at(-1) ?? 1;
  const min = edgesS[0] ?? edge / 1000;
  return plain("durations", {
    lines: quantiles(p50S, p95S, p99S),
    bounds: [
      { name: "calculation", value: limits.calculationS, isStrict: false },
      { name: "response", value: limits.responseS, isStrict: true },
    ],
    axis: { min, max: edge * STRIP_LOG, ticks: decades(min, edge), isLog: true },
    edge,
    edgesS,
  });
}

function heat({ durations: columns, edgesS, limits }: Charts): Drawing {
  const rows = edgesS.length + 1;
  const bounds: Bound[] = [
    { name: "calculation", value: edgesS.indexOf(limits.calculationS) + 1, isStrict: false },
    { name: "response", value: edgesS.indexOf(limits.responseS) + 1, isStrict: true },
  ];
  return {
    ...plain("heat", {
      lines: [],
      // Calculations between two edges cannot be distinguished, so a limit there cannot be drawn.
      bounds: bounds.filter(({ value }) => value > 0),
      axis: { min: 0, max: rows, ticks: edgesS.map((_, index) => index + 1), isLog: false },
    }),
    columns,
    edgesS,
  };
}

function confidence({ confidence: extent }: Charts): Drawing {
  return plain("confidence", {
    lines: [{ name: "mean", tone: "main", values: extent.mean }],
    bands: bandsOf("extremes", extent),
    axis: { min: 0, max: 1, ticks: [0, 0.25, 0.5, 0.75, 1], isLog: false },
  });
}

function iterations({ iterationsP50, iterationsP95, iterationsEdge: edge }: Charts): Drawing {
  const most = mostOf([iterationsP50, iterationsP95]);
  const ticks = ticksTo(edge).filter((tick) => tick < edge);
  const axis = linear(most || 1);
  return plain("iterations", {
    lines: quantiles(iterationsP50, iterationsP95),
    axis:
      most > edge
        ? { min: 0, max: edge * STRIP_LINEAR, ticks, isLog: false }
        : { ...axis, max: Math.min(edge, axis.max), ticks: axis.ticks.filter(Number.isInteger) },
    edge,
  });
}

function memory({ memory: extent, ownMemory, limits }: Charts): Drawing {
  const host = {
    mean: inMiB(extent.mean),
    low: inMiB(extent.low),
    high: inMiB(extent.high),
  };
  const own = inMiB(ownMemory);
  const bounds: Bound[] = [
    { name: "hostMemory", value: limits.hostMemoryBytes / MIB, isStrict: false },
    { name: "memory", value: limits.memoryBytes / MIB, isStrict: true },
  ];
  const most = Math.max(mostOf([host.high, host.mean, own]), ...bounds.map(({ value }) => value));
  return plain("memory", {
    lines: [
      { name: "own", tone: "second", values: own },
      { name: "host", tone: "main", values: host.mean },
    ],
    bands: bandsOf("extremes", host),
    bounds,
    axis: linear(most * 1.05),
  });
}

function plain(id: ChartId, parts: Pick<Drawing, "lines" | "axis"> & Partial<Drawing>): Drawing {
  return {
    id,
    bands: [],
    bounds: [],
    difference: null,
    edge: null,
    columns: [],
    edgesS: [],
    ...parts,
  };
}

function quantiles(half: Values, most: Values, nearlyAll?: Values): Line[] {
  const lines: Line[] = [
    { name: "half", tone: "second", values: half },
    { name: "most", tone: "main", values: most },
  ];
  if (nearlyAll) lines.push({ name: "nearlyAll", tone: "third", values: nearlyAll });
  return lines;
}

function bandsOf(name: BandName, { low, high }: Extent, tone: LineTone = "main"): Band[] {
  return [{ name, tone, low, high }];
}

function linear(most: number): Axis {
  const ticks = ticksTo(most);
  return { min: 0, max: ticks.at(-1) ?? 1, ticks, isLog: false };
}

/** The powers of ten from `min` on, up to where the strip over the edge has its own label. */
function decades(min: number, edge: number): number[] {
  const ticks: number[] = [];
  for (let tick = min; tick <= edge / 2 && ticks.length < 12; tick = cleaned(tick * 10)) {
    ticks.push(tick);
  }
  return ticks;
}

function middle(edge: number, { max, isLog }: Axis): number {
  return isLog ? Math.sqrt(edge * max) : (edge + max) / 2;
}

export function hasAnything(values: Values): boolean {
  return values.some((value) => value !== null);
}

function mostOf(lists: readonly Values[]): number {
  let most = 0;
  for (const values of lists) for (const value of values) most = Math.max(most, value ?? 0);
  return most;
}

const percent = (values: Values): Values =>
  values.map((each) => (each === null ? null : each * 100));

const inPercent = ({ mean, low, high }: Extent) => ({
  mean: [...percent(mean)],
  low: [...percent(low)],
  high: [...percent(high)],
});

const inMiB = (values: Values): (number | null)[] =>
  values.map((each) => (each === null ? null : each / MIB));

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

/** Without what binary fractions leave behind: 0.3 and not 0.30000000000000004. */
function cleaned(value: number): number {
  return Number(value.toPrecision(12));
}
