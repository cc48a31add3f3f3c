/** Restoring a state and taking that back, with a word on what was done. */

import type { RestoreRequest, StateRestore } from "../../../bindings/wire";
import { asFailure } from "../../../host/host";
import type { Deck } from "../../../state/deck";
import { words } from "../../../words";

/** Restores. Rejects where that was refused: whoever asked is still looking at it. */
export async function restoreState(
  deck: Deck,
  request: RestoreRequest,
  sentence: string,
): Promise<void> {
  const restore = await deck.host.restoreState(request);
  await renew(deck, restore);
  deck.live.toasts.done(sentence, {
    label: words.undo,
    run: () => void undoRestore(deck, restore),
    isOffered: () => isLatest(deck, restore),
  });
}

export async function undoRestore(deck: Deck, restore: StateRestore): Promise<void> {
  try {
    await renew(deck, await deck.host.undoRestore(restore.id));
    deck.live.toasts.done(words.compare.restore.undone(restore.source));
  } catch (reason) {
    deck.live.toasts.failed(asFailure(reason).message);
  }
}

/** Whether nothing was restored since. */
function isLatest({ sources }: Deck, { id, source }: StateRestore): boolean {
  return (sources.get(source)?.restore?.id ?? id) <= id;
}

async function renew({ live, sources }: Deck, restore: StateRestore): Promise<void> {
  await Promise.all([sources.refresh(), restore.revision === null ? null : live.refresh()]);
}
