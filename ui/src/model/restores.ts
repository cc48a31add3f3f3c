/** What became of restores, and whose they are. Pure. */

import type { StateRestore } from "../bindings/wire";
import { hasTyped } from "./fold";
import type { Narrowing } from "./history";

/** `uncompared` is what was confirmed before confirmations were compared with what was asked for. */
export type Standing =
  | "open"
  | "exact"
  | "differs"
  | "uncompared"
  | "superseded"
  | "cancelled"
  | "recovered"
  | "damaged";

/** How long the outcome of a restore is shown beside the comparison. */
const ENDED_MS = 10 * 60_000;
const DIFFERS_MS = 24 * 3_600_000;

export function standingOf({ status, isExact }: StateRestore): Standing {
  if (status !== "confirmed") return status;
  if (isExact === null) return "uncompared";
  return isExact ? "exact" : "differs";
}

/** Whether a restore is still worth a line: an open one always is. */
export function isTold(restore: StateRestore, nowMs: number): boolean {
  const standing = standingOf(restore);
  if (standing === "open") return true;
  const agoMs = nowMs - (restore.endedMs ?? restore.atMs);
  return agoMs < (standing === "differs" ? DIFFERS_MS : ENDED_MS);
}

/** Whether a restore is among what the activity is narrowed to, whenever it was. */
export function isAmong(restore: StateRestore, { component, who, text, what }: Narrowing): boolean {
  if (component !== null || what === "flags") return false;
  const { actor, source, only, except } = restore;
  if (who.via !== undefined && who.via !== actor.via) return false;
  if (who.name !== undefined && who.name !== actor.name) return false;
  return [source, ...only, ...except].some((each) => hasTyped(each, text));
}

/**
 * When restores were asked for, the earliest first. The time of a damaged one may be wrong, and
 * would displace the others: it gets that of the one before it.
 */
export function momentsOf(restores: readonly StateRestore[]): number[] {
  const isDamaged = ({ status }: StateRestore) => status === "damaged";
  let last = restores.find((restore) => !isDamaged(restore))?.atMs ?? restores[0]?.atMs ?? 0;
  return restores.map((restore) => (last = isDamaged(restore) ? last : restore.atMs));
}

/** A key that changes when the latest restores of some sources change. */
export function signatureOf(restores: readonly (StateRestore | null)[]): string {
  return JSON.stringify(restores.map((restore) => restore && [restore.id, restore.status]));
}
