/** Palette, menus, shortcuts, the tour, and the question before closing. */

import type { Actor, RollbackPlan } from "../bindings/wire";
import { formatAgo } from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import { actions } from "./actions";
import { doors, nameOf, plural } from "./shared";

export const commands = {
  undo: (sentence: string | undefined) =>
    sentence === undefined ? actions.undo : `Undo “${isolatedWithin(sentence)}”`,
  redo: (sentence: string | undefined) =>
    sentence === undefined ? actions.redo : `Redo “${isolatedWithin(sentence)}”`,
  rollBack: (plan: RollbackPlan | null) =>
    plan === null ? "Roll back a harmful component" : `Roll back: ${isolatedWithin(plan.sentence)}`,
  exported: (place: string) => `Written to ${isolatedWithin(place)}`,
  backedUp: (name: string) => `Backed up as ${isolated(name)}`,
  dropLater: "Save or leave what is open first, then drop the file again",

  palette: {
    title: "Search or run a command",
    placeholder: "A command, a component or a revision such as r12",
    list: "What was found",
    recent: "Recent",
    all: "Commands",
    found: (count: number, isCut: boolean) =>
      count === 0
        ? "Nothing found"
        : `${isCut ? "The best " : ""}${plural(count, "match", "matches")}`,
    nothing: (query: string) => `Nothing matches “${isolated(query)}”.`,
    showRevision: (revision: number) => `Show revision ${revision}`,
    turn: (path: string, on: boolean) => `Turn ${path} ${on ? "on" : "off"}`,
    kinds: { component: "Component", group: "Group", revision: "Activity" },
    notNow: "Not possible at the moment",
  },

  shortcuts: {
    title: "Keyboard shortcuts",
    or: "or",
    sections: [
      {
        title: "Getting around",
        keys: [
          { keys: ["F6"], what: "Next part of the window" },
          { keys: ["Shift+F6"], what: "Part before" },
          { keys: ["Tab"], what: "Next control" },
          { keys: ["Escape"], what: "Close, or put back what is not saved" },
        ],
      },
      {
        title: "Components",
        keys: [
          { keys: ["↑", "↓"], what: "Walk through the rows" },
          { keys: ["→", "←"], what: "Open or close a group" },
          { keys: ["Home", "End"], what: "First or last row" },
          { keys: ["Space"], what: "Switch on or off" },
          { keys: ["Enter"], what: "Show in full" },
          { keys: ["Escape"], what: "From the past back to now" },
        ],
      },
      {
        title: "Charts",
        keys: [
          { keys: ["←", "→"], what: "Read point by point" },
          { keys: ["Page Up", "Page Down"], what: "By ten points" },
          { keys: ["Home", "End"], what: "First or last point" },
          { keys: ["+", "-"], what: "Look closer, or at more" },
          { keys: ["Shift+←", "Shift+→"], what: "Move along" },
          { keys: ["Escape"], what: "Back to live" },
        ],
      },
      {
        title: "Rollouts in the list",
        keys: [
          { keys: ["↑", "↓"], what: "Walk through the rollouts" },
          { keys: ["Enter"], what: "Show in full" },
          { keys: ["P"], what: "Pause or resume the ramp" },
        ],
      },
      {
        title: "Snapshots in the list",
        keys: [
          { keys: ["↑", "↓"], what: "Walk through the snapshots" },
          { keys: ["Enter"], what: "Compare with the one before" },
          { keys: ["A", "Shift+Enter"], what: "Set as A" },
          { keys: ["Space"], what: "Play back or pause" },
          { keys: ["Shift+F10"], what: "Actions" },
        ],
      },
      {
        title: "Timeline of snapshots",
        keys: [
          { keys: ["←", "→"], what: "Earlier or later snapshot" },
          { keys: ["Shift+←", "Shift+→"], what: "By ten" },
          { keys: ["+", "-"], what: "Look closer, or at more" },
          { keys: ["Escape"], what: "Back to what is near" },
        ],
      },
      {
        title: "Comparing states",
        keys: [
          { keys: ["↑", "↓"], what: "Walk through what differs" },
          { keys: ["Enter"], what: "Show a change in full" },
          { keys: ["B"], what: "What set this value" },
          { keys: ["S"], what: "Its stack trace" },
          { keys: ["R"], what: "Restore this value" },
          { keys: ["C"], what: "Copy its path" },
          { keys: ["V"], what: "Copy its value" },
          { keys: ["/"], what: "Find a path or value" },
        ],
      },
      {
        title: "Share of users",
        keys: [
          { keys: ["←", "→"], what: "By 1 %" },
          { keys: ["Shift+←", "Shift+→"], what: "By 0.1 %" },
          { keys: ["Alt+←", "Alt+→"], what: "By 0.001 %" },
          { keys: ["Page Up", "Page Down"], what: "By 10 %" },
          { keys: ["Home", "End"], what: "Nobody or everyone" },
          { keys: ["Enter"], what: "Save at once" },
          { keys: ["Escape"], what: "Put it back" },
        ],
      },
    ],
  },

  tour: {
    label: "Tour",
    step: (number: number, of: number) => `${number} of ${of}`,
    next: "Next",
    back: "Back",
    done: "Done",
    skip: "Skip the tour",
    steps: {
      switches: {
        title: "Everything has a switch",
        text: "Each component is on or off. One master switch stands over all of them: while it is off, nobody sees anything.",
      },
      reach: {
        title: "You decide who sees it",
        text: "Drag the share of users, or name groups who come first. “Explain a user” says why one person does or does not see a component.",
      },
      safety: {
        title: "Nothing is lost",
        text: "Every change is kept in Activity and can be taken back with Undo. “All flags off” stops everything at once, even while something hangs.",
      },
    },
  },

  /** Of a step that another person or program made. */
  step: {
    title: { undo: "Undo a change made elsewhere?", redo: "Redo a change undone elsewhere?" },
    by: (actor: Actor, atMs: number | null, nowMs: number) =>
      `${nameOf(actor)} ${doors[actor.via]}${atMs === null ? "" : `, ${formatAgo(atMs, nowMs)}`}`,
    go: { undo: "Undo change", redo: "Redo change" },
  },

  closing: {
    title: "Discard unsaved changes?",
    lost: "These changes are not saved. Closing discards them:",
    setting: (name: string) => `Setting ${name}`,
    keep: "Keep editing",
    close: "Discard and close",
  },
} as const;
