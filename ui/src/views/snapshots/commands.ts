/** Commands on snapshots of states, and on restores of them. */

import type { Snapshot } from "../../bindings/wire";
import type { CommandSet } from "../../commands/command";
import type { Deck } from "../../state/deck";
import { exportChosen, importSome, togglePin } from "../../state/keeping";
import { cancelRestore, restorable, showRestoreOf } from "../../state/restoring";

export function snapshotsCommands(deck: Deck) {
  return {
    ...keepingCommands(deck),
    ...walkingCommands(deck),
    ...restoreCommands(deck),
  } satisfies CommandSet;
}

function keepingCommands(deck: Deck) {
  const { choices, overlay, snapshots } = deck;
  const isEnabled = () => hasSnapshot(deck);
  return {
    take_snapshot: {
      run: () => {
        choices.view = "snapshots";
        overlay.show({ kind: "take_snapshot", source: snapshots.narrowing.source });
      },
    },
    import_snapshots: {
      run: () => void importSome(deck),
      isEnabled: () => deck.importing.progress === null,
    },
    export_snapshots: { run: () => void exportChosen(deck), isEnabled },
    pin_snapshot: {
      run: () => ofSnapshot(deck, (snapshot) => void togglePin(deck, snapshot)),
      isEnabled,
    },
    label_snapshot: {
      run: () => ofSnapshot(deck, (snapshot) => overlay.show({ kind: "label_snapshot", snapshot })),
      isEnabled,
    },
  };
}

function walkingCommands(deck: Deck) {
  const { choices, snapshots, sources } = deck;
  const isEnabled = () => choices.view === "snapshots" && (snapshots.total ?? 0) > 0;
  return {
    previous_snapshot: { run: () => void snapshots.step(-1), isEnabled },
    next_snapshot: { run: () => void snapshots.step(1), isEnabled },
    play_snapshots: { run: () => snapshots.playback.toggle(), isEnabled },
    compare_now: {
      run: () => ofSnapshot(deck, (snapshot) => snapshots.compareWithNow(snapshot)),
      isEnabled: () => {
        const source = sources.get(snapshots.toSnapshot?.source ?? null);
        return hasSnapshot(deck) && source?.atMs != null;
      },
    },
  };
}

function restoreCommands(deck: Deck) {
  const { choices, compare, overlay, snapshots, sources } = deck;
  const canRestore = () => choices.view === "snapshots" && restorable(deck).refusal === null;
  /** That of the source that is looked at. */
  const openRestore = () => {
    const source = choices.view === "snapshots" ? snapshots.source : null;
    const restore = sources.get(source)?.restore;
    return restore?.status === "open" ? restore : null;
  };
  return {
    restore_snapshot: {
      run: () => {
        const { snapshot } = restorable(deck);
        if (snapshot) overlay.show({ kind: "restore_state", snapshot });
      },
      isEnabled: canRestore,
    },
    restore_value: {
      run: () => {
        if (compare.part !== null) showRestoreOf(deck, compare.part);
      },
      isEnabled: () => canRestore() && compare.part !== null,
    },
    cancel_restore: {
      run: () => {
        const open = openRestore();
        if (open) void cancelRestore(deck, open);
      },
      isEnabled: () => openRestore() !== null,
    },
    show_restores: {
      run: () => overlay.show({ kind: "restores", source: snapshots.narrowing.source }),
    },
  };
}

function hasSnapshot({ choices, snapshots }: Deck): boolean {
  return choices.view === "snapshots" && snapshots.toSnapshot !== null;
}

function ofSnapshot({ snapshots }: Deck, act: (snapshot: Snapshot) => void): void {
  if (snapshots.toSnapshot) act(snapshots.toSnapshot);
}
