/** The frame of the window, what loads and what was done. */

import { plural, summary } from "./shared";

export const frame = {
  appName: "Flagdeck",
  views: {
    dashboard: "Dashboard",
    flags: "Flags",
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
    readOnly: "Read only",
    unread: "Not read",
    heldOff: "Held off",
  },
  sourceMeanings: {
    local: "Flags come from the store on this machine",
    readOnly: "Flags come from the store on this machine, which cannot be written to",
    unread: "The flags on this machine could not be read",
    heldOff: "Everything is off for everyone, ahead of what is stored",
  },
  heldOff:
    "Everything is held off for everyone. That is not stored yet: it will be as soon as the store can be written, and it holds while Flagdeck runs.",
  heldOffDone: "Everything is held off; it is stored as soon as it can be",
  theme: "Colours",
  themes: { light: "Light", dark: "Dark", system: "As the desktop" },
  undo: "Undo",
  redo: "Redo",
  undoStep: (sentence: string | undefined) =>
    sentence === undefined ? "Nothing to undo" : `Undo “${sentence}” (Ctrl+Z)`,
  redoStep: (sentence: string | undefined) =>
    sentence === undefined ? "Nothing to redo" : `Redo “${sentence}” (Ctrl+Shift+Z)`,
  /** Without a place, the flags have nothing. */
  nothingTo: (way: "undo" | "redo", place?: string) =>
    `Nothing to ${way}${place === undefined ? "" : ` in ${place}`}`,
  searchOrRun: "Search or run a command",
  allOff: "All off",
  allOffMeaning: "Turn the master switch off: every component is off for everyone (Ctrl+Shift+0)",
  allOffAlready: "Everything is off already",
  dismiss: "Dismiss",
  close: "Close",
  cancel: "Cancel",
  noticesLabel: "Notices",
  messagesLabel: "Messages",
  readOnly: (why: string) => `Nothing can be saved. ${why}`,

  loading: "Reading the flags…",
  notRead: "The flags could not be read.",
  notReadAnew: (why: string) => `The flags could not be read anew; what you see may be old. ${why}`,
  retry: "Try again",

  drafts: {
    enterSaves: "Unsaved: Enter saves, Esc discards",
    ctrlEnterSaves: "Unsaved: Ctrl+Enter saves, Esc discards",
    enterAdds: "Unsaved: Enter adds, Esc discards",
    save: "Save",
    add: "Add",
    discard: "Discard",
    unsaved: (fields: readonly string[]) => `Unsaved: ${fields.join(", ").toLowerCase()}`,
    inDialog: (title: string, typed: string) => (typed === "" ? title : `${title}: ${typed}`),
    unsavedInside: "Unsaved changes inside",
  },

  saved: summary,
  did: {
    undo: (sentence: string) => `Undid “${sentence}”`,
    redo: (sentence: string) => `Redid “${sentence}”`,
  },
  stepOvertaken: {
    undo: "Another change came first. Nothing was undone.",
    redo: "Another change came first. Nothing was redone.",
  },
} as const;
