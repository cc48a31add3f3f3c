/** What rows of the tree say of a list whose entries are each about one row. Pure. */

import { parentOf } from "./edit";

export interface RowEntries<Entry> {
  /** Those about the row itself. */
  own: readonly Entry[];
  /** How many there are about what is in the group. */
  inside: number;
}

/** Returns what each row says, by path; rows with nothing to say are left out. */
export function entriesByRow<Entry>(
  entries: readonly Entry[],
  pathOf: (entry: Entry) => string,
): ReadonlyMap<string, RowEntries<Entry>> {
  const rows = new Map<string, { own: Entry[]; inside: number }>();
  const row = (path: string) => {
    const known = rows.get(path) ?? { own: [], inside: 0 };
    rows.set(path, known);
    return known;
  };
  for (const entry of entries) {
    const path = pathOf(entry);
    row(path).own.push(entry);
    for (let at = parentOf(path); at !== ""; at = parentOf(at)) row(at).inside += 1;
  }
  return rows;
}
