/** Who gains and who loses, before it is done. The sentence itself comes from the backend. */

import type { Listed, Tally } from "../bindings/wire";
import { formatCount, formatShare } from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import { plural } from "./shared";

const people = (count: number) => (count === 1 ? "1 person" : `${formatCount(count)} people`);

/** What happens to people who are listed. */
const who: Record<Listed, string> = {
  gain: "Gain it",
  lose: "Lose it",
  on: "Keep it on",
  off: "Keep it off",
};

const whoOfSeveral: Record<Listed, string> = {
  gain: "Gain something",
  lose: "Lose something",
  on: "Keep it on",
  off: "Keep it off",
};

const whoAsThingsAre: Record<Listed, string> = {
  ...who,
  on: "It is on for them",
  off: "It is off for them",
};

export const affected = {
  /** Ends as a sentence does. */
  sentence: ({ sentence }: Pick<Tally, "sentence">) => {
    const text = isolatedWithin(sentence);
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  },
  warning: (warning: string) => {
    const text = isolatedWithin(warning);
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  },
  label: "Who is affected",
  counting: "Counting…",
  notCounted: (why: string) => `Who is affected could not be counted: ${isolatedWithin(why)}`,
  atRest: "Move the slider to see who gains and who loses.",
  importFirst: "Import a roster to count people",
  details: "Details",
  byGroup: "By group",
  byComponent: "By component",
  noGroup: "In no group",
  group: "Group",
  component: "Component",
  gain: "Gain",
  lose: "Lose",
  both: (count: number) => `${people(count)} gain one component and lose another.`,
  unchanged: "Unchanged",
  more: (count: number, what: "group" | "component") => `and ${plural(count, `more ${what}`)}`,
  weighted: ({ gain, lose, unchanged }: NonNullable<Tally["weighted"]>) =>
    `By weight: ${formatShare(gain)} gain, ${formatShare(lose)} lose, ` +
    `${formatShare(unchanged)} unchanged.`,
  /** A part of users to be expected. */
  share: formatShare,
  show: "Show people…",
  onFor: (on: number, all: number, roster: string) =>
    `On for ${formatCount(on)} of ${people(all)} (${isolated(roster)})`,
  wasOnFor: (on: number, all: number, roster: string) =>
    `It was on for ${formatCount(on)} of the ${people(all)} in ${isolated(roster)} now`,
  list: {
    title: (isStanding: boolean) => (isStanding ? "Who has it" : "Who is affected"),
    who: "What happens to them",
    kinds: (isStanding: boolean, isSeveral: boolean) =>
      isStanding ? whoAsThingsAre : isSeveral ? whoOfSeveral : who,
    component: "Component",
    any: "Any component",
    id: "Id",
    groups: "Groups",
    nobody: "Nobody.",
    shown: (count: number, hasMore: boolean) =>
      hasMore ? `The first ${people(count)}` : people(count),
    more: "Show more",
    export: "Export…",
    exportMeaning: "Writes all of them to a file as a table. The file is private: ids are personal",
    exported: (place: string) => `Exported to ${isolated(place)}`,
    fileName: (kind: Listed) =>
      `people-who-${kind === "on" || kind === "off" ? "stay-" : ""}${kind}.csv`,
  },
} as const;
