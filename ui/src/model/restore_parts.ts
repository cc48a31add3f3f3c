/** What of a state is restored: everything, some parts of it, or all but some. Pure. */

import type { RestoreRequest, StateDifference } from "../bindings/wire";
import { dotted, keysOf } from "./pointer";
import { groupPointer } from "./state_changes";

export type Extent = "all" | "only" | "except";

/** A part of the state, or one that holds others. */
export interface RestorePart {
  pointer: string;
  name: string;
  depth: number;
  /** Changes that restoring it would make. */
  changes: number;
}

/**
 * The parts of a state in which restoring everything changes something, then those it leaves:
 * members of the whole, and of `metrics` its members beneath it.
 */
export function partsOf(difference: StateDifference): RestorePart[] {
  const counts = new Map<string, number>();
  for (const { pointer } of difference.changes) {
    const group = groupPointer(pointer);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  for (const pointer of difference.unchanged) {
    if (!counts.has(pointer)) counts.set(pointer, 0);
  }
  const parts: RestorePart[] = [];
  const isInner = (pointer: string) => keysOf(pointer).length > 1;
  const inner = [...counts].filter(([pointer]) => isInner(pointer));
  const outer = [...counts].filter(([pointer]) => !isInner(pointer));
  if (inner.length > 0 && !counts.has("/metrics")) {
    const sum = inner.reduce((sum, [, changes]) => sum + changes, 0);
    parts.push({ pointer: "/metrics", name: "ml.metrics", depth: 0, changes: sum });
    for (const [pointer, changes] of inner) {
      parts.push({ pointer, name: keysOf(pointer).at(-1) ?? "", depth: 1, changes });
    }
  }
  for (const [pointer, changes] of outer) {
    parts.push({ pointer, name: dotted(pointer), depth: 0, changes });
  }
  // A part with those beneath it stays together.
  const rank = ({ changes }: RestorePart) => (changes > 0 ? 0 : 1);
  const heads = parts.filter(({ depth }) => depth === 0).sort((a, b) => rank(a) - rank(b));
  return heads.flatMap((head) => [
    head,
    ...parts
      .filter(({ depth, pointer }) => depth > 0 && pointer.startsWith(`${head.pointer}/`))
      .sort((a, b) => rank(a) - rank(b)),
  ]);
}

/** Whether a part is chosen; `some` where only parts of it are. */
export function choiceOf(
  part: RestorePart,
  parts: readonly RestorePart[],
  chosen: ReadonlySet<string>,
): "all" | "some" | "none" {
  const inner = innerOf(part, parts);
  if (inner.length === 0) return chosen.has(part.pointer) ? "all" : "none";
  const count = inner.filter(({ pointer }) => chosen.has(pointer)).length;
  if (count === 0) return "none";
  return count === inner.length ? "all" : "some";
}

/** Chooses a part, or lets it go, with all that is in it and would change. */
export function toggled(
  part: RestorePart,
  parts: readonly RestorePart[],
  chosen: ReadonlySet<string>,
): Set<string> {
  const now = new Set(chosen);
  const inner = innerOf(part, parts);
  const pointers = inner.length > 0 ? inner.map(({ pointer }) => pointer) : [part.pointer];
  const isAll = choiceOf(part, parts, chosen) === "all";
  for (const pointer of pointers) {
    if (isAll) now.delete(pointer);
    else now.add(pointer);
  }
  return now;
}

/** The parts in another one that would change: only they can be chosen. */
function innerOf(part: RestorePart, parts: readonly RestorePart[]): RestorePart[] {
  return parts.filter(
    ({ pointer, changes }) => changes > 0 && pointer.startsWith(`${part.pointer}/`),
  );
}

/** What to ask the backend for. */
export function requestOf(
  snapshot: number,
  extent: Extent,
  chosen: ReadonlySet<string>,
  withFlags: boolean,
): RestoreRequest {
  const pointers = [...chosen].sort();
  return {
    snapshot,
    only: extent === "only" ? pointers : [],
    except: extent === "except" ? pointers : [],
    withFlags,
  };
}

/** Whether nothing at all is asked for: an empty list of parts would mean everything. */
export function isEmptyChoice(extent: Extent, chosen: ReadonlySet<string>): boolean {
  return extent === "only" && chosen.size === 0;
}
