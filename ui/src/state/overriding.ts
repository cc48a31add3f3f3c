/** The way to what is overridden on this machine, for everyone or for single apps and users. */

import { ALL } from "../model/tree";
import type { Deck } from "./deck";

/** Shows the flags narrowed to what is overridden, with what no row can show in the details. */
export function showOverrides({ browsing, choices, past }: Deck): void {
  if (past.seen !== null) past.leave();
  choices.view = "flags";
  browsing.marked.clear();
  browsing.clearFilter();
  browsing.standing = "overridden";
  browsing.walk(ALL);
}
