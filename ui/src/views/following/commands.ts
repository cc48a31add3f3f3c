/** Commands on the document that is followed, and on the overrides over it. */

import { ofNow, type CommandSet } from "../../commands/command";
import { overridesOf, overridesWithin } from "../../model/overrides";
import { ALL } from "../../model/tree";
import type { Deck } from "../../state/deck";
import { words } from "../../words";

export function followingCommands(deck: Deck) {
  const { live, overlay } = deck;
  const places = () => overridesWithin(live.flags?.followed, ALL).map(({ place }) => place);
  const hasSome = () => live.canChange && places().length > 0;
  const state = () => live.status?.following?.state.kind;
  return {
    publish_overrides: {
      run: () => overlay.show({ kind: "publish", places: places() }),
      isEnabled: hasSome,
      isOfNow: ofNow,
    },
    return_override: {
      run: () => void live.returnOverrides({ places: current(deck) }),
      isEnabled: () => live.canChange && current(deck).length > 0,
      isOfNow: ofNow,
      label: () => words.following.giveBackOne(current(deck).length > 0 ? pathOf(deck) : null),
    },
    return_overrides: {
      run: () => overlay.show({ kind: "return_overrides", places: places() }),
      isEnabled: hasSome,
      isOfNow: ofNow,
    },
    fetch_followed: {
      run: () => void live.fetchFollowed(),
      isEnabled: () => state() !== undefined && state() !== "elsewhere",
    },
    review_held: {
      run: () => overlay.show({ kind: "held" }),
      isEnabled: () => state() === "held",
    },
  } satisfies CommandSet;
}

/** The places of the overrides about what is selected in the flags. */
function current({ browsing, live, choices }: Deck): string[] {
  if (choices.view !== "flags") return [];
  return overridesOf(live.flags?.followed, browsing.current).map(({ place }) => place);
}

/** The component that is selected; `null` for the document as a whole. */
function pathOf({ browsing }: Deck): string | null {
  return browsing.current === ALL ? null : browsing.current;
}
