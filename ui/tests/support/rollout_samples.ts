/** Rollouts to look at and to test with: none, one of every kind, and more than there is room for. */

import type {
  AttemptStatus,
  Decision,
  Document,
  EvidencePoint,
  GuardRules,
  RampMissing,
  RampStatus,
  RolloutStatus,
  TestStatus,
  TimelineEntry,
} from "../../src/bindings/wire";
import { typical } from "./documents";
import type { MemoryRollouts } from "./memory_rollouts";
import { planOf } from "./memory_rollouts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const usualRules: GuardRules = {
  enabled: true,
  errorRate: 0.05,
  responseTimeMs: 5000,
  memoryBytes: 157_286_400,
  toleratedRatio: 1.1,
  alpha: 0.02,
  strict: false,
};

const noRules = {
  enabled: null,
  errorRate: null,
  responseTimeMs: null,
  memoryBytes: null,
  toleratedRatio: null,
  alpha: null,
  strict: null,
};

/** The document that the samples are about. */
export function rolledOut(): Document {
  const document = typical();
  const canary = (percentage: number) => ({
    percentage,
    userGroups: [],
    strategy: "canary" as const,
  });
  return {
    ...document,
    components: {
      ...document.components,
      ui: { badges: true, dashboard: false, curationPanel: false },
      search: {
        ranking: { neural: true, feedback: true },
        suggestions: true,
        spelling: true,
        synonyms: false,
      },
      export: { pdf: true, archive: true, share: true },
    },
    rollouts: {
      ...document.rollouts,
      "ui.badges": canary(10),
      "ui.dashboard": canary(25),
      "search.ranking.neural": canary(5),
      "search.ranking.feedback": canary(50),
      "search.suggestions": canary(20),
      "search.spelling": canary(1),
      "search.synonyms": canary(10),
      "export.pdf": canary(100),
      "export.archive": canary(30),
      "export.share": canary(12.5),
    },
  };
}

function tests(relative: number, more: Partial<Record<TestStatus["test"], number>> = {}) {
  const all: TestStatus[] = [
    { test: "relative", ln: relative, thresholdLn: Math.log(200) },
    { test: "latency", ln: more.latency ?? -0.4, thresholdLn: Math.log(200) },
    { test: "absolute", ln: more.absolute ?? -2.1, thresholdLn: Math.log(200) },
    { test: "late", ln: more.late ?? -1.6, thresholdLn: Math.log(200) },
    { test: "ratio", ln: more.ratio ?? 0.3, thresholdLn: Math.log(1000) },
  ];
  return all;
}

function attempt(now: number, calculations: number, more: Partial<AttemptStatus> = {}) {
  const exposed = {
    calculations,
    failed: Math.round(calculations * 0.012),
    late: Math.round(calculations * 0.004),
  };
  const control = {
    calculations: calculations * 9,
    failed: Math.round(calculations * 9 * 0.011),
    late: Math.round(calculations * 9 * 0.004),
  };
  const usual: AttemptStatus = {
    number: 1,
    beganMs: now - 3 * HOUR_MS,
    seenMs: now - 4000,
    exposed,
    control,
    difference: { estimate: 0.001, low: -0.009, high: 0.012 },
    tests: tests(-0.8),
    blocks: Math.round(calculations / 50),
    waiting: 31,
  };
  return { ...usual, ...more };
}

function ramp(now: number, made: number, more: Partial<RampStatus> = {}): RampStatus {
  const plan = planOf([1, 5, 10, 25, 50, 100], 3600, 200);
  return {
    id: made + 1,
    planName: "standard",
    plan,
    phase: "running",
    made,
    by: { via: "window", name: "maria" },
    startedMs: now - 3 * HOUR_MS,
    steppedMs: now - 37 * MINUTE_MS,
    missing: [{ kind: "time", leftMs: 23 * MINUTE_MS }],
    earliestMs: now + 23 * MINUTE_MS,
    gap: null,
    sentence: `At ${plan.steps[made - 1] ?? 0} %, next ${plan.steps[made] ?? 100} %.`,
    ...more,
  };
}

const waits = (missing: RampMissing[]): Partial<RampStatus> => ({ missing, earliestMs: null });

function rollout(component: string | null, more: Partial<RolloutStatus>): RolloutStatus {
  return {
    component,
    percentage: 10,
    isOn: true,
    isPartial: true,
    standing: "healthy",
    sentence: "No harm found: failures 1.2 % with it on, 1.1 % with it off.",
    attempt: null,
    ramp: null,
    rules: usualRules,
    ownRules: noRules,
    rolledBack: null,
    ...more,
  };
}

/** How evidence grew to what it is. */
export function pointsOf(
  now: number,
  { beganMs, exposed, control, difference, tests: all }: AttemptStatus,
  count = 60,
): EvidencePoint[] {
  const ln = (test: TestStatus["test"]) => all.find((each) => each.test === test)?.ln ?? 0;
  return Array.from({ length: count }, (_, index) => {
    const part = (index + 1) / count;
    const wave = Math.sin(index * 1.7) * 0.35 * (1 - part * 0.6);
    const grown = (to: number) => to * part ** 2.2 + wave;
    const arm = ({ calculations, failed, late }: typeof exposed) => ({
      calculations: Math.round(calculations * part),
      failed: Math.round(failed * part),
      late: Math.round(late * part),
    });
    const half = ((difference?.high ?? 0.01) - (difference?.low ?? -0.01)) / 2 / Math.sqrt(part);
    const estimate = (difference?.estimate ?? 0) + wave * 0.01;
    return {
      atMs: Math.round(beganMs + (now - beganMs) * part),
      evidence: {
        lnRelative: grown(ln("relative")),
        lnLatency: grown(ln("latency")),
        lnAbsolute: grown(ln("absolute")),
        lnLate: grown(ln("late")),
        lnRatio: grown(ln("ratio")),
      },
      difference: index < 2 ? null : { estimate, low: estimate - half, high: estimate + half },
      exposed: arm(exposed),
      control: arm(control),
    };
  });
}

/** What was decided about `ui.dashboard`. */
export function decisionAt(now: number): Decision {
  return {
    id: 7,
    component: "ui.dashboard",
    atMs: now - 50 * MINUTE_MS,
    attempt: 2,
    beganMs: now - 86 * MINUTE_MS,
    action: "rollBack",
    test: "relative",
    sentence: "failures 8.1 % with it on against 1.2 % with it off, evidence 314× (acts at 200×)",
    rules: usualRules,
    percentage: 25,
    tests: tests(Math.log(314), { absolute: Math.log(41) }),
    exposed: { calculations: 1820, failed: 147, late: 22 },
    control: { calculations: 5412, failed: 65, late: 61 },
    difference: { estimate: 0.069, low: 0.041, high: 0.098 },
    memoryBytes: 98_000_000,
    blocks: 36,
    base: 4,
    outcome: { kind: "done", revision: 5, isOverride: false },
  };
}

/** One of every kind, those that need a person first. */
export function everyRollout(now: number): RolloutStatus[] {
  const { sentence, id, atMs } = decisionAt(now);
  const half = attempt(now, 4210, { number: 3, tests: tests(Math.log(24), { latency: 0.9 }) });
  return [
    rollout("ui.dashboard", {
      percentage: 25,
      isOn: false,
      isPartial: false,
      standing: "rolledBack",
      sentence: `Rolled back: ${sentence}.`,
      ramp: ramp(now, 3, {
        phase: "rolledBack",
        missing: [],
        earliestMs: null,
        plan: planOf([1, 5, 25, 100], 3600, 200),
        sentence: "Rolled back.",
      }),
      rolledBack: { id, atMs, sentence, revision: 5 },
    }),
    rollout("search.suggestions", {
      percentage: 20,
      standing: "holding",
      sentence:
        "Holding: more users have it on than the percentage says, so the arms cannot be compared.",
      attempt: attempt(now, 2600, { tests: tests(0.2, { ratio: Math.log(2600) }) }),
      ramp: ramp(now, 3, {
        ...waits([{ kind: "guard" }]),
        plan: planOf([5, 10, 20, 40], 3600, 200),
      }),
    }),
    rollout("search.ranking.feedback", {
      percentage: 50,
      standing: "holding",
      sentence: "At 50 %, next 100 %. Missing: nothing was reported of it since 14:02.",
      attempt: attempt(now, 5100, { seenMs: now - 48 * MINUTE_MS }),
      ramp: ramp(now, 5, {
        ...waits([{ kind: "watching", why: "silent", sinceMs: now - 48 * MINUTE_MS }]),
        gap: { why: "silent", fromMs: now - 48 * MINUTE_MS, toMs: now },
      }),
    }),
    rollout("search.ranking.neural", {
      percentage: 5,
      standing: "holding",
      sentence: "At 5 %, paused: the rollout was changed by other means.",
      attempt: attempt(now, 900),
      ramp: ramp(now, 2, { ...waits([{ kind: "person" }]), phase: "changed", id: 31 }),
    }),
    rollout("export.archive", {
      percentage: 30,
      standing: "holding",
      sentence: "At 30 %, paused.",
      attempt: attempt(now, 1400),
      ramp: ramp(now, 2, {
        ...waits([{ kind: "person" }]),
        phase: "paused",
        planName: null,
        plan: planOf([10, 30, 100], 7200, 1000),
      }),
    }),
    rollout("ui.badges", {
      sentence: "No harm found: failures 1.2 % with it on, 1.1 % with it off.",
      attempt: half,
      ramp: ramp(now, 3, {
        missing: [
          { kind: "time", leftMs: 23 * MINUTE_MS },
          { kind: "exposed", left: 112 },
        ],
      }),
      rules: { ...usualRules, errorRate: 0.03 },
      ownRules: { ...noRules, errorRate: 0.03 },
    }),
    rollout("export.share", {
      percentage: 12.5,
      sentence: "No harm found: failures 0.4 % with it on, 0.5 % with it off.",
      attempt: attempt(now, 3800, { tests: tests(-1.4) }),
      ramp: ramp(now, 2, {
        ...waits([{ kind: "hours", opensMs: nextMonday(now) }]),
        earliestMs: nextMonday(now),
        plan: {
          ...planOf([5, 12.5, 25, 50, 100], 4 * 3600, 500),
          hours: {
            days: ["mon", "tue", "wed", "thu", "fri"],
            from: "09:00",
            to: "17:00",
            zone: "Europe/Berlin",
          },
        },
      }),
    }),
    rollout("search.spelling", {
      percentage: 1,
      standing: "collecting",
      sentence: "The first 38 calculations are being collected.",
      attempt: attempt(now, 38, { tests: [], difference: null, blocks: 0, waiting: 38 }),
      ramp: ramp(now, 1, { missing: [{ kind: "exposed", left: 162 }], earliestMs: null }),
    }),
    rollout(null, {
      percentage: 50,
      standing: "unwatched",
      sentence: "Nothing rolls it back: automatic rollback is off for it.",
      rules: { ...usualRules, enabled: false },
      ownRules: { ...noRules, enabled: false },
    }),
    rollout("export.pdf", {
      percentage: 100,
      isPartial: false,
      standing: "settled",
      sentence: "On for everyone.",
      ramp: ramp(now, 6, {
        phase: "completed",
        missing: [],
        earliestMs: null,
        sentence: "Complete: every step was made and watched.",
      }),
    }),
    settled("calculator", 100, true),
    settled("tracker", 50, false),
    settled("orchestrator", 50, false),
    settled("search.synonyms", 10, false),
  ];
}

function settled(component: string, percentage: number, isOn: boolean): RolloutStatus {
  const sentence = isOn ? "On for everyone." : "Off for everyone.";
  return rollout(component, { percentage, isOn, isPartial: false, standing: "settled", sentence });
}

/** 9 o'clock on the next Monday. */
function nextMonday(now: number): number {
  const date = new Date(now);
  date.setDate(date.getDate() + ((8 - date.getDay()) % 7 || 7));
  return date.setHours(9, 0, 0, 0);
}

function entries(now: number, component: string | null): TimelineEntry[] {
  const entry = (id: number, agoMs: number, more: Partial<TimelineEntry>): TimelineEntry => ({
    id,
    atMs: now - agoMs,
    component,
    what: "stepMade",
    sentence: "",
    by: null,
    revision: null,
    decision: null,
    ...more,
  });
  const made = (id: number, agoMs: number, percentage: number, revision: number) =>
    entry(id, agoMs, { sentence: `Widened to ${percentage} %.`, revision });
  const maria = { via: "window" as const, name: "maria" };
  return [
    made(9, 37 * MINUTE_MS, 10, 4),
    entry(8, 60 * MINUTE_MS, { what: "resumed", sentence: "Resumed.", by: maria }),
    entry(7, 80 * MINUTE_MS, { what: "paused", sentence: "Paused.", by: maria }),
    entry(6, 95 * MINUTE_MS, {
      what: "stepBeganAgain",
      sentence: "For 4 min Flagdeck was not running: the step begins again.",
    }),
    made(5, 100 * MINUTE_MS, 5, 3),
    made(4, 170 * MINUTE_MS, 1, 2),
    entry(3, 171 * MINUTE_MS, { what: "attemptBegan", sentence: "Attempt 1 began." }),
    entry(2, 180 * MINUTE_MS, {
      what: "rampStarted",
      sentence: "A ramp was started: 1-5-10-25-50-100 %.",
      by: maria,
    }),
  ];
}

/** As many ramps as there may be in a list, with names as long as they may be. */
function manyRollouts(now: number): RolloutStatus[] {
  const long = "curationPanelWithAVeryLongNameThatGoesOnToTheLimitOfTheFormat_64".slice(0, 64);
  const deep = [long, long, long, "badges"].join(".");
  const steps = Array.from({ length: 40 }, (_, index) => index * 2.5 + 2.5);
  const running = Array.from({ length: 8 }, (_, index) =>
    rollout(index === 0 ? deep : `area${index}.component${index}`, {
      percentage: index === 1 ? 12.345 : 10,
      standing: index === 2 ? "holding" : "healthy",
      sentence:
        index === 0
          ? `Holding: ${"something that takes very long to say, ".repeat(12)}and more.`
          : "No harm found: failures <0.1 % with it on, 0.1 % with it off.",
      attempt: attempt(now, 12_345_678, { tests: tests(index * 1.1) }),
      ramp:
        index === 1
          ? ramp(now, 12, { plan: planOf(steps, 366 * 86_400, 1_000_000_000) })
          : ramp(now, (index % 5) + 1, {
              id: 100 + index,
              missing: [
                { kind: "time", leftMs: (index + 1) * 11 * HOUR_MS },
                { kind: "exposed", left: 999_999_999 },
                { kind: "hours", opensMs: nextMonday(now) },
              ],
            }),
    }),
  );
  const others = Array.from({ length: 292 }, (_, index) =>
    settled(`area${index % 9}.other${index}`, index % 2 === 0 ? 100 : 50, index % 2 === 0),
  );
  return [...running, ...others];
}

const samples = { none: () => [], typical: everyRollout, many: manyRollouts };

export type RolloutsName = keyof typeof samples;

/** Puts a sample into a backend, with what happened and what was decided. */
export function withRollouts(host: MemoryRollouts, name: RolloutsName, now = Date.now()): void {
  host.rolloutList = samples[name](now);
  for (const { component, attempt: seen, ramp: ramped } of host.rolloutList) {
    const points = seen === null || seen.tests.length === 0 ? [] : pointsOf(now, seen);
    const timeline = ramped === null ? [] : entries(now, component);
    host.pasts.set(component ?? "", { points, timeline });
  }
  const decision = decisionAt(now);
  const decided: AttemptStatus = {
    ...decision,
    number: decision.attempt,
    seenMs: decision.atMs,
    waiting: 0,
  };
  const points = pointsOf(decision.atMs, decided, 36);
  host.decisions.set(decision.id, { decision, isSame: true, points });
  const harmed = host.pasts.get("ui.dashboard");
  if (!harmed) return;
  harmed.timeline.unshift({
    id: 20,
    atMs: decision.atMs,
    component: "ui.dashboard",
    what: "rolledBack",
    sentence: `Rolled back: ${decision.sentence}.`,
    by: null,
    revision: 5,
    decision: decision.id,
  });
}
