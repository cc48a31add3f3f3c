/** Every sentence of the window. Plain words; the exact term belongs into a tooltip. */

import type { Actor, Flags, Rollout, Strategy } from "./bindings/wire";
import { daysUntil, formatAgo, formatCount, formatDay, formatPercent } from "./format";
import type { PercentProblem } from "./model/percent";
import { GROUP_CHARS_MAX, GROUPS_MAX, type GroupProblem } from "./model/rollout";

const plural = (count: number, one: string, many = `${one}s`) =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

const listed = (names: readonly string[], shown = 1) =>
  names.slice(0, shown).join(", ") + (names.length > shown ? ` +${names.length - shown}` : "");

const summary = (changes: readonly string[]) =>
  (changes[0] ?? "Saved") + (changes.length > 1 ? `, and ${changes.length - 1} more` : "");

const doors: Record<Actor["via"], string> = {
  window: "in the window",
  flagctl: "with flagctl",
  http: "over HTTP",
};

const strategies: Record<Strategy, string> = {
  canary: "Canary",
  "blue-green": "Blue-green",
  feature: "Groups only",
};

const meanings: Record<Strategy, string> = {
  canary: "People in the groups first, then a fixed share of everyone.",
  "blue-green": "Everyone switches together: nobody or everyone.",
  feature: "Only a fixed share of the people in the groups.",
};

const percentProblems: Record<PercentProblem, string> = {
  empty: "Percentage is empty: enter a number from 0 to 100.",
  not_a_number: "Percentage has to be a number from 0 to 100, such as 12.5.",
  out_of_range: "Percentage has to be from 0 to 100.",
  too_fine: "Percentage goes from 0 to 100 in steps of 0.001, no finer.",
};

const groupProblems: Record<GroupProblem, string> = {
  too_long: `A group name has 1 to ${GROUP_CHARS_MAX} characters.`,
  too_many: `A rollout has up to ${formatCount(GROUPS_MAX)} groups.`,
  known: "That group is in the list already.",
};

export const words = {
  appName: "Flagdeck",
  views: { dashboard: "Dashboard", flags: "Flags" },
  viewsLabel: "Views",

  // Frame
  serving: (address: string) => `Serving on ${address}`,
  notServing: "Not serving over HTTP",
  revision: (revision: number) => (revision === 0 ? "Nothing saved yet" : `Revision ${revision}`),
  componentCount: (count: number) => plural(count, "component"),
  localStore: "Local store",
  saving: "Saving…",
  localStoreMeaning: "Flags come from the store on this machine",
  readOnlyStore: "Read only",
  theme: "Colours",
  themes: { light: "Light", dark: "Dark", system: "As the desktop" },
  undo: "Undo",
  redo: "Redo",
  undoStep: (sentence: string | undefined) =>
    sentence === undefined ? "Nothing to undo" : `Undo “${sentence}” (Ctrl+Z)`,
  redoStep: (sentence: string | undefined) =>
    sentence === undefined ? "Nothing to redo" : `Redo “${sentence}” (Ctrl+Shift+Z)`,
  allOff: "All off",
  allOffMeaning: "Turn the master switch off: every component is off for everyone (Ctrl+Shift+0)",
  allOffAlready: "Everything is off already",
  dismiss: "Dismiss",
  noticesLabel: "Notices",
  messagesLabel: "Messages",
  readOnly: (why: string) => `Nothing can be saved. ${why}`,

  // Loading
  loading: "Reading the flags…",
  notRead: "The flags could not be read.",
  notReadAnew: (why: string) => `The flags could not be read anew; what you see may be old. ${why}`,
  retry: "Try again",

  // Changes
  saved: summary,
  undone: (changes: readonly string[]) => `Undone: ${summary(changes)}`,

  // Dashboard
  heading: "ML Infrastructure Status",
  cards: "At a glance",
  flagsCard: "Feature Flags",
  performanceCard: "Performance",
  healthCard: "State Health",
  cardRevision: (revision: number) => (revision === 0 ? "" : `revision ${revision}`),
  master: "Master switch",
  masterMeaning: "While it is off, every component is off for everyone",
  figureTail: (flags: Flags) => `of ${formatCount(flags.components)} components on`,
  figureTailOff: (flags: Flags) => `of ${formatCount(flags.components)} on, held off`,
  everyone: (rollout: Rollout) => `Everyone, ${strategies[rollout.strategy].toLowerCase()}`,
  own: (path: string) => `${path}, its own`,
  more: (count: number) => `and ${formatCount(count)} more`,
  showFlags: "Open flags",
  lastChange: (flags: Flags) => summary(flags.changes),
  lastChangeBy: (actor: Actor, atMs: number, nowMs: number) =>
    `${capital(formatAgo(atMs, nowMs))}, ${actor.name} ${doors[actor.via]}`,
  nothingSaved: "Nothing saved yet: all off.",
  verdicts: {
    off: "Off for everyone",
    nothingOn: "Nothing is switched on",
    missing: (path: string, needed: string) => `${path} waits for ${needed}, which is off`,
    nobody: "On, but for nobody yet: 0 %",
    everyone: "On for everyone",
    share: (percentage: number) => `On for ${formatPercent(percentage)} of everyone`,
    groups: (percentage: number, groups: readonly string[]) =>
      percentage === 100
        ? `On for ${listed(groups)} only`
        : `On for ${formatPercent(percentage)} of ${listed(groups)}`,
    andOwn: (verdict: string, count: number) =>
      `${verdict}; ${count === 1 ? "1 component differs" : `${formatCount(count)} components differ`}`,
  },
  quiet: "Nothing reports yet",
  nothing: "–",
  performanceFigure: "calculations a second",
  performanceRows: ["Errors", "p50 · p95 · p99", "Flag changes"],
  performanceEmpty: "Filled once an application reports its calculations to Flagdeck.",
  healthFigure: "sources watched",
  healthRows: ["Memory", "Last snapshot", "Change history"],
  healthEmpty: "Filled once an application reports its state to Flagdeck.",

  // Flags
  filter: "Filter by name, title, tag or owner",
  filterKey: "/",
  clearFilter: "Clear the filter",
  treeLabel: "Components",
  nothingFound: (query: string) => `No component matches “${query}”.`,
  noComponents: "This document has no components.",
  found: (count: number) => `${plural(count, "row")} found`,
  all: "All components",
  allHint: "master switch",
  onOf: (on: number, of: number) => `${formatCount(on)} of ${formatCount(of)} on`,
  asAll: "as all",
  needs: (paths: readonly string[]) => `needs ${listed(paths)}`,
  needsMissing: (paths: readonly string[]) => `Off for everyone while ${paths.join(", ")} is off`,
  needsMet: (paths: readonly string[]) => `Needs ${paths.join(", ")}, on`,
  rolloutHint: (rollout: Rollout): string => {
    switch (rollout.strategy) {
      case "canary":
        return listed(rollout.userGroups);
      case "blue-green":
        return "blue-green";
      case "feature":
        return rollout.userGroups.length > 0 ? `only ${listed(rollout.userGroups)}` : "groups only";
    }
  },
  rolloutInWords: (rollout: Rollout): string => {
    const share = formatPercent(rollout.percentage);
    const groups = listed(rollout.userGroups);
    if (groups === "" || rollout.strategy === "blue-green") return share;
    return rollout.strategy === "canary" ? `${share}, ${groups} first` : `${share} of ${groups}`;
  },
  expand: "Expand",
  collapse: "Collapse",

  // Inspector
  inspectorLabel: "Details",
  allDescription: "The master switch, and the rollout of every component that has none of its own.",
  groupDescription: (components: number) =>
    `A group. Its switch turns ${components === 1 ? "its component" : `all ${formatCount(components)} of its components`}.`,
  owner: (owner: string) => `Owner: ${owner}`,
  expires: (date: string, nowMs: number): string => {
    const days = daysUntil(date, nowMs);
    if (days === null) return `expires ${date}`;
    if (days < 0) return `expired ${formatDay(date)}`;
    if (days === 0) return "expires today";
    return days <= 30 ? `expires in ${plural(days, "day")}` : `expires ${formatDay(date)}`;
  },
  masterHolds: "The master switch is off: nobody sees anything.",
  isOff: "Switched off: the rollout takes effect once it is on.",
  components: "Components",
  requires: "Requires",
  requirement: { on: "on", off: "off" },

  // Rollout editor
  rollout: "Rollout",
  scope: "Whose rollout",
  scopeAll: "As all",
  scopeOwn: "Its own",
  follows: (rollout: Rollout) =>
    `Follows all components: ${strategies[rollout.strategy].toLowerCase()}, ${words.rolloutInWords(rollout)}.`,
  editAll: "Edit for all components",
  strategy: "Strategy",
  strategies,
  meanings,
  percentage: "Percentage",
  share: "Share of users",
  unsaved: (percentage: number) =>
    `Not saved yet, ${formatPercent(percentage)} in force. Esc puts it back`,
  enterSaves: "Not saved yet: Enter saves, Esc puts it back",
  percentProblem: (problem: PercentProblem) => percentProblems[problem],
  zeroMeaning: (rollout: Rollout) =>
    rollout.userGroups.length > 0 && rollout.strategy !== "blue-green"
      ? "At 0 % nobody sees it, the groups included."
      : "At 0 % nobody sees it.",
  noGroupsMeaning: "No group is named, so the share is one of everyone.",
  sides: { nobody: "Nobody · 0 %", everyone: "Everyone · 100 %" },
  side: "Who sees it",
  staged: "Not saved yet: blue-green knows no share in between. Choose nobody or everyone.",
  keep: (strategy: Strategy) => `Keep ${strategies[strategy].toLowerCase()}`,
  groups: "Groups",
  groupsUnused: "Blue-green ignores groups.",
  addGroup: "Add group…",
  addGroupLabel: "Add a group",
  enterAdds: "Not saved yet: Enter adds it",
  removeGroup: (group: string) => `Remove ${group}`,
  groupProblem: (problem: GroupProblem) => groupProblems[problem],
  groupCount: (count: number) => plural(count, "group"),
} as const;

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
