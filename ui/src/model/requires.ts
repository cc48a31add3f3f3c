/** What needs what. Pure, and quick on as many components as a document may have. */

import type { Document } from "../bindings/wire";
import { fold, foldedWords } from "./fold";
import type { Tree } from "./tree";

export const REQUIRES_MAX = 1000;

/** Why a component cannot be required: it needs the other one itself. */
export interface Obstacle {
  /** The component through which it does; `null` if directly. */
  via: string | null;
}

/** A component that may be looked for, to be required. */
export interface Candidate {
  path: string;
  title: string | null;
  obstacle: Obstacle | null;
}

/** For each component that something needs, what needs it, in the order of the document. */
export type Dependants = ReadonlyMap<string, readonly string[]>;

export function dependantsOf(requires: Document["requires"]): Dependants {
  const dependants = new Map<string, string[]>();
  for (const [path, list] of Object.entries(requires ?? {})) {
    for (const needed of new Set(list)) {
      const known = dependants.get(needed);
      if (known) known.push(path);
      else dependants.set(needed, [path]);
    }
  }
  return dependants;
}

/**
 * Returns every component that needs `path`, to any depth, each with the one through which it
 * does; `null` if it needs `path` itself. Were one of them required by `path`, that would be a
 * cycle, and no other would.
 */
export function whoNeeds(path: string, dependants: Dependants): ReadonlyMap<string, string | null> {
  const found = new Map<string, string | null>();
  const waiting = [path];
  for (const needed of waiting) {
    for (const each of dependants.get(needed) ?? []) {
      if (found.has(each) || each === path) continue;
      found.set(each, needed === path ? null : needed);
      waiting.push(each);
    }
  }
  return found;
}

/**
 * Returns the components whose path or title contain every word of `query` and that `path` does
 * not require yet: those it may require first, each part in the order of the tree.
 */
export function findCandidates(
  document: Document,
  tree: Tree,
  dependants: Dependants,
  path: string,
  query: string,
): Candidate[] {
  const words = foldedWords(query);
  const taken = new Set([path, ...(document.requires?.[path] ?? [])]);
  const needing = whoNeeds(path, dependants);
  const [free, barred]: [Candidate[], Candidate[]] = [[], []];
  for (const node of tree.byPath.values()) {
    if (node.children || taken.has(node.path)) continue;
    const title = document.about?.[node.path]?.title ?? null;
    const haystack = fold(`${node.path}\n${title ?? ""}`);
    if (!words.every((word) => haystack.includes(word))) continue;
    const via = needing.get(node.path);
    if (via === undefined) free.push({ path: node.path, title, obstacle: null });
    else barred.push({ path: node.path, title, obstacle: { via } });
  }
  return [...free, ...barred];
}
