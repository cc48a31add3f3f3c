/** What is selected in the tree, and its rollout. */

import type { Actor, Cause, Rollout, Strategy } from "../bindings/wire";
import { TAG_LIMITS, type DayProblem } from "../model/about";
import { daysUntil, formatCount, formatDay, formatPercent } from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import type { NameProblem } from "../model/names";
import type { PercentProblem } from "../model/percent";
import { REQUIRES_MAX, type Obstacle } from "../model/requires";
import { BUCKETS, GROUP_LIMITS } from "../model/rollout";
import { ALL } from "../model/tree";
import { flags } from "./flags";
import { capital, doors, nameOf, plural, strategies } from "./shared";

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

/** What a list of names says, whatever the names are of. */
export interface ListWords {
  label: string;
  /** One of them. */
  name: string;
  /** In the field where one is typed. */
  add: string;
  /** What that field is called. */
  addLabel: string;
  problems: Record<NameProblem, string>;
  count: (count: number) => string;
  /** How often a suggested name is in use. */
  uses: (uses: number) => string;
}

const groups: ListWords = {
  label: "Groups",
  name: "group",
  add: "Add group…",
  addLabel: "Add a group",
  problems: {
    too_long: `A group name has 1 to ${GROUP_LIMITS.chars} characters.`,
    too_many: `A rollout has up to ${formatCount(GROUP_LIMITS.count)} groups.`,
    known: "That group is in the list already.",
  },
  count: (count) => plural(count, "group"),
  uses: (uses) => `in ${plural(uses, "rollout")}`,
};

const tags: ListWords = {
  label: "Tags",
  name: "tag",
  add: "Add tag…",
  addLabel: "Add a tag",
  problems: {
    too_long: `A tag has 1 to ${TAG_LIMITS.chars} characters.`,
    too_many: `There are up to ${TAG_LIMITS.count} tags.`,
    known: "That tag is in the list already.",
  },
  count: (count) => plural(count, "tag"),
  uses: (uses) => `used ${plural(uses, "time")}`,
};

const dayProblems: Record<DayProblem, string> = {
  form: "The end is a day written as YYYY-MM-DD, such as 2027-01-31.",
  no_such_day: "There is no such day. The end is a day such as 2027-01-31.",
};

export const inspector = {
  inspectorLabel: "Details",
  allDescription: "The master switch, and the rollout of every component that has none of its own.",
  groupDescription: (components: number) =>
    `A group. Its switch turns ${components === 1 ? "its component" : `all ${formatCount(components)} of its components`}.`,
  expires: (date: string, nowMs: number): string => {
    const days = daysUntil(date, nowMs);
    if (days === null) return `expires ${isolated(date)}`;
    if (days < 0) return `expired ${formatDay(date)}`;
    if (days === 0) return "expires today";
    return days <= 30 ? `expires in ${plural(days, "day")}` : `expires ${formatDay(date)}`;
  },
  masterHolds: "All flags are off: nobody sees anything.",
  isOff: "Switched off: the rollout takes effect once it is on.",
  components: "In this group",
  requirement: { on: "on", off: "off" },

  about: {
    label: "About",
    title: { name: "title", empty: "No title" },
    description: { name: "description", empty: "Add a description…" },
    owner: { label: "Owner", name: "owner", empty: "Nobody" },
    expires: { label: "Expires", name: "end", empty: "Never" },
    edit: (name: string) => `Edit the ${name}`,
    draftOf: (name: string, path: string) =>
      `${capital(name)} of ${path === ALL ? "all components" : path}`,
    tooLong: (name: string, chars: number, most: number) =>
      `The ${name} has up to ${formatCount(most)} characters; these are ${formatCount(chars)}.`,
    dayProblem: (problem: DayProblem) => dayProblems[problem],
    inDays: (days: number) => `In ${plural(days, "day")}`,
    inAYear: "In a year",
    never: "Never",
    day: (date: string, nowMs: number): string => {
      const days = daysUntil(date, nowMs);
      if (days === null) return isolated(date);
      if (days === 0) return `${formatDay(date)} · today`;
      const distance = plural(Math.abs(days), "day");
      // Nobody counts further.
      if (Math.abs(days) > 365) return formatDay(date);
      return `${formatDay(date)} · ${days < 0 ? `${distance} ago` : `in ${distance}`}`;
    },
  },
  tags,

  requires: {
    title: "Requires",
    nothing: "Requires nothing else.",
    blocked: (missing: number, first: string) =>
      missing === 1
        ? `Blocked: off for everyone while ${first} is off.`
        : `Blocked: off for everyone while ${first} and ${plural(missing - 1, "other")} are off.`,
    add: "Add a component…",
    addLabel: "Add a component that it requires",
    remove: (path: string) => `Stop requiring ${path}`,
    obstacle: ({ via }: Obstacle) =>
      via === null ? "requires it already" : `requires it already, through ${via}`,
    noMatch: "No other component has that name or title.",
    full: `A component requires up to ${formatCount(REQUIRES_MAX)} others.`,
    neededBy: "Required by",
    neededByMeaning: "Each of these is on only for users who see this.",
  },

  explain: {
    title: "Why does a user see it?",
    user: "User",
    userLabel: "The id of a user",
    nobody: "someone without an id",
    groups: {
      ...groups,
      label: "In groups",
      addLabel: "Add a group that the user is in",
    },
    on: (user: string) => `On for ${isolated(user)}`,
    off: (user: string) => `Off for ${isolated(user)}`,
    stepOk: "Yes:",
    stepFailed: "No:",
    // A path is written as it is, also where a sentence begins with it.
    step: (text: string, path: string) =>
      isolatedWithin(text.startsWith(path) ? text : capital(text)),
    share: (threshold: number) =>
      threshold === 0
        ? "The share is 0 %: no bucket is in."
        : `The share is the buckets below ${formatCount(threshold)}.`,
    bucket: (bucket: number) => `This user’s bucket is ${formatCount(bucket)}.`,
    noBucket: "Without an id there is no bucket.",
    ends: [formatCount(0), formatCount(BUCKETS)],
    reaches: (path: string) => `Who sees ${path}:`,
    loading: "Asking why…",
    key: "E",
    perComponent: "This is decided for each component. Select one to see why a user sees it.",
  },

  past: {
    title: "History",
    ofAll: "Latest changes",
    none: "Nothing has changed since the beginning.",
    noneOf: "Nobody has changed it since it was added.",
    loading: "Reading the history…",
    showAll: (total: number) => `Show all ${formatCount(total)}`,
    showInActivity: "Show in Activity",
    by: (actor: Actor) => `${nameOf(actor)} ${doors[actor.via]}`,
    cause: (cause: Cause): string => {
      switch (cause.kind) {
        case "edit":
          return "";
        case "import":
          return "an import";
        case "undo":
        case "redo":
          return `${cause.kind} of ${cause.of}`;
        case "restore":
          return `back to ${cause.of}`;
        case "follow":
          return "started following";
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
  },

  rollout: "Rollout",
  scope: "Whose rollout",
  scopeAll: "Default",
  scopeOwn: "Custom",
  follows: (rollout: Rollout) => `Follows the default rollout: ${flags.rolloutInWords(rollout)}.`,
  editAll: "Edit default rollout",
  strategy: "Strategy",
  strategies,
  meanings,
  percentage: "Percentage",
  share: "Share of users",
  sliderKeys: "Arrow keys move by 1 %, with Shift by 0.1 %, with Alt by 0.001 %",
  unsaved: (percentage: number) =>
    `Unsaved: ${formatPercent(percentage)} in force, Esc puts it back`,
  percentProblem: (problem: PercentProblem) => percentProblems[problem],
  zeroMeaning: (rollout: Rollout) =>
    rollout.userGroups.length > 0 && rollout.strategy !== "blue-green"
      ? "At 0 % nobody sees it, the groups included."
      : "At 0 % nobody sees it.",
  noGroupsMeaning: (percentage: number) =>
    `No group is named, so ${formatPercent(percentage)} of everyone is in. Add a group to restrict it.`,
  strategyDraft: "strategy",
  addGroupFirst: "Add a group: until then nothing changes.",
  sides: { nobody: "Nobody · 0 %", everyone: "Everyone · 100 %" },
  side: "Who sees it",
  staged: "Not saved yet: blue-green knows no share in between. Choose nobody or everyone.",
  keep: (strategy: Strategy) => `Keep ${strategies[strategy].toLowerCase()}`,
  groups,
  groupsUnused: "Blue-green ignores groups.",
  removeName: (name: string) => `Remove ${isolated(name)}`,
  suggestions: (count: number) => plural(count, "suggestion"),
  moreSuggestions: (more: number) => `and ${formatCount(more)} more: type to narrow them down`,
} as const;
