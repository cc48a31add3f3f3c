/**
 * What of a state is restored: everything, some parts of it, or all but some. The parts are a tree
 * of what restoring everything would change. Pure.
 */

import type { Excerpt, RestoreRequest, StateChange, StateDifference } from "../bindings/wire";
import { idOf, isRecord, keyOf, recordStep, ROOT, sameOf, stepsOf, within } from "./state_keys";
import { jsonOf, parseState, type State } from "./state_text";

export type Extent = "all" | "only" | "except";

/** A part of the state in which something would change. */
export interface Part {
  /** As the backend understands it. */
  key: string;
  /** What is added to the key of its holder, as it is shown. */
  name: string;
  holder: Part | null;
  /** What happens to the part itself; `null` if only to what is in it. */
  change: StateChange | null;
  parts: Part[];
  /** Changes in it, its own among them. */
  changes: number;
  /** Whether more records come and go than the change lists. */
  isUnread: boolean;
}

/** Whether all of a part is restored, some of it, or none. */
export type Choice = "all" | "some" | "none";

/** The tree of what would change; `given` are keys that are in it even if nothing would. */
export function partsOf(difference: StateDifference, given: readonly string[] = []): Part {
  const root = partIn(null, ROOT);
  const known = new Map([[ROOT, root]]);
  for (const change of difference.changes) {
    const part = plant(root, keyOf(change), known);
    part.change ??= change;
    part.changes += 1;
    for (const [step, record] of recordsOf(change)) {
      const key = within(part.key, step);
      const inner = known.get(key) ?? partIn(part, step);
      inner.change ??= record;
      known.set(key, inner);
    }
    part.isUnread = isCutList(change);
  }
  for (const key of given) plant(root, key, known);
  tally(root);
  return root;
}

/** Keys of the records that a change of a list brings and takes away, as far as it lists them. */
export function recordKeysOf(change: StateChange): string[] {
  return recordsOf(change).map(([step]) => within(keyOf(change), step));
}

/** Adds records that were read whole to the part of their list. Returns how many were added. */
export function addRecords(part: Part, now: string, then: string): number {
  const by = part.change?.list?.key ?? null;
  part.isUnread = false;
  if (by === null) return 0;
  const [had, has] = [elementsOf(now), elementsOf(then)];
  const lost = recordsAs("added", missingIn(has, had, by), part, by);
  const come = recordsAs("removed", missingIn(had, has, by), part, by);
  const known = new Set(part.parts.map(({ key }) => key));
  const fresh = [...lost, ...come].filter(([step]) => !known.has(within(part.key, step)));
  for (const [step, change] of fresh) partIn(part, step).change = change;
  return fresh.length;
}

export interface PartRow {
  part: Part;
  /** What it is called in its row: with those on the way to it that hold nothing else. */
  name: string;
  depth: number;
  isOpen: boolean;
}

/** The rows to be seen. A part that holds but one other shares its row. */
export function partRows(root: Part, open: ReadonlySet<string>): PartRow[] {
  const rows: PartRow[] = [];
  const add = (first: Part, depth: number) => {
    let [part, name] = [first, first.name];
    for (let only = soleOf(part); only !== null; only = soleOf(part)) {
      [part, name] = [only, within(name, only.name)];
    }
    const isOpen = !part.isUnread && canOpen(part) && open.has(part.key);
    rows.push({ part, name, depth, isOpen });
    if (isOpen) for (const inner of part.parts) add(inner, depth + 1);
  };
  if (root.change && root.parts.length === 0) add(root, 0);
  for (const part of root.parts) add(part, 0);
  return rows;
}

export function canOpen(part: Part): boolean {
  return part.parts.length > 0 || part.isUnread;
}

/** Keys of all parts that hold others. */
export function holdersIn(part: Part): string[] {
  if (part.parts.length === 0) return [];
  return [part.key, ...part.parts.flatMap(holdersIn)];
}

/** Keys of what holds the parts that `chosen` names. */
function holdersOfChosen(root: Part, chosen: ReadonlySet<string>): string[] {
  const inner = root.parts.flatMap((part) => holdersOfChosen(part, chosen));
  const isHolder = inner.length > 0 || root.parts.some(({ key }) => chosen.has(key));
  return isHolder ? [root.key, ...inner] : [];
}

/** A tree of no more rows is open from the start. */
const OPEN_ROWS_MAX = 40;

/** What is open at first: a small tree, else what leads to what is chosen. */
export function openAtFirst(root: Part, chosen: ReadonlySet<string>): Set<string> {
  const all = new Set(holdersIn(root));
  const isSmall = partRows(root, all).length <= OPEN_ROWS_MAX;
  return isSmall ? all : new Set(holdersOfChosen(root, chosen));
}

/** How much of every part is covered by `chosen`, which names parts with all that is in them. */
export function choicesOf(root: Part, chosen: ReadonlySet<string>): Map<string, Choice> {
  const choices = new Map<string, Choice>();
  const visit = (part: Part, isCovered: boolean): Choice => {
    const isChosen = isCovered || chosen.has(part.key);
    const inner = part.parts.map((each) => visit(each, isChosen));
    const choice = isChosen ? "all" : sumOf(inner, part.change !== null);
    choices.set(part.key, choice);
    return choice;
  };
  visit(root, false);
  return choices;
}

/** Chooses a part with all that is in it, or takes it out of what is chosen. */
export function toggled(part: Part, chosen: ReadonlySet<string>): Set<string> {
  const next = new Set(chosen);
  const wasWhole = choicesOf(part, chosen).get(part.key) === "all";
  const holder = chosenHolder(part, chosen);
  for (const key of keysIn(part)) next.delete(key);
  if (holder !== null) exceptFor(part, holder, next);
  else if (!wasWhole) next.add(part.key);
  return next;
}

/** What to ask the backend for. */
export function requestOf(
  snapshot: number,
  extent: Extent,
  root: Part,
  chosen: ReadonlySet<string>,
  withFlags: boolean,
): RestoreRequest {
  const withOrigins = (keys: readonly string[]) =>
    keys.toSorted().flatMap((key) => [key, ...originsOf(root, key)]);
  if (extent === "only") {
    const { only, except } = coverOf(root, chosen);
    return { snapshot, only: withOrigins(only), except: withOrigins(except), withFlags };
  }
  return {
    snapshot,
    only: [],
    except: extent === "all" ? [] : withOrigins([...chosen]),
    withFlags,
  };
}

type Cover = Pick<RestoreRequest, "only" | "except">;

/** Up to so many keys are named one by one, as they were chosen. */
const KEYS_FEW = 50;

/** Names what is chosen in few keys: most of a part as the whole of it without the others. */
function coverOf(part: Part, chosen: ReadonlySet<string>): Cover {
  if (chosen.has(part.key)) return { only: [part.key], except: [] };
  const inner = part.parts.map((each) => coverOf(each, chosen));
  const named = {
    only: inner.flatMap(({ only }) => only),
    except: inner.flatMap(({ except }) => except),
  };
  const count = named.only.length + named.except.length;
  if (count <= KEYS_FEW || part.holder === null) return named;
  const others = othersIn(part, chosen);
  if (others === null || others.length + 1 >= count) return named;
  return { only: [part.key], except: others };
}

/** Keys of what is not chosen of a part; `null` if no keys can name that. */
function othersIn(part: Part, chosen: ReadonlySet<string>): string[] | null {
  const choice = choicesOf(part, chosen).get(part.key);
  if (choice !== "some") return choice === "all" ? [] : [part.key];
  // A change of a list itself has no separate key.
  if (part.change !== null) return null;
  const inner = part.parts.map((each) => othersIn(each, chosen));
  return inner.includes(null) ? null : inner.flatMap((keys) => keys ?? []);
}

/** The backend accepts no more keys in one request. */
export const PARTS_MAX = 1000;

/** How many parts a request names. */
export function namedIn({ only, except }: Cover): number {
  return only.length + except.length;
}

/** Whether nothing at all is asked for: an empty list of parts would mean everything. */
export function isEmptyChoice(extent: Extent, chosen: ReadonlySet<string>): boolean {
  return extent === "only" && chosen.size === 0;
}

function partIn(holder: Part | null, name: string): Part {
  const key = holder === null ? name : within(holder.key, name);
  const part: Part = { key, name, holder, change: null, parts: [], changes: 0, isUnread: false };
  holder?.parts.push(part);
  return part;
}

/** The part of a key, with all on the way to it. */
function plant(root: Part, key: string, known: Map<string, Part>): Part {
  let at = root;
  for (const step of stepsOf(key)) {
    const inner = known.get(within(at.key, step)) ?? partIn(at, step);
    known.set(inner.key, inner);
    at = inner;
  }
  return at;
}

/**
 * Adds up the changes of the difference in a part. The records of a list that changed add nothing:
 * they say what that one change is.
 */
function tally(part: Part): number {
  part.changes += part.parts.reduce((sum, each) => sum + tally(each), 0);
  return part.changes;
}

/** The only part in another one that is nothing in itself, unless it is a record. */
function soleOf(part: Part): Part | null {
  const [only, ...others] = part.parts;
  if (!only || others.length > 0 || part.change !== null) return null;
  return isRecord(only.name) || isRecord(part.name) ? null : only;
}

function sumOf(inner: readonly Choice[], isOwn: boolean): Choice {
  if (inner.every((choice) => choice === "none")) return "none";
  return !isOwn && inner.every((choice) => choice === "all") ? "all" : "some";
}

function keysIn(part: Part): string[] {
  return [part.key, ...part.parts.flatMap(keysIn)];
}

/** The innermost chosen part that holds another one; `null` if none does. */
function chosenHolder(part: Part, chosen: ReadonlySet<string>): Part | null {
  for (let at = part.holder; at !== null; at = at.holder) if (chosen.has(at.key)) return at;
  return null;
}

/** Chooses, in place of what holds a part, everything in that but the part. */
function exceptFor(part: Part, holder: Part, chosen: Set<string>): void {
  chosen.delete(holder.key);
  for (let at = part; at !== holder && at.holder !== null; at = at.holder) {
    for (const other of at.holder.parts) if (other !== at) chosen.add(other.key);
  }
}

/** The former place of what moved to a part: without that, it would be there twice. */
function originsOf(root: Part, key: string): string[] {
  let at: Part | undefined = root;
  for (const step of stepsOf(key)) at = at?.parts.find(({ name }) => name === step);
  const from = at?.change?.from ?? null;
  return from === null ? [] : [from];
}

function isCutList({ kind, list, before, after }: StateChange): boolean {
  return kind === "list" && list?.key != null && [before, after].some((side) => isCut(side));
}

function isCut(side: Excerpt | null): boolean {
  return side !== null && !side.isWhole;
}

/** The records that a change of a list brings and takes away, as far as it lists them. */
function recordsOf(change: StateChange): [step: string, change: StateChange][] {
  const by = change.kind === "list" ? (change.list?.key ?? null) : null;
  if (by === null || isCutList(change)) return [];
  return [
    ...recordsAs("added", elementsOf(change.after?.text ?? "[]"), { change }, by),
    ...recordsAs("removed", elementsOf(change.before?.text ?? "[]"), { change }, by),
  ];
}

/** Elements of a list as parts that come or go, but for those that no key can name. */
function recordsAs(
  kind: "added" | "removed",
  elements: readonly State[],
  { change }: Pick<Part, "change">,
  by: string,
): [step: string, change: StateChange][] {
  const { pointer = "", path = "", group = ROOT } = change ?? {};
  const nothing = { from: null, list: null, series: null, isNoise: false, record: null };
  return elements.flatMap((element) => {
    const id = idOf(element, by);
    const step = id === null ? null : recordStep(by, id);
    if (step === null) return [];
    const excerpt = excerptOf(element);
    const sides =
      kind === "added" ? { before: null, after: excerpt } : { before: excerpt, after: null };
    return [[step, { pointer, path: path + step, group, kind, ...sides, ...nothing }]];
  });
}

const EXCERPT_CHARS_MAX = 200;

function excerptOf(value: State): Excerpt {
  const text = jsonOf(value);
  const isWhole = text.length <= EXCERPT_CHARS_MAX;
  return { text: isWhole ? text : text.slice(0, EXCERPT_CHARS_MAX), isWhole };
}

function elementsOf(text: string): State[] {
  const value = parseState(text);
  return Array.isArray(value) ? value : [];
}

/** Those elements of a list whose identity another one does not have. */
function missingIn(list: readonly State[], other: readonly State[], by: string): State[] {
  const known = new Set(other.map((element) => sameIn(element, by)));
  return list.filter((element) => {
    const id = sameIn(element, by);
    return id !== null && !known.has(id);
  });
}

function sameIn(element: State, by: string): string | number | null {
  const id = idOf(element, by);
  return id === null ? null : sameOf(id);
}
