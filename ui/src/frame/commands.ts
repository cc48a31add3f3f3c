/** Commands of the frame: going to a view, what lies over the window, closing. */

import type { View } from "../bindings/wire";
import type { CommandSet } from "../commands/command";
import type { Deck } from "../state/deck";
import { quit } from "./closing";

export function frameCommands(deck: Deck) {
  const { live, choices, overlay } = deck;
  const show = (view: View) => ({ run: () => (choices.view = view) });
  return {
    view_dashboard: show("dashboard"),
    view_flags: show("flags"),
    view_rollouts: show("rollouts"),
    view_rosters: show("rosters"),
    view_metrics: show("metrics"),
    view_snapshots: show("snapshots"),
    view_activity: show("activity"),
    view_settings: show("settings"),
    palette: { run: () => overlay.show({ kind: "palette" }) },
    help: { run: () => overlay.show({ kind: "help" }) },
    shortcuts: { run: () => overlay.show({ kind: "shortcuts" }) },
    tour: { run: () => overlay.show({ kind: "tour" }) },
    // Always there, whatever the window believes: it may be what hangs.
    all_off: { run: () => void live.allOff() },
    quit: { run: () => void quit(deck) },
  } satisfies CommandSet;
}
