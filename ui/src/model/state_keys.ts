/** Keys of a state as people read them, such as `ml.list[id=gamma].n`: made, taken apart. Pure. */

import type { StateChange } from "../bindings/wire";
import { keysOf } from "./pointer";
import type { State } from "./state_tree";

/** The whole state. */
export const ROOT = "ml";

/** What elements of a list may be told apart by, the first that fits. */
const IDENTITIES = ["id", "key", "ts", "timestamp", "name", "path"] as const;

/** An id is quoted up to here, as the difference does. */
const ID_CHARS_MAX = 40;

/** The key of what a change is of. */
export function keyOf({ path }: Pick<StateChange, "path">): string {
  if (path === "") return ROOT;
  return path.startsWith("[") ? ROOT + path : `${ROOT}.${path}`;
}

/** The steps of a key beneath the whole: names without their dot, elements with their brackets. */
export function stepsOf(key: string): string[] {
  return key.slice(ROOT.length).match(/\["(?:[^"\\]|\\.)*"\]|\[[^\]]*\]|[^.[\]]+/g) ?? [];
}

/** The key of a part of what `holder` is the key of. */
export function within(holder: string, step: string): string {
  return step.startsWith("[") ? holder + step : `${holder}.${step}`;
}

/** Whether a step leads to an element that is told from others by its identity. */
export function isRecord(step: string): boolean {
  return step.startsWith("[") && !step.startsWith('["') && step.includes("=");
}

/** The key of the innermost record that a key lies in or is of; `null` if there is none. */
export function recordOfKey(key: string): string | null {
  const steps = stepsOf(key);
  const last = steps.findLastIndex(isRecord);
  return last < 0 ? null : steps.slice(0, last + 1).reduce(within, ROOT);
}

/** The step to an element with this identity. */
export function recordStep(by: string, id: State): string {
  const text = typeof id === "string" ? id : String(id);
  const letters = [...text];
  return `[${by}=${letters.length > ID_CHARS_MAX ? `${letters.slice(0, ID_CHARS_MAX).join("")}…` : text}]`;
}

/** The key of what a JSON Pointer leads to in a state. */
export function keyAt(root: State, pointer: string): string {
  let at: State | undefined = root;
  let key = ROOT;
  for (const token of keysOf(pointer)) {
    if (Array.isArray(at)) {
      const element: State | undefined = at[Number(token)];
      key = within(key, stepOfElement(at, element, token));
      at = element;
    } else {
      key = within(key, isPlain(token) ? token : `[${JSON.stringify(token)}]`);
      at = isMembers(at) ? at[token] : undefined;
    }
  }
  return key;
}

/** What the elements of a list are told apart by; `null` if by their place alone. */
export function identityIn(list: readonly State[]): string | null {
  return IDENTITIES.find((by) => isIdentity(list, by)) ?? null;
}

/** The identity of an element; `null` of one that has none of this name. */
export function idOf(element: State | undefined, by: string): string | number | bigint | null {
  const id = isMembers(element) ? element[by] : undefined;
  return typeof id === "string" || typeof id === "number" || typeof id === "bigint" ? id : null;
}

function stepOfElement(list: readonly State[], element: State | undefined, token: string): string {
  const by = identityIn(list);
  const id = by === null ? null : idOf(element, by);
  return by === null || id === null ? `[${token}]` : recordStep(by, id);
}

function isIdentity(list: readonly State[], by: string): boolean {
  const ids = list.map((element) => idOf(element, by));
  return list.length > 0 && !ids.includes(null) && new Set(ids).size === ids.length;
}

function isPlain(key: string): boolean {
  return /^[^\s.[\]"\p{Cc}]+$/u.test(key);
}

function isMembers(value: State | undefined): value is Record<string, State> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
