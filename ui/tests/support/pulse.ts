/** What the dashboard is told of what applications report: nothing, the usual, and what goes wrong. */

import type {
  JudgedComponent,
  Mark,
  Pulse,
  PulseColumn,
  ReportingSource,
  Share,
} from "../../src/bindings/wire";

export const EDGES_S = [0.001, 0.01, 0.1, 0.5, 1, 2, 5];

const MIB = 1024 ** 2;
const COLUMN_S = 15;
const COLUMNS = 60;

export const limits = {
  errorShare: 0.05,
  responseS: 5,
  calculationS: 2,
  memoryBytes: 157_286_400,
  hostMemoryBytes: 104_857_600,
};

/** Nothing has reported yet. */
export function quietPulse(): Pulse {
  const none = { part: 0, whole: 0, share: null, low: null, high: null };
  return {
    version: 0,
    atMs: Date.now(),
    trouble: null,
    spanS: 900,
    sources: [],
    calculations: 0,
    perSecond: 0,
    errors: none,
    slow: none,
    p50S: null,
    p95S: null,
    p99S: null,
    confidence: null,
    edgesS: EDGES_S,
    columns: [],
    columnS: COLUMN_S,
    marks: [],
    verdict: { standing: "too_few", sentence: "No calculations", component: null },
    components: [],
    componentsTotal: 0,
    memory: { hostBytes: null, ownBytes: 48_000_000, standing: "unknown" },
    limits,
    push: null,
    eventsAccepted: 0,
    eventsRejected: 0,
    batchesTurnedAway: 0,
    labelsOverflowed: 0,
  };
}

/** What is reported, as far as samples differ in it. */
interface Load {
  /** Calculations a second. */
  rate: number;
  errorShare: number;
  /** How calculations spread over the buckets, shortest first. */
  weights: readonly number[];
  /** The same after the last change of the flags. */
  weightsAfter?: readonly number[];
}

const usual = [0, 4, 62, 30, 3, 0.8, 0.15, 0.02];
const typicalLoad: Load = { rate: 184, errorShare: 0.008, weights: usual };

/** The samples by name. */
export const pulses = {
  typical: (nowMs) => pulseOf(typicalLoad, nowMs),
  failing: (nowMs) => harmful(pulseOf({ ...typicalLoad, errorShare: 0.011 }, nowMs), 3),
  slow: (nowMs) => ({
    ...pulseOf({ ...typicalLoad, rate: 91, weightsAfter: [0, 0, 3, 10, 21, 38, 19, 9] }, nowMs),
    verdict: {
      standing: "beyond",
      sentence: "ui.badges: 12 % over 5 s on, 0.3 % off since revision 5",
      component: "ui.badges",
    },
  }),
  synthetic: (nowMs) => ({
    ...pulseOf({ ...typicalLoad, rate: 40 }, nowMs),
    sources: [source("flagctl demo", nowMs, { isSynthetic: true })],
  }),
  push: (nowMs) => ({
    ...pulseOf(typicalLoad, nowMs),
    push: {
      gateway: "http://127.0.0.1:9091/metrics/job/flagdeck",
      atMs: nowMs - 190_000,
      error: "the gateway refused the connection",
      failingSinceMs: nowMs - 190_000,
      failures: 19,
      waiting: 19,
    },
  }),
  trouble: (nowMs) => ({
    ...quietPulse(),
    atMs: nowMs,
    trouble: "another process of this data folder collects already",
  }),
  extreme: extremePulse,
} satisfies Record<string, (nowMs: number) => Pulse>;

export type PulseName = keyof typeof pulses;

/** The same at any time for the same time, so that it can be asked again as time passes. */
export function pulseOf(load: Load, nowMs: number): Pulse {
  const lastMs = Math.floor(nowMs / 1000 / COLUMN_S) * COLUMN_S * 1000;
  const fromMs = lastMs - (COLUMNS - 1) * COLUMN_S * 1000;
  const columns = Array.from({ length: COLUMNS }, (_, index) =>
    columnOf(load, fromMs + index * COLUMN_S * 1000, nowMs),
  );
  const durations = EDGES_S.concat(Infinity).map((_, bucket) =>
    columns.reduce((sum, column) => sum + (column.durations[bucket] ?? 0), 0),
  );
  const calculations = durations.reduce((sum, count) => sum + count, 0);
  const failed = columns.reduce((sum, { errors }) => sum + errors, 0);
  return {
    ...quietPulse(),
    version: Math.floor(nowMs / 250),
    atMs: nowMs,
    sources: [source("checkout-api", nowMs - 400), source("nightly-batch", nowMs - 6400)],
    calculations,
    perSecond: rateAt(load, nowMs),
    errors: shareOf(failed, calculations + failed),
    slow: shareOf((durations[6] ?? 0) + (durations[7] ?? 0), calculations),
    p50S: quantileOf(durations, 0.5),
    p95S: quantileOf(durations, 0.95),
    p99S: quantileOf(durations, 0.99),
    ...verdictsOf([
      judged("ui.badges", shareOf(12, 2000), shareOf(64, 9000)),
      judged("tracker", shareOf(3, 40), shareOf(90, 12_000)),
    ]),
    confidence: 0.874,
    columns,
    marks: marksAt(nowMs),
    memory: { hostBytes: 96 * MIB, ownBytes: 46 * MIB, standing: "within" },
    push: {
      gateway: "http://127.0.0.1:9091/metrics/job/flagdeck",
      atMs: nowMs - 6000,
      error: null,
      failingSinceMs: null,
      failures: 0,
      waiting: 0,
    },
    eventsAccepted: 1_204_511,
    eventsRejected: 3,
  };
}

/** Everything as long, as many and as much as it gets. */
function extremePulse(nowMs: number): Pulse {
  const load = { rate: 1e9, errorShare: 0.9999, weights: [0, 0, 0, 0, 0, 0, 0, 1] };
  const name = "billing.reconciliation.worker.europe-west.with-a-very-long-name.of-an-application";
  const many = Array.from({ length: 40 }, (_, index): Mark => {
    const sentence = `search.ranking.neural.with.a.very.long.path.indeed: ${index} % → ${index + 1} %`;
    return { revision: 9_007_199 - index, atMs: nowMs - index * 21_000, sentence };
  });
  return {
    ...pulseOf(load, nowMs),
    sources: Array.from({ length: 1204 }, (_, index) =>
      source(`${name}-${index}`, nowMs - index * 70, { isSynthetic: index === 0 }),
    ),
    confidence: 1,
    marks: many,
    ...harmfulParts(`search.ranking.${"neural-re-ranking-with-context.".repeat(4)}x`, 3),
    memory: { hostBytes: 3.2 * 1024 * MIB, ownBytes: 1.4 * 1024 * MIB, standing: "over" },
    push: {
      gateway: "https://gateway.example.com/metrics/job/flagdeck",
      atMs: null,
      error: "certificate has expired",
      failingSinceMs: nowMs - 190_000,
      failures: 1_234_567,
      waiting: 1_234_567,
    },
    eventsAccepted: 987_654_321,
    eventsRejected: 12_345_678,
    batchesTurnedAway: 12_345,
    labelsOverflowed: 99_999,
  };
}

/** A component by its arms, without a limit that it is over. */
export function judged(
  component: string,
  exposed: Share | null,
  control: Share | null,
  more: Partial<JudgedComponent> = {},
): JudgedComponent {
  const arm = (errors: Share | null) =>
    errors && { standing: errors.whole < 100 ? ("too_few" as const) : ("within" as const), errors };
  return {
    component,
    standing: "within",
    sentence: `${component}: within limits in the last 15 minutes`,
    since: null,
    exposed: arm(exposed),
    control: arm(control),
    unknown: null,
    difference: null,
    rollback: null,
    ...more,
  };
}

/** What the backend says of components, none of which is over a limit. */
function verdictsOf(
  components: JudgedComponent[],
): Pick<Pulse, "verdict" | "components" | "componentsTotal"> {
  return {
    verdict: { standing: "within", sentence: "Within limits", component: null },
    components,
    componentsTotal: components.length,
  };
}

/** The same with a component that fails for those who have it; `base` is the revision in force. */
export function harmful(pulse: Pulse, base: number, component = "ui.badges"): Pulse {
  return { ...pulse, ...harmfulParts(component, base) };
}

function harmfulParts(component: string, base: number) {
  const [exposed, control] = [shareOf(92, 1000), shareOf(114, 19_000)];
  const sentence = `${component}: 9.2 % errors on, 0.6 % off since revision ${base}`;
  const worst = judged(component, exposed, control, {
    standing: "beyond",
    sentence,
    since: base,
    exposed: { standing: "beyond", errors: exposed },
    difference: { difference: 0.086, low: 0.0695, high: 0.1056 },
    rollback: { component, base, sentence: `Sets ${component} back to 5 % (it is 25 %)` },
  });
  const components = [worst, judged("tracker", shareOf(3, 40), shareOf(90, 12_000))];
  return {
    verdict: { standing: "beyond" as const, sentence, component },
    components,
    componentsTotal: components.length,
  };
}

export function source(
  name: string,
  atMs: number,
  more: Partial<ReportingSource> = {},
): ReportingSource {
  return { name, isSynthetic: false, atMs, memoryBytes: null, ...more };
}

/** A share with Wilson's interval, as the backend tells it. */
export function shareOf(part: number, whole: number): Share {
  if (whole === 0) return { part, whole, share: null, low: null, high: null };
  const z2 = 1.959964 ** 2;
  const share = part / whole;
  const middle = (share + z2 / (2 * whole)) / (1 + z2 / whole);
  const half =
    Math.sqrt(z2 * ((share * (1 - share)) / whole + z2 / (4 * whole ** 2))) / (1 + z2 / whole);
  return {
    part,
    whole,
    share,
    low: Math.max(middle - half, 0),
    high: Math.min(middle + half, 1),
  };
}

function columnOf(load: Load, atMs: number, nowMs: number): PulseColumn {
  const lengthS = Math.min(COLUMN_S, (nowMs - atMs) / 1000);
  const rate = rateAt(load, atMs);
  const isAfter = load.weightsAfter !== undefined && atMs > nowMs - 260_000;
  const weights = (isAfter ? load.weightsAfter : load.weights) ?? [];
  const sum = weights.reduce((before, weight) => before + weight, 0);
  const total = rate * lengthS;
  return {
    atMs,
    perSecond: (rate * lengthS) / COLUMN_S,
    durations: weights.map((weight, bucket) => {
      const sway = 1 + 0.3 * Math.sin(atMs / 140_000 + bucket * 2);
      return Math.round((total * (1 - load.errorShare) * weight * sway) / sum);
    }),
    errors: Math.round(total * load.errorShare),
  };
}

/** Swells and falls by a tenth, with a little unrest. */
function rateAt({ rate }: Load, atMs: number): number {
  const unrest = Math.sin(atMs / 15_000) * Math.sin(atMs / 4700);
  return rate * (1 + 0.12 * Math.sin(atMs / 190_000) + 0.04 * unrest);
}

/** Latest first. */
export function marksAt(nowMs: number): Mark[] {
  // They stand still while time passes.
  const atMs = Math.floor(nowMs / 900_000) * 900_000;
  const marks = [
    { revision: 5, atMs: atMs + 640_000, sentence: "ui.badges: 12.5 % → 25 %" },
    { revision: 4, atMs: atMs + 120_000, sentence: "tracker: on" },
    { revision: 5, atMs: atMs - 260_000, sentence: "ui.badges: 12.5 % → 25 %" },
    { revision: 4, atMs: atMs - 780_000, sentence: "tracker: on" },
  ];
  const seen = marks.filter((mark) => mark.atMs <= nowMs && mark.atMs > nowMs - 890_000);
  return seen.filter(
    ({ revision }, index) => seen.findIndex((each) => each.revision === revision) === index,
  );
}

/** As it is read from buckets: evenly within one, unknown in the last. */
function quantileOf(durations: readonly number[], quantile: number): number | null {
  const total = durations.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let below = 0;
  for (const [bucket, count] of durations.entries()) {
    const upper = EDGES_S[bucket];
    if (upper === undefined) break;
    if (below + count >= quantile * total) {
      const lower = EDGES_S[bucket - 1] ?? 0;
      return lower + ((upper - lower) * (quantile * total - below)) / Math.max(count, 1);
    }
    below += count;
  }
  return 2 * (EDGES_S.at(-1) ?? 0);
}
