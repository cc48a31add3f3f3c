/** Opens the sample app in the browser, and offers its address in case that does not open. */

import { isolatedWithin } from "../../model/isolated";
import type { Deck } from "../../state/deck";
import { copyText } from "../../widgets/clipboard";
import { words } from "../../words";

export async function openSample({ demo, toasts }: Deck): Promise<void> {
  const opened = await demo.openSample();
  if (opened === null) return;
  const { address, trouble } = opened;
  const copy = {
    label: words.demo.copyAddress,
    run: () => void copyText(address),
    isOffered: () => true,
  };
  const said = trouble === null ? words.demo.opened : words.demo.notOpened(isolatedWithin(trouble));
  toasts.done(said, copy);
}
