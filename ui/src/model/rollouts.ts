/** How rollouts stand: their tones, the steps of a ramp, evidence on a scale, and its chart. Pure. */

import type {
  ArmCounts,
  EvidencePoint,
  GuardTest,
  RampPhase,
  RampStatus,
  RolloutStanding,
  RolloutStatus,
  TestStatus,
  TimelineEntry,
} from "../bindings/wire";
import { fold } from "./fold";
import type { Tone } from "./verdict";

/** Names a rollout where a text has to; a component has a longer one than the default rollout. */
export const keyOf = (component: string | null): string => component ?? "";

const tones: Readonly<Record<RolloutStanding, Tone>> = {
  unwatched: "quiet",
  collecting: "quiet",
  healthy: "good",
  holding: "warning",
  rolledBack: "error",
  settled: "quiet",
};

/** How a standing is shown; only `healthy` is good. */
export const toneOf = (standing: RolloutStanding): Tone => tones[standing];

const goingOn: ReadonlySet<RampPhase> = new Set(["running", "paused", "changed"]);

/** Whether a ramp has not ended, also if it waits for a person. */
export const isOpenRamp = (ramp: RampStatus | null): ramp is RampStatus =>
  ramp !== null && goingOn.has(ramp.phase);

export const isRamping = ({ ramp }: RolloutStatus): boolean => isOpenRamp(ramp);

/** Whether there is something to watch or to decide: the others are folded away. */
export const needsEye = (rollout: RolloutStatus): boolean =>
  rollout.standing !== "settled" || isRamping(rollout);

/** How many stand how, the worst first; those with nothing to watch are not counted. */
export function countStandings(
  all: readonly RolloutStatus[],
): readonly (readonly [RolloutStanding, number])[] {
  const order = ["rolledBack", "holding", "unwatched", "collecting", "healthy"] as const;
  return order
    .map((standing) => [standing, all.filter((each) => each.standing === standing).length] as const)
    .filter(([, count]) => count > 0);
}

/** Those that a person looks for, in their order. */
export function matching(all: readonly RolloutStatus[], query: string, name: string) {
  const wanted = fold(query.trim());
  if (wanted === "") return all;
  return all.filter(({ component }) => fold(component ?? name).includes(wanted));
}

/** A step of a ramp, as it is drawn. */
export interface RampStep {
  percentage: number;
  state: "made" | "present" | "next" | "later";
}

/** The steps of a ramp; one that has ended has no next one. */
export function stepsOf(ramp: Pick<RampStatus, "plan" | "made" | "phase">): RampStep[] {
  const isOpen = goingOn.has(ramp.phase);
  return ramp.plan.steps.map((percentage, at) => ({
    percentage,
    state:
      at < ramp.made - 1 || (at === ramp.made - 1 && ramp.phase === "completed")
        ? "made"
        : at === ramp.made - 1
          ? "present"
          : at === ramp.made && isOpen
            ? "next"
            : "later",
  }));
}

/** The percentage of the next step; `null` after the last one, and once it has ended. */
export function nextOf(ramp: RampStatus): number | null {
  return isOpenRamp(ramp) ? (ramp.plan.steps[ramp.made] ?? null) : null;
}

/** Where the threshold is on a bar of evidence, as a part of it. */
export const THRESHOLD_AT = 0.8;

/** How far the evidence of a test has come, on a log scale on which 1 is its threshold. */
export function strengthOf({ ln, thresholdLn }: TestStatus): number {
  if (thresholdLn <= 0) return ln > 0 ? 1 : 0;
  return Math.max(0, ln / thresholdLn);
}

/** The length of a bar of evidence, 0 to 1. */
export function barOf(test: TestStatus): number {
  return Math.min(1, strengthOf(test) * THRESHOLD_AT);
}

export function toneOfTest(test: TestStatus): Tone {
  const strength = strengthOf(test);
  return strength >= 1 ? "error" : strength >= 0.5 ? "warning" : "quiet";
}

/** The test with the most evidence, measured by its threshold; `null` without any. */
export function strongest(tests: readonly TestStatus[]): TestStatus | null {
  return tests.reduce<TestStatus | null>(
    (most, test) => (most === null || strengthOf(test) > strengthOf(most) ? test : most),
    null,
  );
}

/** The share of failed calculations; `null` of none. */
export function failedShare({ calculations, failed }: ArmCounts): number | null {
  return calculations === 0 ? null : failed / calculations;
}

export function lateShare({ calculations, late }: ArmCounts): number | null {
  return calculations === 0 ? null : late / calculations;
}

/** ln of the evidence of a test at one point; `null` if it was not tested, or is not kept. */
export function lnOf({ evidence }: EvidencePoint, test: GuardTest): number | null {
  switch (test) {
    case "relative":
      return evidence.lnRelative;
    case "latency":
      return evidence.lnLatency;
    case "absolute":
      return evidence.lnAbsolute;
    case "late":
      return evidence.lnLate;
    case "ratio":
      return evidence.lnRatio;
    case "memory":
      return null;
  }
}

/** As high as the charts are drawn; as wide as {@link CHART_WIDTH}. */
export const CHART_HEIGHT = 100;
export const CHART_WIDTH = 400;

/** What is drawn over time: lines and an area, in the units of the chart. */
export interface EvidenceChart {
  /** Of each test, its line. */
  lines: { test: GuardTest; path: string }[];
  /** How high thresholds are, from the top. */
  thresholdY: number;
}

export interface DifferenceChart {
  line: string;
  band: string;
  /** Where no difference is, from the top. */
  zeroY: number;
  /** The ends of the scale, as shares. */
  low: number;
  high: number;
}

/** From the first point to the last, across the whole chart. */
function placeOf(points: readonly EvidencePoint[]): (at: number) => number {
  const [from, to] = [points.at(0)?.atMs ?? 0, points.at(-1)?.atMs ?? 0];
  const widthMs = Math.max(1, to - from);
  return (at) => round(((points[at]?.atMs ?? from) - from) / widthMs) * CHART_WIDTH;
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000;

/** Of each test, evidence in parts of its threshold: the threshold of all is one line. */
export function drawEvidence(
  points: readonly EvidencePoint[],
  tests: readonly TestStatus[],
): EvidenceChart | null {
  if (points.length < 2) return null;
  const place = placeOf(points);
  const lines = tests.flatMap(({ test, thresholdLn }) => {
    const values = points.map((point) => {
      const ln = lnOf(point, test);
      return ln === null ? null : barOf({ test, ln, thresholdLn });
    });
    const path = pathOf(values, place);
    return path === "" ? [] : [{ test, path }];
  });
  return { lines, thresholdY: CHART_HEIGHT * (1 - THRESHOLD_AT) };
}

function pathOf(values: readonly (number | null)[], place: (at: number) => number): string {
  let path = "";
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    const isFirst = at === 0 || values[at - 1] == null;
    path += `${isFirst ? "M" : "L"}${place(at)} ${round(CHART_HEIGHT * (1 - value))}`;
  }
  return path;
}

/** The scale is cut where the interval of few calculations would hide all the rest. */
export function drawDifference(points: readonly EvidencePoint[]): DifferenceChart | null {
  const known = points.flatMap((point, at) =>
    point.difference ? [{ at, ...point.difference }] : [],
  );
  const last = known.at(-1);
  if (known.length < 2 || last === undefined) return null;
  const settled = known.slice(Math.floor(known.length / 4));
  const high = Math.max(0.005, ...settled.map((each) => each.high)) * 1.15;
  const low = Math.min(-0.005, ...settled.map((each) => each.low)) * 1.15;
  const place = placeOf(points);
  const y = (value: number) =>
    round((CHART_HEIGHT * (high - Math.min(high, Math.max(low, value)))) / (high - low));
  const line = known
    .map(({ at, estimate }, index) => `${index === 0 ? "M" : "L"}${place(at)} ${y(estimate)}`)
    .join("");
  const upper = known.map(({ at, high: top }) => `${place(at)} ${y(top)}`);
  const lower = known.map(({ at, low: bottom }) => `${place(at)} ${y(bottom)}`).reverse();
  return { line, band: `M${[...upper, ...lower].join("L")}Z`, zeroY: y(0), low, high };
}

/**
 * When each step of a ramp was made, as far as that is known: what happened is listed latest first,
 * and only so far back.
 */
export function stepTimes(
  ramp: Pick<RampStatus, "made" | "startedMs" | "steppedMs">,
  timeline: readonly TimelineEntry[],
): readonly number[] {
  const times: number[] = [];
  let at = ramp.made - 1;
  for (const { atMs, what, revision } of timeline) {
    if (at < 0 || atMs < ramp.startedMs) break;
    // What was skipped is there twice: as it was asked for, and as it was made.
    if ((what !== "stepMade" && what !== "skipped") || revision === null) continue;
    times[at] = atMs;
    at -= 1;
  }
  if (ramp.made > 0 && ramp.steppedMs !== null) times[ramp.made - 1] ??= ramp.steppedMs;
  return times;
}
