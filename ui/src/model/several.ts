/** Several components and groups acted on at once: what they stand for, and the edits to them. */

import type { Document, Edit, Strategy } from "../bindings/wire";
import { parentOf } from "./edit";
import { joinPath, lastSegment, type Move } from "./paths";
import type { Tree, TreeNode } from "./tree";

/** Returns `paths` without those inside others of them, in the order of the tree. */
export function outermost(tree: Tree, paths: Iterable<string>): string[] {
  const all = new Set(paths);
  const isOuter = (path: string) => tree.byPath.has(path) && !isIn(parentOf(path), all);
  return inOrder(tree, [...all].filter(isOuter));
}

/** Returns every component that `paths` stand for. */
export function componentsOf(tree: Tree, paths: Iterable<string>): string[] {
  const found: string[] = [];
  const walk = (node: TreeNode) => {
    if (node.children) node.children.forEach(walk);
    else found.push(node.path);
  };
  for (const path of outermost(tree, paths)) {
    const node = tree.byPath.get(path);
    if (node) walk(node);
  }
  return found;
}

export function countComponents(tree: Tree, paths: Iterable<string>): number {
  return outermost(tree, paths).reduce(
    (sum, path) => sum + (tree.byPath.get(path)?.components ?? 0),
    0,
  );
}

/** Whether `path` is one of `paths`, or in one of them. */
export function isIn(path: string, paths: ReadonlySet<string>): boolean {
  return path !== "" && (paths.has(path) || isIn(parentOf(path), paths));
}

/**
 * Returns what is marked by going over `rows`: components and closed groups; an open group only
 * where everything in it is marked too, because a mark on a group is a mark on all it holds.
 */
export function marksOver(
  rows: readonly TreeNode[],
  tree: Tree,
  isOpen: (path: string) => boolean,
): string[] {
  const marks = new Set<string>();
  for (const { path } of [...rows].reverse()) {
    const children = tree.byPath.get(path)?.children;
    const isWhole = !children || !isOpen(path) || children.every((child) => marks.has(child.path));
    if (isWhole) marks.add(path);
  }
  return [...marks].reverse();
}

/** Returns the new path of each of `paths` when all are moved into `group`; empty for the root. */
export function placesIn(group: string, paths: readonly string[]): Move[] {
  return paths.map((path) => [path, joinPath(group, lastSegment(path))]);
}

/** Returns one edit that moves everything to its place. */
export function moveEdit(places: readonly Move[]): Edit {
  const edits = places
    .filter(([from, to]) => from !== to)
    .map(([from, to]): Edit => ({ kind: "move", from, to }));
  return oneOf(edits);
}

/** How components are rolled out: as all, or each its own way with the groups it has. */
export type SharedRollout = { strategy: Strategy; percentage: number } | null;

/**
 * Returns one edit that gives all of `components` the same rollout; some of them get groups, because
 * they have none.
 */
export function rolloutEdit(
  components: readonly string[],
  rollout: SharedRollout,
  given?: { of: readonly string[]; groups: readonly string[] },
): Edit {
  const without = new Set(given?.of);
  return oneOf(
    components.map((component): Edit => {
      if (rollout === null) return { kind: "clear_rollout", component };
      const userGroups = without.has(component) ? { userGroups: [...(given?.groups ?? [])] } : {};
      return { kind: "set_rollout", component, ...rollout, ...userGroups };
    }),
  );
}

/** Returns what is left standing that requires anything of `paths`. */
export function dependentsOf(document: Document, paths: readonly string[]): string[] {
  const all = new Set(paths);
  const isGone = (path: string) => isIn(path, all);
  return Object.entries(document.requires ?? {})
    .filter(([path, requires]) => !isGone(path) && requires.some(isGone))
    .map(([path]) => path);
}

function inOrder(tree: Tree, paths: readonly string[]): string[] {
  if (paths.length < 2) return [...paths];
  const wanted = new Set(paths);
  return [...tree.byPath.keys()].filter((path) => wanted.has(path));
}

function oneOf(edits: readonly Edit[]): Edit {
  const [only] = edits;
  return edits.length === 1 && only ? only : { kind: "batch", edits: [...edits] };
}
