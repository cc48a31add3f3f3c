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

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });

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

/** Writes how long ago something was, or the day once that is a week. */
export function formatAgo(atMs: number, nowMs: number): string {
  const agoMs = nowMs - atMs;
  if (agoMs < MINUTE_MS) return "just now";
  if (agoMs < HOUR_MS) return relative.format(-Math.floor(agoMs / MINUTE_MS), "minute");
  if (agoMs < DAY_MS) return relative.format(-Math.floor(agoMs / HOUR_MS), "hour");
  if (agoMs < 7 * DAY_MS) return relative.format(-Math.floor(agoMs / DAY_MS), "day");
  return day.format(atMs);
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
