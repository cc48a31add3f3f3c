/** What applications report, on the dashboard. */

import type { Pulse, PushHealth, Share, StateSource } from "../bindings/wire";
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
import type { OpenRestore, Source } from "../model/health";
import { isolated, isolatedWithin } from "../model/isolated";
import { capital, inLines, plural } from "./shared";

/** Empty if the interval is as narrow as the share is written. */
const within = ({ low, high }: Share): string => {
  if (low === null || high === null) return "";
  const [from, to] = [formatShareNumber(low), formatShareNumber(high)];
  return from === to ? "" : `${from} to ${to}`;
};

const kindOf = ({ isSynthetic }: Source): string => (isSynthetic ? ", synthetic" : "");

const seen = ({ atMs, isSilent }: Source, nowMs: number): string =>
  isSilent ? `last seen ${formatAge(atMs, nowMs)}` : formatAge(atMs, nowMs);

/** A duration of which the unit does not get onto a line of its own. */
const unbroken = (durationS: number): string => formatSeconds(durationS).replace(" ", "\u00a0");

const spanOf = (spanS: number): string => formatSpan(spanS * 1000);

export const pulse = {
  reporting: {
    /** Beside the heading; nothing if no application ever reported. */
    heading: (reporting: number, known: number) =>
      known === 0 ? "" : capital(`${figureOf(reporting)} ${reportingTail(reporting, known)}`),
    reading: "Reading…",
    unread: (why: string) => `Not read: ${isolatedWithin(why)}`,
    storeGone: "Nothing is collected while the data folder is gone",
    trouble: (why: string) => `Nothing is collected: ${isolatedWithin(why)}`,
    /** True, too, if what was reported has been removed. */
    gone: (spanS: number) => `No reports from the last ${spanOf(spanS)}`,
    silent: (silentMs: number) => `No reports for ${formatSpan(silentMs)}`,
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
    none: (spanS: number) => `No calculations in ${spanOf(spanS)}`,
    errors: "Errors, all calculations",
    errorsMeaning: ({ part, whole }: Share) =>
      `${formatCount(part)} of ${formatCount(whole)} failed, of all components, on and off together; the range holds the true share 95 times in a hundred`,
    errorsOf: ({ part, whole }: Share) => `${formatCount(part)} of ${formatCount(whole)} failed`,
    share: ({ share }: Share) => formatShare(share ?? 0),
    within,
    quantiles: "p50 · p95 · p99",
    quantilesMeaning:
      "Of 100 calculations of any component, 50, 95 and 99 take no longer than this",
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
      isolatedWithin(sentence) +
      (others === 0 ? "" : `, and ${plural(others, "change")} shortly before`),
    markAt: (atMs: number, revision: number) => `${formatMoment(atMs)}, revision ${revision}`,
    markLabel: (sentence: string, when: string) => `${sentence}. ${when}. Open it in Activity`,
    empty: "Appears when applications report.",
    openCharts: "Open charts",
  },
  comparison: {
    title: (component: string | null) =>
      component === null ? "Error rate, all components" : `Error rate of ${isolated(component)}`,
    titleTail: ": on vs. off",
    meaning:
      "Failed calculations of users for whom a component is on, and of those for whom it is off, over the last 15 minutes",
    between: ", ",
    on: (share: number | null) => `On ${shareOrNothing(share)}`,
    off: (share: number | null) => `Off ${shareOrNothing(share)}`,
    onMeaning: "The share of calculations that failed for users for whom it is on",
    offMeaning: "The share of calculations that failed for users for whom it is off",
    limit: (share: number) => `limit ${formatPercent(share * 100)}`,
    limitMeaning: "rollback.triggers.errorRate",
    chartLabel: (limit: number, component: string | null) =>
      `Error rate of ${component === null ? "all components together" : isolated(component)} in the last 15 minutes, on and off, with the 95 % interval of each; limit ${formatPercent(limit * 100)}`,
    empty: "Appears when an app reports user IDs.",
    early: "Not enough data yet",
    table: "Components, by arm",
    columns: { component: "Component", on: "On", off: "Off", difference: "Difference" },
    differenceMeaning: "On minus off, in percentage points",
    nameless: "No component",
    arm: (errors: Share) => formatShare(errors.share ?? 0),
    tooFew: (count: number) => `${formatCount(count)} of 100`,
    tooFewMeaning: "Not enough data yet: an arm is judged from 100 calculations on",
    none: "–",
    difference: (difference: number) => signed(difference),
    interval: (low: number, high: number) => `${signed(low)} to ${signed(high)}`,
    more: (count: number) => `and ${formatCount(count)} more`,
    rollBack: "Roll back",
    rollBackLabel: (component: string) => `Roll back ${isolated(component)}`,
    rolledBack: (summary: string) => `Rolled back: ${isolatedWithin(summary)}`,
  },
  health: {
    title: "State Health",
    figureTail: (reporting: number, known: number) => reportingTail(reporting, known),
    memoryLimit: (bytes: number, limit: number) =>
      `Memory ${formatBytesRoughly(bytes)}, limit ${formatBytesRoughly(limit)}`,
    statesDamaged: (sources: readonly string[]) =>
      sources.length === 1
        ? `The state of ${isolated(sources[0] ?? "")} is damaged; open Snapshots to recover it`
        : `The states of ${sources.length} sources are damaged; open Snapshots to recover them`,
    restoreOpen: ({ source }: OpenRestore) =>
      `Waiting for ${isolated(source)} to confirm a restore`,
    restoreStuck: ({ source, sinceMs, silentMs }: OpenRestore) => {
      const waits = `Restore waits for ${isolated(source)} since ${formatClock(sinceMs)}`;
      if (silentMs === null) return `${waits}; it reports, but does not confirm`;
      return Number.isFinite(silentMs)
        ? `${waits}; last seen ${formatSpan(silentMs)} ago`
        : `${waits}; it never reported`;
    },
    statesSilent: (silentMs: number) => `No state reports for ${formatSpan(silentMs)}`,
    importedOnly: "Imported snapshots only",
    pushFails: (why: string) => `Pushing fails: ${isolatedWithin(why)}`,
    turnedAway: (batches: number) =>
      `${plural(batches, "batch", "batches")} turned away: too many waited`,
    overflowed: (calculations: number) =>
      `Too many names: ${plural(calculations, "calculation", "calculations")} counted as “other”`,
    collecting: "Not enough data yet",
    good: "Healthy",
    memory: "Memory",
    memoryMeaning: "Of the application that uses most, and the limit for it",
    memoryOf: formatBytesOf,
    own: "Flagdeck itself",
    ownBytes: formatBytesRoughly,
    events: "Events",
    eventsTaken: (taken: number, refused: number) =>
      `${formatCountBriefly(taken)} accepted, ${formatCountBriefly(refused)} refused`,
    eventsMeaning: (taken: number, refused: number) =>
      `${formatCount(taken)} accepted since counting began; ${formatCount(refused)} were not valid since Flagdeck was opened`,
    push: "Pushed to gateway",
    pushed: ({ atMs, error, waiting }: PushHealth, nowMs: number) => {
      if (error !== null) return `failing, ${formatCountBriefly(waiting)} waiting`;
      return atMs === null ? "never" : formatAge(atMs, nowMs);
    },
    pushMeaning: ({ gateway, atMs, failingSinceMs, failures }: PushHealth) => {
      const address = isolatedWithin(gateway);
      const last = atMs === null ? address : `${address}, last at ${formatMoment(atMs)}`;
      if (failingSinceMs === null) return last;
      const attempts = plural(failures, "attempt");
      return `${last}; ${attempts} failed since ${formatMoment(failingSinceMs)}`;
    },
    snapshot: "Snapshots",
    snapshotAt: (count: number, atMs: number, nowMs: number) =>
      `${formatCountBriefly(count)}, last ${formatAge(atMs, nowMs)}`,
    restores: "Open restores",
    restoresOf: ([first, ...more]: readonly OpenRestore[]) => {
      if (!first) return "none";
      if (more.length > 0)
        return `${formatCount(more.length + 1)}, ${isolated(first.source)} first`;
      return `${isolated(first.source)} since ${formatClock(first.sinceMs)}`;
    },
    restoresMeaning: (open: readonly OpenRestore[]) =>
      inLines(
        open,
        ({ source, sinceMs }) =>
          `1 restore waits for ${isolated(source)} since ${formatMoment(sinceMs)}`,
      ),
    snapshotMeaning: ({ name, lastSnapshotMs, snapshots }: StateSource) =>
      `${isolated(name)}: ${plural(snapshots, "snapshot")}${
        lastSnapshotMs === null ? "" : `, the latest at ${formatMoment(lastSnapshotMs)}`
      }`,
    history: "Change history",
    historyFill: ({ changes, changesMax }: StateSource) =>
      `${formatCount(changes)} of ${formatCount(changesMax)}`,
    historyMeaning: ({ name, changes, changesMax }: StateSource) =>
      `${isolated(name)}: the latest ${formatCount(changes)} recorded changes, of ${formatCount(changesMax)} that are remembered`,
    /** What is said behind its name. */
    kindOf,
    seen,
    otherSources: (count: number) => `and ${formatCount(count)} more`,
    sourceLines: (sources: readonly Source[], nowMs: number) =>
      inLines(sources, (each) => `${isolated(each.name)}${kindOf(each)}: ${seen(each, nowMs)}`),
    empty: "Appears when applications report.",
  },
} as const;

/** Also if one side has been silent of late. */
function shareOrNothing(share: number | null): string {
  return share === null ? "–" : formatShare(share);
}

/** A difference of shares in percentage points: `+8.6`, `−0.4`. */
function signed(difference: number): string {
  const points = Math.round(difference * 1000) / 10;
  if (points === 0) return "0";
  return `${points > 0 ? "+" : "−"}${Math.abs(points).toFixed(1)}`;
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
