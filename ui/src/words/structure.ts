/** Adding, renaming, moving and removing components, and rolling several out alike. */

import { formatCount } from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import { PATH_DEPTH_MAX, SEGMENT_CHARS_MAX, type PathProblem } from "../model/paths";
import { listed, plural } from "./shared";

const NAMES_SHOWN = 3;

const these = (paths: readonly string[]) => listed(paths.map(isolatedWithin), NAMES_SHOWN);

export const structure = {
  add: { component: "Add a component", group: "Add a group" },
  addAction: "Add",
  name: "Name",
  nameHint: "Letters, digits, - and _. A dot makes a group: search.ranking",
  group: "Group",
  topLevel: "Top level",
  groupHint: "Choose a group, or type a new one",
  groupsFound: "Groups",
  moreGroups: (count: number) => `${formatCount(count)} more: type to find them`,
  isOn: "Switched on",
  isOnMeaning: "Starts with the default rollout.",
  becomes: (path: string) => `Its path: ${isolatedWithin(path)}`,
  makesGroups: (groups: readonly string[]) =>
    groups.length === 1
      ? `Makes the group ${these(groups)}.`
      : `Makes the groups ${these(groups)}.`,

  rename: (path: string) => `Rename ${path}`,
  renameAction: "Rename",
  renameBreaks: (path: string) =>
    `An application that asks for ${path} has to ask for the other name.`,
  moveKeeps: (count: number) =>
    count === 1
      ? "Its history and everything said about it move along."
      : "Their history and everything said about them move along.",
  noDots: "A name has no dots. To put it into another group, use Move.",

  move: (paths: readonly string[]) =>
    paths.length === 1 ? `Move ${these(paths)}` : `Move ${formatCount(paths.length)} rows`,
  moveAction: "Move",
  moveTo: "To group",
  isThere: (group: string) =>
    group === "" ? "It is at the top level already." : `It is in ${isolatedWithin(group)} already.`,
  areThere: (group: string) =>
    group === ""
      ? "They are at the top level already."
      : `They are in ${isolatedWithin(group)} already.`,

  remove: (paths: readonly string[]) =>
    paths.length === 1 ? `Remove ${these(paths)}?` : `Remove ${formatCount(paths.length)} rows?`,
  removeAction: "Remove",
  removeAnyway: "Remove anyway",
  removes: (components: number) => `Removes ${plural(components, "component")}:`,
  removesEmpty: "Nothing is in what will be gone.",
  andMore: (count: number) => `and ${formatCount(count)} more`,
  dependents: (count: number) =>
    `${plural(count, "component")} ${count === 1 ? "requires" : "require"} what is removed, and will do without it:`,
  removeKeeps: "Undo brings everything back. The history stays.",

  rollout: (components: number) => `Rollout of ${plural(components, "component")}`,
  rolloutKeepsGroups: "Each keeps the groups it has.",
  rolloutNeedsGroup: (without: number) =>
    `${plural(without, "component")} ${without === 1 ? "has" : "have"} no group. Add one: until then nothing changes.`,
  scope: "Whose rollout",
  scopeAll: "Default",
  scopeOwn: "Custom",
  blueGreen: "Percentage has to be 0 or 100 for blue-green: everyone switches together.",

  problem: (problem: PathProblem): string => {
    switch (problem.kind) {
      case "empty":
        return "Name: each part between dots has 1 to 64 characters.";
      case "first_letter":
        return `Name: ${isolated(problem.segment)} has to start with a letter, A to Z.`;
      case "letters":
        return `Name: ${isolated(problem.segment)} may only have letters A to Z, digits, - and _.`;
      case "too_long":
        return `Name: a part has up to ${SEGMENT_CHARS_MAX} characters, not ${problem.segment.length}.`;
      case "reserved":
        return `Name: ${isolated(problem.segment)} is a word of JavaScript, so it cannot be used.`;
      case "too_deep":
        return `Name: a path has up to ${PATH_DEPTH_MAX} parts, the groups around it included.`;
      case "taken":
        return `Name: there is a ${isolatedWithin(problem.path)} already.`;
      case "in_component":
        return `Group: ${isolatedWithin(problem.path)} is a component, which cannot hold others.`;
      case "in_itself":
        return `Group: ${isolatedWithin(problem.path)} cannot be moved into itself.`;
      case "same_name":
        return `Group: two of them are called ${isolated(problem.segment)}, and only one can go there.`;
    }
  },
} as const;
