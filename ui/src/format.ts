/** How numbers and times are written, everywhere in the window. */

/**
 * The one locale of the window.
 *
 * Its words are English, so of the languages a person may prefer only the English ones are
 * taken over; under `LANG=C` the engine reports "C", which `Intl` throws at.
 */
export const locale = usableLocale(navigator.language);

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const YEAR = ["year", 365 * DAY_MS] as const;

/** Each unit with its length, and from when on the next one says it better. */
const BRIEF_UNITS = [
  ["minute", MINUTE_MS, HOUR_MS],
  ["hour", HOUR_MS, DAY_MS],
  ["day", DAY_MS, 14 * DAY_MS],
  ["week", 7 * DAY_MS, 60 * DAY_MS],
  ["month", 30 * DAY_MS, 365 * DAY_MS],
] as const;

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const brief = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "narrow" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const weekday = new Intl.DateTimeFormat(locale, {
  weekday: "short",
  day: "numeric",
  month: "short",
});
const weekdayOfYear = new Intl.DateTimeFormat(locale, {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
});

/** Returns `wanted` if it is a kind of English that `Intl` knows, else British English. */
export function usableLocale(wanted: string | undefined): string {
  const fallback = "en-GB";
  try {
    const [known] = Intl.NumberFormat.supportedLocalesOf(wanted ?? fallback);
    return known?.startsWith("en") ? known : fallback;
  } catch {
    return fallback;
  }
}

/** Writes a count: `1,204`. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** Writes a percentage without its sign, as a person would type it: `12.5`. */
export function formatPercentNumber(percentage: number): string {
  return String(Math.round(percentage * 1000) / 1000);
}

/** Writes a percentage: `12.5 %`. */
export function formatPercent(percentage: number): string {
  return `${formatPercentNumber(percentage)} %`;
}

const durations = [
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
  ["second", 1000],
  ["millisecond", 1],
] as const;

/** Writes a duration in words: `1 minute 30 seconds`. */
export function formatDuration(durationMs: number): string {
  const parts: string[] = [];
  let restMs = durationMs;
  for (const [unit, unitMs] of durations) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(inUnit(count, unit));
  }
  return parts.join(" ") || inUnit(0, "second");
}

function inUnit(count: number, unit: string): string {
  const format = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" });
  return format.format(count);
}

const BYTE_UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;
const tenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

/** Writes a size: `150 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return inUnit(bytes, "byte");
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), BYTE_UNITS.length);
  return `${tenths.format(bytes / 1024 ** power)} ${BYTE_UNITS[power - 1]}`;
}

/** Writes how long ago something was, or the day once that is a week. */
export function formatAgo(atMs: number, nowMs: number): string {
  const agoMs = nowMs - atMs;
  if (agoMs < MINUTE_MS) return "just now";
  if (agoMs < HOUR_MS) return relative.format(-Math.floor(agoMs / MINUTE_MS), "minute");
  if (agoMs < DAY_MS) return relative.format(-Math.floor(agoMs / HOUR_MS), "hour");
  if (agoMs < 7 * DAY_MS) return relative.format(-Math.floor(agoMs / DAY_MS), "day");
  return day.format(atMs);
}

/** Writes how long ago something was in a few letters, for a column: `2h ago`, `3w ago`. */
export function formatAgoBriefly(atMs: number, nowMs: number): string {
  const agoMs = nowMs - atMs;
  if (agoMs < MINUTE_MS) return "just now";
  const [unit, unitMs] = BRIEF_UNITS.find(([, , untilMs]) => agoMs < untilMs) ?? YEAR;
  return brief.format(-Math.floor(agoMs / unitMs), unit);
}

/** Writes a moment to the second. */
export function formatMoment(atMs: number): string {
  return moment.format(atMs);
}

/** Writes a day given as `YYYY-MM-DD`, or the text itself if it is none. */
export function formatDay(date: string): string {
  const atMs = Date.parse(date);
  return Number.isNaN(atMs) ? date : day.format(atMs);
}

/** Returns the whole days from `nowMs` to `date`; negative once it is past, `null` if it is no day. */
export function daysUntil(date: string, nowMs: number): number | null {
  const atMs = Date.parse(date);
  if (Number.isNaN(atMs)) return null;
  return Math.round((atMs - Math.floor(nowMs / DAY_MS) * DAY_MS) / DAY_MS);
}

/** Writes the time of a moment, to the minute. */
export function formatClock(atMs: number): string {
  return clock.format(atMs);
}

/** Writes the day of a moment: `Today`, `Yesterday`, `Mon 16 Nov`, and the year where it is another. */
export function formatDayOf(atMs: number, nowMs: number): string {
  const days = localDay(atMs) - localDay(nowMs);
  if (days === 0 || days === -1) {
    const word = relative.format(days, "day");
    return word.charAt(0).toUpperCase() + word.slice(1);
  }
  const isThisYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (isThisYear ? weekday : weekdayOfYear).format(atMs);
}

/** Whether two moments are on one day, in the time zone of the desktop. */
export function isSameDay(oneMs: number, otherMs: number): boolean {
  return localDay(oneMs) === localDay(otherMs);
}

/** Counts the days since 1970 as the desktop's calendar has them. */
function localDay(atMs: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / DAY_MS;
}
