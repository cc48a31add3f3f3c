/** What choosing something in the palette does. */

import type { Planned } from "../bindings/wire";
import { overridesOf } from "../model/overrides";
import type { Deck } from "../state/deck";
import { endedAtOnce, endOverrides } from "../state/overriding";
import type { Commands } from "./commands";
import type { Target } from "./targets";

export function follow(target: Target, deck: Deck, commands: Commands): void {
  const { browsing, choices, shown } = deck;
  switch (target.kind) {
    case "command":
      commands.run(target.command);
      break;
    case "node":
      choices.view = "flags";
      // A filter might hide it.
      browsing.clearFilter();
      browsing.reveal(target.path);
      break;
    case "revision":
      browsing.activityRevision = target.revision;
      browsing.activityRestore = null;
      choices.view = "activity";
      break;
    case "switch":
      // It says what it does to the flags as they are, so it has to be seen to do it.
      if (shown.isPastInView) void shown.refuse();
      else void deck.live.change({ kind: "set_components", paths: [target.path], on: target.on });
      break;
    case "return":
      if (shown.isPastInView) void shown.refuse();
      else endOverrides(deck, placesOf(target.path, deck));
      break;
  }
}

/** What choosing it would do to the flags at once; `null` for nothing, and for what asks first. */
export function plannedOf(target: Target, deck: Deck, { steps }: Commands): Planned | null {
  const { live, shown } = deck;
  if (shown.isPastInView || !live.flags) return null;
  switch (target.kind) {
    case "switch":
      return {
        kind: "edit",
        edit: { kind: "set_components", paths: [target.path], on: target.on },
      };
    case "return":
      return endedAtOnce(deck, placesOf(target.path, deck));
    case "command":
      if (target.command === "all_off") {
        return { kind: "edit", edit: { kind: "set_master", on: false } };
      }
      if (target.command !== "undo" && target.command !== "redo") return null;
      return steps.isOfFlags && steps.sentence(target.command) !== null
        ? { kind: target.command, of: live.flags[target.command]?.revision ?? null }
        : null;
    default:
      return null;
  }
}

function placesOf(path: string, { live }: Deck): string[] {
  return overridesOf(live.flags?.followed, path).map(({ place }) => place);
}
