/** How rollouts stand, what their ramps wait for, the evidence, and what was decided. */

import type {
  ArmCounts,
  Decision,
  GuardTest,
  Happened,
  Interval,
  RampMissing,
  RampStatus,
  RolloutStanding,
  RolloutStatus,
  TestStatus,
  TimelineEntry,
  Unwatched,
} from "../bindings/wire";
import {
  formatAgo,
  formatBytesRoughly,
  formatClock,
  formatCount,
  formatCountBriefly,
  formatMoment,
  formatPercent,
  formatPercentNumber,
  formatSeconds,
  formatShare,
} from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import { nextOf, strengthOf } from "../model/rollouts";
import { capital, doors, moment, nameOf, plural } from "./shared";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const standings: Record<RolloutStanding, string> = {
  unwatched: "Not watched",
  collecting: "Collecting",
  healthy: "Healthy",
  holding: "Holding",
  rolledBack: "Rolled back",
  settled: "Nothing to watch",
};

const defaultRollout = "Default rollout";

const nameOfRollout = (component: string | null): string =>
  component === null ? defaultRollout : isolatedWithin(component);

/** The same within a sentence. */
const within = (component: string | null): string =>
  component === null ? "the default rollout" : isolatedWithin(component);

/** Why one stands as it does, without the word for that, which is beside it. */
function reason({ standing, sentence }: RolloutStatus): string {
  const word = `${standings[standing]}: `;
  const text = sentence.startsWith(word) ? sentence.slice(word.length) : sentence;
  return capital(isolatedWithin(text));
}

/** How much time is left, never less than there is: `23 min`, `1 h 5 min`, `2 d 3 h`. */
function left(leftMs: number): string {
  if (leftMs < MINUTE_MS) return `${Math.max(1, Math.ceil(leftMs / 1000))} s`;
  const minutes = Math.ceil(leftMs / MINUTE_MS);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** A moment to come: its time today, the day and the time within a week, else the date. */
function at(atMs: number, nowMs: number): string {
  const [day, today] = [new Date(atMs), new Date(nowMs)];
  const isWithinAWeek = Math.abs(atMs - nowMs) < 7 * DAY_MS && day.getDay() !== today.getDay();
  return isWithinAWeek
    ? `${weekdays[day.getDay()] ?? ""} ${formatClock(atMs)}`
    : moment(atMs, nowMs);
}

const whys: Record<Unwatched, (since: string) => string> = {
  closed: (since) => `not watched: Flagdeck was closed since ${since}`,
  unstored: (since) => `not watched: nothing could be stored since ${since}`,
  silent: (since) => `not watched: nothing is reported since ${since}`,
  off: (since) => `not watched: nobody has it on since ${since}`,
};

const gaps: Record<Unwatched, string> = {
  closed: "Flagdeck was closed",
  unstored: "nothing could be stored",
  silent: "nothing was reported",
  off: "nobody had it on",
};

/** What is missing, `passedMs` after it was said. */
function missing(each: RampMissing, ramp: RampStatus, nowMs: number, passedMs: number): string {
  switch (each.kind) {
    case "person":
      return ramp.phase === "changed" ? "changed by hand: resume or abort it" : "paused";
    case "start":
      return `starts ${at(each.atMs, nowMs)}`;
    case "guard":
      return "held by the guard";
    case "watching":
      return whys[each.why](at(each.sinceMs, nowMs));
    case "time":
      return each.leftMs > passedMs ? `${left(each.leftMs - passedMs)} more` : "any moment now";
    case "exposed":
      return plural(each.left, "more calculation");
    case "hours":
      return each.opensMs === null
        ? "its working hours never come"
        : `working hours begin ${at(each.opensMs, nowMs)}`;
  }
}

/** Evidence of less than 3× is not worth a word. */
const WORTH_A_WORD_LN = Math.log(3);

/** Tells a rate of evidence for harm: `3.2×`, `140×`, `10⁹×`. */
function times(ln: number): string {
  if (ln <= 0) return "none";
  const log10 = ln / Math.LN10;
  if (log10 >= 6) return `10^${Math.floor(log10)}×`;
  const value = Math.exp(ln);
  return value < 9.95 ? `${value.toFixed(1)}×` : `${formatCount(value)}×`;
}

const testNames: Record<GuardTest, (rules: RolloutStatus["rules"]) => string> = {
  relative: () => "Failures against users with it off",
  latency: () => "Durations against users with it off",
  absolute: ({ errorRate }) => `Failures against ${formatPercent(errorRate * 100)}`,
  late: ({ responseTimeMs }) =>
    `Slower than ${formatSeconds(responseTimeMs / 1000)} against ${formatPercent(5)}`,
  memory: ({ memoryBytes }) => `Memory against ${formatBytesRoughly(memoryBytes)}`,
  ratio: () => "Share of users",
};

const testMeanings: Record<GuardTest, string> = {
  relative: "Whether calculations fail more often for users with it on than for the others",
  latency: "Whether calculations take longer for users with it on than for the others",
  absolute: "Whether more calculations fail for users with it on than is tolerated",
  late: "Whether more calculations of users with it on are slow than is tolerated",
  memory: "Whether applications use more memory than is tolerated",
  ratio:
    "Whether as many users have it on as the percentage says; if not, the arms cannot be compared, and ramps are held",
};

const happenings: Record<Happened, string> = {
  attemptBegan: "Watching began",
  rampStarted: "Ramp started",
  stepMade: "Step",
  stepBeganAgain: "Step began again",
  held: "Held",
  released: "Released",
  paused: "Paused",
  resumed: "Resumed",
  skipped: "Skipped",
  changed: "Changed by hand",
  aborted: "Aborted",
  completed: "Completed",
  rolledBack: "Rolled back",
};

/** A difference of shares in percentage points: `+8.6`, `−0.4`. */
function points(difference: number): string {
  const tenths = Math.round(difference * 1000) / 10;
  if (tenths === 0) return "0";
  return `${tenths > 0 ? "+" : "−"}${Math.abs(tenths).toFixed(1)}`;
}

export const rollouts = {
  name: nameOfRollout,
  defaultRollout,
  standings,
  loading: "Reading the rollouts…",
  notRead: (why: string) => `The rollouts could not be read. ${isolatedWithin(why)}`,
  rampsMeaning: (count: number) => `${plural(count, "ramp")} under way`,
  reason,
  percentage: formatPercent,
  off: "off",

  list: {
    label: "Rollouts, those that need you first",
    count: (watched: number, ramps: number) =>
      ramps === 0
        ? `${formatCount(watched)} watched`
        : `${formatCount(watched)} watched, ${plural(ramps, "ramp")}`,
    find: "Find a rollout",
    found: (count: number) => `${plural(count, "rollout")} found`,
    nothing: (query: string) => `No rollout matches “${isolated(query.trim())}”.`,
    none: "Nothing is watched at present.",
    others: (count: number) => `Others (${formatCount(count)})`,
    othersMeaning: "On for everyone or for nobody: there is nothing to compare",
    more: (count: number) => `and ${formatCount(count)} more: type to find them`,
    pause: "Pause",
    resume: "Resume",
    switchOff: "Off",
    pauseOf: (component: string | null) => `Pause the ramp of ${within(component)}`,
    resumeOf: (component: string | null) => `Resume the ramp of ${within(component)}`,
    switchOffOf: (component: string | null) =>
      component === null
        ? "Set the default rollout to 0 %"
        : `Switch ${isolatedWithin(component)} off for everyone`,
    steps: (ramp: RampStatus) => {
      const made = ramp.plan.steps[ramp.made - 1];
      const next = nextOf(ramp);
      const of = `${formatCount(ramp.made)} of ${plural(ramp.plan.steps.length, "step")} made`;
      return [
        of,
        ...(made === undefined ? [] : [`at ${formatPercent(made)}`]),
        ...(next === null ? [] : [`next ${formatPercent(next)}`]),
      ].join(", ");
    },
  },
  empty: {
    title: "Widen step by step, and stop by itself if something breaks",
    meaning:
      "A rollout that is on for a part of your users is watched: their failures and durations are compared with those of everyone else. A ramp widens it step by step, and does harm to few if it does any.",
    open: "Open flags",
    help: "How ramps work",
    start: "Set a component to a percentage between 0 and 100, or start a ramp for one in Flags.",
  },

  ramp: {
    step: formatPercentNumber,
    left,
    missing: (ramp: RampStatus, nowMs: number, readMs: number): string => {
      const parts = ramp.missing.map((each) => missing(each, ramp, nowMs, nowMs - readMs));
      return parts.join(" · ");
    },
    /** What comes next: `25 % next`, or to be complete. */
    next: (ramp: RampStatus): string => {
      const next = nextOf(ramp);
      if (ramp.phase === "completed") return "Completed";
      if (ramp.phase === "aborted") return "Aborted";
      if (ramp.phase === "rolledBack") return "Rolled back";
      return next === null ? "Last step" : `Next ${formatPercent(next)}`;
    },
    nextAt: (ramp: RampStatus, nowMs: number): string =>
      ramp.earliestMs === null ? "" : `at ${at(ramp.earliestMs, nowMs)} at the earliest`,
    plan: ({ planName, plan }: RampStatus) => {
      const steps = plural(plan.steps.length, "step");
      const each = `${left(plan.dwellS * 1000)} and ${plural(plan.leastExposed, "calculation")} each`;
      const name = planName === null ? "" : `Plan ${isolated(planName)}: `;
      return `${name}${steps}, ${each}${plan.hours === null ? "" : ", in working hours"}`;
    },
    started: ({ by, startedMs }: RampStatus, nowMs: number) =>
      `Started ${formatAgo(startedMs, nowMs)} by ${nameOf(by)} ${doors[by.via]}`,
    gap: ({ gap }: RampStatus) =>
      gap === null
        ? ""
        : `The step began again: ${gaps[gap.why]} from ${formatClock(gap.fromMs)} to ${formatClock(gap.toMs)}.`,
    stepLabel: { made: "made", present: "now", next: "next", later: "" },
    madeAt: (atMs: number, nowMs: number) => moment(atMs, nowMs),
    sentence: ({ sentence }: RampStatus) => isolatedWithin(sentence),
    inFlags: (ramp: RampStatus, nowMs: number, readMs: number): string => {
      const next = nextOf(ramp);
      const present = ramp.plan.steps[ramp.made - 1];
      const from = present === undefined ? "starts" : formatPercent(present);
      const to = next === null ? "complete" : formatPercent(next);
      const waits = ramp.missing.map((each) => missing(each, ramp, nowMs, nowMs - readMs));
      const tail = waits.length === 0 ? "" : `: ${waits.join(" · ")}`;
      return `Ramp: ${from} → ${to}${tail}`;
    },
    byHand: "Changing the rollout by hand pauses the ramp.",
    show: "Show",
    start: "Start a ramp…",
  },

  details: {
    label: (component: string | null) =>
      component === null ? defaultRollout : `Rollout of ${isolatedWithin(component)}`,
    loading: "Reading what happened…",
    notRead: (why: string) => `What happened could not be read. ${isolatedWithin(why)}`,
    showFlags: "Show in Flags",
    start: "Start ramp…",
    startAgain: "Start another ramp…",
    pause: "Pause",
    pauseMeaning: "The rollout stays where it is until you resume the ramp",
    resume: "Resume",
    resumeMeaning: "The present step is watched from the beginning",
    skip: "Skip to next step",
    complete: "Complete now",
    completeMeaning: "End the ramp at its last step, whatever is missing for it",
    skipPaused: "The ramp is paused; resume it first",
    skipTo: (percentage: number) =>
      `Set ${formatPercent(percentage)} at once, whatever is missing for it`,
    abort: "Abort…",
    abortMeaning: "End the ramp where it is, or put the rollout back to what it was before",
    rollBack: "Roll back",
    rollBackMeaning: "Show it to fewer people again, as the dashboard would",
    switchOff: "Switch off",
    blueGreen: "Blue-green switches everyone together, so there is no share to ramp.",
    rampTitle: "Ramp",
    noRamp: "No ramp yet: the percentage stays until someone changes it.",
    compared: "On against off",
    comparedHint: (began: string) => `Calculations since ${began}`,
    notCompared: "Nothing is compared: a rollout is watched while it is on for a part of users.",
    columns: {
      arm: "Users",
      calculations: "Calculations",
      failed: "Failed",
      late: "Slow",
    },
    lateMeaning: (ms: number) => `Slower than ${formatSeconds(ms / 1000)}`,
    arms: { exposed: "With it on", control: "With it off" },
    count: formatCount,
    share: (share: number | null, count: number) =>
      share === null ? "–" : `${formatShare(share)} (${formatCount(count)})`,
    difference: "Difference in failures",
    differenceOf: ({ estimate, low, high }: Interval) =>
      `${points(estimate)} points, ${points(low)} to ${points(high)}`,
    differenceMeaning:
      "In percentage points, with the range that holds the true difference 95 times in a hundred, however often you look",
    noDifference: "not known yet",
    waiting: (count: number) => `${plural(count, "calculation")} not judged yet`,
    seen: (atMs: number, nowMs: number) => `last one ${formatAgo(atMs, nowMs)}`,
    neverSeen: "none yet",
    attempt: (number: number) => `attempt ${formatCount(number)}`,
  },

  evidence: {
    title: "Evidence of harm",
    hint: "How many times better “it does harm” explains what was seen than “it does none”.",
    name: (test: GuardTest, rules: RolloutStatus["rules"]) => testNames[test](rules),
    meaning: (test: GuardTest) => testMeanings[test],
    times,
    of: ({ ln, thresholdLn }: TestStatus) => `${times(ln)} of ${times(thresholdLn)}`,
    brief: (test: TestStatus) =>
      test.ln < WORTH_A_WORD_LN ? "No evidence of harm" : `Evidence ${times(test.ln)}`,
    label: (test: TestStatus, rules: RolloutStatus["rules"]) =>
      `${testNames[test.test](rules)}: ${
        test.ln <= 0
          ? "no evidence of harm"
          : `evidence ${times(test.ln)}, acts at ${times(test.thresholdLn)}`
      }${strengthOf(test) >= 1 ? ", reached" : ""}`,
    threshold: "acts here",
    none: "No test yet: the first block of calculations is not complete.",
  },

  charts: {
    title: "Over time",
    difference: "Difference in failures, on less off",
    evidence: "Evidence, by test",
    differenceLabel: (low: number, high: number) =>
      `Difference of the shares of failed calculations over time with its interval, from ${points(low)} to ${points(high)} points`,
    evidenceLabel: (last: string) => `Evidence of harm over time. Now: ${last}`,
    scale: points,
    early: "Appears after two blocks of calculations.",
    table: "As a table",
    time: "Time",
    at: (atMs: number) => formatClock(atMs),
    atMeaning: (atMs: number) => formatMoment(atMs),
    on: "On",
    off: "Off",
    differenceColumn: "Difference",
    differenceAt: (difference: Interval | null) =>
      difference === null
        ? "–"
        : `${points(difference.estimate)} (${points(difference.low)} to ${points(difference.high)})`,
    arm: ({ failed, calculations }: ArmCounts) =>
      `${formatCountBriefly(failed)} of ${formatCountBriefly(calculations)}`,
    testBrief: {
      relative: "Failures, on against off",
      latency: "Durations",
      absolute: "Failures, limit",
      late: "Slow",
      memory: "Memory",
      ratio: "Share of users",
    } satisfies Record<GuardTest, string>,
    ln: (ln: number | null) => (ln === null ? "–" : times(ln)),
  },

  timeline: {
    title: "What happened",
    what: (what: Happened) => happenings[what],
    sentence: ({ sentence }: TimelineEntry) => isolatedWithin(sentence),
    by: ({ by }: TimelineEntry) => (by === null ? "Flagdeck" : `${nameOf(by)} ${doors[by.via]}`),
    when: (atMs: number, nowMs: number) => formatAgo(atMs, nowMs),
    moment: (atMs: number) => formatMoment(atMs),
    nothing: "Nothing has happened yet.",
    decision: "Decision",
    showDecision: (id: number) => `Show decision ${id}`,
    revision: (revision: number) => `r${revision}`,
    showRevision: (revision: number) => `Show revision ${revision} in Activity`,
    showAll: (count: number) => `Show all ${formatCount(count)}`,
  },

  decision: {
    title: (id: number) => `Decision ${id}`,
    reading: "Judging it again from what was stored…",
    notRead: (why: string) => `The decision could not be read. ${isolatedWithin(why)}`,
    verdict: ({ component, action, percentage }: Decision) => {
      const name = nameOfRollout(component);
      if (action === "rollBack") return `${name} was rolled back at ${formatPercent(percentage)}`;
      return action === "hold"
        ? `${name} was held at ${formatPercent(percentage)}`
        : `${name} may go on from ${formatPercent(percentage)}`;
    },
    sentence: ({ sentence }: Decision) => capital(isolatedWithin(sentence)),
    replay: "Judged again",
    same: "Judged again from what was stored: the same verdict.",
    differs: "Judged again from what was stored: another verdict. Report this.",
    notKept: "It cannot be judged again: its blocks are not kept any more.",
    rule: "Rule",
    ruleOf: ({ test, rules }: Decision) =>
      rules.strict ? `${testNames[test](rules)}, by the bare threshold` : testNames[test](rules),
    when: "When",
    whenOf: ({ atMs, beganMs }: Decision) =>
      `${formatMoment(atMs)}, ${left(atMs - beganMs)} after the attempt began`,
    attempt: "Attempt",
    attemptOf: ({ attempt, blocks }: Decision) =>
      `${formatCount(attempt)}, after ${plural(blocks, "block")} of calculations`,
    memory: "Memory",
    memoryOf: formatBytesRoughly,
    outcome: "Outcome",
    pending: "Being carried out",
    pendingWhy: (trouble: string) => `Not carried out yet: ${isolatedWithin(trouble)}`,
    done: (revision: number) => `Switched off with revision ${revision}`,
    isOverride: ", as an override of the followed document",
    wasOff: "It was off already",
    showRevision: "Show in Activity",
    evidence: "Evidence",
    counts: "Counts",
  },

  news: {
    text: (component: string | null, sentence: string) =>
      `${nameOfRollout(component)} was rolled back: ${isolatedWithin(sentence)}`,
    show: "Show decision",
  },

  done: {
    started: (component: string | null) => `Ramp of ${within(component)} started`,
    paused: (component: string | null) => `Ramp of ${within(component)} paused`,
    resumed: (component: string | null) => `Ramp of ${within(component)} goes on`,
    skipped: (component: string | null) => `${nameOfRollout(component)}: next step made`,
    aborted: (component: string | null) => `Ramp of ${within(component)} aborted`,
    ruled: (component: string | null) => `Rules of ${within(component)} saved`,
  },

  /** Commands, with the rollout that they would act on. */
  commands: {
    start_ramp: (component: string | null) => `Start a ramp of ${within(component)}…`,
    pause_ramp: (component: string | null) => `Pause ramp of ${within(component)}`,
    resume_ramp: (component: string | null) => `Resume ramp of ${within(component)}`,
    skip_ramp: (component: string | null) => `Skip to the next step of ${within(component)}`,
    abort_ramp: (component: string | null) => `Abort ramp of ${within(component)}…`,
    guard_rules: (component: string | null) => `Set what ${within(component)} is held to…`,
  },

  health: {
    worst: (rollout: RolloutStatus) =>
      `${standings[rollout.standing]}: ${nameOfRollout(rollout.component)}`,
    reason,
    name: "Rollouts",
    meaning: "Rollouts that are on for a part of users, by how they stand",
    counts: (counts: readonly (readonly [RolloutStanding, number])[]) =>
      counts
        .map(([standing, count]) => `${formatCount(count)} ${standings[standing].toLowerCase()}`)
        .join(", "),
    open: "Open rollouts",
  },
} as const;
