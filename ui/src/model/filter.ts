/** Which components are looked for. Pure: from a document and what was asked to what is shown. */

import type { About, Document } from "../bindings/wire";
import { daysUntil } from "../format";
import { fold, foldedWords } from "./fold";
import { missingRequirements, positionOf, type Tree, type TreeNode } from "./tree";

/** How a component stands. */
export const standings = ["any", "on", "off", "expiring", "waiting", "overridden"] as const;

export type Standing = (typeof standings)[number];

/** What is asked of a component; all of it has to hold. */
export interface Filter {
  /** Words of its path, title, tags or owner. */
  text: string;
  /** It has every one of these. */
  tags: ReadonlySet<string>;
  /** One of these answers for it. */
  owners: ReadonlySet<string>;
  standing: Standing;
}

/** What is known besides the document; asked only if the filter depends on it. */
export interface Known {
  /** In milliseconds since 1970. */
  nowMs: () => number;
  isOverridden: (path: string) => boolean;
}

/** A tag or an owner, with how many components and groups it is said of. */
export interface Label {
  name: string;
  count: number;
}

/** An end nearer than this is worth a word. */
const EXPIRY_SHOWN_DAYS = 14;

export function isFiltering({ text, tags, owners, standing }: Filter): boolean {
  return text.trim() !== "" || tags.size > 0 || owners.size > 0 || standing !== "any";
}

/**
 * Returns the nodes that `filter` finds, each with the groups around it. A group that is found by
 * its words and labels brings those in it that stand as asked.
 */
export function filterNodes(
  document: Document,
  tree: Tree,
  filter: Filter,
  { nowMs, isOverridden }: Known,
): TreeNode[] {
  const isNamed = nameTest(document.about, filter);
  const stands = standingTest(document, tree, filter.standing, { nowMs, isOverridden });
  return keepNodes(tree.roots, isNamed, stands);
}

/** Returns the first of filtered nodes that was found itself, and not for what is in it. */
export function firstFound(nodes: readonly TreeNode[], tree: Tree): TreeNode | undefined {
  // A group with only part of its contents is a new node.
  return nodes.find((node) => tree.byPath.get(node.path) === node);
}

/** Returns every tag and every owner of the document, the most used first. */
export function labelsOf(about: Document["about"]): { tags: Label[]; owners: Label[] } {
  const tags = new Map<string, number>();
  const owners = new Map<string, number>();
  for (const each of Object.values(about ?? {})) {
    for (const tag of new Set(each.tags)) count(tags, tag);
    if (each.owner !== undefined) count(owners, each.owner);
  }
  return { tags: ranked(tags), owners: ranked(owners) };
}

/** Returns the day a component should be gone, `YYYY-MM-DD`, once that is past or near. */
export function nearExpiry(document: Document, path: string, nowMs: number): string | null {
  const expires = document.about?.[path]?.expires;
  const daysLeft = expires === undefined ? null : daysUntil(expires, nowMs);
  return expires !== undefined && daysLeft !== null && daysLeft <= EXPIRY_SHOWN_DAYS
    ? expires
    : null;
}

/** For a document that says nothing about its components. */
const undescribed: NonNullable<Document["about"]> = {};

type Test = (node: TreeNode) => boolean;

function nameTest(about: Document["about"] = undescribed, { text, tags, owners }: Filter): Test {
  const words = foldedWords(text);
  const isMeant = ({ owner, tags: own = [] }: About) =>
    (owners.size === 0 || (owner !== undefined && owners.has(owner))) &&
    [...tags].every((tag) => own.includes(tag));
  return ({ path }) => {
    if (!isMeant(about[path] ?? {})) return false;
    const said = words.length > 0 ? searchText(about, path) : "";
    return words.every((word) => said.includes(word));
  };
}

function standingTest(
  document: Document,
  tree: Tree,
  standing: Standing,
  { nowMs, isOverridden }: Known,
): Test {
  switch (standing) {
    case "any":
      return () => true;
    case "on":
    case "off":
      return (node) => !node.children && positionOf(node) === standing;
    case "expiring": {
      const now = nowMs();
      return (node) => nearExpiry(document, node.path, now) !== null;
    }
    case "waiting":
      return (node) => missingRequirements(document, tree, node.path).length > 0;
    case "overridden":
      return ({ path }) => isOverridden(path);
  }
}

function keepNodes(nodes: readonly TreeNode[], isNamed: Test, stands: Test): TreeNode[] {
  const kept: TreeNode[] = [];
  for (const node of nodes) {
    if (!node.children) {
      if (isNamed(node) && stands(node)) kept.push(node);
      continue;
    }
    const isFound = isNamed(node);
    if (isFound && stands(node)) {
      kept.push(node);
      continue;
    }
    const children = keepNodes(node.children, isFound ? () => true : isNamed, stands);
    if (children.length > 0) kept.push({ ...node, children });
  }
  return kept;
}

/**
 * The searchable text of components. Cached with the document, because every letter typed needs
 * all.
 */
const searchTexts = new WeakMap<object, Map<string, string>>();

function searchText(about: NonNullable<Document["about"]>, path: string): string {
  const texts = searchTexts.get(about) ?? new Map<string, string>();
  searchTexts.set(about, texts);
  const known = texts.get(path);
  if (known !== undefined) return known;
  const { title = "", owner = "", tags = [] } = about[path] ?? {};
  const text = fold([path, title, owner, ...tags].join("\n"));
  texts.set(path, text);
  return text;
}

function count(counts: Map<string, number>, name: string) {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function ranked(counts: Map<string, number>): Label[] {
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || a.name.localeCompare(b.name));
}
