/** Paths that a component or group may have. The same rules as the store's, checked while typing. */

import { isWithin, parentOf } from "./edit";
import type { Tree } from "./tree";

export const SEGMENT_CHARS_MAX = 64;
export const PATH_DEPTH_MAX = 8;

/** Names with a special meaning in JavaScript. */
const RESERVED: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Why a path is refused. */
export type PathProblem =
  | { kind: "empty" }
  | { kind: "first_letter" | "letters" | "too_long" | "reserved"; segment: string }
  | { kind: "too_deep" }
  | { kind: "taken"; path: string }
  /** A component cannot hold others. */
  | { kind: "in_component"; path: string }
  /** A group cannot be moved into itself. */
  | { kind: "in_itself"; path: string }
  /** Two that are moved together would have one path. */
  | { kind: "same_name"; segment: string };

/** The present path and the new one. */
export type Move = readonly [from: string, to: string];

/** Returns the path of `name`, which may have dots, in `group`; empty for the root. */
export function joinPath(group: string, name: string): string {
  return group === "" ? name : `${group}.${name}`;
}

export function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

/** Returns why nothing can be placed at `path`, or `null` if it can. */
export function checkFreePath(tree: Tree, path: string): PathProblem | null {
  return checkSpelling(path) ?? checkPlace(tree, path);
}

/** Returns why `from` cannot be moved to `to`, or `null` if it can. */
export function checkMove(tree: Tree, from: string, to: string): PathProblem | null {
  if (to === from) return null;
  const problem = checkSpelling(to);
  if (problem) return problem;
  if (isWithin(to, from)) return { kind: "in_itself", path: from };
  const depth = to.split(".").length + heightOf(tree, from);
  return depth > PATH_DEPTH_MAX ? { kind: "too_deep" } : checkPlace(tree, to);
}

/** Returns the first reason why not all of `moves` can be made, or `null` if they can. */
export function checkMoves(tree: Tree, moves: readonly Move[]): PathProblem | null {
  const taken = new Set<string>();
  for (const [from, to] of moves) {
    const problem = checkMove(tree, from, to);
    if (problem) return problem;
    if (taken.has(to)) return { kind: "same_name", segment: lastSegment(to) };
    taken.add(to);
  }
  return null;
}

/** Returns the groups around `path` that are not there, outermost first. */
export function missingGroups(tree: Tree, path: string): string[] {
  return groupsAround(path).filter((group) => !tree.byPath.has(group));
}

/** Returns every group of the tree, in its order. */
export function groupsOf(tree: Tree): string[] {
  return [...tree.byPath.values()].filter((node) => node.children).map((node) => node.path);
}

function checkSpelling(path: string): PathProblem | null {
  if (path === "") return { kind: "empty" };
  const segments = path.split(".");
  for (const segment of segments) {
    const problem = checkSegment(segment);
    if (problem) return problem;
  }
  return segments.length > PATH_DEPTH_MAX ? { kind: "too_deep" } : null;
}

function checkSegment(segment: string): PathProblem | null {
  if (segment === "") return { kind: "empty" };
  if (RESERVED.has(segment)) return { kind: "reserved", segment };
  if (!/^[A-Za-z]/.test(segment)) return { kind: "first_letter", segment };
  if (!/^[A-Za-z0-9_-]*$/.test(segment)) return { kind: "letters", segment };
  return segment.length > SEGMENT_CHARS_MAX ? { kind: "too_long", segment } : null;
}

function checkPlace(tree: Tree, path: string): PathProblem | null {
  if (tree.byPath.has(path)) return { kind: "taken", path };
  const component = groupsAround(path).find((group) => tree.byPath.get(group)?.children === null);
  return component === undefined ? null : { kind: "in_component", path: component };
}

/** The groups that `path` is in, outermost first. */
function groupsAround(path: string): string[] {
  const parent = parentOf(path);
  return parent === "" ? [] : [...groupsAround(parent), parent];
}

/** How many levels there are below `path`. */
function heightOf(tree: Tree, path: string): number {
  const heights = (tree.byPath.get(path)?.children ?? []).map(
    (child) => 1 + heightOf(tree, child.path),
  );
  return Math.max(0, ...heights);
}
