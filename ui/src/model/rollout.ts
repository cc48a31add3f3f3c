/** Whose rollout is whose, and the groups they name. */

import type { Document, Rollout } from "../bindings/wire";
import { countNames, type NameLimits, type Suggestion } from "./names";
import { ALL } from "./tree";

/** As the store bounds them. */
export const GROUP_LIMITS: NameLimits = { chars: 128, count: 1000 };

/** The number of buckets that users are hashed into; a rollout includes the first of them. */
export const BUCKETS = 100_000;

/** Returns the component's own rollout, or `null` if it follows the document's. */
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

/** Returns every group that a rollout names, with how many do. */
export function groupsOf(document: Document): Suggestion[] {
  const rollouts = [document.rollout, ...Object.values(document.rollouts ?? {})];
  return countNames(rollouts.map(({ userGroups }) => userGroups));
}
