/** The charts: what they are called, and what they say of a moment. */

import type { Mark } from "../bindings/wire";
import {
  formatCount,
  formatFigure,
  formatMoment,
  formatPoint,
  formatQuantile,
  formatSeconds,
  formatShare,
  formatStretch,
} from "../format";
import type { Range, SpanS } from "../model/chart_range";
import {
  sharesOf,
  type BandName,
  type BoundName,
  type ChartId,
  type Drawing,
  type LineName,
} from "../model/charts";
import { isolated, isolatedWithin } from "../model/isolated";
import { capital, plural } from "./shared";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const spans: Record<SpanS, { brief: string; full: string }> = {
  300: { brief: "5 min", full: "the last 5 minutes" },
  900: { brief: "15 min", full: "the last 15 minutes" },
  3600: { brief: "1 h", full: "the last hour" },
  21600: { brief: "6 h", full: "the last 6 hours" },
  86400: { brief: "24 h", full: "the last 24 hours" },
  604800: { brief: "7 d", full: "the last 7 days" },
  2592000: { brief: "30 d", full: "the last 30 days" },
  31536000: { brief: "1 y", full: "the last year" },
};

const titles: Record<ChartId, string> = {
  rate: "Calculations a second",
  errors: "Error rate",
  durations: "Durations",
  heat: "Spread of durations",
  confidence: "Confidence",
  iterations: "Iterations until it converged",
  memory: "Memory in MiB",
};

const lines: Record<LineName, string> = {
  mean: "Mean",
  share: "Share",
  exposed: "On",
  control: "Off",
  half: "p50",
  most: "p95",
  nearlyAll: "p99",
  host: "Application",
  own: "Flagdeck",
};

const lineMeanings: Record<LineName, string> = {
  mean: "The mean of what each point stands for",
  share: "Failed calculations of all calculations",
  exposed: "Failed calculations of users for whom the component is on",
  control: "Failed calculations of users for whom the component is off",
  half: "Half of all took no more than this",
  most: "95 of 100 took no more than this",
  nearlyAll: "99 of 100 took no more than this",
  host: "The application that uses the most",
  own: "Flagdeck itself",
};

const bands: Record<BandName, string> = {
  extremes: "Range",
  interval: "95 % interval",
  exposedInterval: "On, 95 % interval",
  controlInterval: "Off, 95 % interval",
};

const bandMeanings: Record<BandName, string> = {
  extremes: "How far it went down and up within each point",
  interval: "Where the true share of all calculations is, 95 times in a hundred",
  exposedInterval: "Where the true share is for users for whom it is on, 95 times in a hundred",
  controlInterval: "Where the true share is for users for whom it is off, 95 times in a hundred",
};

const bounds: Record<BoundName, string> = {
  errorShare: "Limit",
  response: "Limit",
  calculation: "Soft limit",
  memory: "Limit",
  hostMemory: "Soft limit",
};

const boundMeanings: Record<BoundName, string> = {
  errorShare: "rollback.triggers.errorRate",
  response: "rollback.triggers.responseTime",
  calculation: "performance.maxCalculationTimeMs",
  memory: "rollback.triggers.memoryThreshold",
  hostMemory: "performance.maxMemoryMB",
};

/** A value of a chart, in the chart's unit; over the edge only that is known. */
function value({ id, edge, edgesS }: Drawing, number: number): string {
  if (id === "durations") return formatQuantile(number, edgesS);
  if (edge !== null && number > edge) return `>${formatCount(edge)}`;
  switch (id) {
    case "rate":
      return formatFigure(number);
    case "errors":
      return formatShare(number / 100);
    case "memory":
      return formatFigure(number);
    case "confidence":
      return number.toFixed(2);
    case "iterations":
      // Nobody iterates a part of a time: the fraction comes from reading between two edges.
      return formatCount(number);
    case "heat":
      return formatFigure(number);
  }
}

/** The durations of a bucket: `0.1 to 0.5 s`. */
function bucket(edgesS: readonly number[], row: number): string {
  const [low, high] = [edgesS[row - 1], edgesS[row]];
  if (high === undefined) return `over ${formatSeconds(edgesS.at(-1) ?? 0)}`;
  if (low === undefined) return `under ${formatSeconds(high)}`;
  return `${formatSeconds(low)} to ${formatSeconds(high)}`;
}

const first = (drawing: Drawing, name: LineName, at: number): string | null => {
  const number = drawing.lines.find((line) => line.name === name)?.values[at];
  return number == null ? null : value(drawing, number);
};

/** What a chart says of a point, in a few words. */
function told(drawing: Drawing, at: number): string {
  switch (drawing.id) {
    case "rate":
      return or(first(drawing, "mean", at), (mean) => `${mean} a second`);
    case "errors": {
      const share = first(drawing, "share", at);
      const exposed = first(drawing, "exposed", at);
      if (share !== null) return `${share} errors`;
      return or(exposed, (text) => `${text} errors on`);
    }
    case "durations":
      return or(first(drawing, "half", at), (half) => `median ${half}`);
    case "heat": {
      const shares = sharesOf(drawing.columns[at] ?? []);
      if (!shares) return nothing;
      const most = Math.max(...shares);
      return `${formatShare(most)} took ${bucket(drawing.edgesS, shares.indexOf(most))}`;
    }
    case "confidence":
      return or(first(drawing, "mean", at), (mean) => `${mean} of 1`);
    case "iterations":
      return or(first(drawing, "half", at), (half) => `median ${half}`);
    case "memory":
      return or(first(drawing, "host", at), (host) => `${host} MiB`);
  }
}

const nothing = "nothing reported";

const or = (text: string | null, say: (text: string) => string) =>
  text === null ? nothing : say(text);

export const metrics = {
  charts: "Charts",
  toolbar: "What the charts show",
  spanLabel: "Span",
  spans,
  componentLabel: "Component",
  everything: "All components",
  pause: "Pause",
  pauseMeaning: "Let the charts stand still",
  resume: "Resume",
  resumeMeaning: "Let the charts go on",
  live: "Back to live",
  liveMeaning: "Show the latest again (Esc in a chart)",
  csv: "CSV",
  csvMeaning: "Export every point as a table (CSV)",
  png: "PNG",
  pngMeaning: "Export the charts as a picture (PNG)",
  fileName: (atMs: number, ending: string) =>
    `metrics-${new Date(atMs).toISOString().slice(0, 16).replace(/\D/g, "")}.${ending}`,

  motions: { live: "Live", paused: "Paused", zoomed: "Zoomed in" },
  unread: "Not read",
  stretch: ({ fromMs, toMs }: Range, stepS: number) =>
    formatStretch(fromMs, toMs, exactness(toMs - fromMs, stepS)),
  /** With the days also where they are today: for what is looked at later. */
  stretchInFull: ({ fromMs, toMs }: Range) => `${formatMoment(fromMs)} to ${formatMoment(toMs)}`,
  step: (stepS: number) => `a point every ${formatSpanOf(stepS)}`,
  marks: (shown: number, total: number) => {
    if (total === 0) return "no flag changes";
    if (shown === total) return plural(total, "flag change");
    return `the latest ${formatCount(shown)} of ${plural(total, "flag change")} marked`;
  },

  fromPrometheus: (address: string) =>
    `From ${isolatedWithin(/^https?:\/\/(?:[^/@]*@)?([^/]+)/.exec(address)?.[1] ?? address)}`,
  fromPrometheusMeaning: (address: string) =>
    `The charts come from the Prometheus at ${isolatedWithin(address)}`,
  fromOwn: "From Flagdeck",
  fromOwnMeaning: "The charts come from what Flagdeck itself keeps",
  useOwn: "Use Flagdeck’s own",
  usePrometheus: "Use Prometheus",

  loading: "Reading the charts…",
  notRead: (why: string) => `The charts could not be read. ${isolatedWithin(why)}`,
  notReadAgain: (why: string) =>
    `The charts could not be read again; what you see ends before now. ${isolatedWithin(why)}`,
  notDrawn: "The charts could not be drawn. Their values can be read in the table.",

  empty: (spanS: SpanS) => `Nothing was reported in ${spans[spanS].full}`,
  emptyRange: "Nothing was reported in this stretch",
  emptyOf: (component: string) => `Nothing was reported of ${isolated(component)} here`,
  emptyHint:
    "Applications post what they calculate to /api/ml/events of the address that serves the flags. To see the charts move without one, let Flagdeck make reports up:",
  emptyOfHint: "Other components may have reported, or this one in a longer span.",
  demo: "flagctl demo",
  showEverything: "Show all components",
  showLonger: "Show a longer span",
  howToReport: "How charts are filled",

  titles,
  lines,
  lineMeanings,
  bands,
  bandMeanings,
  boundMeanings,
  bound: ({ id, edgesS }: Drawing, name: BoundName, number: number) => {
    const texts: Partial<Record<ChartId, () => string>> = {
      durations: () => formatSeconds(number),
      heat: () => formatSeconds(edgesS[number - 1] ?? 0),
      errors: () => `${formatFigure(number)} %`,
    };
    return `${bounds[name]} ${texts[id]?.() ?? formatFigure(number)}`;
  },
  value,
  difference: "On minus off",
  differenceMeaning:
    "How much more often calculations fail with it on, in percentage points, with the 95 % interval",
  differenceOf: (difference: number, low: number, high: number) =>
    `${points(difference)} (${points(low)} to ${points(high)})`,
  none: "–",
  between: (low: string, high: string) => `${unitOnce(low, high)} – ${high}`,
  bucket,
  shareOfBucket: (share: number) => formatShare(share),
  shades: "Few to all",
  shadesMeaning: "How many of the calculations of a moment took that long",
  overMeaning: "Longer than any edge that durations are counted by",
  told: (drawing: Drawing, at: number) => capital(at < 0 ? `${nothing} lately` : told(drawing, at)),
  atPoint: (atMs: number, stepS: number) => formatPoint(atMs, stepS * 1000),

  /** The label of a tick on the axis of values. */
  tick: ({ id, edge, edgesS }: Drawing, tick: number) => {
    switch (id) {
      case "durations":
        return formatSeconds(tick);
      case "heat":
        return formatSeconds(edgesS[tick - 1] ?? 0);
      case "errors":
        return `${formatFigure(tick)} %`;
      case "iterations":
        return edge !== null && tick > edge ? "" : formatFigure(tick);
      case "rate":
      case "confidence":
      case "memory":
        return formatFigure(tick);
    }
  },
  over: ({ id, edge }: Drawing) =>
    edge === null ? "" : `>${id === "durations" ? formatSeconds(edge) : formatCount(edge)}`,

  chartLabel: (drawing: Drawing, at: number) =>
    `${titles[drawing.id]}: ${at < 0 ? `${nothing} lately` : told(drawing, at)}`,
  chartKind: "chart",
  chartKeys:
    "Arrow keys read it point by point, Home and End go to its ends. Plus and minus zoom, Shift with the arrows moves along, Escape goes back to live.",
  atLatest: "Latest",
  reading: (moment: string, parts: readonly string[]) =>
    `${moment}: ${parts.length > 0 ? parts.join(", ") : nothing}`,
  showing: (stretch: string) => `Showing ${stretch}`,
  showingLive: (spanS: SpanS) => `Live: ${spans[spanS].full}`,

  marksOf: (id: ChartId) => `Flag changes in “${titles[id]}”`,
  mark: (marks: readonly Mark[]) => {
    const latest = marks.at(-1);
    const sentence = isolatedWithin(latest?.sentence ?? "");
    return marks.length > 1
      ? `${formatCount(marks.length)} changes, the last: ${sentence}`
      : sentence;
  },
  markWhen: ({ atMs, revision }: Mark) =>
    `${formatMoment(atMs)}, revision ${formatCount(revision)}`,
  markLabel: (text: string, when: string) => `${text}, ${when}. Open in Activity`,
  openMark: "Click to open it in Activity",

  table: "Read as a table",
  tableHint: (shown: number, all: number) =>
    shown === all
      ? `Latest first, ${plural(all, "point")}`
      : `The latest ${formatCount(shown)} of ${plural(all, "point")}; the CSV export has all of them`,
  time: "Time",

  pictureTitle: "Flagdeck metrics",
  of: (component: string | null) => (component === null ? "All components" : isolated(component)),
} as const;

/** How exactly the ends of a stretch are worth telling. */
function exactness(widthMs: number, stepS: number): number {
  if (widthMs >= 2 * DAY_MS) return DAY_MS;
  return widthMs > 2 * HOUR_MS ? MINUTE_MS : stepS * 1000;
}

function formatSpanOf(stepS: number): string {
  if (stepS < 120) return `${formatFigure(stepS)} s`;
  if (stepS < 7200) return `${formatFigure(stepS / 60)} min`;
  return stepS < 172_800 ? `${formatFigure(stepS / 3600)} h` : `${formatFigure(stepS / 86_400)} d`;
}

/** A difference in percentage points: `+8.6`, `−0.4`. */
function points(difference: number): string {
  const rounded = Math.round(difference * 10) / 10;
  if (rounded === 0) return "0";
  return `${rounded > 0 ? "+" : "−"}${Math.abs(rounded).toFixed(1)}`;
}

/** Leaves out a unit that is said again right after: `0.6 – 1.1 %`. */
function unitOnce(low: string, high: string): string {
  const unit = /[^\d]+$/.exec(high)?.[0] ?? "";
  return unit !== "" && low.endsWith(unit) ? low.slice(0, -unit.length) : low;
}
