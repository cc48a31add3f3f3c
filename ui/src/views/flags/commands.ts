/** Commands on components, and on the moment that the flags are shown as of. */

import { ofNow, type CommandSet } from "../../commands/command";
import { ALL } from "../../model/tree";
import type { Deck } from "../../state/deck";
import { remove } from "../../state/removal";

export function flagsCommands(deck: Deck) {
  return { ...componentCommands(deck), ...viewCommands(deck) } satisfies CommandSet;
}

function componentCommands(deck: Deck) {
  const { live, overlay } = deck;
  const isEnabled = () => live.canChange;
  const hasChosen = () => live.canChange && chosen(deck).length > 0;
  return {
    add_component: { run: () => add(deck, "component"), isEnabled, isOfNow: ofNow },
    add_group: { run: () => add(deck, "group"), isEnabled, isOfNow: ofNow },
    rename: {
      run: () => overlay.show({ kind: "rename", path: chosen(deck)[0] ?? "" }),
      isEnabled: () => live.canChange && chosen(deck).length === 1,
      isOfNow: ofNow,
    },
    move: {
      run: () => overlay.show({ kind: "move", paths: chosen(deck) }),
      isEnabled: hasChosen,
      isOfNow: ofNow,
    },
    remove: { run: () => remove(deck, chosen(deck)), isEnabled: hasChosen, isOfNow: ofNow },
  };
}

function viewCommands(deck: Deck) {
  const { live, past, shown, choices, browsing } = deck;
  const newest = () => live.stored?.revision ?? 0;
  const hasNeighbour = (by: 1 | -1) => shown.isPastInView && past.neighbour(by, newest()) !== null;
  return {
    explain: {
      run: () => {
        browsing.select(choices.view === "flags" ? browsing.current : browsing.selected);
        want(deck, "explain");
      },
    },
    filter: { run: () => want(deck, "filter") },
    as_of: { run: () => void lookBack(deck), isEnabled: () => live.flags !== null },
    older_revision: { run: () => past.step(-1, newest()), isEnabled: () => hasNeighbour(-1) },
    newer_revision: { run: () => past.step(1, newest()), isEnabled: () => hasNeighbour(1) },
    back_to_now: { run: () => past.leave(), isEnabled: () => shown.isPastInView },
  };
}

/** What commands on components act on: the marked ones, else the one a person is at. */
function chosen({ browsing, live, choices }: Deck): readonly string[] {
  if (choices.view !== "flags") return [];
  if (browsing.marked.size > 0) return [...browsing.marked];
  const path = browsing.current;
  return path !== ALL && live.tree.byPath.has(path) ? [path] : [];
}

function add({ browsing, live, overlay, choices }: Deck, what: "component" | "group"): void {
  const selected = choices.view === "flags" ? live.tree.byPath.get(browsing.current) : undefined;
  const group = selected?.children ? selected.path : (selected?.parent ?? "");
  overlay.show({ kind: "add", what, group });
}

/** Begins with the flags as of this moment, which can be read, and asks for another. */
async function lookBack(deck: Deck): Promise<void> {
  const { past } = deck;
  // What the keys have moved becomes a draft, which is meant for the flags as they are.
  if (past.seen === null && document.activeElement instanceof HTMLElement) {
    document.activeElement.blur();
  }
  if (past.seen !== null || (await past.show({ at_ms: Date.now() }))) want(deck, "moment");
}

function want({ choices, browsing }: Deck, what: "explain" | "filter" | "moment"): void {
  choices.view = "flags";
  browsing.wanted = what;
}
