/** How a component says that it holds something typed that is not saved. */

import { useDeck } from "./deck";

/**
 * Counts in what `name` names, such as `Percentage of ui.badges`, while it is not `null` and the
 * component lives. To be called as the component is made.
 */
export function sayUnsaved(name: () => string | null): void {
  const { browsing } = useDeck();
  $effect(() => {
    const unsaved = name();
    return unsaved === null ? undefined : browsing.unsaved.add(unsaved);
  });
}
