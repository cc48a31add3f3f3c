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
const dayAndTime = {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
} as const;
const weekdayTime = new Intl.DateTimeFormat(locale, dayAndTime);
const weekdayTimeOfYear = new Intl.DateTimeFormat(locale, { ...dayAndTime, year: "numeric" });
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

/** Writes a size of a size, with the unit once if both have the same: `96 of 150 MiB`. */
export function formatBytesOf(part: number, whole: number): string {
  const [number, unit] = splitBytes(part);
  const [numberOf, unitOf] = splitBytes(whole);
  const wholeText = `${numberOf} ${unitOf}`;
  return unit === unitOf ? `${number} of ${wholeText}` : `${number} ${unit} of ${wholeText}`;
}

/** Writes a size in as few digits as it moves by: `96 MiB`, `1.2 GiB`. */
export function formatBytesRoughly(bytes: number): string {
  return splitBytes(bytes).join(" ");
}

function splitBytes(bytes: number): [string, string] {
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), BYTE_UNITS.length);
  const value = bytes / 1024 ** power;
  const unit = power === 0 ? "B" : (BYTE_UNITS[power - 1] ?? "");
  return [value < 9.95 && power > 0 ? tenths.format(value) : whole.format(value), unit];
}

/** From here on a rate is written in thousands, millions and so on. */
const COMPACT_FROM = 100_000;
// British English writes a million as `1m`, which reads as a thousandth.
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** Writes so many a second, in at most six letters: `0.4`, `184`, `12,040`, `1.2M`. */
export function formatRate(perSecond: number): string {
  if (perSecond >= COMPACT_FROM - 0.5) return compact.format(perSecond);
  if (perSecond >= 9.95 || perSecond === 0) return whole.format(perSecond);
  return Math.max(perSecond, 0.1).toFixed(1);
}

/** Writes a count in at most nine letters: whole up to ten millions. */
export function formatCountBriefly(count: number): string {
  return count < 1e7 ? whole.format(count) : compact.format(count);
}

/**
 * Writes a share of 0 to 1 as a percentage without its sign: `0.8`, `12`.
 *
 * Only none is written as 0, and only all as 100.
 */
export function formatShareNumber(share: number): string {
  const percent = share * 100;
  if (percent <= 0 || percent >= 100) return whole.format(Math.min(Math.max(percent, 0), 100));
  if (percent < 0.05) return "<0.1";
  if (percent >= 99.95) return ">99.9";
  return percent < 9.95 || percent > 99 ? percent.toFixed(1) : whole.format(percent);
}

/** Writes a share of 0 to 1: `0.8 %`. */
export function formatShare(share: number): string {
  return `${formatShareNumber(share)} %`;
}

const FIGURES = /([+−<>]?\d[\d.,]* (?:%|ms|s|min|h|d|KiB|MiB|GiB)(?![\w%])|revision [\d,]+)/;

/** Splits a sentence into what is between its figures and, every second, a figure with its unit. */
export function splitFigures(text: string): string[] {
  return text.split(FIGURES);
}

/** Writes how long something took: `1 ms`, `0.5 s`, `5 s`. */
export function formatSeconds(durationS: number): string {
  if (durationS < 0.0995) return `${tenths.format(durationS * 1000)} ms`;
  return `${hundredths.format(durationS)} s`;
}

const hundredths = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });

/**
 * Writes a quantile of durations that are known by buckets with these upper edges: `0.38 s`.
 *
 * Below the first edge and above the last nothing more is known: `<1 ms`, `>5 s`. Trailing zeros
 * stay, so that a quantile which moves keeps its width.
 */
export function formatQuantile(quantileS: number, edgesS: readonly number[]): string {
  const firstS = edgesS.at(0) ?? 0;
  const lastS = edgesS.at(-1) ?? Infinity;
  if (quantileS > lastS) return `>${formatSeconds(lastS)}`;
  if (quantileS < firstS) return `<${formatSeconds(firstS)}`;
  if (quantileS < 0.00995) return `${(quantileS * 1000).toFixed(1)} ms`;
  if (quantileS < 0.0995) return `${(quantileS * 1000).toFixed(0)} ms`;
  return `${quantileS.toFixed(quantileS < 0.995 ? 2 : quantileS < 9.95 ? 1 : 0)} s`;
}

/** Writes a span in a few letters, in the largest unit it fills: `45 s`, `15 min`, `2 h`, `3 d`. */
export function formatSpan(spanMs: number): string {
  if (spanMs < MINUTE_MS) return `${Math.max(Math.floor(spanMs / 1000), 0)} s`;
  if (spanMs < HOUR_MS) return `${Math.floor(spanMs / MINUTE_MS)} min`;
  if (spanMs < DAY_MS) return `${Math.floor(spanMs / HOUR_MS)} h`;
  return `${Math.floor(spanMs / DAY_MS)} d`;
}

/** Until then something has just been. */
const JUST_MS = 2000;

/** Writes how long ago something was, to the second while it is fresh: `6 s ago`. */
export function formatAge(atMs: number, nowMs: number): string {
  return nowMs - atMs < JUST_MS ? "just now" : `${formatSpan(nowMs - atMs)} ago`;
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

/**
 * Writes when something was in few letters: `just now`, the time today, `Fri`, `16 Nov`, `Nov
 * 2024`.
 */
export function formatLately(atMs: number, nowMs: number): string {
  if (nowMs - atMs < MINUTE_MS) return "just now";
  const days = localDay(nowMs) - localDay(atMs);
  if (days === 0) return clock.format(atMs);
  if (days < 7) return weekdayName.format(atMs);
  const isThisYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (isThisYear ? dayAndMonth : monthAndYear).format(atMs);
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

/**
 * Returns the whole days from `nowMs` to `date`; negative once it is past, `null` if it is no day.
 */
export function daysUntil(date: string, nowMs: number): number | null {
  const atMs = Date.parse(date);
  if (Number.isNaN(atMs)) return null;
  return Math.round((atMs - Math.floor(nowMs / DAY_MS) * DAY_MS) / DAY_MS);
}

/** Writes the time of a moment, to the minute. */
export function formatClock(atMs: number): string {
  return clock.format(atMs);
}

/**
 * Writes the day of a moment: `Today`, `Yesterday`, `Mon 16 Nov`, with the year if it is not the
 * present one.
 */
export function formatDayOf(atMs: number, nowMs: number): string {
  const days = localDay(atMs) - localDay(nowMs);
  if (days === 0 || days === -1) {
    const word = relative.format(days, "day");
    return word.charAt(0).toUpperCase() + word.slice(1);
  }
  const isThisYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (isThisYear ? weekday : weekdayOfYear).format(atMs);
}

/**
 * Writes a day and a time to the minute: `Tue 24 Nov, 16:00`, with the year if it is not the
 * present one.
 */
export function formatDayAndTime(atMs: number, nowMs: number): string {
  const isThisYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (isThisYear ? weekdayTime : weekdayTimeOfYear).format(atMs);
}

/** Whether two moments are in the same minute, so that only their seconds differ. */
export function isSameMinute(oneMs: number, otherMs: number): boolean {
  return Math.floor(oneMs / 60_000) === Math.floor(otherMs / 60_000);
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

const preciseClock = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
const dayAndMonth = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const fullDay = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const weekdayName = new Intl.DateTimeFormat(locale, { weekday: "short" });
const monthAndYear = new Intl.DateTimeFormat(locale, { month: "short", year: "numeric" });
const monthName = new Intl.DateTimeFormat(locale, { month: "short" });
const figures = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
// British English writes a million as `1m`, which in a chart is a thousandth or a metre.
const bigFigures = new Intl.NumberFormat("en-US", {
  notation: "compact",
  maximumSignificantDigits: 3,
});

/** Writes the time of a moment, to the second. */
export function formatPreciseClock(atMs: number): string {
  return preciseClock.format(atMs);
}

/** Writes a measured number in three figures: `0.017`, `184`, `12,400`, `1.24M`. */
export function formatFigure(value: number): string {
  return (Math.abs(value) < 100_000 ? figures : bigFigures).format(value);
}

/**
 * Writes a moment as the label of an axis whose labels are `stepMs` apart: the part that changes.
 */
export function formatTick(atMs: number, stepMs: number): string {
  const at = new Date(atMs);
  const isMidnight = at.getHours() + at.getMinutes() + at.getSeconds() === 0;
  if (stepMs >= 28 * DAY_MS) {
    return at.getMonth() === 0 ? String(at.getFullYear()) : monthName.format(atMs);
  }
  if (isMidnight || stepMs >= DAY_MS) return dayAndMonth.format(atMs);
  return (stepMs < MINUTE_MS ? preciseClock : clock).format(atMs);
}

/** Writes when something began and ended, as exactly as `stepMs` allows: `14:02:30 to 14:17:30`. */
export function formatStretch(fromMs: number, toMs: number, stepMs: number): string {
  if (stepMs >= DAY_MS) return `${fullDay.format(fromMs)} to ${fullDay.format(toMs)}`;
  const time = stepMs < MINUTE_MS ? preciseClock : clock;
  const from = isToday(fromMs) ? "" : `${dayAndMonth.format(fromMs)}, `;
  const to = isSameDay(fromMs, toMs) ? "" : `${dayAndMonth.format(toMs)}, `;
  return `${from}${time.format(fromMs)} to ${to}${time.format(toMs)}`;
}

/** Writes the moment a point of `stepMs` begins, with its end if that is some time later. */
export function formatPoint(atMs: number, stepMs: number): string {
  if (stepMs > 10_000) return formatStretch(atMs, atMs + stepMs, stepMs);
  return (isToday(atMs) ? "" : `${dayAndMonth.format(atMs)}, `) + preciseClock.format(atMs);
}

function isToday(atMs: number): boolean {
  return isSameDay(atMs, Date.now());
}
