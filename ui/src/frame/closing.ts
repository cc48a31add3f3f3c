/** Closing the window. */

import type { Deck } from "../state/deck";

/** Closes the window, after a question if something typed would be lost. */
export async function quit(deck: Deck): Promise<void> {
  if (deck.browsing.isUnsaved) deck.overlay.isClosing = true;
  else await close(deck);
}

/** Closes the window, whatever is unsaved. */
export async function close({ host, toasts }: Deck): Promise<void> {
  try {
    await host.close();
  } catch (reason) {
    toasts.refused(reason);
  }
}
