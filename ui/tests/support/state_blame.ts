/** What set a value of a state, as far as snapshots tell. */

import type { Blame, Snapshot } from "../../src/bindings/wire";
import { excerpt, valueAt } from "./state_compare";
import type { Tree } from "./state_trees";

type ValueIn = (snapshot: Snapshot) => Tree | undefined;

/** What set the value of `key` in a state; `past` are the snapshots up to that, latest first. */
export function blameOf(
  key: string,
  state: Tree,
  past: readonly Snapshot[],
  treeOf: (snapshot: Snapshot) => Tree,
): Blame {
  const pointer = pointerOf(key);
  const value = valueAt(state, pointer);
  const valueIn = (snapshot: Snapshot) => valueAt(treeOf(snapshot), pointer);
  const differing = past.findIndex((snapshot) => !isSame(valueIn(snapshot), value));
  const untilIndex = differing < 0 ? past.length : differing;
  const [since, until] = [past[untilIndex - 1] ?? null, past[untilIndex] ?? null];
  const change = {
    key: `ml${pointer.replaceAll("/", ".")}`,
    before: until && excerptOf(valueIn(until)),
  };
  return {
    ...change,
    pointer: value === undefined ? null : pointer,
    value: excerptOf(value),
    since,
    until,
    records: since ? [recordOf({ ...change, after: excerptOf(value) }, since)] : [],
    earlier: earlierChanges(past.slice(untilIndex), valueIn),
    values: past.toReversed().flatMap((snapshot) => {
      const number = valueIn(snapshot);
      return typeof number === "number" ? [{ atMs: snapshot.atMs, value: number }] : [];
    }),
  };
}

function recordOf(
  change: Pick<Blame["records"][number], "key" | "before" | "after">,
  since: Snapshot,
): Blame["records"][number] {
  return {
    ...change,
    atMs: since.atMs - 40_000,
    byReport: false,
    sinceMs: null,
    place: "tracker.ts:118",
    origin: "at Store.set (src/state/store.ts:41:9)\nat Tracker.flush (src/ml/tracker.ts:118:5)",
  };
}

function earlierChanges(past: readonly Snapshot[], valueIn: ValueIn): Blame["earlier"] {
  return past.flatMap((snapshot, index) => {
    const older = past[index + 1];
    if (!older) return [];
    const [before, after] = [valueIn(older), valueIn(snapshot)];
    if (isSame(before, after)) return [];
    return [{ snapshot, before: excerptOf(before), after: excerptOf(after) }];
  });
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function excerptOf(value: Tree | undefined) {
  return value === undefined ? null : excerpt(value);
}

/** The pointer of a key as differences print it, without identities. */
function pointerOf(key: string): string {
  if (key === "" || key.startsWith("/")) return key;
  const names = key.replace(/^ml\.?/, "").matchAll(/\["(.*?)"\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...names].map(([, quoted, place, name]) => `/${quoted ?? place ?? name}`).join("");
}
