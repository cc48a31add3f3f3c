/** What differs between two states, made ready to be read row by row. Pure. */

import type {
  ChangeRecord,
  Excerpt,
  SeriesChange,
  StateChange,
  StateDifference,
} from "../bindings/wire";
import { fold } from "./fold";
import { indented } from "./json_text";
import { dotted, holderOf, keysOf, rooted } from "./pointer";

/** From here on a drift of the mean is worth a look. */
export const DRIFT_NOTABLE = 0.1;

/** A part of the state, with what differs in it. */
export interface ChangeGroup {
  /** As a dotted key: `ml.metrics.performance`. */
  name: string;
  changes: readonly StateChange[];
}

export type ChangeRow =
  | { kind: "group"; id: string; group: ChangeGroup; isOpen: boolean }
  /** `alone` if it is the only one of a group that is named by it. */
  | { kind: "change"; id: string; change: StateChange; isAlone: boolean }
  /** What is folded away as noise. */
  | { kind: "noise"; id: string; count: number; isOpen: boolean }
  | { kind: "unchanged"; id: string; name: string };

export interface Folds {
  /** Groups that are folded, by name. */
  folded: ReadonlySet<string>;
  isNoiseOpen: boolean;
  /** Only changes whose path or value has this text, ignoring case. */
  query: string;
}

/** The rows of a difference: groups in the order of the state, noise, then what did not change. */
export function changeRows(difference: StateDifference, folds: Folds): ChangeRow[] {
  const query = fold(folds.query.trim());
  const found = query === "" ? difference.changes : matching(difference.changes, query);
  const rows: ChangeRow[] = [];
  const named = identify(found);
  for (const group of groupsOf(found.filter((change) => !change.isNoise))) {
    const [only] = group.changes;
    if (only && group.changes.length === 1 && isGroupItself(only)) {
      rows.push({ kind: "change", id: named(only), change: only, isAlone: true });
      continue;
    }
    // What was found is to be seen.
    const isOpen = query !== "" || !folds.folded.has(group.name);
    rows.push({ kind: "group", id: `group:${group.name}`, group, isOpen });
    if (isOpen) rows.push(...group.changes.map((change) => rowOf(change, named)));
  }
  const noise = found.filter((change) => change.isNoise);
  if (noise.length > 0) {
    const isOpen = query !== "" || folds.isNoiseOpen;
    const count = query === "" ? difference.noise : noise.length;
    rows.push({ kind: "noise", id: "noise", count, isOpen });
    if (isOpen) rows.push(...noise.map((change) => rowOf(change, named)));
  }
  if (query === "") {
    for (const pointer of difference.unchanged) {
      rows.push({ kind: "unchanged", id: `unchanged:${pointer}`, name: dotted(pointer) });
    }
  }
  return rows;
}

/** The recorded change that set the value of a change; `null` if none is known. */
export function recordOf(
  change: StateChange | null,
  records: readonly ChangeRecord[],
): ChangeRecord | null {
  const place = change?.record ?? null;
  return place === null ? null : (records[place] ?? null);
}

/** The changes whose path or value has a text, which is folded already. */
export function matching(changes: readonly StateChange[], query: string): StateChange[] {
  return changes.filter((change) =>
    [
      rooted(change.path),
      change.pointer,
      change.from ?? "",
      change.before?.text ?? "",
      change.after?.text ?? "",
    ].some((text) => fold(text).includes(query)),
  );
}

/** The changes by group, in the order in which groups appear. */
export function groupsOf(changes: readonly StateChange[]): ChangeGroup[] {
  const groups = new Map<string, StateChange[]>();
  for (const change of changes) {
    const known = groups.get(change.group);
    if (known) known.push(change);
    else groups.set(change.group, [change]);
  }
  return [...groups].map(([name, changes]) => ({ name, changes }));
}

/** How a group's changes are summed up. */
export type Tally =
  { kind: "series"; added: number; series: number } | { kind: "changes"; count: number };

export function tallyOf({ changes }: ChangeGroup): Tally {
  const series = changes.filter((change) => change.kind === "series");
  const added = series.reduce((sum, { list }) => sum + (list?.added ?? 0), 0);
  if (added > 0 && series.length === changes.length) {
    return { kind: "series", added, series: series.length };
  }
  return { kind: "changes", count: changes.length };
}

/** Whether a change is of the whole group it is listed under. */
function isGroupItself({ group, path, pointer }: StateChange): boolean {
  return group === dotted(pointer) && group.endsWith(`.${path}`);
}

/** The path of a change within its group; of a group itself, its name. */
export function pathIn({ group, path }: Pick<StateChange, "group" | "path">): string {
  const prefix = `${group.slice("ml.".length)}.`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : path;
}

/** A path as what leads to its last key, and that with the dot before it and all behind it. */
export function splitPath(path: string): [front: string, last: string] {
  let depth = 0;
  let at = 0;
  // A dot within brackets belongs to a value that identifies an element.
  for (let index = 0; index < path.length; index += 1) {
    const letter = path[index];
    if (letter === "[") depth += 1;
    else if (letter === "]") depth = Math.max(0, depth - 1);
    else if (letter === "." && depth === 0) at = index;
  }
  return [path.slice(0, at), path.slice(at)];
}

/** The last key of a change that is a name, by which noise is recognised. */
export function noiseKeyOf(pointer: string): string | null {
  return keysOf(pointer).findLast((key) => !/^\d+$/.test(key)) ?? null;
}

/** How far the mean moved, as a share of its former value; `null` if that says nothing. */
export function driftOf({ meanBefore, meanAfter }: SeriesChange): number | null {
  if (meanBefore === null || meanAfter === null || meanBefore === 0) return null;
  return (meanAfter - meanBefore) / Math.abs(meanBefore);
}

/** How far a number went, as a share of what it was; `null` for anything else. */
export function stepOf({ kind, before, after }: StateChange): number | null {
  const [from, to] = [numberIn(before), numberIn(after)];
  if (kind !== "changed" || from === null || to === null || from === 0) return null;
  return (to - from) / Math.abs(from);
}

function numberIn(excerpt: Excerpt | null): number | null {
  if (!excerpt?.isWhole || !/^-?\d/.test(excerpt.text)) return null;
  const number = Number(excerpt.text);
  return Number.isFinite(number) ? number : null;
}

/** The former place of something that moved: only under another name, or elsewhere. */
export function originOf({ from, pointer }: StateChange): {
  kind: "renamed" | "moved";
  path: string;
} | null {
  if (from === null) return null;
  if (holderOf(from) === holderOf(pointer)) {
    return { kind: "renamed", path: keysOf(from).at(-1) ?? "" };
  }
  return { kind: "moved", path: keysOf(from).join(".") };
}

/** JSON up to here is written on one line. */
const LINE_CHARS_MAX = 72;

/** Writes JSON with room between its parts, on several lines if it is long; a cut one as it is. */
export function readable(text: string): string {
  if (!/^[[{]/.test(text)) return text;
  try {
    JSON.parse(text);
    const lines = indented(text);
    const line = lines.replaceAll(/\n */g, " ");
    return line.length <= LINE_CHARS_MAX ? line : lines;
  } catch {
    return text;
  }
}

function rowOf(change: StateChange, named: (change: StateChange) => string): ChangeRow {
  return { kind: "change", id: named(change), change, isAlone: false };
}

/** Gives every change a unique name that survives a new comparison. */
function identify(changes: readonly StateChange[]): (change: StateChange) => string {
  const names = new Map<StateChange, string>();
  const taken = new Set<string>();
  for (const change of changes) {
    let name = changeId(change);
    while (taken.has(name)) name += "'";
    taken.add(name);
    names.set(change, name);
  }
  return (change) => names.get(change) ?? changeId(change);
}

/**
 * What was removed had a place in the earlier state, at which the later one may have something
 * else.
 */
export function changeId({ kind, pointer }: StateChange): string {
  return `${kind === "removed" ? "-" : ""}${pointer}`;
}

/** Longer texts may be cut on one line. */
const LINE_TEXT_MAX = 24;

/** Whether there is more to show of a change than fits on its row. */
export function canUnfold({ kind, before, after, record }: StateChange): boolean {
  if (kind === "list" || kind === "series" || kind === "moved" || record !== null) return true;
  return [before, after].some(
    (side) => side !== null && (!side.isWhole || side.text.length > LINE_TEXT_MAX),
  );
}
