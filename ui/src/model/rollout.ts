/** Whose rollout is whose, and how its group names are read. */

import type { Document, Rollout } from "../bindings/wire";
import { ALL } from "./tree";

export const GROUPS_MAX = 1000;
export const GROUP_CHARS_MAX = 128;

/** Returns the component's own rollout, or `null` where it follows the document's. */
export function ownRollout(document: Document, path: string): Rollout | null {
  return path === ALL ? document.rollout : (document.rollouts?.[path] ?? null);
}

/** Returns the rollout that decides who sees the component. */
export function rolloutOf(document: Document, path: string): Rollout {
  return ownRollout(document, path) ?? document.rollout;
}

/** The component an edit of this rollout names. */
export function rolloutOwner(path: string): string | null {
  return path === ALL ? null : path;
}

/** Why group names are refused. */
export type GroupProblem = "too_long" | "too_many" | "known";

export type GroupEntry = { ok: true; groups: string[] } | { ok: false; problem: GroupProblem };

/** Reads group names separated by commas, to be added to `known`. Names already there are left out. */
export function parseGroups(text: string, known: readonly string[]): GroupEntry {
  const named = [...new Set(text.split(",").map((name) => name.trim()))].filter(Boolean);
  // Counted as the store counts: characters, not UTF-16 units.
  if (named.some((name) => Array.from(name).length > GROUP_CHARS_MAX)) return refused("too_long");
  const groups = named.filter((name) => !known.includes(name));
  if (named.length > 0 && groups.length === 0) return refused("known");
  if (known.length + groups.length > GROUPS_MAX) return refused("too_many");
  return { ok: true, groups };
}

function refused(problem: GroupProblem): GroupEntry {
  return { ok: false, problem };
}
