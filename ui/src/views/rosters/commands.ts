/** Importing rosters: the file is chosen or dropped, and looked at before it is taken in. People. */

import type { RosterFile } from "../../bindings/wire";
import type { CommandSet } from "../../commands/command";
import type { Deck } from "../../state/deck";
import { words } from "../../words";

export function rosterCommands(deck: Deck) {
  const { overlay, rosters, toasts } = deck;
  return {
    import_roster: { run: () => void chooseRoster(deck) },
    find_person: {
      run: () => find(deck),
      isEnabled: () => rosters.shown !== null,
      refuse: () => toasts.failed(words.rosters.person.noRoster),
    },
    forget_person: { run: () => overlay.show({ kind: "forget_person", id: "" }) },
  } satisfies CommandSet;
}

/** Puts the keyboard into the field for an id. */
function find({ choices, rosters }: Deck): void {
  choices.view = "rosters";
  rosters.isDetailed = true;
  rosters.wantsPerson = true;
}

/** Lets the person choose a file of users, and shows what is in it. */
export async function chooseRoster(deck: Deck): Promise<void> {
  await look(deck, () => deck.host.chooseRoster());
}

/** Lets the person choose a newer file for a roster. */
export async function chooseNewer(deck: Deck, name: string): Promise<void> {
  await look(deck, async () => {
    const file = await deck.host.chooseRoster();
    return file && { ...file, name };
  });
}

/** Shows a component in Flags, with this person in the card that says why. */
export function explainThere(
  { browsing, choices, past }: Deck,
  component: string,
  user: string,
  groups: readonly string[],
): void {
  // What a person gets is told of the flags in force.
  past.leave();
  browsing.explained = { user, groups };
  choices.view = "flags";
  // A filter might hide it.
  browsing.clearFilter();
  browsing.reveal(component);
  browsing.wanted = "explain";
}

/** Shows what is in a file that was dropped on the window; not over an open dialog. */
export async function takeDroppedRoster(deck: Deck): Promise<void> {
  if (deck.overlay.isCovering) deck.toasts.failed(words.commands.dropLater);
  else await look(deck, () => deck.host.droppedRoster());
}

async function look(
  { overlay, toasts }: Deck,
  choose: () => Promise<RosterFile | null>,
): Promise<void> {
  try {
    const file = await choose();
    if (file) overlay.show({ kind: "import_roster", file });
  } catch (reason) {
    toasts.refused(reason);
  }
}
