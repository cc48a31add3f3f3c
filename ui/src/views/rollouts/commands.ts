/** Commands on rollouts: starting, pausing, skipping and ending a ramp, and what it is held to. */

import type { RampStatus } from "../../bindings/wire";
import { ofNow, type CommandSet } from "../../commands/command";
import { isOpenRamp } from "../../model/rollouts";
import { ALL } from "../../model/tree";
import { pauseRamp, resumeRamp, skipRamp } from "../../state/ramping";
import type { Deck } from "../../state/deck";
import { words } from "../../words";

export function rolloutCommands(deck: Deck) {
  const { live, overlay } = deck;
  const say = words.rollouts.commands;
  const ramp = () => (live.canChange ? openRamp(deck) : null);
  const component = () => chosen(deck) ?? null;
  /** Names the rollout that it would act on: it may be none that is in view. */
  const labelOf = (say: (component: string | null) => string) => () =>
    chosen(deck) === undefined ? undefined : say(component());
  return {
    start_ramp: {
      run: () => overlay.show({ kind: "start_ramp", component: component() }),
      isEnabled: () => live.canChange && chosen(deck) !== undefined && openRamp(deck) === null,
      isOfNow: ofNow,
      label: labelOf(say.start_ramp),
    },
    pause_ramp: {
      run: () => void pauseRamp(deck, component()),
      isEnabled: () => ramp()?.phase === "running",
      isOfNow: ofNow,
      label: labelOf(say.pause_ramp),
    },
    resume_ramp: {
      run: () => void resumeRamp(deck, component()),
      isEnabled: () => ["paused", "changed"].includes(ramp()?.phase ?? ""),
      isOfNow: ofNow,
      label: labelOf(say.resume_ramp),
    },
    skip_ramp: {
      run: () => void skipRamp(deck, component()),
      isEnabled: () => ramp()?.phase === "running",
      isOfNow: ofNow,
      label: labelOf(say.skip_ramp),
    },
    abort_ramp: {
      run: () => {
        const open = ramp();
        if (open) overlay.show({ kind: "abort_ramp", component: component(), ramp: open });
      },
      isEnabled: () => ramp() !== null,
      isOfNow: ofNow,
      label: labelOf(say.abort_ramp),
    },
    guard_rules: {
      run: () => overlay.show({ kind: "guard_rules", component: component() }),
      isEnabled: () => {
        const of = chosen(deck);
        return live.canChange && of !== undefined && deck.rollouts.of(of) !== null;
      },
      label: labelOf(say.guard_rules),
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
