/** Databases that were damaged or replaced: what can be read of them, and what is done with them. */

import type { Database, Kept, Label, Quarantined, Survey } from "../bindings/wire";
import { formatAgo, formatBytes, formatDayAndTime, formatMoment } from "../format";
import { isolated, isolatedWithin } from "../model/isolated";

const databases: Record<Database, string> = {
  flags: "Flags",
  metrics: "Metrics",
  rosters: "Rosters",
  rollouts: "Rollouts",
  states: "States and snapshots",
};

const kept: Record<Kept, string> = {
  all: "Nothing that was saved is lost.",
  part: "Everything before the damage is kept and in use.",
};

export const quarantine = {
  title: "Quarantine",
  meaning:
    "Databases that were damaged or replaced. Their files stay as they are until you remove them.",
  notRead: "The quarantine could not be listed.",
  database: (database: Database | null) => (database ? databases[database] : "Unknown file"),
  unseen: "Not seen yet",
  facts: ({ name, bytes, label }: Quarantined, nowMs: number) =>
    [
      ...(label ? [`Moved ${formatAgo(label.atMs, nowMs)}, ${formatMoment(label.atMs)}`] : []),
      formatBytes(bytes),
      isolated(name),
    ].join(" · "),
  why: (label: Label | null) =>
    label
      ? [`Why: ${isolatedWithin(label.what)}.`, ...(label.kept ? [kept[label.kept]] : [])].join(" ")
      : "An earlier Flagdeck moved it, without a reason.",
  notSurveyed: "It could not be looked into.",
  readable: ({ readable, fromMs, toMs }: Survey, nowMs: number) => {
    const moment = (atMs: number) => formatDayAndTime(atMs, nowMs);
    const span =
      fromMs === null || toMs === null ? "" : ` From ${moment(fromMs)} to ${moment(toMs)}.`;
    return isolatedWithin(readable) + span;
  },
  missing: (parts: readonly string[]) => `Missing here: ${listed(parts)}.`,

  seen: "Mark as seen",
  export: "Export…",
  exported: (place: string) => `Exported to ${isolated(place)}`,
  takeBack: "Take back…",
  remove: "Remove…",
  show: "Show in Settings",
  of: (action: string, name: string) => `${action} ${isolated(name)}`,

  takeBackTitle: "Take back what is missing?",
  takeBackMeaning:
    "It is added as it was. What was saved since is not replaced, and the files in quarantine stay.",
  wouldChange: "The flags in force change:",
  takeBackNow: "Take back",
  takenBack: (parts: readonly string[]) =>
    parts.length === 0 ? "Nothing was missing any more" : `Taken back: ${listed(parts)}`,

  removeTitle: "Remove it from quarantine?",
  removeMeaning: "Its files are deleted for good, with what can be read in them.",
  removeNow: "Remove",
  removed: "Removed from quarantine",
} as const;

function listed(parts: readonly string[]): string {
  return parts.map((part) => isolatedWithin(part)).join(", ");
}
