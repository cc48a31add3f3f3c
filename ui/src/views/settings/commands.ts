/** Commands of the settings: colours, size, backups and what this program is. */

import type { CommandSet } from "../../commands/command";
import type { SettingsPart } from "../../state/browsing.svelte";
import type { Deck } from "../../state/deck";
import { words } from "../../words";

export const ZOOM_MIN = 100;
const ZOOM_MAX = 200;
const ZOOM_STEP = 10;

export function settingsCommands(deck: Deck) {
  const { live, choices } = deck;
  const zoom = (to: number) => (choices.zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, to)));
  return {
    theme_light: { run: () => (choices.theme = "light") },
    theme_dark: { run: () => (choices.theme = "dark") },
    theme_system: { run: () => (choices.theme = "system") },
    zoom_in: {
      run: () => zoom(choices.zoom + ZOOM_STEP),
      isEnabled: () => choices.zoom < ZOOM_MAX,
    },
    zoom_out: {
      run: () => zoom(choices.zoom - ZOOM_STEP),
      isEnabled: () => choices.zoom > ZOOM_MIN,
    },
    zoom_reset: { run: () => zoom(ZOOM_MIN) },
    back_up: { run: () => void backUp(deck), isEnabled: () => live.canChange },
    workspace: { run: () => showPart(deck, "backups") },
    connect: { run: () => showPart(deck, "connect") },
    about: { run: () => showPart(deck, "about") },
  } satisfies CommandSet;
}

function showPart({ browsing, choices }: Deck, part: SettingsPart): void {
  browsing.settingsPart = part;
  choices.view = "settings";
}

async function backUp({ host, toasts }: Deck): Promise<void> {
  try {
    const backup = await host.backUp();
    toasts.done(backup ? words.commands.backedUp(backup.name) : words.settings.backedUpAlready);
  } catch (reason) {
    toasts.refused(reason);
  }
}
