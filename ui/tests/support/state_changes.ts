/** Changes of a state, as the backend lists them. */

import type {
  ListChange,
  SeriesChange,
  StateChange,
  StateDifference,
} from "../../src/bindings/wire";

export function excerptOf(value: unknown): { text: string; isWhole: boolean } {
  return { text: JSON.stringify(value), isWhole: true };
}

/** A change of a value at `pointer`, told apart by what is given. */
export function stateChange(pointer: string, more: Partial<StateChange> = {}): StateChange {
  const keys = pointer.slice(1).split("/");
  const depth = keys[0] === "metrics" ? 2 : 1;
  return {
    pointer,
    path: keys.join("."),
    group: ["ml", ...keys.slice(0, depth)].join("."),
    kind: "changed",
    from: null,
    before: null,
    after: null,
    list: null,
    series: null,
    isNoise: false,
    record: null,
    ...more,
  };
}

export function changed(pointer: string, before: unknown, after: unknown): StateChange {
  return stateChange(pointer, { before: excerptOf(before), after: excerptOf(after) });
}

export function listOf(more: Partial<ListChange> = {}): ListChange {
  const none = { dropped: 0, added: 0, moved: 0, changed: 0 };
  return { key: null, isShifted: false, ...none, lengthBefore: 10, lengthAfter: 10, ...more };
}

export function seriesOf(before: number[], after: number[]): SeriesChange {
  const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  return {
    before,
    after,
    meanBefore: mean(before),
    meanAfter: mean(after),
    p95Before: Math.max(...before),
    p95After: Math.max(...after),
    largestChange: 2,
  };
}

export function differenceOf(
  changes: StateChange[],
  more: Partial<StateDifference> = {},
): StateDifference {
  const noise = changes.filter(({ isNoise }) => isNoise).length;
  return {
    changes,
    total: changes.length,
    noise,
    tolerated: 0,
    unchanged: [],
    records: [],
    ...more,
  };
}
