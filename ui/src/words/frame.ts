/** The frame of the window, what loads and what was done. */

import { isolated, isolatedWithin } from "../model/isolated";
import { plural } from "./shared";

export const frame = {
  appName: "Flagdeck",
  views: {
    dashboard: "Dashboard",
    flags: "Flags",
    rollouts: "Rollouts",
    rosters: "Rosters",
    metrics: "Metrics",
    snapshots: "Snapshots",
    activity: "Activity",
    settings: "Settings",
  },
  viewsLabel: "Views",
  barLabel: "Top bar",
  skip: "Skip to the content",

  serving: (address: string) => `Serving on ${address}`,
  notServing: "Not serving over HTTP",
  revision: (revision: number) => (revision === 0 ? "Nothing saved yet" : `Revision ${revision}`),
  componentCount: (count: number) => plural(count, "component"),
  saving: "Saving…",
  sources: {
    local: "Local store",
    followed: "Followed document",
    stale: "Followed document",
    readOnly: "Read only",
    unread: "Not read",
    gone: "Not saved",
    heldOff: "All flags off",
  },
  sourceMeanings: {
    local: "Flags come from the store on this machine",
    followed: "Flags come from the document that is followed, with the overrides of this machine",
    stale:
      "Flags come from the last good copy of the document that is followed, with the overrides of this machine",
    readOnly: "Flags come from the store on this machine, which cannot be written to",
    unread: "The flags on this machine could not be read",
    gone: "The data folder was removed or replaced while it was open: nothing is saved",
    heldOff: "All flags are off for everyone; that is not stored yet",
  },
  allOffDone: "All flags are off",
  heldOffDone: "All flags off: in force, not stored",
  theme: "Colours",
  themes: { light: "Light", dark: "Dark", system: "As the desktop" },
  undoStep: (sentence: string | undefined) =>
    sentence === undefined ? "Nothing to undo" : `Undo “${isolatedWithin(sentence)}” (Ctrl+Z)`,
  redoStep: (sentence: string | undefined) =>
    sentence === undefined
      ? "Nothing to redo"
      : `Redo “${isolatedWithin(sentence)}” (Ctrl+Shift+Z)`,
  /** Without a place, the flags have nothing. */
  nothingTo: (way: "undo" | "redo", place?: string) =>
    `Nothing to ${way}${place === undefined ? "" : ` in ${place}`}`,
  searchOrRun: "Search or run a command",
  allOff: "All flags off",
  allOffMeaning: "Turn the master switch off: every component is off for everyone (Ctrl+Shift+0)",
  allOffAlready: "All flags are off already",
  noticesLabel: "Notices",
  messagesLabel: "Messages",
  readOnly: (why: string) => `Nothing can be saved. ${isolatedWithin(why)}`,

  loading: "Reading the flags…",
  notRead: "The flags could not be read.",
  notReadAgain: (why: string) =>
    `The flags could not be read again; what you see may be old. ${isolatedWithin(why)}`,

  drafts: {
    enterSaves: "Unsaved: Enter saves, Esc discards",
    ctrlEnterSaves: "Unsaved: Ctrl+Enter saves, Esc discards",
    enterAdds: "Unsaved: Enter adds, Esc discards",
    add: "Add",
    discard: "Discard",
    unsaved: (fields: readonly string[]) => `Unsaved: ${fields.join(", ").toLowerCase()}`,
    inDialog: (title: string, typed: string) =>
      typed === "" ? title : `${title}: ${isolated(typed)}`,
    unsavedInside: "Unsaved changes inside",
  },

  did: {
    undo: (sentence: string) => `Undid “${isolatedWithin(sentence)}”`,
    redo: (sentence: string) => `Redid “${isolatedWithin(sentence)}”`,
  },
  stepOvertaken: {
    undo: "Another change came first. Nothing was undone.",
    redo: "Another change came first. Nothing was redone.",
  },
} as const;
