/** The component tree as the window walks it. Pure: from a document to nodes and rows. */

import type { Document, Group } from "../bindings/wire";
import { parentOf } from "./edit";

/** Stands for the document as a whole, among paths of components. No path contains it. */
export const ALL = "*";

/** A component or group with its position in the tree. */
export interface TreeNode {
  path: string;
  /** The last segment of the path. */
  name: string;
  /** 1 directly below the root. */
  depth: number;
  /** The group it is in; `null` directly below the root. */
  parent: string | null;
  /** Number of components in it: 1 for a component, all below it for a group. */
  components: number;
  /** How many of those are switched on. */
  componentsOn: number;
  /** In the order of the document; `null` for a component. */
  children: TreeNode[] | null;
}

/** The tree of a document, with every node by its path. */
export interface Tree {
  roots: TreeNode[];
  byPath: ReadonlyMap<string, TreeNode>;
  components: number;
  componentsOn: number;
}

/** The position of a switch that may stand for many. */
export type Position = "on" | "off" | "mixed";

export function growTree(components: Group): Tree {
  const byPath = new Map<string, TreeNode>();
  const roots = growNodes(components, null, byPath);
  return {
    roots,
    byPath,
    components: total(roots, "components"),
    componentsOn: total(roots, "componentsOn"),
  };
}

export function positionOf(node: TreeNode): Position {
  if (node.componentsOn === 0) return "off";
  return node.componentsOn === node.components ? "on" : "mixed";
}

/** Returns the nodes that are not inside a collapsed group, top to bottom. */
export function visibleNodes(
  nodes: readonly TreeNode[],
  collapsed: ReadonlySet<string>,
): TreeNode[] {
  const visible: TreeNode[] = [];
  const walk = (node: TreeNode) => {
    visible.push(node);
    if (node.children && !collapsed.has(node.path)) node.children.forEach(walk);
  };
  nodes.forEach(walk);
  return visible;
}

/** Returns what `path` needs that is not switched on. */
export function missingRequirements(document: Document, tree: Tree, path: string): string[] {
  return requirementsOf(document, path).filter(
    (needed) => tree.byPath.get(needed)?.componentsOn !== 1,
  );
}

export function requirementsOf(document: Document, path: string): readonly string[] {
  return document.requires?.[path] ?? [];
}

function growNodes(group: Group, parent: TreeNode | null, byPath: Map<string, TreeNode>) {
  return Object.entries(group).map(([name, content]) => {
    const node: TreeNode = {
      path: parent ? `${parent.path}.${name}` : name,
      name,
      depth: parent ? parent.depth + 1 : 1,
      parent: parent?.path ?? null,
      components: 1,
      componentsOn: content === true ? 1 : 0,
      children: null,
    };
    byPath.set(node.path, node);
    if (typeof content === "object") {
      node.children = growNodes(content, node, byPath);
      node.components = total(node.children, "components");
      node.componentsOn = total(node.children, "componentsOn");
    }
    return node;
  });
}

function total(nodes: readonly TreeNode[], what: "components" | "componentsOn"): number {
  return nodes.reduce((sum, node) => sum + node[what], 0);
}

/**
 * Which of `rows` takes the place of the row at `path` that is not among them any more: the group
 * that hides it, else the row that came after it `before`, else the one above; `ALL` for none.
 */
export function neighbourOf(
  path: string,
  before: readonly TreeNode[],
  rows: readonly TreeNode[],
  tree: Tree,
): string {
  const listed = new Set(rows.map((row) => row.path));
  if (tree.byPath.has(path)) {
    for (let at = parentOf(path); at !== ""; at = parentOf(at)) if (listed.has(at)) return at;
  }
  const place = before.findIndex((row) => row.path === path);
  const isListed = (row: TreeNode) => listed.has(row.path);
  const next = before.slice(place + 1).find(isListed);
  return (next ?? before.slice(0, Math.max(0, place)).findLast(isListed))?.path ?? ALL;
}
