/**
 * The way to what is overridden on this machine, for everyone or for single apps and users, and the
 * end of overrides.
 */

import type { Planned } from "../bindings/wire";
import { endsWithFlagsOn } from "../model/overrides";
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

/** Ends the overrides at `places`; asks first about several, and if that turns all flags on. */
export function endOverrides(deck: Deck, places: readonly string[]): void {
  const atOnce = endedAtOnce(deck, places);
  if (atOnce) void deck.live.returnOverrides(atOnce.which);
  else deck.overlay.show({ kind: "return_overrides", places });
}

/** What `endOverrides` does at once; `null` if it asks first, or if nothing can be changed. */
export function endedAtOnce({ live }: Deck, places: readonly string[]) {
  const overrides = live.flags?.followed?.overrides ?? [];
  const first = overrides.find(({ place }) => place === places[0]);
  if (places.length !== 1 || !first || endsWithFlagsOn(first) || !live.isWritable) return null;
  return { kind: "return_overrides", which: { places: [first.place] } } satisfies Planned;
}
