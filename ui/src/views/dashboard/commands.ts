/** Commands of the dashboard: rolling back what it shows to be failing, and the demo. */

import { ofNow, type CommandSet } from "../../commands/command";
import { offeredRollback } from "../../model/performance";
import type { Deck } from "../../state/deck";
import { words } from "../../words";
import { openSample } from "./sample";

export function dashboardCommands(deck: Deck) {
  const { demo, live, overlay, pulse } = deck;
  const rollback = () => {
    const plan = offeredRollback(pulse.latest);
    return plan && live.isPossible(plan) ? plan : null;
  };
  return {
    roll_back: {
      run: () => {
        const plan = rollback();
        if (plan) void live.rollBack(plan);
      },
      isEnabled: () => rollback() !== null,
      isOfNow: ofNow,
      label: () => words.commands.rollBack(rollback()),
    },
    start_demo: {
      run: () => void (demo.status?.isPlaying ? demo.stop() : demo.start()),
      isEnabled: () => live.isWritable && !demo.isBusy,
      label: () => (demo.status?.isPlaying ? words.demo.stop : words.demo.start),
    },
    open_sample: {
      run: () => void openSample(deck),
      isEnabled: () => live.isWritable && !demo.isBusy,
    },
    remove_demo: {
      run: () => overlay.show({ kind: "remove_demo" }),
      isEnabled: () => live.isWritable && demo.isHere,
    },
  } satisfies CommandSet;
}
