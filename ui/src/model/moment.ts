/** Moments of the past: what people type, what is asked of the backend, and back. Pure. */

import type { AsOf } from "../bindings/wire";

export type MomentProblem =
  | { kind: "form" }
  | { kind: "no_such_time" }
  | { kind: "future" }
  | { kind: "no_such_revision"; latest: number };

export type MomentEntry = { ok: true; at: AsOf } | { ok: false; problem: MomentProblem };

/** What is offered in place of typing. */
export type MomentChoice = "hour" | "today" | "yesterday" | "week" | "month" | "beginning";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const REVISION = /^(?:revision\s*|r\s*|#\s*)(\d{1,15})$/;
const SPAN = /(\d{1,6})\s*(minute|min|m|hour|h|day|d|week|w)s?\s*/g;
const AGO = new RegExp(`^(?:${SPAN.source})+(?:ago)?$`);
/** A moment that is the same everywhere, as programs write it. */
const EVERYWHERE =
  /^(\d{4}-\d{2}-\d{2})t(\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?(?:z|[+-]\d{2}:\d{2})$/;
const TIME = /^(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([ap])m)?$/;
/** A day, a time, or both; a day alone begins at midnight, a time alone is today. */
const DAY_AND_TIME =
  /^(?<day>\d{4}-\d{1,2}-\d{1,2}|today|yesterday|(?:last\s+)?[a-z]{3,9}day|(?:last\s+)?(?:sun|mon|tue|wed|thu|fri|sat))?(?:[\st,]*(?<time>\d{1,2}:\d{2}.*))?$/;

/**
 * Reads `2026-11-24 16:00`, `yesterday 16:00`, `tue 16:00`, `16:00`, `2 hours ago`, `r128` or
 * `2026-11-24T16:00:00Z`: all that `flagctl` reads.
 */
export function parseMoment(text: string, nowMs: number, latest: number): MomentEntry {
  const typed = text.trim().toLowerCase();
  const revision = REVISION.exec(typed)?.[1];
  if (revision !== undefined) return asRevision(Number(revision), latest);
  if (AGO.test(typed)) return ago(typed, nowMs);
  if (EVERYWHERE.test(typed)) return everywhere(typed, nowMs);
  const { day, time } = DAY_AND_TIME.exec(typed)?.groups ?? {};
  if (day === undefined && time === undefined) return refuse({ kind: "form" });
  const date = dateOf(day ?? "today", nowMs);
  const clock = time === undefined ? [0, 0, 0] : clockOf(time);
  if (date === "form" || clock === "form") return refuse({ kind: "form" });
  if (date === "no_such_time" || clock === "no_such_time") return refuse({ kind: "no_such_time" });
  const [year = 0, month = 0, dayOfMonth = 0] = date;
  const [hours = 0, minutes = 0, seconds = 0] = clock;
  const atMs = new Date(year, month, dayOfMonth, hours, minutes, seconds).getTime();
  return atMs > nowMs ? refuse({ kind: "future" }) : { ok: true, at: { at_ms: atMs } };
}

/** Writes a moment as it can be typed: `2026-11-24 16:00`, `revision 128`. */
export function momentText(at: AsOf): string {
  if ("revision" in at) return `revision ${at.revision}`;
  const date = new Date(at.at_ms);
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const seconds = date.getSeconds() === 0 ? "" : `:${two(date.getSeconds())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
}

/** Moments that are often asked for, the latest first. */
export function momentChoices(nowMs: number): { choice: MomentChoice; text: string }[] {
  const now = new Date(nowMs);
  // By the calendar, so that the time of day stays the same over a change to summer time.
  const earlier = (months: number, days: number) =>
    new Date(
      now.getFullYear(),
      now.getMonth() - months,
      now.getDate() - days,
      now.getHours(),
      now.getMinutes(),
    ).getTime();
  const hourAgo = new Date(nowMs - HOUR_MS).setSeconds(0, 0);
  const today = new Date(nowMs).setHours(0, 0, 0, 0);
  const times: [MomentChoice, number][] = [
    ["hour", hourAgo],
    ["today", today],
    ["yesterday", earlier(0, 1)],
    ["week", earlier(0, 7)],
    ["month", earlier(1, 0)],
  ];
  return [
    ...times
      .sort(([, one], [, other]) => other - one)
      .map(([choice, atMs]) => ({ choice, text: momentText({ at_ms: atMs }) })),
    { choice: "beginning", text: momentText({ revision: 0 }) },
  ];
}

function asRevision(revision: number, latest: number): MomentEntry {
  if (revision > latest) return refuse({ kind: "no_such_revision", latest });
  return { ok: true, at: { revision } };
}

/** Days and weeks are of the calendar: the clock says the same then. */
function ago(typed: string, nowMs: number): MomentEntry {
  const then = new Date(nowMs);
  for (const [, digits, unit = ""] of typed.matchAll(SPAN)) {
    const count = Number(digits);
    if (unit.startsWith("m")) then.setTime(then.getTime() - count * MINUTE_MS);
    else if (unit.startsWith("h")) then.setTime(then.getTime() - count * HOUR_MS);
    else then.setDate(then.getDate() - count * (unit.startsWith("w") ? 7 : 1));
  }
  const atMs = then.getTime();
  return atMs < 0 ? refuse({ kind: "no_such_time" }) : { ok: true, at: { at_ms: atMs } };
}

function everywhere(typed: string, nowMs: number): MomentEntry {
  const [, day = "", time = ""] = EVERYWHERE.exec(typed) ?? [];
  // Some engines take 30 February and 24:00 for the day after.
  const isThere = Array.isArray(dateOf(day, nowMs)) && Array.isArray(clockOf(time));
  const atMs = Date.parse(typed.toUpperCase());
  if (!isThere || Number.isNaN(atMs)) return refuse({ kind: "no_such_time" });
  return atMs > nowMs ? refuse({ kind: "future" }) : { ok: true, at: { at_ms: atMs } };
}

type Parts = readonly number[] | "form" | "no_such_time";

/** Returns year, month from 0, and day. */
function dateOf(day: string, nowMs: number): Parts {
  const now = new Date(nowMs);
  const daysAgo = daysAgoOf(day, now.getDay());
  if (daysAgo !== null) return [now.getFullYear(), now.getMonth(), now.getDate() - daysAgo];
  const [year = NaN, month = NaN, date = NaN] = day.split("-").map(Number);
  if (Number.isNaN(date)) return "form";
  const made = new Date(year, month - 1, date);
  const isThere = made.getMonth() === month - 1 && made.getDate() === date;
  return isThere ? [year, month - 1, date] : "no_such_time";
}

/** The last Tuesday is never today. */
function daysAgoOf(day: string, today: number): number | null {
  if (day === "today") return 0;
  if (day === "yesterday") return 1;
  const name = day.replace(/^last\s+/, "");
  const weekday = WEEKDAYS.indexOf(name.slice(0, 3));
  return weekday < 0 ? null : ((today - weekday + 6) % 7) + 1;
}

/** Returns hours, minutes and seconds. */
function clockOf(time: string): Parts {
  const [matched, hours, minutes, seconds = "0", half] = TIME.exec(time.trim()) ?? [];
  if (matched === undefined) return "form";
  const hour = half === undefined ? Number(hours) : hourOf(Number(hours), half);
  const isThere = hour >= 0 && hour < 24 && Number(minutes) < 60 && Number(seconds) < 60;
  return isThere ? [hour, Number(minutes), Number(seconds)] : "no_such_time";
}

/** The hour of the day for one of half a day; -1 if there is none. */
function hourOf(hours: number, half: string): number {
  if (hours < 1 || hours > 12) return -1;
  return (hours % 12) + (half === "p" ? 12 : 0);
}

function refuse(problem: MomentProblem): MomentEntry {
  return { ok: false, problem };
}
