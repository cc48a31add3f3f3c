/** Commands on the document as a whole: as JSON, from a file and into one. */

import type { Definitions } from "../../bindings/wire";
import { ofNow, type CommandSet } from "../../commands/command";
import { isRosterName } from "../../model/roster_file";
import type { Deck } from "../../state/deck";
import { words } from "../../words";
import { takeDroppedRoster } from "../rosters/commands";

export function jsonCommands(deck: Deck) {
  const { live, overlay } = deck;
  const isRead = () => live.flags !== null;
  return {
    import: { run: () => void chooseImport(deck), isEnabled: () => live.canChange, isOfNow: ofNow },
    export: { run: () => void exportDocument(deck), isEnabled: isRead, isOfNow: ofNow },
    export_flagd: { run: () => void exportForFlagd(deck), isEnabled: isRead, isOfNow: ofNow },
    json: { run: () => overlay.show({ kind: "json" }), isEnabled: isRead, isOfNow: ofNow },
  } satisfies CommandSet;
}

/**
 * Shows what is in a file that was dropped on the window before it is taken; not over an open
 * dialog. On the rosters, any file is one of users; elsewhere, one whose name says so.
 */
export async function takeDropped(deck: Deck, name: string): Promise<void> {
  const { choices, host, live, shown, overlay, toasts } = deck;
  if (choices.view === "rosters" || isRosterName(name)) return takeDroppedRoster(deck);
  try {
    const file = await host.droppedFile();
    if (!file || !live.isWritable) return;
    if (shown.isPastInView) void shown.refuse();
    else if (overlay.isCovering) toasts.failed(words.commands.dropLater);
    else overlay.show({ kind: "import", file });
  } catch (reason) {
    toasts.refused(reason);
  }
}

async function chooseImport({ host, overlay, toasts }: Deck): Promise<void> {
  try {
    const file = await host.chooseFile();
    if (file) overlay.show({ kind: "import", file });
  } catch (reason) {
    toasts.refused(reason);
  }
}

async function exportDocument({ host, toasts }: Deck): Promise<void> {
  try {
    const place = await host.saveFile("flags.json", await host.documentText());
    if (place !== null) toasts.done(words.commands.exported(place));
  } catch (reason) {
    toasts.refused(reason);
  }
}

/** Writes definitions for flagd; first shows what is not in them, if anything. */
async function exportForFlagd(deck: Deck): Promise<void> {
  try {
    const definitions = await deck.host.definitions();
    if (definitions.leftOut.length > 0) deck.overlay.show({ kind: "export_flagd", definitions });
    else await saveDefinitions(deck, definitions);
  } catch (reason) {
    deck.toasts.refused(reason);
  }
}

/** Resolves to whether they were written. */
export async function saveDefinitions(
  { host, toasts }: Deck,
  { text }: Definitions,
): Promise<boolean> {
  try {
    const place = await host.saveFile("flags.flagd.json", text);
    if (place !== null) toasts.done(words.commands.exported(place));
    return place !== null;
  } catch (reason) {
    toasts.refused(reason);
    return false;
  }
}
