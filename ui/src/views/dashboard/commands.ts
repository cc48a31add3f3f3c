/** The command of the dashboard: rolling back what it shows to be failing. */

import { ofNow, type CommandSet } from "../../commands/command";
import { offeredRollback } from "../../model/performance";
import type { Deck } from "../../state/deck";
import { words } from "../../words";

export function dashboardCommands({ live, pulse }: Deck) {
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
  } satisfies CommandSet;
}
