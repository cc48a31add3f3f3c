/** Plans of ramps: read from what a person types, checked as the backend checks them. Pure. */

import type { Document, Edit, RampDay, RampHours, RampPlan } from "../bindings/wire";
import { parsePercent } from "./percent";
import { rolloutOf } from "./rollout";
import { ALL } from "./tree";

export const STEPS_MAX = 200;
export const DWELL_DAYS_MAX = 366;
export const EXPOSED_MAX = 1_000_000_000;
export const PLAN_NAME_CHARS_MAX = 40;

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

export const DAYS: readonly RampDay[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** As a form holds a plan. */
export interface PlanDraft {
  steps: string;
  dwell: string;
  exposed: string;
  hasHours: boolean;
  days: readonly RampDay[];
  from: string;
  to: string;
  zone: string;
}

/** Which field of a form something is about. */
export type PlanField = "steps" | "dwell" | "exposed" | "days" | "from" | "to" | "start" | "name";

export type PlanProblem =
  | { field: "steps"; kind: "empty" }
  | { field: "steps"; kind: "step"; text: string }
  | { field: "steps"; kind: "order"; before: number; after: number }
  | { field: "steps"; kind: "count"; count: number }
  | { field: "steps"; kind: "none_left"; percentage: number }
  | { field: "dwell" | "exposed"; kind: "form" | "range" }
  | { field: "days"; kind: "empty" }
  | { field: "from" | "to"; kind: "form" }
  | { field: "start"; kind: "form" | "past" }
  | { field: "name"; kind: "empty" | "too_long" | "built_in" };

export type Parsed<Value> = { ok: true; value: Value } | { ok: false; problem: PlanProblem };

const refused = (problem: PlanProblem): Parsed<never> => ({ ok: false, problem });

/** Reads `1-5-10-25-50-100`; commas, blanks and arrows separate, too. */
export function parseSteps(text: string): Parsed<number[]> {
  const parts = text.split(/[-–,;→\s]+/).filter((part) => part !== "" && part !== "%");
  if (parts.length === 0) return refused({ field: "steps", kind: "empty" });
  if (parts.length > STEPS_MAX) {
    return refused({ field: "steps", kind: "count", count: parts.length });
  }
  const steps: number[] = [];
  for (const part of parts) {
    const entry = parsePercent(part);
    if (!entry.ok || entry.percentage === 0) {
      return refused({ field: "steps", kind: "step", text: part });
    }
    const before = steps.at(-1);
    if (before !== undefined && entry.percentage <= before) {
      return refused({ field: "steps", kind: "order", before, after: entry.percentage });
    }
    steps.push(entry.percentage);
  }
  return { ok: true, value: steps };
}

export const stepsText = (steps: readonly number[]): string => steps.join("-");

const UNITS: readonly [RegExp, number][] = [
  [/^(s|sec|seconds?)$/, 1],
  [/^(m|min|minutes?)$/, MINUTE_S],
  [/^(h|hours?)$/, HOUR_S],
  [/^(d|days?)$/, DAY_S],
];

/** Reads `1 h`, `90 min`, `1 d 12 h`; a number alone is minutes. Returns seconds. */
export function parseDwell(text: string): Parsed<number> {
  const typed = text.trim().toLowerCase();
  const form = /^(?:\d+(?:[.,]\d+)?\s*[a-z]*\s*)+$/;
  if (!form.test(typed)) return refused({ field: "dwell", kind: "form" });
  let seconds = 0;
  for (const [, digits = "", unit = ""] of typed.matchAll(/(\d+(?:[.,]\d+)?)\s*([a-z]*)/g)) {
    const known = UNITS.find(([pattern]) => pattern.test(unit === "" ? "min" : unit));
    if (!known) return refused({ field: "dwell", kind: "form" });
    seconds += Number(digits.replace(",", ".")) * known[1];
  }
  const whole = Math.round(seconds);
  if (whole > DWELL_DAYS_MAX * DAY_S) return refused({ field: "dwell", kind: "range" });
  return { ok: true, value: whole };
}

/** Writes seconds as they can be typed: `1 h`, `1 d 12 h`. */
export function dwellText(dwellS: number): string {
  const parts: string[] = [];
  let rest = dwellS;
  for (const [unit, length] of [
    ["d", DAY_S],
    ["h", HOUR_S],
    ["min", MINUTE_S],
    ["s", 1],
  ] as const) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ") || "0 min";
}

/** Reads `1,000` or `1000`. */
export function parseExposed(text: string): Parsed<number> {
  const digits = text.trim().replaceAll(/[,\s](?=\d{3}(?!\d))/g, "");
  if (!/^\d+$/.test(digits)) return refused({ field: "exposed", kind: "form" });
  const count = Number(digits);
  if (count > EXPOSED_MAX) return refused({ field: "exposed", kind: "range" });
  return { ok: true, value: count };
}

/** Reads `9:00` or `09:00`; returns it with two digits each. */
export function parseClock(text: string, field: "from" | "to"): Parsed<string> {
  const [, hours = "", minutes = ""] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  const isThere = hours !== "" && Number(hours) < 24 && Number(minutes) < 60;
  if (!isThere) return refused({ field, kind: "form" });
  return { ok: true, value: `${hours.padStart(2, "0")}:${minutes}` };
}

function parseHours(draft: PlanDraft): Parsed<RampHours | null> {
  if (!draft.hasHours) return { ok: true, value: null };
  const days = DAYS.filter((day) => draft.days.includes(day));
  if (days.length === 0) return refused({ field: "days", kind: "empty" });
  const from = parseClock(draft.from, "from");
  if (!from.ok) return from;
  const to = parseClock(draft.to, "to");
  if (!to.ok) return to;
  return { ok: true, value: { days, from: from.value, to: to.value, zone: draft.zone } };
}

/** Reads a whole form; the first problem, in the order of its fields. */
export function parsePlan(draft: PlanDraft): Parsed<RampPlan> {
  const steps = parseSteps(draft.steps);
  if (!steps.ok) return steps;
  const dwell = parseDwell(draft.dwell);
  if (!dwell.ok) return dwell;
  const exposed = parseExposed(draft.exposed);
  if (!exposed.ok) return exposed;
  const hours = parseHours(draft);
  if (!hours.ok) return hours;
  const [dwellS, leastExposed] = [dwell.value, exposed.value];
  return { ok: true, value: { steps: steps.value, dwellS, leastExposed, hours: hours.value } };
}

/** A form that holds `plan`; hours it has none of are those that most people work. */
export function draftOf(plan: RampPlan, ownZone: string): PlanDraft {
  const { hours } = plan;
  return {
    steps: stepsText(plan.steps),
    dwell: dwellText(plan.dwellS),
    exposed: String(plan.leastExposed),
    hasHours: hours !== null,
    days: hours?.days ?? DAYS.slice(0, 5),
    from: hours?.from ?? "09:00",
    to: hours?.to ?? "17:00",
    zone: hours?.zone ?? ownZone,
  };
}

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/**
 * Reads a moment to come, by the clock of the desktop: `2026-12-02 09:00`, `tomorrow 09:00`, `mon
 * 09:00`, `09:00`. A time that is past today is tomorrow's.
 */
export function parseStart(text: string, nowMs: number): Parsed<number> {
  const typed = text.trim().toLowerCase();
  const [, day = "", clock = ""] = /^(?:([\w-]+)[\s,t]+)?(\d{1,2}:\d{2})$/.exec(typed) ?? [];
  const time = parseClock(clock, "from");
  if (!time.ok) return refused({ field: "start", kind: "form" });
  const [hours = 0, minutes = 0] = time.value.split(":").map(Number);
  const date = dateOf(day, nowMs);
  if (date === null) return refused({ field: "start", kind: "form" });
  date.setHours(hours, minutes, 0, 0);
  if (day === "" && date.getTime() <= nowMs) date.setDate(date.getDate() + 1);
  const atMs = date.getTime();
  if (atMs <= nowMs) return refused({ field: "start", kind: "past" });
  return { ok: true, value: atMs };
}

function dateOf(day: string, nowMs: number): Date | null {
  const date = new Date(nowMs);
  if (day === "" || day === "today") return date;
  if (day === "tomorrow") {
    date.setDate(date.getDate() + 1);
    return date;
  }
  const weekday = WEEKDAYS.indexOf(day.slice(0, 3));
  if (weekday >= 0 && /^[a-z]+$/.test(day)) {
    // The next one is never today.
    date.setDate(date.getDate() + (((weekday - date.getDay() + 6) % 7) + 1));
    return date;
  }
  const [, year, month, dayOfMonth] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(day) ?? [];
  if (year === undefined) return null;
  const made = new Date(Number(year), Number(month) - 1, Number(dayOfMonth));
  return made.getMonth() === Number(month) - 1 ? made : null;
}

/** The steps that a ramp would make, and those that it would skip. */
export function stepsAbove(steps: readonly number[], percentage: number) {
  return {
    made: steps.filter((step) => step > percentage),
    skipped: steps.filter((step) => step <= percentage),
  };
}

/** What a step would change of the flags: also the switch, if that is off. */
export function stepEdit(component: string | null, percentage: number, isOn: boolean): Edit {
  const edit: Edit = { kind: "set_rollout", component, percentage };
  if (component === null || isOn) return edit;
  return { kind: "batch", edits: [{ kind: "set_components", paths: [component], on: true }, edit] };
}

/** Whether everyone switches together, so that no share lies in between. */
export function isBlueGreen(document: Document, component: string | null): boolean {
  return rolloutOf(document, component ?? ALL).strategy === "blue-green";
}

/** The time zone of the desktop. */
export const ownZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Every time zone that the engine knows, and the one of the desktop. */
export function zones(own: string): string[] {
  return [...new Set([own, "UTC", ...Intl.supportedValuesOf("timeZone")])];
}
