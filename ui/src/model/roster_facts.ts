/** What a roster is made of, in the order in which it is looked at. Pure. */

import type { ColumnTaken, FileColumn, Given, GroupCount, RosterInfo } from "../bindings/wire";

/** The one imported last; users in events only if that is all there is. */
export function latestOf(rosters: readonly RosterInfo[]): RosterInfo | null {
  const rank = ({ format, atMs }: RosterInfo) => (format === "events" ? -1 : atMs);
  const later = (a: RosterInfo, b: RosterInfo) => (rank(b) > rank(a) ? b : a);
  return rosters.length > 0 ? rosters.reduce(later) : null;
}

/** Groups that have anyone, the largest first; those of one size by name. */
export function groupsBySize(groups: readonly GroupCount[]): GroupCount[] {
  return groups
    .filter(({ people }) => people > 0)
    .sort((a, b) => b.people - a.people || (a.name < b.name ? -1 : 1));
}

/** The names of the columns that are taken for something. */
export function columnsTaken(columns: readonly FileColumn[], taken: ColumnTaken): string[] {
  return columns.filter((column) => column.taken === taken).map(({ name }) => name.trim());
}

/** Which components of a person are shown. */
export type GivenFilter = "all" | "on" | "off";

export function givenThat(given: readonly Given[], filter: GivenFilter): readonly Given[] {
  return filter === "all" ? given : given.filter(({ on }) => on === (filter === "on"));
}

/**
 * Returns why a component is on or off, without the component and the person, who are named beside
 * it; the whole sentence if it begins in another way.
 */
export function reasonIn({ component, on, sentence }: Given, id: string): string {
  const who = id === "" ? "a user without an id" : `"${id}"`;
  const start = `${component} is ${on ? "on" : "off"} for ${who}: `;
  const reason = sentence.startsWith(start) ? sentence.slice(start.length) : "";
  if (reason === "") return sentence;
  // A path keeps its small letters, even at the beginning of a sentence.
  if (reason.startsWith(`${component} `)) return `It ${reason.slice(component.length + 1)}`;
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}
