/** How rollouts stand, as pure functions; and what the dashboard and Flags make of it. */

import { screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, it } from "vitest";

import type { RampMissing, RolloutStatus } from "../src/bindings/wire";
import { judgeHealth } from "../src/model/health";
import { judgePerformance } from "../src/model/performance";
import {
  barOf,
  countStandings,
  drawDifference,
  drawEvidence,
  stepsOf,
  stepTimes,
  strongest,
  THRESHOLD_AT,
} from "../src/model/rollouts";
import {
  draftOf,
  dwellText,
  parseDwell,
  parsePlan,
  parseStart,
  parseSteps,
  stepsAbove,
} from "../src/model/ramp_plan";
import { parseRule, ruleText } from "../src/model/guard_rules";
import { words } from "../src/words";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { pulses } from "./support/pulse";
import { everyRollout, rolledOut, withRollouts } from "./support/rollout_samples";

const NOW_MS = new Date(2026, 11, 1, 14, 30).getTime();
const all = everyRollout(NOW_MS);

function get(component: string): RolloutStatus {
  const found = all.find((each) => each.component === component);
  if (!found) throw new Error(`there is no ${component}`);
  return found;
}

function rampOf(component: string) {
  const { ramp } = get(component);
  if (!ramp) throw new Error(`${component} has no ramp`);
  return ramp;
}

describe("what is missing", () => {
  const ramp = rampOf("ui.badges");
  const say = (missing: RampMissing[], passedMs = 0) =>
    words.rollouts.ramp.missing({ ...ramp, missing }, NOW_MS, NOW_MS - passedMs);
  const MINUTE_MS = 60_000;

  it.each([
    [{ kind: "time", leftMs: 23 * MINUTE_MS }, "23 min more"],
    [{ kind: "time", leftMs: 65 * MINUTE_MS }, "1 h 5 min more"],
    [{ kind: "time", leftMs: 51 * 60 * MINUTE_MS }, "2 d 3 h more"],
    [{ kind: "time", leftMs: 800 }, "1 s more"],
    [{ kind: "exposed", left: 1 }, "1 more calculation"],
    [{ kind: "exposed", left: 1112 }, "1,112 more calculations"],
    [{ kind: "guard" }, "held by the guard"],
    [{ kind: "person" }, "paused"],
    [{ kind: "hours", opensMs: null }, "its working hours never come"],
  ] as const)("is %o in words", (missing, text) => {
    expect(say([missing])).toBe(text);
  });

  it("is counted down from when it was said", () => {
    expect(say([{ kind: "time", leftMs: 23 * MINUTE_MS }], 3 * MINUTE_MS)).toBe("20 min more");
    expect(say([{ kind: "time", leftMs: MINUTE_MS }], 3 * MINUTE_MS)).toBe("any moment now");
  });

  it("names the day of hours to come, and why nothing is watched", () => {
    const monday = new Date(2026, 11, 7, 9, 0).getTime();
    expect(say([{ kind: "hours", opensMs: monday }])).toMatch(/^working hours begin Mon 0?9:00/);
    const sinceMs = new Date(2026, 11, 1, 14, 2).getTime();
    expect(say([{ kind: "watching", why: "silent", sinceMs }])).toMatch(
      /^not watched: nothing is reported since 0?\d+:02/,
    );
  });
});

describe("steps of a ramp", () => {
  it("are made, present, next and later; one that ended has no next", () => {
    const ramp = rampOf("ui.badges");
    const states = (phase: typeof ramp.phase) =>
      stepsOf({ ...ramp, phase }).map(({ state }) => state);
    expect(states("running")).toEqual(["made", "made", "present", "next", "later", "later"]);
    expect(states("aborted")).toEqual(["made", "made", "present", "later", "later", "later"]);
  });

  it("have their times from what happened, latest first", () => {
    const step = (atMs: number, revision: number | null) => ({
      ...{ id: atMs, atMs, component: null, sentence: "", by: null, revision, decision: null },
      what: "skipped" as const,
    });
    const ramp = { made: 2, startedMs: 10, steppedMs: 40 };
    expect(stepTimes(ramp, [step(40, 4), step(39, null), step(20, 3), step(5, 2)])).toEqual([
      20, 40,
    ]);
    expect(stepTimes(ramp, [])).toEqual([undefined, 40]);
  });
});

describe("evidence", () => {
  it("is drawn up to its threshold on a log scale, and of harm alone", () => {
    const test = { test: "relative", thresholdLn: Math.log(100) } as const;
    expect(barOf({ ...test, ln: Math.log(100) })).toBeCloseTo(THRESHOLD_AT);
    expect(barOf({ ...test, ln: Math.log(10) })).toBeCloseTo(THRESHOLD_AT / 2);
    expect(barOf({ ...test, ln: -5 })).toBe(0);
    expect(barOf({ ...test, ln: 900 })).toBe(1);
  });

  it("of several tests is that of the one nearest to its threshold", () => {
    const { attempt } = get("search.suggestions");
    expect(strongest(attempt?.tests ?? [])?.test).toBe("ratio");
    expect(strongest([])).toBeNull();
  });

  it("is written in times, and in powers of ten once it is overwhelming", () => {
    const { times } = words.rollouts.evidence;
    expect([0, Math.log(3.2), Math.log(140), Math.log(2e9)].map(times)).toEqual([
      "none",
      "3.2×",
      "140×",
      "10^9×",
    ]);
  });

  it("is drawn over time once there are two points", () => {
    expect(drawEvidence([], [])).toBeNull();
    expect(drawDifference([])).toBeNull();
  });
});

describe("a plan", () => {
  it.each(["1-5-10", "1, 5, 10", "1 5 10", "1 % → 5 % → 10 %"])("is read from %s", (text) => {
    expect(parseSteps(text)).toEqual({ ok: true, value: [1, 5, 10] });
  });

  it("has at most 200 steps", () => {
    const steps = Array.from({ length: 201 }, (_, index) => (index + 1) / 10);
    expect(parseSteps(steps.join("-"))).toMatchObject({ problem: { kind: "count", count: 201 } });
    expect(parseSteps(steps.slice(1).join("-")).ok).toBe(true);
  });

  it.each([
    ["1 h", 3600],
    ["90", 5400],
    ["1 d 12 h", 129_600],
    ["0", 0],
    ["366 d", 31_622_400],
    ["1.5 h", 5400],
  ])("takes %s as a time", (text, seconds) => {
    expect(parseDwell(text)).toEqual({ ok: true, value: seconds });
    expect(parseDwell(dwellText(seconds))).toEqual({ ok: true, value: seconds });
  });

  it("comes out of a form as it went in", () => {
    const plan = {
      steps: [0.5, 12.5, 100],
      dwellS: 93_600,
      leastExposed: 20_000,
      hours: { days: ["mon" as const], from: "22:00", to: "06:00", zone: "Asia/Tokyo" },
    };
    expect(parsePlan(draftOf(plan, "UTC"))).toEqual({ ok: true, value: plan });
  });

  it("leaves out steps that widen nothing", () => {
    expect(stepsAbove([1, 10, 25], 10)).toEqual({ made: [25], skipped: [1, 10] });
  });

  it("starts at a moment to come", () => {
    const at = (text: string) => {
      const parsed = parseStart(text, NOW_MS);
      return parsed.ok ? new Date(parsed.value) : parsed.problem;
    };
    expect(at("2026-12-02T09:00")).toEqual(new Date(2026, 11, 2, 9, 0));
    expect(at("tomorrow 09:00")).toEqual(new Date(2026, 11, 2, 9, 0));
    expect(at("mon 09:00")).toEqual(new Date(2026, 11, 7, 9, 0));
    expect(at("15:00")).toEqual(new Date(2026, 11, 1, 15, 0));
    expect(at("09:00")).toEqual(new Date(2026, 11, 2, 9, 0));
    expect(at("2026-12-01T09:00")).toEqual({ field: "start", kind: "past" });
    expect(at("2026-02-30T09:00")).toEqual({ field: "start", kind: "form" });
    expect(at("")).toEqual({ field: "start", kind: "form" });
  });
});

describe("a rule", () => {
  it.each([
    ["errorRate", 0.03],
    ["errorRate", 0.0005],
    ["responseTimeMs", 5000],
    ["responseTimeMs", 1250],
    ["memoryBytes", 157_286_400],
    ["toleratedRatio", 1.1],
    ["alpha", 0.02],
  ] as const)("%s of %d is read as it is written", (rule, value) => {
    expect(parseRule(rule, ruleText(rule, value))).toBeCloseTo(value, 9);
  });
});

describe("State Health", () => {
  const heard = {
    latest: pulses.typical(NOW_MS),
    failure: null,
    asOfMs: NOW_MS,
    isStoreGone: false,
  };
  const judge = (rollouts: readonly RolloutStatus[]) => judgeHealth(heard, [], NOW_MS, rollouts);

  it("says the worst first, with its reason", () => {
    expect(judge(all)).toMatchObject({ tone: "error", text: "Rolled back: ui.dashboard" });
    expect(judge(all).detail).toMatch(/^Failures 8.1 % with it on/);
    const rest = all.filter(({ standing }) => standing !== "rolledBack");
    expect(judge(rest)).toMatchObject({ tone: "warning", text: "Holding: search.suggestions" });
    expect(judge(rest).detail).toMatch(/^More users have it on/);
    expect(judge([get("search.spelling")])).toMatchObject({
      tone: "quiet",
      text: "Collecting: search.spelling",
    });
    expect(judge([get("ui.badges")])).toMatchObject({ tone: "good", text: "Healthy" });
    expect(judge([])).toMatchObject({ tone: "good", text: "Healthy" });
  });

  it("forgets what was rolled back more than a day ago", () => {
    const old = get("ui.dashboard");
    const rolledBack = old.rolledBack && { ...old.rolledBack, atMs: NOW_MS - 25 * 3_600_000 };
    expect(judge([{ ...old, rolledBack }])).toMatchObject({ text: "Healthy" });
  });

  it("hides no trouble of applications behind a rollout that is held", () => {
    const push = { ...heard, latest: pulses.push(NOW_MS) };
    const judged = judgeHealth(push, [], NOW_MS, [get("search.suggestions")]);
    expect(judged.text).toBe(judgeHealth(push, [], NOW_MS).text);
  });

  it("counts how many stand how", () => {
    const text = words.rollouts.health.counts(countStandings(all));
    expect(text).toBe("1 rolled back, 4 holding, 1 not watched, 1 collecting, 2 healthy");
  });

  it("leads to the rollouts, and is clean for axe", async () => {
    const host = new MemoryHost(rolledOut());
    host.pulseNow = pulses.typical(Date.now());
    withRollouts(host, "typical");
    await openOver(host);
    const verdict = await screen.findByTestId("state-health-verdict");
    await waitFor(() => expect(verdict.textContent).toContain("Rolled back: ui.dashboard"));
    const card = screen.getByTestId("health-rollouts").closest("section");
    if (!card) throw new Error("there is no card");
    expect((await axe.run(card, { runOnly: ["wcag2a", "wcag2aa"] })).violations).toEqual([]);
    await userEvent.click(screen.getByTestId("open-rollouts"));
    await screen.findByTestId("rollout-details");
  });
});

describe("Performance", () => {
  it("is never green while an arm of any component is over its limit", () => {
    const pulse = pulses.typical(NOW_MS);
    const [first] = pulse.components;
    if (!first) throw new Error("there is no component");
    const over = {
      ...first,
      component: "tracker",
      standing: "beyond",
      sentence: "Too many",
    } as const;
    const latest = { ...pulse, components: [...pulse.components, over] };
    const judged = judgePerformance({ latest, failure: null, asOfMs: NOW_MS, isStoreGone: false });
    expect(judged).toMatchObject({ tone: "error", text: "Too many" });
  });
});

describe("Flags", () => {
  async function openComponent(path: string) {
    const host = new MemoryHost(rolledOut());
    withRollouts(host, "typical");
    host.chosen = { ...host.chosen, view: "flags" };
    await openOver(host);
    await userEvent.click(await screen.findByTestId(`row-${path}`));
    return screen.findByTestId("ramp-line");
  }

  it("say where a ramp is, and that a change by hand pauses it", async () => {
    const line = await openComponent("ui.badges");
    expect(line.textContent).toContain("Ramp: 10 % → 25 %: 23 min more · 112 more calculations");
    expect(line.textContent).toContain(words.rollouts.ramp.byHand);
    await userEvent.click(screen.getByTestId("ramp-show"));
    await waitFor(() => expect(screen.getByTestId("rollout-name").textContent).toBe("ui.badges"));
  });

  it("say how one without a ramp stands", async () => {
    const line = await openComponent("ui.dashboard");
    expect(line.textContent).toContain("Rolled back");
    expect(screen.getByTestId("ramp-start-here").textContent).toContain("Start a ramp");
  });
});
