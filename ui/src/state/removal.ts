/** Removing components: at once if nobody loses by it, after a question if more is at stake. */

import { dependentsOf } from "../model/several";
import type { Deck } from "./deck";

/**
 * Removes `paths`, or asks first: about several, about what a group holds, about dependents, about
 * what is on, about what is not in view.
 */
export function remove(
  { live, overlay, browsing }: Pick<Deck, "live" | "overlay" | "browsing">,
  paths: readonly string[],
) {
  const document = live.flags?.document;
  const [only] = paths.map((path) => live.tree.byPath.get(path));
  const isShown = paths[0] === browsing.selected;
  const isPlain =
    paths.length === 1 && isShown && only && !only.children?.length && only.componentsOn === 0;
  if (document && isPlain && dependentsOf(document, paths).length === 0) {
    void live.change({ kind: "remove", paths: [...paths], release: false });
  } else {
    overlay.show({ kind: "remove", paths });
  }
}
