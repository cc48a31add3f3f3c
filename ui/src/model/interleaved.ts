/**
 * Two lists as one, by time: many revisions, read page by page, and a few restores among them.
 * Both are ranked from the oldest and only grow at the other end, so a rank stays what it is. Pure.
 */

/**
 * For each restore, the oldest first, how many revisions are older than it: ascending. A restore
 * stands right after those.
 */
export type Places = readonly number[];

/** What is at a rank: the revision of that rank among revisions, or the restore of that index. */
export type Entry = { kind: "revision"; rank: number } | { kind: "restore"; index: number };

/** What stands at `rank` of both lists together. */
export function entryAt(places: Places, rank: number): Entry {
  const older = restoresBelow(places, rank);
  if (older < places.length && rankOfRestore(places, older) === rank) {
    return { kind: "restore", index: older };
  }
  return { kind: "revision", rank: rank - older };
}

/** The rank in both lists together of the restore at `index`. */
export function rankOfRestore(places: Places, index: number): number {
  return (places[index] ?? 0) + index;
}

/** The rank in both lists together of the revision at `rank` among the revisions. */
export function rankOfRevision(places: Places, rank: number): number {
  return rank + firstIndex(places.length, (index) => (places[index] ?? 0) > rank);
}

/** How many restores stand below `rank` of both lists together. */
export function restoresBelow(places: Places, rank: number): number {
  return firstIndex(places.length, (index) => rankOfRestore(places, index) >= rank);
}

/**
 * Finds the places of restores among `total` revisions; `olderThan` tells how many revisions are
 * older than a moment. Asks no more often than there are restores; for many between the same two
 * revisions, only about as often as they can be halved.
 */
export async function findPlaces(
  atMs: readonly number[],
  total: number,
  olderThan: (atMs: number) => Promise<number>,
): Promise<number[]> {
  const places = new Array<number>(atMs.length).fill(total);
  const find = async (first: number, end: number, low: number, high: number): Promise<void> => {
    if (first >= end) return;
    if (low === high) {
      places.fill(low, first, end);
      return;
    }
    const middle = Math.floor((first + end) / 2);
    // If a clock was set back, there may be more or fewer.
    const found = Math.min(high, Math.max(low, await olderThan(atMs[middle] ?? 0)));
    places[middle] = found;
    await Promise.all([find(first, middle, low, found), find(middle + 1, end, found, high)]);
  };
  await find(0, atMs.length, 0, total);
  return places;
}

/** The first of so many indices for which something holds that holds for all after it, too. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
