/** Removing components: at once where undo is enough, after a question where more is at stake. */

import { dependentsOf } from "../model/several";
import type { Deck } from "./deck";

/** Removes `paths`, or asks first: about several, about what a group holds, about dependents. */
export function remove(
  { live, overlay }: Pick<Deck, "live" | "overlay">,
  paths: readonly string[],
) {
  const document = live.flags?.document;
  const [only] = paths.map((path) => live.tree.byPath.get(path));
  const isPlain = paths.length === 1 && only && !only.children?.length;
  if (document && isPlain && dependentsOf(document, paths).length === 0) {
    void live.change({ kind: "remove", paths: [...paths], release: false });
  } else {
    overlay.show({ kind: "remove", paths });
  }
}
