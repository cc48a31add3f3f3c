/** What people should know about a component, as they type it. Bounds are those of the store. */

import type { Document } from "../bindings/wire";
import { countNames, type NameLimits, type Suggestion } from "./names";

/** Characters of a title, and of an owner. */
export const LINE_CHARS_MAX = 200;
/** Characters of a description. */
export const TEXT_CHARS_MAX = 4000;
export const TAG_LIMITS: NameLimits = { chars: 64, count: 32 };

const DAY_MS = 24 * 60 * 60 * 1000;

/** Why an end is no day. */
export type DayProblem = "form" | "no_such_day";

export type DayEntry = { ok: true; day: string } | { ok: false; problem: DayProblem };

/** Days that have a name, by how far they are from today. */
const NAMED_DAYS: Record<string, number> = { yesterday: -1, today: 0, tomorrow: 1 };

/** Reads a day as `YYYY-MM-DD` or by its name. Nothing typed stands for no day. */
export function parseDay(text: string, nowMs: number): DayEntry {
  const day = text.trim().toLowerCase();
  if (day === "") return { ok: true, day };
  const named = Object.hasOwn(NAMED_DAYS, day) ? NAMED_DAYS[day] : undefined;
  if (named !== undefined) return { ok: true, day: dayIn(named, nowMs) };
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return { ok: false, problem: "form" };
  // Some engines make 2 March of 30 February.
  const atMs = Date.parse(`${day}T00:00:00Z`);
  const isReal = !Number.isNaN(atMs) && dayAt(atMs) === day;
  return isReal ? { ok: true, day } : { ok: false, problem: "no_such_day" };
}

/** Returns the day that is `days` after the one it is at `nowMs`, as `YYYY-MM-DD`. */
export function dayIn(days: number, nowMs: number): string {
  return dayAt(nowMs + days * DAY_MS);
}

/** Returns every tag of the document with how many components and groups have it. */
export function tagsOf(about: Document["about"]): Suggestion[] {
  return countNames(Object.values(about ?? {}).map(({ tags = [] }) => tags));
}

function dayAt(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
