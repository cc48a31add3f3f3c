/** The snapshots of states: the timeline, the list, what is kept and what is taken. */

import type { Snapshot, SnapshotCause, StateSource, Unreadable } from "../bindings/wire";
import {
  formatAgo,
  formatBytes,
  formatClock,
  formatPreciseClock,
  formatCount,
  formatDayOf,
  formatMoment,
  isSameDay,
} from "../format";
import type { Range } from "../model/chart_range";
import { isolated, isolatedLines, isolatedWithin } from "../model/isolated";
import type { Speed } from "../model/timeline";
import { plural, unreadable } from "./shared";

/** Why a snapshot was taken, where nobody named it. */
export const causes: Record<SnapshotCause, string> = {
  interval: "on schedule",
  asked: "asked for",
  before_restore: "before a restore",
  before_rollback: "before a rollback",
  import: "from a file",
};

const when = (atMs: number, nowMs: number): string =>
  isSameDay(atMs, nowMs)
    ? `${formatDayOf(atMs, nowMs)} ${formatClock(atMs)}`
    : `${formatDayOf(atMs, nowMs)}, ${formatClock(atMs)}`;

/** To the second, as snapshots may share a minute. */
const exactly = (atMs: number, nowMs: number): string =>
  `${formatDayOf(atMs, nowMs)}, ${formatPreciseClock(atMs)}`;

const called = ({ name, cause }: Snapshot): string =>
  name === null ? causes[cause] : isolated(name);

const changed = (count: number): string => (count > 0 ? plural(count, "change") : "no change");

const changes = ({ changes, isFirst }: Snapshot): string => {
  // Of an earlier format, until they are counted.
  if (changes === null) return "–";
  return changes === 0 && isFirst ? "first" : changed(changes);
};

const speeds: Record<Speed, string> = { 1: "1×", 4: "4×" };
const speedMeanings: Record<Speed, string> = {
  1: "a snapshot a second",
  4: "four snapshots a second",
};

/** What a source calls itself, in a command that can be run as it stands. */
const example = "my-app";

export const snapshots = {
  timelineLabel: "Timeline",
  listLabel: "Snapshots, latest first",
  called,
  changes,
  loading: "Reading the snapshots…",
  notRead: (why: string) => `The snapshots could not be read. ${isolatedWithin(why)}`,

  sourcesLabel: "Source",
  allSources: "all sources",
  sourceMeaning: (
    { name, atMs, bytes, snapshots, restore, isDamaged }: StateSource,
    nowMs: number,
  ) =>
    [
      isolated(name),
      atMs === null && !isDamaged
        ? "snapshots only, from a file"
        : `${formatBytes(bytes)}, reported ${atMs === null ? "at a time that cannot be read" : formatAgo(atMs, nowMs)}`,
      plural(snapshots, "snapshot"),
      ...(isDamaged ? ["damaged: its state cannot be read"] : []),
      ...(restore?.status === "open" ? ["open restore"] : []),
    ].join("\n"),
  sourceHint: ({ snapshots, restore, isDamaged }: StateSource) =>
    plural(snapshots, "snapshot") +
    (restore?.status === "open" ? ", open restore" : "") +
    (isDamaged ? ", damaged" : ""),
  sourceDamaged: (source: string) => `The state of ${isolated(source)} is damaged`,
  findSource: "Find a source",
  noSource: "No source is called that",

  range: ({ fromMs, toMs }: Range, nowMs: number) =>
    when(fromMs, nowMs) === when(toMs, nowMs)
      ? when(fromMs, nowMs)
      : isSameDay(fromMs, toMs)
        ? `${when(fromMs, nowMs)} to ${formatClock(toMs)}`
        : `${when(fromMs, nowMs)} to ${when(toMs, nowMs)}`,
  legendHeight: "height: how much changed",
  legendMarks: "flag revision",
  legendRestores: "restore",
  marksCut: (shown: number, total: number) =>
    `the latest ${formatCount(shown)} of ${plural(total, "flag revision")}`,
  showAll: "Show all",
  showAllMeaning: "Show everything, however long ago",
  showNear: "Show less",
  showNearMeaning: "Show only what is near, a column for each snapshot (Esc in the timeline)",
  timelineHint:
    "Drag over a part to look closer; click to compare the snapshot there with the one before it",
  timelineKeys:
    "Arrow keys go from snapshot to snapshot, Home and End to the ends. Plus and minus zoom, Space plays back, Escape goes back to what is near.",
  column: (range: Range, snapshots: number, changes: number, nowMs: number) =>
    `${when(range.fromMs, nowMs)}: ${
      snapshots === 0 ? "no snapshot" : `${plural(snapshots, "snapshot")}, ${changed(changes)}`
    }`,
  marksLabel: "Flag revisions",
  position: (snapshot: Snapshot | null, nowMs: number) =>
    snapshot === null
      ? "Nothing chosen"
      : `${exactly(snapshot.atMs, nowMs)}, ${called(snapshot)}, ${changes(snapshot)}`,

  previous: "Earlier snapshot",
  next: "Later snapshot",
  play: "Play back",
  playMeaning: "Go through the listed snapshots one by one (Space)",
  pause: "Pause",
  speeds,
  speedMeanings,
  speed: (speed: Speed) => `${speeds[speed]}: ${speedMeanings[speed]}`,

  filtersLabel: "Narrow down the snapshots",
  text: "Search",
  textLabel: "Search changes, names and notes",
  textMeaning:
    "Snapshots in which the text was added, removed or is in a changed key, such as list[id=7].name; names and notes, too (/)",
  searching: "Searching every change…",
  spanLabel: "When they were taken",
  spans: {
    any: "Any time",
    hour: "Last hour",
    day: "Last day",
    week: "Last week",
    range: "From, to…",
  },
  from: "From",
  to: "to",
  reversed: "This ends before it begins. Nothing can be in it.",
  pinnedOnly: "Pinned only",
  clear: "Show all",
  count: (total: number, isNarrowed: boolean) =>
    isNarrowed ? `${plural(total, "snapshot")} found` : plural(total, "snapshot"),

  arrived: (count: number) => `${formatCount(count)} new`,
  keptMeaning: "A stays when you choose another B. Press A on its row again to release it.",
  release: "Release A",

  now: "Now",
  nowMeaning: (source: string) => `The state that ${isolated(source)} has at the moment`,
  nowReported: ({ atMs, isDamaged }: StateSource, nowMs: number) => {
    if (isDamaged) return "damaged: cannot be read";
    return atMs === null ? "" : `reported ${formatAgo(atMs, nowMs)}`;
  },
  time: (atMs: number, isExact: boolean) =>
    isExact ? formatPreciseClock(atMs) : formatClock(atMs),
  moment: ({ atMs }: Snapshot) => formatMoment(atMs),
  sides: { a: "A", b: "B" },
  sideMeanings: {
    a: "A: what is compared with",
    b: "B: what is compared",
  },
  isPinned: "Pinned: kept until it is unpinned",
  isNoted: "Has a note",
  isDamaged: "Damaged: its state cannot be read, or its time and name may be wrong",
  unsearched: (what: Unreadable) => `${unreadable(what)}, so the text may be in there`,
  rowLoading: "Reading…",
  rowTitle: (snapshot: Snapshot) =>
    [
      called(snapshot),
      formatMoment(snapshot.atMs),
      `${formatBytes(snapshot.bytes)}, ${plural(snapshot.files, "file")}, flags at revision ${formatCount(snapshot.revision)}`,
      ...(snapshot.note === null ? [] : ["", isolatedLines(snapshot.note)]),
    ].join("\n"),
  rowActions: "Actions (Shift+F10)",
  rowMenu: (snapshot: Snapshot) => `Actions on the snapshot of ${formatMoment(snapshot.atMs)}`,
  menu: {
    open: "Compare with the one before",
    setFrom: "Set as A",
    releaseFrom: "Release A",
    withNow: "Compare with now",
    restore: "Restore snapshot…",
    pin: "Pin",
    unpin: "Unpin",
    label: "Name and note…",
    export: "Export…",
    removeImported: "Remove what came from files…",
  },

  take: "Take a snapshot",
  takeMeaning: "Keep the state as it is now",
  import: "Import",
  importMeaning: "Import snapshots or a state from a file",
  export: "Export",
  exportMeaning: "Write snapshots to a file",
  exportMenu: "What to export",
  exportChosen: "The two compared",
  exportOne: "The one compared",
  exportListed: (total: number) => `All ${formatCount(total)} listed`,
  exportTooMany: (max: number) => `At most ${formatCount(max)} go into one file`,
  exported: (place: string) => `Written to ${isolatedWithin(place)}`,
  exportedInPart: (place: string, what: Unreadable) =>
    `${unreadable(what)}. Everything else is written to ${isolatedWithin(place)}`,
  taken: (taken: readonly Snapshot[]) => {
    const [only] = taken;
    if (taken.length !== 1 || !only) return `${plural(taken.length, "snapshot")} taken`;
    return `Snapshot of ${isolated(only.source)} taken`;
  },
  imported: (imported: readonly Snapshot[]) => {
    const sources = new Set(imported.map(({ source }) => source));
    const [only] = sources;
    const of =
      sources.size === 1 && only !== undefined ? isolated(only) : plural(sources.size, "source");
    return `${plural(imported.length, "snapshot")} of ${of} imported`;
  },
  importing: (total: number) => `Importing ${plural(total, "snapshot")}`,
  importCancelled: "Import cancelled. None of its snapshots was kept",
  pinned: "Pinned: kept until it is unpinned",
  unpinned: "Unpinned: removed once it is old",

  takeDialog: {
    title: "Take a snapshot",
    what: "Of",
    every: (count: number) => `every source with a state (${formatCount(count)})`,
    take: "Take it",
    unsaved: "Name and note of a snapshot to be taken",
  },
  labelDialog: {
    title: (snapshot: Snapshot) => `Snapshot of ${formatMoment(snapshot.atMs)}`,
    unsaved: "Name and note of a snapshot",
  },
  fields: {
    name: "Name",
    nameHint: "Optional, such as “before 6.1”",
    note: "Note",
    noteHint: "Optional: what is to be known about it",
    pin: "Pin it, so that it stays however old it is",
  },
  removeDialog: {
    title: (source: string) => `Remove what came from files of ${isolated(source)}?`,
    meaning:
      "Every snapshot of this source that was read from a file goes, pinned ones too. This cannot be undone here; the files themselves stay, and can be imported again.",
    remove: "Remove",
    done: "What came from files is removed",
  },

  none: {
    title: "No application has handed in a state yet",
    hint: "An application hands in its state with one request; from then on Flagdeck keeps snapshots of it, so that you can see what changed, and go back.",
    put: (address: string) =>
      `curl -X PUT http://${address}/api/ml/state/${example} \\\n  -H "Authorization: Bearer $(flagctl token)" \\\n  -H 'Content-Type: application/json' -d @state.json`,
    putWhat: "the request",
    orDemo: "To see one without an application, let Flagdeck make it up:",
    demo: "flagctl demo",
    help: "How states are handed in",
  },
  unkept: {
    title: (source: string) => `No snapshot of ${isolated(source)} yet`,
    hint: "Flagdeck takes one at the interval of the settings, as soon as something changed. You need not wait for it.",
    onlyFile: "Its snapshots were read from files, and none is left.",
  },
  nothing: {
    title: "No snapshot matches",
    hint: "Search finds snapshots in which the text was added or removed, changed keys, names and notes. What stayed the same is not found.",
  },
} as const;
