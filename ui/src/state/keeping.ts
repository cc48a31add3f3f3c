/** What people do with snapshots: taking, naming, pinning, writing to files, reading from them. */

import type { Failure, Snapshot, SnapshotLabel } from "../bindings/wire";
import { asFailure } from "../host/host";
import { allOf } from "../model/snapshot_filter";
import { words } from "../words";
import type { Deck } from "./deck";

/** As many as one file may hold. */
export const EXPORT_MAX = 10_000;

export const NAME_CHARS_MAX = 120;
export const NOTE_CHARS_MAX = 4000;

/** Takes a snapshot of a source, or of every one. Resolves to why it could not; `null` once done. */
export async function take(
  { host, snapshots, toasts }: Deck,
  source: string | null,
  label: SnapshotLabel,
): Promise<Failure | null> {
  try {
    const taken = await host.takeSnapshot(source, label);
    toasts.done(words.snapshots.taken(taken));
    const [only] = taken;
    if (only && taken.length === 1) await snapshots.open(only);
    return null;
  } catch (reason) {
    return asFailure(reason);
  }
}

/** Names and notes a snapshot. Resolves to why it could not be; `null` once it is. */
export async function say(
  { host, snapshots }: Deck,
  { id }: Snapshot,
  label: SnapshotLabel,
): Promise<Failure | null> {
  try {
    snapshots.renew(await host.labelSnapshot(id, label));
    return null;
  } catch (reason) {
    return asFailure(reason);
  }
}

/** Pins a snapshot, or lets it go, which the message about it takes back. */
export async function togglePin(deck: Deck, snapshot: Snapshot): Promise<void> {
  const isPinned = !snapshot.isPinned;
  const failure = await say(deck, snapshot, { isPinned });
  const { toasts } = deck;
  if (failure) {
    toasts.refused(failure);
    return;
  }
  toasts.done(isPinned ? words.snapshots.pinned : words.snapshots.unpinned, {
    label: words.actions.undo,
    run: () => void togglePin(deck, { ...snapshot, isPinned }),
    isOffered: () => true,
  });
}

/**
 * Writes snapshots to a file that a person chooses. What is damaged is left out: a message about
 * that stays until it is closed.
 */
export async function exportThese({ host, toasts }: Deck, ids: readonly number[]): Promise<void> {
  try {
    const file = await host.exportSnapshots(ids);
    if (file === null) return;
    const { place, unreadable } = file;
    if (unreadable) toasts.failed(words.snapshots.exportedInPart(place, unreadable));
    else toasts.done(words.snapshots.exported(place));
  } catch (reason) {
    toasts.refused(reason);
  }
}

/** Writes those that are compared. */
export async function exportChosen(deck: Deck): Promise<void> {
  const ids = deck.snapshots.compared.map(({ id }) => id);
  if (ids.length > 0) await exportThese(deck, [...new Set(ids)]);
}

/** Writes everything that is listed, however much of it was read. */
export async function exportListed(deck: Deck, isWanted = () => true): Promise<void> {
  try {
    const ids = await deck.snapshots.listedIds((read) => read <= EXPORT_MAX && isWanted());
    if (ids) await exportThese(deck, ids);
  } catch (reason) {
    deck.toasts.refused(reason);
  }
}

/** Reads snapshots from a file that the user chooses, and shows them. */
export async function importSome({ importing, choices, snapshots, toasts }: Deck): Promise<void> {
  try {
    const imported = await importing.run();
    if (imported === null) return;
    if (imported === "cancelled") {
      toasts.done(words.snapshots.importCancelled);
      return;
    }
    toasts.done(words.snapshots.imported(imported));
    const latest = imported.toSorted((one, other) => other.atMs - one.atMs)[0];
    if (!latest) return;
    choices.view = "snapshots";
    snapshots.narrow(allOf(latest.source));
    await snapshots.open(latest);
  } catch (reason) {
    toasts.refused(reason);
  }
}
