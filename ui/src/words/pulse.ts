/** What applications report, on the dashboard. */

import type { Pulse, PushHealth, ReportingSource, Share, StateSource } from "../bindings/wire";
import {
  formatAge,
  formatBytesOf,
  formatBytesRoughly,
  formatClock,
  formatCount,
  formatCountBriefly,
  formatMoment,
  formatPercent,
  formatQuantile,
  formatSeconds,
  formatShare,
  formatShareNumber,
  formatSpan,
} from "../format";
import { capital, plural } from "./shared";

/** The share with the interval that holds the true one. */
const shareWithin = (share: Share): string => {
  const interval = within(share);
  const tail = interval === "" ? "" : ` (${interval})`;
  return `${formatShare(share.share ?? 0)} of calculations${tail}`;
};

/** Nothing where the interval is as narrow as the share is written. */
const within = ({ low, high }: Share): string => {
  if (low === null || high === null) return "";
  const [from, to] = [formatShareNumber(low), formatShareNumber(high)];
  return from === to ? "" : `${from} to ${to}`;
};

/** A duration of which the unit does not get onto a line of its own. */
const unbroken = (durationS: number): string => formatSeconds(durationS).replace(" ", "\u00a0");

const spanOf = (spanS: number): string => formatSpan(spanS * 1000);

export const pulse = {
  reporting: {
    /** Beside the heading; nothing where nobody ever reported. */
    heading: (reporting: number, known: number) =>
      known === 0 ? "" : capital(`${figureOf(reporting)} ${reportingTail(reporting, known)}`),
    reading: "Reading…",
    unread: (why: string) => `Not read: ${why}`,
    trouble: (why: string) => `Nothing is collected: ${why}`,
    gone: (spanS: number) => `Silent for over ${spanOf(spanS)}`,
    silent: (silentMs: number) => `Silent for ${formatSpan(silentMs)}`,
    synthetic: "Synthetic data",
    syntheticMeaning: "At least one source says that it makes its reports up",
    asOf: (asOfMs: number) => `as of ${formatClock(asOfMs)}`,
    announced: (title: string, verdict: string) => `${title}: ${verdict}`,
  },
  performance: {
    title: "Performance",
    span: (spanS: number) => `last ${spanOf(spanS)}`,
    figure: "calculations a second",
    figureMeaning: ({ calculations, errors, spanS }: Pulse) =>
      `${formatCount(calculations)} ended well in the last ${spanOf(spanS)}, ${formatCount(errors.part)} failed`,
    failing: (errors: Share, limit: number) =>
      `Failing: ${shareWithin(errors)}, limit ${formatPercent(limit * 100)}`,
    nearErrors: (errors: Share, limit: number) =>
      `Errors near the limit: ${shareWithin(errors)}, limit ${formatPercent(limit * 100)}`,
    late: (overS: number) => `Slow: 5 of 100 take over ${formatSeconds(overS)}`,
    slow: (share: number, overS: number) =>
      `Slow: ${formatShare(share)} take over ${formatSeconds(overS)}`,
    none: (spanS: number) => `No calculations in ${spanOf(spanS)}`,
    good: "Within limits",
    errors: "Errors",
    errorsMeaning: ({ part, whole }: Share) =>
      `${formatCount(part)} of ${formatCount(whole)} failed; the range holds the true share 95 times in a hundred`,
    share: ({ share }: Share) => formatShare(share ?? 0),
    within,
    quantiles: "p50 · p95 · p99",
    quantilesMeaning: "Of 100 calculations, 50, 95 and 99 take no longer than this",
    quantilesOf: ({ p50S, p95S, p99S, edgesS }: Pulse) =>
      [p50S, p95S, p99S].map((each) => formatQuantile(each ?? Infinity, edgesS)).join(" · "),
    confidence: "Confidence",
    confidenceMeaning: "The mean of what calculations reported, from 0 to 1",
    limit: (limitS: number) => `limit ${formatSeconds(limitS)}`,
    durations: (edgesS: readonly number[]) =>
      `Durations, ${unbroken(edgesS.at(0) ?? 0)} to over ${unbroken(edgesS.at(-1) ?? 0)}`,
    durationsLabel: (edgesS: readonly number[], row: number | null) =>
      row === null
        ? "Durations of calculations: none"
        : `Durations of calculations, most of them ${rowOf(edgesS, row)}`,
    rateLabel: (spanS: number, peak: string) =>
      `Calculations a second in the last ${spanOf(spanS)}, ${peak} at most`,
    mark: (sentence: string, others: number) =>
      others === 0 ? sentence : `${sentence}, and ${plural(others, "change")} shortly before`,
    markAt: (atMs: number, revision: number) => `${formatMoment(atMs)}, revision ${revision}`,
    markLabel: (sentence: string, when: string) => `${sentence}. ${when}. Open it in Activity`,
    empty: "Filled once applications report.",
    openCharts: "Open charts",
  },
  comparison: {
    title: "Exposed against control",
    titleTail: ", share of failed calculations",
    meaning:
      "Of users for whom components are on, against those for whom they are off, over the last 15 minutes",
    between: ", ",
    on: (share: number | null) => `${shareOrNothing(share)} where on`,
    off: (share: number | null) => `${shareOrNothing(share)} where off`,
    onMeaning: "Of users for whom components are on, the latest share of calculations that failed",
    offMeaning: "Of users for whom they are off, the latest share of calculations that failed",
    limit: (share: number) => `limit ${formatPercent(share * 100)}`,
    limitMeaning: "rollback.triggers.errorRate",
    chartLabel: (limit: number) =>
      `Failed calculations in the last 15 minutes, where components are on and where they are off, limit ${formatPercent(limit * 100)}`,
    empty: "Filled once an application says for which user it calculated.",
  },
  health: {
    title: "State Health",
    figureTail: (reporting: number, known: number) => reportingTail(reporting, known),
    overMemory: (bytes: number, limit: number) =>
      `Memory ${formatBytesRoughly(bytes)} is over the limit of ${formatBytesRoughly(limit)}`,
    highMemory: (bytes: number, limit: number) =>
      `Memory ${formatBytesRoughly(bytes)} is more than the ${formatBytesRoughly(limit)} meant for it`,
    pushFails: (why: string) => `Pushing fails: ${why}`,
    turnedAway: (batches: number) =>
      `${plural(batches, "batch", "batches")} turned away: too many waited`,
    overflowed: (calculations: number) =>
      `Too many names: ${plural(calculations, "calculation", "calculations")} counted as “other”`,
    collecting: "Collecting: too early to judge",
    good: "Healthy",
    memory: "Memory",
    memoryMeaning: "Of the application that uses most, of the limit at which flags are rolled back",
    memoryOf: formatBytesOf,
    own: "Flagdeck itself",
    ownBytes: formatBytesRoughly,
    events: "Events",
    eventsTaken: (taken: number, refused: number) =>
      `${formatCountBriefly(taken)} taken, ${formatCountBriefly(refused)} refused`,
    eventsMeaning: (taken: number, refused: number) =>
      `${formatCount(taken)} taken in since counting began; ${formatCount(refused)} were not valid since Flagdeck was opened`,
    push: "Pushed to gateway",
    pushed: ({ atMs, error, waiting }: PushHealth, nowMs: number) => {
      if (error !== null) return `failing, ${formatCountBriefly(waiting)} waiting`;
      return atMs === null ? "never" : formatAge(atMs, nowMs);
    },
    pushMeaning: ({ gateway, atMs }: PushHealth) =>
      atMs === null ? gateway : `${gateway}, last at ${formatMoment(atMs)}`,
    snapshot: "Last snapshot",
    snapshotAt: (atMs: number, nowMs: number) => formatAge(atMs, nowMs),
    snapshotMeaning: ({ name, lastSnapshotMs, snapshots }: StateSource) =>
      `${name}: ${plural(snapshots, "snapshot")}${
        lastSnapshotMs === null ? "" : `, the latest at ${formatMoment(lastSnapshotMs)}`
      }`,
    history: "Change history",
    historyFill: ({ changes, changesMax }: StateSource) =>
      `${formatCount(changes)} of ${formatCount(changesMax)}`,
    historyMeaning: ({ name, changes, changesMax }: StateSource) =>
      `${name}: the latest ${formatCount(changes)} recorded changes, of ${formatCount(changesMax)} that are remembered`,
    source: ({ name, isSynthetic }: ReportingSource) => (isSynthetic ? `${name}, synthetic` : name),
    seen: (atMs: number, nowMs: number) => formatAge(atMs, nowMs),
    otherSources: (count: number) => `and ${formatCount(count)} more`,
    sourceLine: (source: string, seen: string) => `${source}: ${seen}`,
    empty: "Filled once applications report.",
  },
} as const;

/** Also where one side has been silent of late. */
function shareOrNothing(share: number | null): string {
  return share === null ? "nothing" : formatShare(share);
}

function figureOf(reporting: number): string {
  return reporting === 0 ? "no" : formatCount(reporting);
}

function reportingTail(reporting: number, known: number): string {
  if (reporting > 0 && reporting < known) return `of ${plural(known, "source")} reporting`;
  return `${known === 1 ? "source" : "sources"} reporting`;
}

/** The durations of a bucket. */
function rowOf(edgesS: readonly number[], row: number): string {
  const lower = edgesS[row - 1];
  const upper = edgesS[row];
  if (upper === undefined) return `over ${formatSeconds(lower ?? 0)}`;
  return lower === undefined
    ? `under ${formatSeconds(upper)}`
    : `${formatSeconds(lower)} to ${formatSeconds(upper)}`;
}
