/** Commands on the document that is followed, and on overrides of every kind. */

import { ofNow, type CommandSet } from "../../commands/command";
import { overridesOf } from "../../model/overrides";
import { ALL } from "../../model/tree";
import type { Deck } from "../../state/deck";
import { endOverrides } from "../../state/overriding";
import { endTargeted } from "../../state/targeting";
import { words } from "../../words";

export function overrideCommands(deck: Deck) {
  return { ...followingCommands(deck), ...targetedCommands(deck) } satisfies CommandSet;
}

function followingCommands(deck: Deck) {
  const { live, overlay } = deck;
  const places = () => (live.flags?.followed?.overrides ?? []).map(({ place }) => place);
  const hasSome = () => live.canChange && places().length > 0;
  const state = () => live.status?.following?.state.kind;
  return {
    publish_overrides: {
      run: () => overlay.show({ kind: "publish", places: places() }),
      isEnabled: hasSome,
      isOfNow: ofNow,
    },
    return_override: {
      run: () => endOverrides(deck, current(deck)),
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

function targetedCommands(deck: Deck) {
  const { live, overlay } = deck;
  return {
    override_for: {
      run: () => overlay.show({ kind: "override_for", component: componentAt(deck) ?? "" }),
      isEnabled: () => live.canChange && componentAt(deck) !== null,
      isOfNow: ofNow,
    },
    end_targeted: {
      run: () => void endTargeted(deck),
      isEnabled: () => live.canChange && (live.flags?.targeted.length ?? 0) > 0,
      isOfNow: ofNow,
    },
  } satisfies CommandSet;
}

/** The component that is selected in the flags; `null` for a group or the whole. */
function componentAt({ browsing, live, choices }: Deck): string | null {
  const node = choices.view === "flags" ? live.tree.byPath.get(browsing.current) : undefined;
  return node?.children === null ? node.path : null;
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
