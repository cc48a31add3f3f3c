/** Asking a source for an earlier state, and taking that back, with a word on what was done. */

import type {
  RestoreRequest,
  Snapshot,
  StateDifferenceOptions,
  StateRestore,
} from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import { stepsOf } from "../model/state_keys";
import { allOf } from "../model/snapshot_filter";
import { words } from "../words";
import type { Deck } from "./deck";

export const exactly: StateDifferenceOptions = { tolerance: 0, noise: [] };

/** Farther back a snapshot is named by its number. */
const FOUND_MAX = 500;

/** The snapshot that can be restored of what is compared, A first, or why none can be. */
export function restorable({ live, snapshots, sources }: Deck): {
  snapshot: Snapshot | null;
  refusal: string | null;
} {
  const snapshot = snapshots.fromSnapshot ?? snapshots.toSnapshot;
  return { snapshot, refusal: refusalOf() };

  function refusalOf(): string | null {
    if (snapshot === null) return words.compare.restoreNone;
    if (live.refusal !== null) return live.refusal;
    // What came from a file only has no source that could be asked.
    return sources.get(snapshot.source)?.atMs == null ? words.compare.restoreNobody : null;
  }
}

/** Opens the preview of restoring one part of what is compared; says why if it cannot be. */
export function showRestoreOf(deck: Deck, part: string): void {
  const { snapshot, refusal: why } = restorable(deck);
  const refusal = stepsOf(part)[0] === "history" ? words.compare.restoreHistory : why;
  if (refusal !== null) deck.toasts.failed(refusal);
  else if (snapshot) deck.overlay.show({ kind: "restore_state", snapshot, part });
}

/** Asks a source to restore. Rejects if that was refused: the person is still looking at it. */
export async function restoreState(deck: Deck, request: RestoreRequest): Promise<void> {
  const restore = await deck.host.restoreState(request);
  tellOpen(deck, restore, words.restores.asked(restore));
  await renew(deck, restore);
}

export async function cancelRestore(deck: Deck, { id }: StateRestore): Promise<void> {
  await attempt(deck, async () => {
    const restore = await deck.host.cancelRestore(id);
    await renew(deck, restore);
    deck.toasts.done(words.restores.cancelled(restore));
  });
}

/** Removes the record of a damaged restore. Rejects if that was refused. */
export async function removeDamagedRestore(deck: Deck, restore: StateRestore): Promise<void> {
  await deck.host.removeDamagedRestore(restore.id);
  await renew(deck, restore);
  deck.toasts.done(words.restores.removal.done(restore.id));
}

/**
 * Undoes a restore: cancels an open one, asks for what was before a confirmed one. If anything in
 * its parts changed since, or if that replaces an open restore, it is shown first.
 */
export async function undoRestore(deck: Deck, restore: StateRestore): Promise<void> {
  await attempt(deck, async () => {
    if (restore.status === "open" || (await isPlain(deck, restore))) await askUndo(deck, restore);
    else deck.overlay.show({ kind: "undo_restore", restore });
  });
}

async function isPlain({ host, sources }: Deck, restore: StateRestore): Promise<boolean> {
  if (sources.get(restore.source)?.restore?.status === "open") return false;
  return (await movedOn(host, restore))?.size === 0;
}

/** Undoes a restore without another look. */
export async function askUndo(deck: Deck, { id }: StateRestore): Promise<void> {
  const restore = await deck.host.undoRestore(id);
  if (restore.status === "cancelled") deck.toasts.done(words.restores.cancelled(restore));
  else tellOpen(deck, restore, words.restores.askedUndo(restore));
  await renew(deck, restore);
}

/**
 * Paths that are no longer as the restore asked for: what changed since. `null` if that cannot be
 * told, because its snapshot is gone.
 */
export async function movedOn(host: Host, restore: StateRestore): Promise<Set<string> | null> {
  const { snapshot, only, except } = restore;
  try {
    const request = { snapshot, only, except, withFlags: false };
    const { changes } = await host.previewRestore(request, exactly);
    return new Set(changes.map(({ path }) => path));
  } catch (reason) {
    if (asFailure(reason).code === "not_found") return null;
    throw reason;
  }
}

/** The snapshot that a restore is from; `null` if it is gone or far back. */
export async function snapshotOf(host: Host, restore: StateRestore): Promise<Snapshot | null> {
  return (await snapshotsOf(host, restore)).find(({ id }) => id === restore.snapshot) ?? null;
}

/** Compares the state before a restore with the snapshot it is from. */
export async function showRestore(deck: Deck, restore: StateRestore): Promise<void> {
  const { choices, host, snapshots } = deck;
  await attempt(deck, async () => {
    const found = await snapshotsOf(host, restore);
    const [before, from] = [restore.safety, restore.snapshot].map((wanted) =>
      found.find(({ id }) => id === wanted),
    );
    choices.view = "snapshots";
    snapshots.narrow(allOf(restore.source));
    if (before && from) snapshots.compare(before, from);
    else await snapshots.openNow(restore.source);
  });
}

/** The one that is taken before a restore may be said to be a moment later. */
const SPARE_MS = 1000;

/** The snapshots of a source up to a restore of it. */
async function snapshotsOf(host: Host, { source, atMs }: StateRestore): Promise<Snapshot[]> {
  const filter = { source, untilMs: atMs + SPARE_MS };
  return (await host.snapshots(filter, 0, FOUND_MAX)).snapshots;
}

/**
 * Says that a source confirmed a restore, and how exactly. A message about differences stays until
 * it is closed.
 */
export function tellConfirmed(deck: Deck, restore: StateRestore): void {
  const { toasts } = deck;
  const sentence = words.restores.confirmed(restore);
  if (restore.isExact === false) toasts.failed(sentence);
  else {
    toasts.done(sentence, {
      label: words.restores.undoDialog.now,
      run: () => void undoRestore(deck, restore),
      isOffered: () => isLatest(deck, restore),
    });
  }
}

function tellOpen(deck: Deck, restore: StateRestore, sentence: string): void {
  deck.confirmations.expect(restore);
  deck.toasts.done(sentence, {
    label: words.restores.cancel,
    run: () => void cancelRestore(deck, restore),
    isOffered: () => isOpen(deck, restore),
  });
}

/** Puts a snapshot in the place of a damaged state. Rejects if that was refused. */
export async function recoverState(deck: Deck, source: string, snapshot: number): Promise<void> {
  const restore = await deck.host.recoverState(source, snapshot);
  deck.toasts.done(words.restores.recovery.done(source, snapshot));
  await renew(deck, restore);
}

/** Whether a restore is open, as far as is known. */
function isOpen(deck: Deck, restore: StateRestore): boolean {
  const latest = latestOf(deck, restore);
  return isLatest(deck, restore) && (latest?.id !== restore.id || latest.status === "open");
}

/** Whether no newer restore of its source is known. */
function isLatest(deck: Deck, restore: StateRestore): boolean {
  const latest = latestOf(deck, restore);
  // One that was just asked for has yet to be read.
  return latest === null || latest.id <= restore.id;
}

function latestOf({ sources }: Deck, { source }: StateRestore): StateRestore | null {
  return sources.get(source)?.restore ?? null;
}

async function renew({ live, sources }: Deck, restore: StateRestore): Promise<void> {
  await Promise.all([sources.refresh(), restore.revision === null ? null : live.refresh()]);
}

async function attempt({ toasts }: Deck, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (reason) {
    toasts.refused(reason);
  }
}
