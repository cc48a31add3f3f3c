/** Commands on rollouts: starting, pausing, skipping and ending a ramp, and what it is held to. */

import { ofNow, type CommandSet } from "../../commands/command";
import { isOpenRamp } from "../../model/rollouts";
import { ALL } from "../../model/tree";
import { pauseRamp, resumeRamp, skipRamp } from "../../state/ramping";
import type { Deck } from "../../state/deck";
import type { RampStatus } from "../../bindings/wire";

export function rolloutCommands(deck: Deck) {
  const { live, overlay } = deck;
  const ramp = () => (live.canChange ? openRamp(deck) : null);
  const component = () => chosen(deck) ?? null;
  return {
    start_ramp: {
      run: () => overlay.show({ kind: "start_ramp", component: component() }),
      isEnabled: () => live.canChange && chosen(deck) !== undefined && openRamp(deck) === null,
      isOfNow: ofNow,
    },
    pause_ramp: {
      run: () => void pauseRamp(deck, component()),
      isEnabled: () => ramp()?.phase === "running",
      isOfNow: ofNow,
    },
    resume_ramp: {
      run: () => void resumeRamp(deck, component()),
      isEnabled: () => ["paused", "changed"].includes(ramp()?.phase ?? ""),
      isOfNow: ofNow,
    },
    skip_ramp: {
      run: () => void skipRamp(deck, component()),
      isEnabled: () => ramp()?.phase === "running",
      isOfNow: ofNow,
    },
    abort_ramp: {
      run: () => {
        const open = ramp();
        if (open) overlay.show({ kind: "abort_ramp", component: component(), ramp: open });
      },
      isEnabled: () => ramp() !== null,
      isOfNow: ofNow,
    },
    guard_rules: {
      run: () => overlay.show({ kind: "guard_rules", component: component() }),
      isEnabled: () => deck.rollouts.of(component()) !== null,
    },
  } satisfies CommandSet;
}

/**
 * The rollout that commands are about: the one that is shown, or that of the component that a
 * person is at in Flags; `undefined` for none, such as a group.
 */
function chosen({ browsing, choices, live, rollouts }: Deck): string | null | undefined {
  if (choices.view !== "flags") return rollouts.shown === null ? null : rollouts.shown.component;
  const path = browsing.current;
  if (path === ALL) return null;
  return live.tree.byPath.get(path)?.children === null ? path : undefined;
}

function openRamp(deck: Deck): RampStatus | null {
  const component = chosen(deck);
  const ramp = component === undefined ? null : (deck.rollouts.of(component)?.ramp ?? null);
  return isOpenRamp(ramp) ? ramp : null;
}
