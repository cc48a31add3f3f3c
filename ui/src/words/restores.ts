/** Restores of states: what is asked for, what became of it, and the ways to take it back. */

import type { Actor, RestoreStatus, StateRestore } from "../bindings/wire";
import {
  formatAgo,
  formatCount,
  formatDayOf,
  formatMoment,
  formatPreciseClock,
  isSameDay,
} from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import { doors, nameOf, plural } from "./shared";

/** Keys named in a sentence; the others are counted. */
const KEYS_SHOWN = 2;
/** The backend lists no more keys that differ. */
const DIFFERING_MAX = 20;

/** A time of today, or a day and a time; to the second, as restores may share a minute. */
const when = (atMs: number, nowMs: number): string => {
  const time = formatPreciseClock(atMs);
  return isSameDay(atMs, nowMs) ? time : `${formatDayOf(atMs, nowMs)} ${time}`;
};

const who = (actor: Actor): string => `${nameOf(actor)} ${doors[actor.via]}`;

const keys = (all: readonly string[]): string => {
  const shown = all.slice(0, KEYS_SHOWN).map(isolatedWithin);
  return all.length <= KEYS_SHOWN
    ? shown.join(" and ")
    : `${shown.join(", ")} and ${formatCount(all.length - KEYS_SHOWN)} more`;
};

type Parts = Pick<StateRestore, "only" | "except">;

/** What is asked for, for the middle of a sentence. */
const parts = ({ only, except }: Parts): string => {
  if (only.length > 0) return keys(only) + (except.length > 0 ? ` but not ${keys(except)}` : "");
  return except.length > 0 ? `everything but ${keys(except)}` : "everything";
};

const differing = (count: number): string =>
  count >= DIFFERING_MAX
    ? `${formatCount(count)} or more parts differ`
    : `${plural(count, "part")} ${count === 1 ? "differs" : "differ"}`;

const damaged = "Damaged: what it asked for and what became of it are not known";

const number = (snapshot: number) => `snapshot ${snapshot}`;

const recovered = (from: string | null): string =>
  `Recover a damaged state${from === null ? "" : ` from ${from}`}`;

const statuses: Record<RestoreStatus, string> = {
  open: "Waiting",
  confirmed: "Confirmed",
  superseded: "Superseded",
  cancelled: "Cancelled",
  recovered: "Recovered",
  damaged: "Damaged",
};

export const restores = {
  who,
  parts,
  when,
  moment: formatMoment,
  ago: formatAgo,

  /** What became of it, in a line. */
  status: (restore: StateRestore, nowMs: number): string => {
    const { status, source, endedMs, isExact } = restore;
    const at = when(endedMs ?? restore.atMs, nowMs);
    switch (status) {
      case "open":
        return `Waiting for ${isolated(source)} to confirm, since ${at}`;
      case "confirmed":
        if (isExact === null) return `Confirmed by ${isolated(source)} at ${at}, not compared`;
        return isExact
          ? `Confirmed by ${isolated(source)}, exactly as asked, ${at}`
          : `Confirmed by ${isolated(source)} at ${at}, but ${differing(restore.differing.length)}: ${keys(restore.differing)}`;
      case "superseded":
        return `Superseded by a newer restore, ${at}`;
      case "cancelled":
        return restore.endedBy === null
          ? `Cancelled, ${at}`
          : `Cancelled by ${who(restore.endedBy)}, ${at}`;
      case "recovered":
        return `Took the place of a damaged state, ${at}`;
      case "damaged":
        return damaged;
    }
  },
  /** The same in a word. */
  brief: ({ status, isExact, differing: keysThatDiffer }: StateRestore): string => {
    if (status !== "confirmed") return statuses[status];
    if (isExact === null) return "Not compared";
    return isExact ? "Confirmed" : differing(keysThatDiffer.length);
  },
  meanings: {
    open: "The source has not confirmed yet. It is notified again whenever it connects.",
    exact: "What the source confirmed with is exactly what was asked for.",
    differs:
      "The source confirmed, but these parts are not as asked for: it may have changed them before it confirmed.",
    uncompared: "What the source confirmed with was not compared with what was asked for.",
    superseded: "A newer restore of the same source took its place before the source confirmed it.",
    cancelled: "The source is no longer asked for it. Its state was not changed.",
    recovered:
      "What was stored of the state could not be read, so the snapshot took its place. The source was asked for nothing.",
    damaged:
      "What is stored of it does not match its hash. Its source is not asked for it; its time and source may be wrong.",
  },
  /** What it is, with the snapshot it is from if that is known. */
  what: (restore: StateRestore, from: string | null): string => {
    if (restore.status === "recovered") return recovered(from);
    if (restore.status === "damaged") return `Restore ${restore.id}`;
    const verb = restore.undoes === null ? "Restore" : "Undo a restore of";
    return `${verb} ${parts(restore)}${from === null ? "" : ` from ${from}`}`;
  },
  /** The same with its source, for a list of what happened. */
  whatOf: (restore: StateRestore): string => {
    if (restore.status === "recovered") {
      return `${isolated(restore.source)}: recover a damaged state from ${number(restore.snapshot)}`;
    }
    if (restore.status === "damaged") {
      return restore.source === ""
        ? `Restore ${restore.id}`
        : `${isolated(restore.source)}: restore ${restore.id}`;
    }
    const verb = restore.undoes === null ? "restore" : "undo a restore of";
    return `${isolated(restore.source)}: ${verb} ${parts(restore)}`;
  },
  line: (restore: StateRestore, from: string | null, status: string): string => {
    if (restore.status === "recovered")
      return `Recovered${from === null ? "" : ` from ${from}`} · ${status}`;
    const what = restore.undoes === null ? "Restore" : "Undo";
    return `${what}${from === null ? "" : ` from ${from}`} (${parts(restore)}) · ${status}`;
  },
  flags: ({ revision }: StateRestore): string =>
    revision === null ? "" : ` · flags became revision ${revision}`,
  number,

  undoMeaning: "Ask for the same parts as they were before this restore",
  cancel: "Cancel restore",
  cancelMeaning: (source: string) =>
    `Stop asking ${isolated(source)} for it. Its state stays as it is.`,
  show: "Open in Snapshots",
  showMeaning: "Compare the state before the restore with the snapshot it is from",

  asked: (restore: StateRestore): string =>
    `${isolated(restore.source)} is asked to restore ${parts(restore)}. Open until it confirms.`,
  askedUndo: (restore: StateRestore): string =>
    `${isolated(restore.source)} is asked for ${parts(restore)} as before the restore. Open until it confirms.`,
  /** Once it is confirmed, for a person who may look elsewhere. */
  confirmed: (restore: StateRestore): string => {
    const { source, isExact } = restore;
    const what = restore.undoes === null ? "the restore" : "the undo of a restore";
    const begin = `${isolated(source)} confirmed ${what} of ${parts(restore)}`;
    if (isExact === null) return `${begin}, not compared.`;
    return isExact
      ? `${begin}, exactly as asked.`
      : `${begin}, but ${differing(restore.differing.length)}: ${keys(restore.differing)}.`;
  },
  cancelled: ({ source, revision }: StateRestore) =>
    `Restore cancelled. ${isolated(source)} keeps the state it has.${
      revision === null ? "" : ` The flags stay as of revision ${revision}.`
    }`,

  recovery: {
    open: (snapshot: number) => `Recover from snapshot ${snapshot}…`,
    title: (source: string) => `Recover the state of ${isolated(source)}?`,
    lost: (source: string, snapshot: number) =>
      `What is stored of it cannot be read. Snapshot ${snapshot}, the latest that can be, takes its place. What ${isolated(source)} reported after it is lost.`,
    otherwise: (source: string) =>
      `${isolated(source)} is asked for nothing. Its next whole report replaces the state, too.`,
    now: "Recover state",
    done: (source: string, snapshot: number) =>
      `${isolated(source)} has the state of snapshot ${snapshot} again.`,
  },

  removal: {
    open: "Remove record…",
    openMeaning: "Remove this damaged record, so that it is no longer reported",
    title: (id: number) => `Remove the record of restore ${id}?`,
    lost: "It cannot be read or used. Removing it also removes the fact that there was a restore.",
    stays: "States, snapshots and other restores stay as they are. This cannot be undone.",
    now: "Remove damaged record",
    done: (id: number) => `The damaged record of restore ${id} is removed.`,
  },

  undoDialog: {
    title: (source: string, at: string) => `Undo the restore of ${isolated(source)} of ${at}?`,
    moved: (count: number, wasExact: boolean) => {
      const what = wasExact
        ? `${plural(count, "value")} changed since the restore in these parts.`
        : `${plural(count, "value")} in these parts ${count === 1 ? "is" : "are"} not as the restore asked for.`;
      return `${what} Undoing overwrites ${count === 1 ? "it" : "them"}.`;
    },
    unknown: "What changed since the restore is unknown: its snapshot is gone.",
    told: (source: string) =>
      `${isolated(source)} is asked for the same parts as they were before the restore. It stays open until ${isolated(source)} confirms.`,
    willChange: (count: number) => `${plural(count, "value")} will change`,
    nothing: "Nothing to undo: these parts are as they were before the restore.",
    reading: "Comparing…",
    preview: "What undoing changes",
    now: "Undo restore",
    notRead: (why: string) =>
      `The preview could not be read; nothing was undone. ${isolatedWithin(why)}`,
  },

  list: {
    open: "Restores",
    openMeaning: "Show every restore, with what became of it",
    title: (source: string | null) =>
      source === null ? "Restores" : `Restores of ${isolated(source)}`,
    label: "Restores, latest first",
    none: "No restores yet",
    noneHint: "Compare two snapshots, then choose Restore to ask the source for an earlier state.",
    reading: "Reading the restores…",
    notRead: (why: string) =>
      `The restores could not be read; nothing is lost. ${isolatedWithin(why)}`,
    showMore: "Show more",
    more: (shown: number, total: number) =>
      `The latest ${formatCount(shown)} of ${formatCount(total)} are listed`,
  },

  marks: "Restores",
  mark: (restore: StateRestore, count: number, nowMs: number) => {
    const what = `restore of ${parts(restore)}, ${statuses[restore.status].toLowerCase()}`;
    const more = count > 1 ? `, and ${plural(count - 1, "earlier one")}` : "";
    return `${when(restore.atMs, nowMs)}: ${what}${more}. Show all.`;
  },
  openDot: (source: string) => `${isolated(source)} has an open restore`,

  details: {
    title: (id: number) => `Restore ${id}`,
    source: "Source",
    who: "Who",
    when: "When",
    parts: "Parts",
    from: "From",
    status: "Status",
    ended: "Confirmed",
    differing: "Differs",
    undoes: "Undoes",
    undoesRestore: (id: number) => `Restore ${id}`,
    flags: "Flags",
    revision: (revision: number) => `Became revision ${revision}`,
    everything: "Everything",
    everythingBut: "Everything but",
    butNot: "But not",
    notFound: (id: number) => `Restore ${id} is not in this list. Clear the filters to see it.`,
    fromSnapshot: (at: string, id: number) => `${at} (snapshot ${id})`,
    showAll: (count: number) => `Show all ${formatCount(count)}`,
  },
} as const;
