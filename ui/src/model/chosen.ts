/** A state that is compared: that of a snapshot, or the one a source has. Pure. */

import type { Snapshot, StateAt } from "../bindings/wire";

export type Chosen = { kind: "snapshot"; snapshot: Snapshot } | { kind: "now"; source: string };

export function ofSnapshot(snapshot: Snapshot): Chosen {
  return { kind: "snapshot", snapshot };
}

export function stateOf(chosen: Chosen | null): StateAt | null {
  if (chosen === null) return null;
  if (chosen.kind === "now") return { kind: "now", source: chosen.source };
  return { kind: "snapshot", id: chosen.snapshot.id };
}

export function snapshotOf(chosen: Chosen | null): Snapshot | null {
  return chosen?.kind === "snapshot" ? chosen.snapshot : null;
}

export function sourceOf(chosen: Chosen | null): string | null {
  if (chosen === null) return null;
  return chosen.kind === "now" ? chosen.source : chosen.snapshot.source;
}

/** Returns `chosen` with what is said of its snapshot replaced, if that is the one. */
export function renewed(chosen: Chosen | null, snapshot: Snapshot): Chosen | null {
  return snapshotOf(chosen)?.id === snapshot.id ? ofSnapshot(snapshot) : chosen;
}
