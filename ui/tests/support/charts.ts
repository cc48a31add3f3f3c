/** What the charts are drawn of: nothing, a usual quarter of an hour, and what is seldom. */

import type { ChartQuery, Charts, Extent, Mark } from "../../src/bindings/wire";
import { EDGES_S, limits } from "./pulse";

type Draw = (query: ChartQuery) => Charts;

/** What is so at a moment, before it is counted. */
interface Weather {
  perSecond: number;
  /** The share of failures. */
  errors: number;
  /** The same where the component is on. */
  errorsOn: number;
  medianS: number;
  /** How much longer the slow ones take: of the logarithms of durations, the deviation. */
  spread: number;
  confidence: number;
  iterations: number;
  hostBytes: number;
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400];
const DAY_S = 86_400;
const MIB = 1024 * 1024;
const ITERATIONS_EDGE = 1000;

/** A span in which nothing reported. */
export function quietCharts(): Charts {
  const extent = (): Extent => ({ mean: [], low: [], high: [] });
  return {
    prometheus: null,
    timesS: [],
    stepS: 1,
    rate: extent(),
    errors: extent(),
    errorsExposed: extent(),
    errorsControl: extent(),
    errorsDifference: extent(),
    p50S: [],
    p95S: [],
    p99S: [],
    edgesS: EDGES_S,
    durations: [],
    confidence: extent(),
    iterationsP50: [],
    iterationsP95: [],
    iterationsEdge: ITERATIONS_EDGE,
    memory: extent(),
    ownMemory: [],
    marks: [],
    marksTotal: 0,
    components: [],
    limits,
  };
}

/** All is well until a flag change six minutes before `sinceMs`; then it is slower and fails more. */
export function typicalCharts(sinceMs: number): Draw {
  const changeS = sinceMs / 1000 - 360;
  const marks: Mark[] = [
    { revision: 1, atMs: (changeS - 3 * DAY_S) * 1000, sentence: "orchestrator: on" },
    { revision: 1, atMs: (changeS - 420) * 1000, sentence: "calculator: on" },
    { revision: 2, atMs: changeS * 1000, sentence: "ui.badges: 12.5 % → 25 %" },
  ];
  return (query) => chartsOf(query, marks, (atS) => usual(atS, atS > changeS ? 1 : 0));
}

/** The same with an application that was away twice, and once reported a single point. */
export function gappyCharts(sinceMs: number): Draw {
  const typical = typicalCharts(sinceMs);
  return (query) => {
    const charts = typical(query);
    const [from, width] = [query.fromMs / 1000, (query.toMs - query.fromMs) / 1000];
    const isAway = (atS: number) => {
      const share = (atS - from) / width;
      return (share > 0.2 && share < 0.38) || (share > 0.6 && share < 0.7);
    };
    const lonely = charts.timesS.findIndex((atS) => (atS - from) / width > 0.65);
    return without(charts, (atS, at) => isAway(atS) && at !== lonely);
  };
}

/** Everything takes longer than can be told, and converges later. */
export function overCharts(sinceMs: number): Draw {
  return (query) =>
    chartsOf(query, typicalCharts(sinceMs)(query).marks, (atS) => ({
      ...usual(atS, 1),
      errors: 0.62,
      errorsOn: 0.9,
      medianS: 14,
      iterations: 4000,
      hostBytes: 190 * MIB,
    }));
}

/** Very much of everything, under long names, changed all the time, from a Prometheus. */
export function extremeCharts(sinceMs: number): Draw {
  const marks = Array.from({ length: 200 }, (_, index) => ({
    revision: 99_801 + index,
    atMs: sinceMs - (200 - index) * 3100,
    sentence: `search.ranking.neural.reRanking.withContext.ofTheUser.inEveryLanguage.number${index}: 12.375 % → 99.999 %, groups beta, employees, pilotCustomersInTheNorth`,
  }));
  return (query) => {
    const charts = chartsOf(query, marks, (atS) => ({
      ...usual(atS, noise(Math.floor(atS / 40)) > 0.6 ? 1 : 0),
      perSecond: 4_800_000 * (0.2 + noise(Math.floor(atS / 7))),
      errors: 0.0002,
      errorsOn: 0.31 * noise(atS),
      hostBytes: 31 * 1024 * MIB,
    }));
    const components = Array.from(
      { length: 300 },
      (_, index) => `search.ranking.neural.reRanking.withContext.ofTheUser.number${index}`,
    );
    const prometheus = "http://prometheus.monitoring.svc.cluster.example.internal:9090/a/long/path";
    return {
      ...charts,
      prometheus: query.own ? null : prometheus,
      marksTotal: 99_999,
      components,
    };
  };
}

/**
 * Applications that say for which user they calculated: so often it fails where a component is off,
 * and so many times as often where it is on.
 */
export function comparedCharts(share: number, harm: number, marks: Mark[] = []): Draw {
  const at = (atS: number, turn: number) => share * (0.6 + 0.8 * smooth(atS + turn, 50));
  return (query) => {
    const charts = chartsOf(query, marks, (atS) => usual(atS, 0));
    const exposed = charts.timesS.map((atS) => Math.min(1, harm * at(atS, 400)));
    const control = charts.timesS.map((atS) => at(atS, 0));
    return { ...charts, ...armsOf(exposed, control) };
  };
}

/** Both arms by their shares, each with an interval around it, and their difference. */
export function armsOf(
  exposed: readonly (number | null)[],
  control: readonly (number | null)[],
): Pick<Charts, "errorsExposed" | "errorsControl" | "errorsDifference"> {
  const around = (shares: readonly (number | null)[], least: number): Extent => ({
    mean: [...shares],
    low: shares.map((share) => share && Math.max(least, share - 0.01 - 0.2 * Math.abs(share))),
    high: shares.map((share) => share && Math.min(1, share + 0.01 + 0.2 * Math.abs(share))),
  });
  const difference = exposed.map((share, at) => {
    const other = control[at] ?? null;
    return share === null || other === null ? null : share - other;
  });
  return {
    errorsExposed: around(exposed, 0),
    errorsControl: around(control, 0),
    errorsDifference: around(difference, -1),
  };
}

/** Leaves points out. */
export function without(charts: Charts, isOut: (atS: number, at: number) => boolean): Charts {
  const blank = <Value>(values: Value[], nothing: Value): Value[] =>
    values.map((value, at) => (isOut(charts.timesS[at] ?? 0, at) ? nothing : value));
  const list = (values: (number | null)[]) => blank(values, null);
  const extent = ({ mean, low, high }: Extent): Extent => ({
    mean: list(mean),
    low: list(low),
    high: list(high),
  });
  return {
    ...charts,
    rate: extent(charts.rate),
    errors: extent(charts.errors),
    errorsExposed: extent(charts.errorsExposed),
    errorsControl: extent(charts.errorsControl),
    errorsDifference: extent(charts.errorsDifference),
    p50S: list(charts.p50S),
    p95S: list(charts.p95S),
    p99S: list(charts.p99S),
    durations: blank(
      charts.durations,
      EDGES_S.concat(0).map(() => 0),
    ),
    confidence: extent(charts.confidence),
    iterationsP50: list(charts.iterationsP50),
    iterationsP95: list(charts.iterationsP95),
    memory: extent(charts.memory),
  };
}

/** Counts what the weather does to calculations in a span, as the backend would. */
function chartsOf(query: ChartQuery, marks: Mark[], weatherAt: (atS: number) => Weather): Charts {
  const spanS = (query.toMs - query.fromMs) / 1000;
  const stepS = STEPS_S.find((step) => spanS / step <= query.pointsMax) ?? DAY_S;
  const firstS = Math.ceil(query.fromMs / 1000 / stepS) * stepS;
  const count = Math.max(0, Math.floor((query.toMs / 1000 - firstS) / stepS));
  const timesS = Array.from({ length: count }, (_, at) => firstS + at * stepS);
  const weather = timesS.map(weatherAt);
  const inSpan = marks.filter(({ atMs }) => atMs >= query.fromMs && atMs <= query.toMs);
  const quantile = (z: number) =>
    weather.map(({ medianS, spread }) => capped(medianS * Math.exp(z * spread), 5));
  const iterated = (factor: number) =>
    weather.map(({ iterations }) => capped(Math.round(iterations * factor), ITERATIONS_EDGE));
  return {
    ...quietCharts(),
    timesS,
    stepS,
    rate: around(
      weather.map(({ perSecond }) => perSecond),
      timesS,
      0.25,
    ),
    errors: intervals(weather, stepS),
    ...(query.component
      ? armsOf(
          weather.map(({ errorsOn }) => errorsOn),
          weather.map(({ errors }) => errors * 0.8),
        )
      : armsOf(blanks(count), blanks(count))),
    p50S: quantile(0),
    p95S: quantile(1.645),
    p99S: quantile(2.326),
    durations: weather.map(({ perSecond, medianS, spread }) =>
      bucketed(perSecond * stepS, medianS, spread),
    ),
    confidence: around(
      weather.map(({ confidence }) => confidence),
      timesS,
      0.06,
    ),
    iterationsP50: iterated(1),
    iterationsP95: iterated(2.6),
    memory: around(
      weather.map(({ hostBytes }) => hostBytes),
      timesS,
      0.03,
    ),
    ownMemory: timesS.map((atS) => (46 + 2 * noise(Math.floor(atS / 60))) * MIB),
    marks: inSpan,
    marksTotal: inSpan.length,
    components: ["calculator", "orchestrator", "tracker", "ui.badges"],
  };
}

function usual(atS: number, regressed: number): Weather {
  const daily = 1 + 0.35 * Math.sin((atS / DAY_S) * 2 * Math.PI);
  const slow = smooth(atS, 45);
  const share = 0.004 + 0.006 * smooth(atS + 99, 30) + 0.012 * regressed;
  return {
    perSecond: 170 * daily * (0.85 + 0.3 * slow),
    errors: share,
    errorsOn: share * (1 + 2.4 * regressed),
    medianS: (0.038 + 0.01 * slow) * (1 + 4 * regressed),
    spread: 1.05 + 0.25 * smooth(atS + 7, 20) + 0.35 * regressed,
    confidence: 0.84 - 0.09 * regressed + 0.03 * smooth(atS, 70),
    iterations: 14 + 5 * slow + 22 * regressed,
    hostBytes: (82 + 9 * smooth(atS, 300) + 6 * regressed) * MIB,
  };
}

function around(mean: number[], timesS: number[], share: number): Extent {
  const by = (sign: number) =>
    mean.map((each, at) => each * (1 + sign * share * (0.3 + 0.7 * noise(timesS[at] ?? 0))));
  return { mean, low: by(-1), high: by(1) };
}

/** Wilson's interval, near enough. */
function intervals(weather: readonly Weather[], stepS: number): Extent {
  const by = (sign: number) =>
    weather.map(({ errors, perSecond }) => {
      const deviation = Math.sqrt((errors * (1 - errors)) / Math.max(1, perSecond * stepS));
      return Math.min(1, Math.max(0, errors + sign * 1.96 * deviation));
    });
  return { mean: weather.map(({ errors }) => errors), low: by(-1), high: by(1) };
}

function bucketed(count: number, medianS: number, spread: number): number[] {
  const below = (edgeS: number) => normal(Math.log(edgeS / medianS) / spread);
  const shares = EDGES_S.map(
    (edgeS, at) => below(edgeS) - (at > 0 ? below(EDGES_S[at - 1] ?? 1) : 0),
  );
  return [...shares, 1 - below(EDGES_S.at(-1) ?? 1)].map((share) => Math.round(share * count));
}

/** The share of a normal distribution below `z`. */
function normal(z: number): number {
  return 1 / (1 + Math.exp(-1.702 * z));
}

const capped = (value: number, edge: number) => (value > edge ? edge * 2 : value);

const blanks = (count: number): null[] => Array.from({ length: count }, () => null);

/** Wanders between 0 and 1 with such a period, the same at each moment whenever it is asked. */
function smooth(atS: number, periodS: number): number {
  const at = atS / periodS;
  const share = at - Math.floor(at);
  const eased = share * share * (3 - 2 * share);
  const [from, to] = [noise(Math.floor(at)), noise(Math.floor(at) + 1)];
  return from + (to - from) * eased;
}

function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return value - Math.floor(value);
}
