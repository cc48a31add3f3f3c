/** A state as a tree of rows: unfolded only as far as it is open. Pure. */

import type { StateChange } from "../bindings/wire";
import { fold } from "./fold";
import { childOf, holderOf, holdersOf, keysOf } from "./pointer";
import { changeId } from "./state_changes";
import { ExactNumber, isMembers, leafText, type Members, type State } from "./state_text";

/** What differs in a state, by its place in the later one. */
export interface Marks {
  at: ReadonlyMap<string, StateChange>;
  /** How many changes are in what holds them. */
  within: ReadonlyMap<string, number>;
  /** What was removed, by the place of its parent. */
  gone: ReadonlyMap<string, readonly StateChange[]>;
}

export function marksOf(changes: readonly StateChange[]): Marks {
  const at = new Map<string, StateChange>();
  const within = new Map<string, number>();
  const gone = new Map<string, StateChange[]>();
  for (const change of changes) {
    if (change.kind === "removed") {
      const holder = holderOf(change.pointer) ?? "";
      const known = gone.get(holder);
      if (known) known.push(change);
      else gone.set(holder, [change]);
    } else {
      at.set(change.pointer, change);
    }
    for (const holder of holdersOf(change.pointer)) {
      within.set(holder, (within.get(holder) ?? 0) + 1);
    }
  }
  return { at, within, gone };
}

/** What is open at first: all that holds a change. */
export function openAtFirst(marks: Marks): string[] {
  return ["", ...marks.within.keys()];
}

export interface StateRow {
  id: string;
  pointer: string;
  /** A key, or an index. */
  key: string | number;
  depth: number;
  /** Not given of what went. */
  value: State | undefined;
  /** How many it holds; `null` of what holds none. */
  size: number | null;
  isOpen: boolean;
  change: StateChange | null;
  /** Changes in what it holds. */
  within: number;
}

/** The rows that are to be seen, without one for the whole. */
export function unfold(root: State, open: ReadonlySet<string>, marks: Marks): StateRow[] {
  const rows: StateRow[] = [];
  const add = (holder: string, depth: number, key: string | number, value: State) => {
    const pointer = childOf(holder, key);
    const size = sizeOf(value);
    const isOpen = size !== null && open.has(pointer);
    const change = marks.at.get(pointer) ?? null;
    const within = marks.within.get(pointer) ?? 0;
    rows.push({ id: pointer, pointer, key, depth, value, size, isOpen, change, within });
    if (isOpen) walk(pointer, depth + 1, value);
  };
  const walk = (holder: string, depth: number, value: State) => {
    if (Array.isArray(value)) {
      value.forEach((element, index) => add(holder, depth, index, element));
    } else if (isMembers(value)) {
      for (const key of Object.keys(value)) add(holder, depth, key, value[key] as State);
    }
    for (const change of marks.gone.get(holder) ?? []) {
      const { pointer } = change;
      const key = keysOf(pointer).at(-1) ?? "";
      const id = changeId(change);
      const nothing = { value: undefined, size: null, isOpen: false, within: 0 };
      rows.push({ id, pointer, key, depth, change, ...nothing });
    }
  };
  walk("", 0, root);
  return rows;
}

/** The first values in one that holds others, on one line of about so many characters. */
export function previewOf(value: State, charsMax = 80): string {
  if (typeof value !== "object" || value === null || value instanceof ExactNumber) return "";
  const parts: string[] = [];
  let chars = 0;
  const add = (name: string, inner: State) => {
    const size = sizeOf(inner);
    const text = size === null ? leafText(inner) : Array.isArray(inner) ? `[${size}]` : `{${size}}`;
    const part =
      name + (text.length > PREVIEW_PART_MAX ? `${text.slice(0, PREVIEW_PART_MAX)}…` : text);
    parts.push(part);
    chars += part.length;
    return chars < charsMax;
  };
  if (Array.isArray(value)) {
    for (const inner of value) if (!add("", inner)) break;
  } else {
    for (const key in value) if (!add(`${key}: `, value[key] as State)) break;
  }
  return parts.join(", ") + (parts.length < (sizeOf(value) ?? 0) ? ", …" : "");
}

const PREVIEW_PART_MAX = 32;

/** How many values one holds; `null` of one that holds none by its kind. */
export function sizeOf(value: State): number | null {
  if (Array.isArray(value)) return value.length;
  return isMembers(value) ? Object.keys(value).length : null;
}

/**
 * Where a text is found, ignoring case, in the order of the state: in the key, the value, or a
 * path that ends with the key. What is merely below a match does not count.
 */
export function find(root: State, query: string): string[] {
  const wanted = fold(query.trim());
  const found: string[] = [];
  if (wanted === "") return found;
  // Only a text with a dot can lie across keys; without one no path has to be made of them.
  const isPath = wanted.includes(".");
  const visit = (pointer: string, holder: string, key: string | number, value: State) => {
    const name = typeof key === "number" ? String(key) : fold(key);
    const path = isPath ? `${holder}.${name}` : "";
    const isNamed = isPath
      ? path.slice(Math.max(0, holder.length - wanted.length + 1)).includes(wanted)
      : name.includes(wanted);
    if (Array.isArray(value) || isMembers(value)) {
      if (isNamed) found.push(pointer);
      descend(pointer, path, value);
    } else if (isNamed || textOf(value).includes(wanted)) {
      found.push(pointer);
    }
  };
  const descend = (pointer: string, path: string, value: State[] | Members) => {
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) {
        visit(`${pointer}/${index}`, path, index, value[index] as State);
      }
    } else {
      for (const key in value) visit(childOf(pointer, key), path, key, value[key] as State);
    }
  };
  if (Array.isArray(root) || isMembers(root)) descend("", "ml", root);
  return found;
}

function textOf(value: Exclude<State, State[] | Members>): string {
  return typeof value === "string" ? fold(value) : String(value);
}
