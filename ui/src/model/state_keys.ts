/** Keys of a state as people read them, such as `ml.list[id=gamma].n`: written and parsed. Pure. */

import type { StateChange } from "../bindings/wire";
import { keysOf } from "./pointer";
import { ExactNumber, isMembers, type State } from "./state_text";
import { visible, visibleJson } from "./visible";

/** The whole state. */
export const ROOT = "ml";

/** What may identify the elements of a list; the first that fits is used. */
const IDENTITIES = ["id", "key", "ts", "timestamp", "name", "path"] as const;

/** An element with a longer text as its identity is named by its place. */
const ID_CHARS_MAX = 128;

/** What identifies an element in its list. */
type Id = string | number | ExactNumber;

/** A step in brackets, in which a text in quotes may have brackets, too; else a name. */
const STEP = /\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\]|[^.[\]]+/g;

/** The key of what a change is of. */
export function keyOf({ path }: Pick<StateChange, "path">): string {
  if (path === "") return ROOT;
  return path.startsWith("[") ? ROOT + path : `${ROOT}.${path}`;
}

/** The steps of a key below the whole: names without their dot, elements with their brackets. */
export function stepsOf(key: string): string[] {
  return key.slice(ROOT.length).match(STEP) ?? [];
}

/** The key of a part of what `holder` is the key of. */
export function within(holder: string, step: string): string {
  return step.startsWith("[") ? holder + step : `${holder}.${step}`;
}

/** Whether a step leads to an element that has an identity. */
export function isRecord(step: string): boolean {
  return step.startsWith("[") && !step.startsWith('["') && step.includes("=");
}

/** The key of the innermost record that a key lies in or is of; `null` if there is none. */
export function recordOfKey(key: string): string | null {
  const steps = stepsOf(key);
  const last = steps.findLastIndex(isRecord);
  return last < 0 ? null : steps.slice(0, last + 1).reduce(within, ROOT);
}

/** The step to an element with this identity; `null` if it is too long to be named by it. */
export function recordStep(by: string, id: Id): string | null {
  if (Array.from(String(id)).length > ID_CHARS_MAX) return null;
  if (typeof id !== "string") return `[${by}=${String(id)}]`;
  return `[${by}=${isPlainId(id) ? id : quoted(id)}]`;
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
      key = within(key, isPlain(token) ? token : `[${quoted(token)}]`);
      at = isMembers(at) ? at[token] : undefined;
    }
  }
  return key;
}

/** The member that identifies the elements of a list; `null` if only their place does. */
function identityIn(list: readonly State[]): string | null {
  return IDENTITIES.find((by) => isIdentity(list, by)) ?? null;
}

/** The identity of an element; `null` of one that has none of this name. */
export function idOf(element: State | undefined, by: string): Id | null {
  const id = isMembers(element) ? element[by] : undefined;
  const isId = typeof id === "string" || typeof id === "number" || id instanceof ExactNumber;
  return isId ? id : null;
}

/** What is the same of equal identities: numbers are, however they are spelled. */
export function sameOf(id: Id): string | number {
  return id instanceof ExactNumber ? id.value : id;
}

function stepOfElement(list: readonly State[], element: State | undefined, token: string): string {
  const by = identityIn(list);
  const id = by === null ? null : idOf(element, by);
  return (by === null || id === null ? null : recordStep(by, id)) ?? `[${token}]`;
}

function isIdentity(list: readonly State[], by: string): boolean {
  const ids = new Set<string | number>();
  for (const element of list) {
    const id = idOf(element, by);
    if (id === null) return false;
    ids.add(sameOf(id));
  }
  return list.length > 0 && ids.size === list.length;
}

/** Whether a name reads as one among others that are joined by dots. */
function isPlain(key: string): boolean {
  return /^[^/\s.[\]"][^\s.[\]"]*$/u.test(key) && isVisible(key);
}

/** Whether a text reads as itself: not as a number, nor as a text in quotes. */
function isPlainId(id: string): boolean {
  if (id === "" || id !== id.trim() || /[[\]"]/.test(id) || !isVisible(id)) return false;
  return !/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(id);
}

/** Written as JSON, from which the backend reads what is not seen. */
function quoted(text: string): string {
  return visibleJson(JSON.stringify(text));
}

function isVisible(text: string): boolean {
  return visible(text) === text;
}
