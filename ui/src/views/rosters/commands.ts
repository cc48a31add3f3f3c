/** Importing rosters: the file is chosen or dropped, and looked at before it is taken in. */

import type { RosterFile } from "../../bindings/wire";
import type { Deck } from "../../state/deck";
import { words } from "../../words";

/** Lets the person choose a file of users, and shows what is in it. */
export async function chooseRoster(deck: Deck): Promise<void> {
  await look(deck, () => deck.host.chooseRoster());
}

/** Shows what is in a file that was dropped on the window; not over an open dialog. */
export async function takeDroppedRoster(deck: Deck): Promise<void> {
  if (deck.overlay.isCovering) deck.toasts.failed(words.commands.dropLater);
  else await look(deck, () => deck.host.droppedRoster());
}

async function look(
  { overlay, toasts }: Deck,
  choose: () => Promise<RosterFile | null>,
): Promise<void> {
  try {
    const file = await choose();
    if (file) overlay.show({ kind: "import_roster", file });
  } catch (reason) {
    toasts.refused(reason);
  }
}
