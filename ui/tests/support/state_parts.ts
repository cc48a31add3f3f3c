/** Parts of a state by their keys, as a difference prints them: laid from one state on another. */

import type { RestoreRequest } from "../../src/bindings/wire";
import type { Tree } from "./state_trees";

type Step =
  | { kind: "key"; key: string }
  | { kind: "index"; index: number }
  | { kind: "element"; by: string; id: string };

export type Parts = Pick<RestoreRequest, "only" | "except">;

/** What is asked for: the chosen parts of `then` laid on `now`. */
export function askedFor(now: Tree, then: Tree, { only, except }: Parts): Tree {
  const start = only.length > 0 ? now : then;
  const taken = only.reduce<Tree>((tree, part) => laid(tree, then, stepsOf(part)) ?? null, start);
  return except.reduce<Tree>((tree, part) => laid(tree, now, stepsOf(part)) ?? null, taken);
}

/** Reads a key such as `ml.list[id=gamma].n`, or a JSON Pointer. */
export function stepsOf(part: string): Step[] {
  if (part.startsWith("/")) {
    const keys = part.slice(1).split("/");
    return keys.map((key) => stepOf(key.replaceAll("~1", "/").replaceAll("~0", "~")));
  }
  const token = /\.?([^.[\]]+)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|\[([^=\]]+)=([^\]]*)\]/g;
  return [...part.slice("ml".length).matchAll(token)].map(
    ([, plain, quoted, index, by, id = ""]): Step => {
      if (plain !== undefined) return { kind: "key", key: plain };
      if (quoted !== undefined) return { kind: "key", key: JSON.parse(quoted) as string };
      if (index !== undefined) return { kind: "index", index: Number(index) };
      return { kind: "element", by: by ?? "", id };
    },
  );
}

function stepOf(key: string): Step {
  return /^\d+$/.test(key) ? { kind: "index", index: Number(key) } : { kind: "key", key };
}

/** Returns `on` with the part that `steps` lead to as it is in `from`; without it if it is not there. */
function laid(
  on: Tree | undefined,
  from: Tree | undefined,
  steps: readonly Step[],
): Tree | undefined {
  const [step, ...rest] = steps;
  if (!step) return from;
  if (step.kind === "key" || isObject(on)) return laidMember(on, from, nameOf(step), rest);
  return laidElement(listOf(on), listOf(from), step, rest);
}

function laidMember(
  on: Tree | undefined,
  from: Tree | undefined,
  key: string,
  rest: readonly Step[],
): Tree | undefined {
  const [had, has] = [membersOf(on), membersOf(from)];
  const inner = laid(had[key], has[key], rest);
  if (inner === undefined && !(key in had)) return on;
  if (inner !== undefined) return { ...had, [key]: inner };
  return Object.fromEntries(Object.entries(had).filter(([name]) => name !== key));
}

function laidElement(
  had: readonly Tree[],
  has: readonly Tree[],
  step: Step,
  rest: readonly Step[],
): Tree {
  const [at, was] = [placeOf(had, step), placeOf(has, step)];
  const inner = laid(had[at], has[was], rest);
  if (at >= 0) return inner === undefined ? had.toSpliced(at, 1) : had.with(at, inner);
  if (inner === undefined) return [...had];
  return had.toSpliced(placeAmong(had, has, was), 0, inner);
}

/** Where an element comes back: after the nearest of those before it that are still there. */
function placeAmong(had: readonly Tree[], has: readonly Tree[], was: number): number {
  const texts = had.map(identityOf);
  for (let before = was - 1; before >= 0; before -= 1) {
    const place = texts.indexOf(identityOf(has[before] ?? null));
    if (place >= 0) return place + 1;
  }
  return 0;
}

function placeOf(list: readonly Tree[], step: Step): number {
  if (step.kind === "index") return step.index < list.length ? step.index : -1;
  if (step.kind === "key") return -1;
  return list.findIndex((each) => isObject(each) && plain(each[step.by]) === step.id);
}

function identityOf(element: Tree): string {
  return JSON.stringify(isObject(element) && "id" in element ? element.id : element);
}

/** An id as a path has it: a text without its quotes. */
export function plain(id: Tree | undefined): string {
  return typeof id === "string" ? id : JSON.stringify(id ?? null);
}

function nameOf(step: Step): string {
  if (step.kind === "key") return step.key;
  return step.kind === "index" ? `${step.index}` : step.id;
}

function listOf(tree: Tree | undefined): Tree[] {
  return Array.isArray(tree) ? tree : [];
}

function membersOf(tree: Tree | undefined): Record<string, Tree> {
  return isObject(tree) ? tree : {};
}

function isObject(value: Tree | undefined): value is Record<string, Tree> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
