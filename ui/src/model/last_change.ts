/** The last change of each component, kept up to date by parts. */

import type { LastChange } from "../bindings/wire";

/** Returns `known` with `later` changes in the place of earlier ones of the same components. */
export function withLater(
  known: Iterable<readonly [path: string, change: LastChange]>,
  later: readonly LastChange[],
): ReadonlyMap<string, LastChange> {
  const all = new Map(known);
  for (const change of later) all.set(change.path, change);
  return all;
}
