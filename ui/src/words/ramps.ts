/** Starting and ending ramps, and what a rollout is held to. */

import type { NamedPlan, RampDay, RampStatus, Tally } from "../bindings/wire";
import {
  formatBytesRoughly,
  formatCount,
  formatPercent,
  formatSeconds,
  formatShare,
} from "../format";
import { isolated } from "../model/isolated";
import {
  DWELL_DAYS_MAX,
  EXPOSED_MAX,
  PLAN_NAME_CHARS_MAX,
  STEPS_MAX,
  type PlanProblem,
} from "../model/ramp_plan";
import type { RuleName } from "../model/guard_rules";
import { listed, plural } from "./shared";

const days: Record<RampDay, string> = {
  mon: "Mon",
  tue: "Tue",
  wed: "Wed",
  thu: "Thu",
  fri: "Fri",
  sat: "Sat",
  sun: "Sun",
};

const builtIn: Record<string, string> = {
  standard: "Standard",
  careful: "Careful",
  quick: "Quick",
};

const planName = ({ name, isBuiltIn }: NamedPlan): string =>
  isBuiltIn ? (builtIn[name] ?? isolated(name)) : isolated(name);

const percentages = (steps: readonly number[]): string =>
  listed(steps.map(formatPercent), 6).replace(/ \+(\d+)$/, " and $1 more");

function problem(found: PlanProblem): string {
  switch (found.field) {
    case "steps":
      return stepsProblem(found);
    case "dwell":
      return found.kind === "form"
        ? "Time a step: enter a time such as 30 min, 1 h or 2 d."
        : `Time a step: enter 0 min to ${DWELL_DAYS_MAX} d.`;
    case "exposed":
      return found.kind === "form"
        ? "Calculations a step: enter a whole number."
        : `Calculations a step: enter 0 to ${formatCount(EXPOSED_MAX)}.`;
    case "days":
      return "Working hours: choose one day at least.";
    case "from":
      return "Working hours, from: enter a time from 00:00 to 23:59.";
    case "to":
      return "Working hours, to: enter a time from 00:00 to 23:59.";
    case "start":
      return found.kind === "form"
        ? "Start: choose a day and a time."
        : "Start: this moment is past. Choose a later one, or start now.";
    case "name":
      if (found.kind === "built_in") return "Name: a plan that comes with Flagdeck has it already.";
      return found.kind === "empty"
        ? `Name: enter 1 to ${PLAN_NAME_CHARS_MAX} characters.`
        : `Name: enter up to ${PLAN_NAME_CHARS_MAX} characters.`;
  }
}

function stepsProblem(found: Extract<PlanProblem, { field: "steps" }>): string {
  switch (found.kind) {
    case "empty":
      return "Steps: enter one at least, such as 1-5-10-25-50-100.";
    case "step":
      return `Steps: ${isolated(found.text)} is no percentage above 0 and up to 100, in steps of 0.001.`;
    case "order":
      return `Steps: each is larger than the one before, and ${formatPercent(found.after)} comes after ${formatPercent(found.before)}.`;
    case "count":
      return `Steps: enter 1 to ${STEPS_MAX}, not ${formatCount(found.count)}.`;
    case "none_left":
      return `Steps: none is above the ${formatPercent(found.percentage)} that it is on for already.`;
  }
}

const ruleNames: Record<RuleName, string> = {
  enabled: "Automatic rollback",
  errorRate: "Failures",
  responseTimeMs: "Response time",
  memoryBytes: "Memory",
  toleratedRatio: "Tolerated ratio",
  alpha: "False alarms",
  strict: "Strict thresholds",
};

const ruleMeanings: Record<RuleName, string> = {
  enabled: "Whether it is switched off by itself if it does harm.",
  errorRate: "The share of calculations that may fail with it on.",
  responseTimeMs: "5 % of calculations may take longer than this.",
  memoryBytes: "Applications may use as much.",
  toleratedRatio:
    "How much more often calculations may fail with it on than with it off, as a ratio of odds.",
  alpha: "How often a rollout that does no harm may be rolled back, for each attempt.",
  strict:
    "The bare thresholds decide instead of tests. Chance alone crosses them now and then, so this stops many healthy rollouts.",
};

const ruleRanges: Record<RuleName, string> = {
  enabled: "",
  errorRate: "a share above 0 % and up to 65 %",
  responseTimeMs: "a time from 1 ms to 1 h",
  memoryBytes: "a size from 1 B to 1 TiB, such as 150 MiB",
  toleratedRatio: "a number from 1 to 10",
  alpha: "a share from 0.01 % to 20 %",
  strict: "",
};

function ruleValue(rule: RuleName, value: number | boolean): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  switch (rule) {
    case "errorRate":
    case "alpha":
      return formatPercent(value * 100);
    case "responseTimeMs":
      return formatSeconds(value / 1000);
    case "memoryBytes":
      return formatBytesRoughly(value);
    default:
      return String(value);
  }
}

export const ramps = {
  title: (component: string | null) =>
    component === null
      ? "Start a ramp of the default rollout"
      : `Start a ramp of ${isolated(component)}`,
  go: "Start ramp",
  goLater: "Schedule ramp",
  reading: "Reading the plans…",
  plan: "Plan",
  plans: planName,
  own: "Own steps",
  steps: "Steps, in per cent",
  dwell: "Time a step",
  dwellHint: "At least, watched all the time",
  exposed: "Calculations a step",
  exposedHint: "At least, of users with it on",
  when: "Start",
  now: "Now",
  later: "At a time",
  laterLabel: "Day and time of the first step",
  hours: "Only in working hours",
  days,
  daysLabel: "Working days",
  from: "From",
  to: "To",
  zone: "Time zone",
  hoursNote: "Steps wait for working hours. Watching and rolling back do not.",
  overnight: "Over midnight: hours belong to the day they begin on.",
  wholeDay: "The whole day.",
  save: "Save plan…",
  saveLabel: "Name of the plan",
  saveGo: "Save plan",
  saved: (name: string) => `Plan ${isolated(name)} saved`,
  replaces: (name: string) => `This replaces the plan ${isolated(name)}.`,
  remove: "Remove plan",
  removed: (name: string) => `Plan ${isolated(name)} removed`,
  problem,
  skips: (skipped: readonly number[], percentage: number) =>
    `Skips ${percentages(skipped)}: it is on for ${formatPercent(percentage)} already.`,
  switchesOn: (component: string) =>
    `${isolated(component)} is off. The first step switches it on.`,
  ownRollout: "It follows the default rollout. The first step gives it a custom one.",
  allOff: "All flags are off: nobody sees it, and nothing is watched, until they are on.",
  unwatched: "Automatic rollback is off for it: steps are not made while nothing watches.",
  blueGreen:
    "It is blue-green, which switches everyone together. Choose canary in Flags to ramp it.",
  open: "A ramp is under way already. Abort it first.",
  promise:
    "It is never widened while Flagdeck is closed or cannot see what applications report. If it does harm, it is switched off.",
  preview: {
    title: "Who each step affects",
    over: (roster: string) => `Counted over ${isolated(roster)}, against now`,
    expected: "Expected shares: there is no roster",
    step: "Step",
    from: "At the earliest",
    who: "Against now",
    first: "at once",
    after: (dwell: string) => `after ${dwell}`,
    counting: "counting…",
    failed: "not counted",
    people: ({ gain, lose }: NonNullable<Tally["people"]>) =>
      `${formatCount(gain)} ${gain === 1 ? "gains" : "gain"} it, ${formatCount(lose)} lose it`,
    share: (share: number) => `${formatShare(share)} of users see it`,
    more: (count: number) => `and ${plural(count, "more step")}`,
    none: "No step yet.",
  },

  abort: {
    title: (component: string | null) =>
      component === null
        ? "Abort the ramp of the default rollout?"
        : `Abort the ramp of ${isolated(component)}?`,
    keeps: "Leave it where it is",
    keepsMeaning: (percentage: number) =>
      `It stays on for ${formatPercent(percentage)}, and is watched on.`,
    putsBack: "Put it back",
    putsBackMeaning: "It becomes what it was before the ramp.",
    choice: "What becomes of the rollout",
    made: ({ made, plan }: RampStatus) =>
      `${formatCount(made)} of ${plural(plan.steps.length, "step")} made.`,
    go: "Abort ramp",
  },

  rules: {
    cardTitle: "What it is held to",
    edit: "Change…",
    title: (component: string | null) =>
      `What ${component === null ? "the default rollout" : isolated(component)} is held to`,
    names: ruleNames,
    meanings: ruleMeanings,
    value: ruleValue,
    asSettings: (value: string) => `As in Settings (${value})`,
    asDefault: (value: string) => `Default (${value})`,
    asSettingsUnknown: "As in Settings",
    asDefaultUnknown: "Default",
    own: "Own",
    on: "On",
    off: "Off",
    isOwn: "own",
    inSettings: "Settings",
    isDefault: "default",
    /** Of the same for this rollout alone. */
    valueLabel: (rule: RuleName) => `${ruleNames[rule]}, own value`,
    choiceLabel: (rule: RuleName) => `${ruleNames[rule]}: whose value`,
    problem: (rule: RuleName) => `${ruleNames[rule]}: enter ${ruleRanges[rule]}.`,
    newAttempt: "Other rules begin another attempt: evidence is gathered from the beginning.",
  },
} as const;
