/** Two states compared: what differs, the state in full, what set a value, and the way back. */

import type {
  ChangeRecord,
  ListChange,
  Snapshot,
  StateChangeKind,
  Unreadable,
} from "../bindings/wire";
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDayOf,
  formatFigure,
  formatMoment,
  formatPercentNumber,
  formatPreciseClock,
  isSameDay,
} from "../format";
import { isolated, isolatedLines, isolatedWithin } from "../model/isolated";
import type { Tally } from "../model/state_changes";
import { capital, plural, unreadable } from "./shared";
import { causes } from "./snapshots";

/** A time of today, or a day and a time; to the second, as snapshots may share a minute. */
const when = (atMs: number, nowMs: number): string => {
  const time = formatPreciseClock(atMs);
  return isSameDay(atMs, nowMs) ? time : `${formatDayOf(atMs, nowMs)} ${time}`;
};

/** A share with its sign: `+31 %`, `−0.4 %`; `±0 %` where it is too small to tell. */
const signed = (share: number): string => {
  const percent = Math.abs(share) * 100;
  if (percent < 0.05) return "±0 %";
  const sign = share < 0 ? "−" : "+";
  return `${sign}${percent < 9.95 ? percent.toFixed(1) : formatCount(percent)} %`;
};

const share = (of: number): string => `${formatPercentNumber(of * 100)} %`;

/** When a value of a whole report was set: between it and what was heard before. */
const byWholeReport = ({ sinceMs, atMs }: ChangeRecord): string =>
  sinceMs === null || formatPreciseClock(sinceMs) === formatPreciseClock(atMs)
    ? `at ${formatPreciseClock(atMs)}, by a whole report`
    : `between ${formatPreciseClock(sinceMs)} and ${formatPreciseClock(atMs)}, by a whole report`;

/** The name a person gave, else why it was taken. */
const called = ({ name, cause }: Snapshot): string =>
  name === null ? causes[cause] : isolated(name);

const values = (count: number): string => plural(count, "value");

export const compare = {
  label: "Comparison",
  when,
  clock: formatPreciseClock,
  now: "now",
  nowOf: (source: string) => `${isolated(source)} as it is now`,
  sides: { from: "A", to: "B" },
  comparedWith: "compared with",
  moment: (snapshot: Snapshot) => `${formatMoment(snapshot.atMs)} · ${called(snapshot)}`,
  changes: (total: number | null) => (total === null ? "" : plural(total, "change")),
  by: ({ place, atMs }: ChangeRecord) =>
    place === ""
      ? formatPreciseClock(atMs)
      : `${isolatedWithin(place)}, ${formatPreciseClock(atMs)}`,
  recordedBy: (record: ChangeRecord) => {
    const { atMs, origin, byReport } = record;
    const key = isolatedWithin(record.key);
    if (byReport) return `${key}, ${byWholeReport(record)}`;
    const lines = [`${key}, set ${formatMoment(atMs)}`, isolatedLines(origin)];
    return lines.filter((line) => line !== "").join("\n");
  },
  setBy: "Set by",
  changesShown: (total: number, noise: number) =>
    noise === 0
      ? plural(total, "change")
      : `${formatCount(total - noise)} of ${plural(total, "change")} shown`,
  swap: "Swap A and B",
  first: "This is the first snapshot",
  firstHint: "There is nothing before it to compare it with. Choose a later one in the list.",
  choose: "Nothing is compared yet",
  chooseHint:
    "Choose a snapshot to see what changed in it, and a second one to compare any two of them.",

  modes: "Show",
  mode: { changes: "Changes", full: "Full" },
  modeMeaning: {
    changes: "Only what differs, part by part",
    full: "The whole later state, with what differs marked in it",
  },
  find: "Find in this comparison",
  found: (count: number, of: number) => `${formatCount(count)} of ${formatCount(of)}`,
  foundAt: (place: number, count: number) =>
    count === 0 ? "Nothing found" : `${formatCount(place)} of ${formatCount(count)}`,
  nothingFound: (query: string) => `No change has “${isolated(query)}” in its path or value`,
  nothingFoundHint:
    "The full state has it if it did not change. Search the list for snapshots in which it was added or removed.",
  findInFull: "Find it in the full state",
  next: "Next match (Enter)",
  previous: "Match before (Shift+Enter)",

  options: "What counts as a change",
  optionsSet: (tolerance: number, noise: number) =>
    [
      ...(tolerance > 0 ? [`± ${share(tolerance)}`] : []),
      ...(noise > 0 ? [plural(noise, "noise key")] : []),
    ].join(" · "),
  tolerance: "Numbers count as equal that differ by",
  tolerances: [
    { value: 0, label: "nothing" },
    { value: 0.001, label: "0.1 %" },
    { value: 0.01, label: "1 %" },
    { value: 0.05, label: "5 %" },
  ],
  noise: "Keys that are noise",
  noiseHint: "Their changes are folded into one row, wherever they are.",
  noisePlaceholder: "Such as lastSeen",
  noiseAdd: "Add",
  noiseRemove: (key: string) => `${isolated(key)} is no noise`,
  optionsKept: "Kept while the window is open.",

  export: "Export",
  exportLabel: "Export the difference",
  patchToFile: "JSON Patch to a file…",
  patchCopy: "Copy as JSON Patch",
  bundle: "Both snapshots to a file…",
  bundleNow: "Both snapshots to a file (the state now is none)",
  patchName: "state-patch.json",
  patchCopied: "The JSON Patch was copied",
  written: (place: string) => `Written to ${isolatedWithin(place)}`,

  restoreSide: (side: string) => `Restore ${side}…`,
  restoreHint: (at: string) => `Restore the state of ${at}, all or in part`,
  restoreNobody: "This came from a file: no source reports here that could be asked to restore it",
  restoreHistory: "ml.history is the record of changes, which is not restored",
  restoreValue: "Restore this value…",
  restoreRecord: "Restore this record…",
  restoreRecordOf: (record: string) => `Restore the record ${isolatedWithin(record)}…`,
  restoreHere: (key: string) => `Restore ${key.endsWith("]") ? "this record" : "this value"} (R)`,
  restoreMore: "Restore the other one",
  restoreOf: (side: string, at: string) => `Restore ${side}, ${at}…`,
  restoreNone: "What is compared is the state as it is: there is nothing to restore",

  list: "What differs",
  reading: "Comparing…",
  notRead: (why: string) =>
    `The states could not be compared; nothing is lost. ${isolatedWithin(why)}`,
  same: "Nothing differs",
  sameHint: "Both states have the same values.",
  sameSnapshot: "A and B are one snapshot",
  sameSnapshotHint: "Choose another one in the list to compare it with.",
  tolerated: (count: number, tolerance: number) =>
    `${plural(count, "number")} ${count === 1 ? "differs" : "differ"} by no more than ${share(tolerance)} and ${count === 1 ? "counts" : "count"} as equal`,
  unlisted: (listed: number, total: number) =>
    `The first ${formatCount(listed)} of ${formatCount(total)} changes are listed; the JSON Patch has all`,
  unreadable: (what: Unreadable) => `${unreadable(what)}, so what set a value may be missing`,
  keyHints: "R restore · B blame · C copy path · V copy value · Enter open",

  tally: (tally: Tally) =>
    tally.kind === "series"
      ? `${plural(tally.added, "new value")} in ${plural(tally.series, "series", "series")}`
      : plural(tally.count, "change"),
  unchanged: "unchanged",
  noiseRow: (count: number) => `${plural(count, "change")} of noise keys`,
  fold: (isOpen: boolean) => (isOpen ? "Fold" : "Unfold"),
  open: (isOpen: boolean) => (isOpen ? "Show less" : "Show in full"),
  kinds: {
    added: "Added",
    removed: "Removed",
    changed: "Changed",
    moved: "Moved",
    list: "List changed",
    series: "Series changed",
  },
  origin: ({ kind, path }: { kind: "renamed" | "moved"; path: string }) =>
    `${kind} from ${isolatedWithin(path)}`,
  elements: (list: ListChange, kind: StateChangeKind): string => {
    const parts = [
      ...(list.dropped > 0 ? [`${formatCount(list.dropped)} dropped`] : []),
      ...(list.added > 0 ? [`${formatCount(list.added)} added`] : []),
      ...(list.moved > 0 ? [`${formatCount(list.moved)} moved`] : []),
      ...(list.changed > 0 ? [`${formatCount(list.changed)} changed`] : []),
    ];
    return parts.join(", ") || (kind === "list" ? "in another order" : "");
  },
  matchedBy: (key: string) => `matched by ${isolated(key)}`,
  shifted: "moved on",
  shiftedMeaning: "A ring: elements went at its beginning, others came at its end",
  length: (before: number, after: number) =>
    before === after
      ? `${formatCount(after)} long`
      : `${formatCount(before)} → ${formatCount(after)} long`,
  mean: "mean",
  drift: signed,
  series: {
    mean: "Mean",
    p95: "95 in 100 no more than",
    largest: "Largest change",
    largestMeaning: "The largest difference between two numbers that belong together",
    length: "Numbers",
    before: "Before",
    after: "After",
    picture: (path: string) => `${isolatedWithin(path)} before and after`,
  },
  figure: (value: number | null) => (value === null ? "–" : formatFigure(value)),
  brief: (elements: string, mean: string, p95: string, largest: string) =>
    `${elements === "" ? "" : `${elements}\n`}Mean ${mean}\n95 in 100 no more than ${p95}\nLargest change ${largest}`,
  arrow: (before: string, after: string) => `${before} → ${after}`,
  went: "Went",
  came: "Came",
  cut: "…",
  readWhole: "Show the whole value",
  readingWhole: "Reading…",

  blame: "Blame",
  blameHint: "What set this value, and when (B)",
  copyPath: "Copy path",
  copyPathHint: "Copy the path (C)",
  copyValue: "Copy value",
  copyValueHint: "Copy the value (V)",
  showInFull: "Show in the full state",
  foldNoise: (key: string) => `Fold changes of “${isolated(key)}” as noise`,
  rowMenu: "Actions",
  copiedPath: (path: string) => `Copied: ${isolatedWithin(path)}`,
  copiedValue: "The value was copied",
  notCopied: "It could not be copied: the desktop did not let Flagdeck write to its clipboard.",

  full: {
    tree: "The later state",
    difference: "The difference",
    reading: (bytes: number | null) =>
      bytes === null ? "Reading the state…" : `Reading the state, ${formatBytes(bytes)}…`,
    notRead: (why: string) =>
      `The state could not be read; nothing is lost. ${isolatedWithin(why)}`,
    notParsed: (why: string) => `The state is no JSON text that can be read. ${why}`,
    empty: "The state is empty",
    items: (count: number) => plural(count, "element"),
    keys: (count: number) => plural(count, "key"),
    was: "was",
    added: "added",
    removed: "removed",
    within: (count: number) => plural(count, "change"),
  },

  blamed: {
    title: "Where this value comes from",
    value: "Value",
    reading: "Looking through the snapshots…",
    notRead: (why: string) => `It could not be looked up; nothing is lost. ${isolatedWithin(why)}`,
    gone: "Removed",
    lastValue: "Its last value",
    byWholeReport: (record: ChangeRecord) => capital(byWholeReport(record)),
    values: (count: number) => `Over ${formatCount(count)} snapshots`,
    valuesLabel: (key: string) => `${isolatedWithin(key)} over time`,
    valueRange: (least: number, most: number) =>
      least === most ? formatFigure(least) : `${formatFigure(least)} to ${formatFigure(most)}`,
    set: "Set",
    takenAway: "Removed",
    between: (verb: string, from: string, to: string) => `${verb} between ${from} and ${to}`,
    since: (first: string) =>
      `As it is since ${first}, the first snapshot there is: what set it lies further back`,
    sinceNotThere: (first: string) => `Not there since ${first}, the first snapshot there is`,
    afterLatest: (verb: string, latest: string) => `${verb} after ${latest}, the latest snapshot`,
    noSnapshots: "There is no snapshot yet that could tell when it was set",
    records: (count: number) => (count === 1 ? "Set by" : `Set by ${plural(count, "change")}`),
    noRecord: "No single change was recorded.",
    unreadable: (what: Unreadable) => `${unreadable(what)}. Another change may have set it.`,
    noRecordHint:
      "An application that sends its changes to /api/ml/state/{source}/changes also says what made them.",
    stackShow: "Show stack",
    stackHide: "Hide stack",
    stackKey: "S",
    noOrigin: "The application did not say from where.",
    earlier: (count: number) => (count >= 100 ? "Latest 100 earlier changes" : "Earlier changes"),
    noEarlier: "No earlier change in these snapshots.",
    show: (at: string) => `Show ${at}`,
    showMeaning: "Compare this snapshot with the one before it",
    nothing: "nothing",
    called,
    exact: formatMoment,
    ago: formatAgo,
  },

  restore: {
    title: (at: string, source: string) => `Restore ${isolated(source)} as it was at ${at}?`,
    from: (snapshot: Snapshot) =>
      `${formatMoment(snapshot.atMs)} · ${called(snapshot)} · ${formatBytes(snapshot.bytes)}`,
    note: (note: string) => `“${isolated(note)}”`,
    extent: "What to restore",
    extents: { all: "Everything", only: "Only some parts", except: "All but some parts" },
    partsHint: {
      all: "Clear a box to leave that part as it is.",
      only: "Check what to restore. Everything else stays.",
      except: "What is not checked stays. Everything else is restored.",
    },
    parts: "Parts of the state",
    part: (count: number, isCut: boolean) =>
      isCut ? `${formatCount(count)} or more` : plural(count, "change"),
    same: "no change",
    cut: (listed: number, total: number) =>
      `The first ${formatCount(listed)} of ${formatCount(total)} changes are listed. A part that is checked as a whole includes the others in it.`,
    reading: "Checking what would change…",
    notRead: (why: string) =>
      `The preview could not be read; nothing was restored. ${isolatedWithin(why)}`,
    nothing: "Nothing to restore: the state is the same as it was.",
    flagsOnly: "The state is the same as it was; only the flags will change.",
    nothingOf: "Nothing to restore in these parts: they are as they were.",
    nothingChosen: "Choose at least one part.",
    tooMany: (count: number, max: number) =>
      `A restore names up to ${formatCount(max)} parts, and this takes ${formatCount(count)}. Check whole parts instead, or restore in steps.`,
    unsaved: (source: string) => `Restore of ${isolated(source)}`,
    everythingKept: "Nothing to restore: everything that differs is to stay.",
    willChange: (count: number, of: number) =>
      count === of
        ? `${capital(values(count))} will change`
        : `${formatCount(count)} of ${values(of)} will change`,
    stale: "The state changed since this preview.",
    refresh: "Refresh",
    safety: "The current state is saved first, so you can undo this.",
    told: (source: string) =>
      `${isolated(source)} is asked to restore this. It stays open until ${isolated(source)} confirms.`,
    supersedes: (source: string, at: string, parts: string) =>
      `This replaces the open restore of ${at} (${parts}), which ${isolated(source)} has not confirmed.`,
    flags: (revision: number) => `Also restore the flags of revision ${revision}`,
    flagsMeaning: (from: number) =>
      `The flags in force are revision ${from}. They change at once, as a new revision, without waiting for the source. You can undo this.`,
    now: (count: number, source: string, withFlags: number | null) => {
      if (count === 0 && withFlags !== null) return `Restore the flags of r${withFlags}`;
      const flags = withFlags === null ? "" : `, and the flags of r${withFlags}`;
      return `Restore ${values(count)} of ${isolated(source)}${flags}`;
    },
    nowPlain: "Restore",
    restoring: "Restoring…",
  },
} as const;
