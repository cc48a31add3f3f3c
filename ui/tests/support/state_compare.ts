/** What differs between two states, computed simply: enough to be shown, not to be relied on. */

import type {
  ChangeRecord,
  Excerpt,
  ListChange,
  SeriesChange,
  StateChange,
  StateDifference,
  StateDifferenceOptions,
} from "../../src/bindings/wire";
import { plain } from "./state_parts";
import type { Tree } from "./state_trees";

const EXCERPT_CHARS_MAX = 300;
const CHANGES_MAX = 5000;

export const exact: StateDifferenceOptions = { tolerance: 0, noise: [] };

/** What differs from `from` to `to`; both are what is under `ml`. */
export function compareStates(
  from: Tree,
  to: Tree,
  { tolerance, noise }: StateDifferenceOptions,
): StateDifference {
  const found: StateChange[] = [];
  let tolerated = 0;
  walk([], [], from, to);
  const groups = new Set(found.map(({ group }) => group));
  const records = recordsSince(from, to);
  const changes = found.slice(0, CHANGES_MAX).map((change) => {
    const key = `ml${change.pointer.replaceAll("/", ".")}`;
    const place = records.findIndex((record) => record.key === key);
    return { ...change, record: place < 0 ? null : place };
  });
  return {
    changes,
    records,
    total: found.length,
    noise: found.filter(({ isNoise }) => isNoise).length,
    tolerated,
    unchanged: groupsOf(to).filter((pointer) => !groups.has(groupOf(pointer.slice(1).split("/")))),
  };

  function walk(keys: string[], path: string[], before: Tree | undefined, after: Tree | undefined) {
    if (before === after) return;
    if (isObject(before) && isObject(after)) {
      // In the order of the later state, what was removed after it.
      for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
        walk([...keys, key], [...path, key], before[key], after[key]);
      }
    } else if (Array.isArray(before) && Array.isArray(after)) {
      walkList(keys, path, before, after);
    } else if (typeof before === "number" && typeof after === "number") {
      const isClose =
        Math.abs(before - after) <= tolerance * Math.max(Math.abs(before), Math.abs(after));
      if (isClose) tolerated += 1;
      else add(keys, path, "changed", before, after);
    } else if (before === undefined) {
      add(keys, path, "added", undefined, after);
    } else {
      add(keys, path, after === undefined ? "removed" : "changed", before, after);
    }
  }

  function walkList(keys: string[], path: string[], before: Tree[], after: Tree[]) {
    const list = listChange(before, after);
    const isMoved = list.dropped + list.added > 0;
    if (isNumbers(before) && isNumbers(after)) {
      if (before.join() === after.join()) return;
      const series = seriesChange(before, after, list);
      add(keys, path, "series", undefined, undefined, { list, series });
      return;
    }
    if (isMoved) {
      const [had, has] = [new Set(before.map(keyed)), new Set(after.map(keyed))];
      const went = before.filter((element) => !has.has(keyed(element)));
      const came = after.filter((element) => !had.has(keyed(element)));
      add(keys, path, "list", someOf(went), someOf(came), { list });
    }
    const stayed = new Map(before.map((element) => [keyed(element), element]));
    after.forEach((element, index) => {
      const was = stayed.get(keyed(element));
      const name = isObject(element) ? `${path.at(-1) ?? ""}[id=${plain(element.id)}]` : "";
      if (was !== undefined && isObject(element) && was !== element) {
        walk([...keys, `${index}`], [...path.slice(0, -1), name], was, element);
      }
    });
  }

  function add(
    keys: string[],
    path: string[],
    kind: StateChange["kind"],
    before: Tree | undefined,
    after: Tree | undefined,
    more: { list?: ListChange; series?: SeriesChange } = {},
  ) {
    found.push({
      pointer: pointerOf(keys),
      path: path.join("."),
      group: groupOf(keys),
      kind,
      from: null,
      before: before === undefined ? null : excerpt(before),
      after: after === undefined ? null : excerpt(after),
      list: more.list ?? null,
      series: more.series ?? null,
      isNoise: keys.some((key) => noise.includes(key)),
      record: null,
    });
  }
}

/** What is under a JSON Pointer; `undefined` where nothing is. */
export function valueAt(tree: Tree, pointer: string): Tree | undefined {
  let at: Tree | undefined = tree;
  for (const key of keysOf(pointer)) {
    if (Array.isArray(at)) at = at[Number(key)];
    else if (isObject(at)) at = at[key];
    else return undefined;
  }
  return at;
}

export function excerpt(value: Tree): Excerpt {
  // What is far too long is not written out for its first characters.
  const cut = Array.isArray(value) && value.length > 200 ? value.slice(0, 200) : value;
  const text = JSON.stringify(cut);
  const isWhole = cut === value && text.length <= EXCERPT_CHARS_MAX;
  return { text: isWhole ? text : text.slice(0, EXCERPT_CHARS_MAX), isWhole };
}

/** What the ring of `to` has that the one of `from` has not, latest first. */
function recordsSince(from: Tree, to: Tree): ChangeRecord[] {
  const known = new Set(ringOf(from).map(({ id }) => id));
  return ringOf(to)
    .filter(({ id }) => !known.has(id))
    .map(({ key, value = null, timestamp, source }) => ({
      key: textOf(key),
      before: null,
      after: excerpt(value),
      atMs: Number(timestamp),
      byReport: false,
      sinceMs: null,
      place: textOf(source),
      origin: textOf(source),
    }))
    .toReversed();
}

const textOf = (value: Tree | undefined) => (typeof value === "string" ? value : "");

function ringOf(tree: Tree): Record<string, Tree>[] {
  const ring = isObject(tree) ? tree.history : undefined;
  return Array.isArray(ring) ? ring.filter(isObject) : [];
}

function keysOf(pointer: string): string[] {
  if (pointer === "") return [];
  const keys = pointer.slice(1).split("/");
  return keys.map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function pointerOf(keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function groupOf(keys: readonly string[]): string {
  return ["ml", ...keys.slice(0, keys[0] === "metrics" ? 2 : 1)].join(".");
}

function groupsOf(tree: Tree): string[] {
  if (!isObject(tree)) return [];
  return Object.entries(tree).flatMap(([key, value]) =>
    key === "metrics" && isObject(value)
      ? Object.keys(value).map((inner) => `/${key}/${inner}`)
      : [`/${key}`],
  );
}

function listChange(before: readonly Tree[], after: readonly Tree[]): ListChange {
  const [had, has] = [before.map(keyed), after.map(keyed)];
  const lengths = { lengthBefore: before.length, lengthAfter: after.length };
  const key = [...before, ...after].some((each) => isObject(each) && "id" in each) ? "id" : null;
  const known = new Map(before.map((element) => [keyed(element), element]));
  const changed = after.filter((element) => {
    const was = known.get(keyed(element));
    return was !== undefined && was !== element && JSON.stringify(was) !== JSON.stringify(element);
  });
  const still = { key, moved: 0, changed: changed.length, ...lengths };
  const shift = shiftOf(had, has);
  if (shift !== null) {
    const added = after.length - (before.length - shift);
    return { ...still, isShifted: shift > 0 && added > 0, dropped: shift, added };
  }
  const [old, fresh] = [new Set(had), new Set(has)];
  return {
    ...still,
    isShifted: false,
    dropped: had.filter((each) => !fresh.has(each)).length,
    added: has.filter((each) => !old.has(each)).length,
  };
}

/** How many went at the beginning, where that and what came at the end is all. */
function shiftOf(had: readonly string[], has: readonly string[]): number | null {
  for (let shift = 0; shift < had.length; shift += 1) {
    const stayed = had.length - shift;
    if (stayed <= has.length && had.slice(shift).every((each, at) => each === has[at]))
      return shift;
  }
  return null;
}

function seriesChange(before: number[], after: number[], list: ListChange): SeriesChange {
  const shifted = list.isShifted ? before.slice(list.dropped) : before;
  const steps = shifted.map((value, index) => Math.abs(value - (after[index] ?? value)));
  return {
    before,
    after,
    meanBefore: mean(before),
    meanAfter: mean(after),
    p95Before: p95(before),
    p95After: p95(after),
    largestChange: steps.length === 0 ? null : Math.max(...steps),
  };
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function p95(values: readonly number[]): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? null;
}

function keyed(element: Tree): string {
  return isObject(element) && "id" in element
    ? `id=${JSON.stringify(element.id)}`
    : JSON.stringify(element);
}

/** A list of elements; `undefined` of none. */
function someOf(elements: Tree[]): Tree | undefined {
  return elements.length === 0 ? undefined : elements;
}

function isNumbers(list: readonly Tree[]): list is number[] {
  return list.length > 0 && list.every((each) => typeof each === "number");
}

function isObject(value: Tree | undefined): value is Record<string, Tree> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
