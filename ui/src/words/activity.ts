/** The history of revisions. */

import type { Actor, Cause, Revision } from "../bindings/wire";
import { formatAgo, formatClock, formatCount, formatMoment, isSameDay } from "../format";
import type { Who } from "../model/history";
import { isolated, isolatedWithin } from "../model/isolated";
import { capital, doors, inLines, nameOf, plural } from "./shared";

const actor = (by: Actor): string => `${nameOf(by)} ${doors[by.via]}`;

const when = (atMs: number, nowMs: number): string =>
  isSameDay(atMs, nowMs) ? formatAgo(atMs, nowMs) : formatClock(atMs);

const why = (cause: Cause): string => {
  switch (cause.kind) {
    case "edit":
      return "An edit";
    case "import":
      return "A document was imported";
    case "undo":
      return `Took back revision ${cause.of}`;
    case "redo":
      return `Brought back revision ${cause.of}`;
    case "restore":
      return cause.of === 0
        ? "Put back how it all began"
        : `Put back how it was at revision ${cause.of}`;
    case "follow":
      return "This document is followed from this revision on";
    case "adopt":
      return "The followed document changed";
    case "publish":
      return "Overrides were published to the followed document";
    case "unfollow":
      return "Following ended; the flags stayed as they were";
    case "ramp":
      return "A ramp made a step";
    case "roll_back":
      return "A rollout did harm, and was rolled back";
  }
};

export const activity = {
  list: "Changes, latest first",
  damaged: "Damaged",
  damagedMeaning:
    "This revision does not match its hash. Anything shown of it but its number may be wrong.",
  detailsLabel: "Details of a change",
  filtersLabel: "Narrow down the changes",

  text: "Search changes and notes",
  component: "Any component or group",
  componentLabel: "Component or group",
  components: "Components and groups",
  whoLabel: "Who",
  who: ({ name, via }: Who) => {
    if (name === undefined && via === "followed") return "The followed document";
    if (name === undefined && via === "rollout") return "Ramps and rollbacks";
    if (name === undefined) return via === undefined ? "Anyone" : `Anyone ${doors[via]}`;
    return via === undefined ? isolated(name) : actor({ name, via });
  },
  spanLabel: "When",
  spans: {
    any: "Any time",
    today: "Today",
    week: "Last 7 days",
    month: "Last 30 days",
    range: "Between two days…",
  },
  from: "From",
  to: "to",
  bothDays: "Both days are included",
  backwards: "The first day comes after the last one, so nothing can be between them.",
  filters: (set: number) => (set === 0 ? "Filters" : `Filters (${set})`),
  clear: "Clear filters",

  count: (total: number, all: number, restores: number) => {
    const changes =
      total === all
        ? plural(all, "change")
        : `${formatCount(total)} of ${formatCount(all)} ${all === 1 ? "change" : "changes"}`;
    if (restores === 0) return changes;
    return all === 0 ? plural(restores, "restore") : `${changes}, ${plural(restores, "restore")}`;
  },
  arrived: (count: number) => `${formatCount(count)} new`,
  whatLabel: "What",
  whats: { all: "All activity", flags: "Flag changes", restores: "Restores" },
  loading: "Reading the history…",
  notRead: (why: string) =>
    `The history could not be read; nothing is lost. ${isolatedWithin(why)}`,
  empty: "Nothing has changed yet",
  emptyHint:
    "Everything that is changed from here on is listed: what, when, by whom, and with a way back.",
  openFlags: "Open the flags",
  noMatch: "No change matches",
  noMatchHint: "Try a longer time, another person or fewer words.",

  what: ({ summary }: Revision) => isolatedWithin(summary),
  changes: ({ changes }: Pick<Revision, "changes">) => inLines(changes, isolatedWithin),
  actor,
  when,
  number: (revision: number) => `r${revision}`,
  revision: (revision: number) => (revision === 0 ? "The beginning" : `Revision ${revision}`),
  mark: (cause: Cause): string => {
    switch (cause.kind) {
      case "edit":
        return "";
      case "import":
        return "imported";
      case "undo":
        return `undid r${cause.of}`;
      case "redo":
        return `redid r${cause.of}`;
      case "restore":
        return `restored r${cause.of}`;
      case "follow":
        return "follows";
      case "adopt":
        return "adopted";
      case "publish":
        return "published";
      case "unfollow":
        return "stopped following";
      case "ramp":
        return "ramp";
      case "roll_back":
        return "rolled back";
    }
  },
  rowLoading: "Reading…",

  unknown: (revision: number) =>
    `There is no revision ${revision}. Choose another one from the list.`,
  back: "Back to the list",
  newer: "Newer",
  older: "Older",
  inForce: "in force",
  whenLabel: "When",
  whenInFull: (atMs: number, nowMs: number) => `${formatMoment(atMs)}, ${formatAgo(atMs, nowMs)}`,
  whyLabel: "Why",
  why,
  showCause: (of: number) => `Show revision ${of}`,
  showDecision: "Show decision",
  showRamp: "Show rollout",
  note: "Note",

  compare: "Compare",
  against: { before: "What it changed", now: "What changed since" },
  againstMeaning: {
    before: (revision: number) =>
      `Against ${revision === 0 ? "the beginning" : `revision ${revision}`}`,
    now: "Against what is in force now",
  },
  nothingChanged: "It changed nothing that applications read.",
  isInForce: "Nothing: this is the revision in force.",
  isAsNow: "Nothing: what is in force is the same as it was here.",

  restore: "Restore this state…",
  restoreHint: (revision: number) => `Make everything as it was at revision ${revision}`,
  cannotRestore: "There is nothing to restore: what is in force is the same.",
  undo: "Undo this",
  undoHint: "Take this change back, as a change of its own",
  copy: "Copy as report",
  copied: "The report was copied.",
  notCopied:
    "The report could not be copied: the desktop did not let Flagdeck write to its clipboard.",

  restoreTitle: (revision: number) =>
    revision === 0 ? "Restore how it all began?" : `Restore revision ${revision}?`,
  restoreMeaning:
    "Everything becomes as it was then. That is a change of its own: nothing is lost, and you can undo it.",
  restoreFrom: (revision: Revision, nowMs: number) =>
    `Saved ${formatAgo(revision.atMs, nowMs)} by ${actor(revision.actor)}: ${isolatedWithin(revision.summary)}`,
  restoreChanges: (total: number) => `${capital(plural(total, "value"))} will change`,
  restoreNow: "Restore",
  reading: "The changes are still being read.",
  restored: (revision: number) =>
    revision === 0
      ? "Everything is as it was at the beginning"
      : `Everything is as it was at revision ${revision}`,
  nothingToRestore: (revision: number) =>
    `Nothing was changed: everything is as it was at revision ${revision} already`,

  report: {
    title: (revision: number) => `Flagdeck, revision ${revision}`,
    when: "When",
    who: "Who",
    why: "Why",
    note: "Note",
    changes: "Changes",
    more: (count: number) => `and ${plural(count, "further change")}`,
    nothing: "nothing",
  },
} as const;
