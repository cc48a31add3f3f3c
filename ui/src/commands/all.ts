/** Every command of the window: what each view contributes, put together. */

import { frameCommands } from "../frame/commands";
import type { Deck } from "../state/deck";
import { dashboardCommands } from "../views/dashboard/commands";
import { flagsCommands } from "../views/flags/commands";
import { overrideCommands } from "../views/following/commands";
import { jsonCommands } from "../views/json/commands";
import { rolloutCommands } from "../views/rollouts/commands";
import { rosterCommands } from "../views/rosters/commands";
import { settingsCommands } from "../views/settings/commands";
import { snapshotsCommands } from "../views/snapshots/commands";
import type { Command } from "./command";
import { stepCommands, type Steps } from "./steps";

/** A set for each part of the window. A test holds their ids to those of the catalogue. */
export function contributions(deck: Deck, steps: Steps) {
  return [
    frameCommands(deck),
    stepCommands(steps),
    jsonCommands(deck),
    flagsCommands(deck),
    overrideCommands(deck),
    dashboardCommands(deck),
    snapshotsCommands(deck),
    rolloutCommands(deck),
    rosterCommands(deck),
    settingsCommands(deck),
  ] as const;
}

type IdsOf<Set> = Set extends unknown ? keyof Set : never;

export type CommandId = IdsOf<ReturnType<typeof contributions>[number]>;

export function allCommands(deck: Deck, steps: Steps): ReadonlyMap<CommandId, Command> {
  const entries = contributions(deck, steps).flatMap((set) => Object.entries<Command>(set));
  return new Map(entries as [CommandId, Command][]);
}
