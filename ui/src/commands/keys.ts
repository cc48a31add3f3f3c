/** From key presses to commands. */

import { catalogue, type CommandEntry, type CommandId } from "./catalogue";

/** What works also while something lies over the window. */
const alwaysThere: ReadonlySet<CommandId> = new Set([
  "all_off",
  "quit",
  "zoom_in",
  "zoom_out",
  "zoom_reset",
]);

/** Returns the command that `event` stands for, if any. */
export function commandOf(event: KeyboardEvent, isCovered: boolean): CommandId | null {
  const found = catalogue.find((entry) => isMeant(entry, event));
  if (!found || (isCovered && !alwaysThere.has(found.id))) return null;
  return belongsToText(found, event.target) ? null : found.id;
}

/** Whether the native menu, whose keys come before the page's, may run a command. */
export function isAllowed(id: CommandId, isCovered: boolean): boolean {
  const isOfText = id === "undo" || id === "redo";
  const meansText = isOfText && hasUnsavedText(document.activeElement);
  return !isCovered || alwaysThere.has(id) || meansText;
}

/** Splits keys such as `Ctrl+Shift+Z` into what is on each key. */
export function keyCaps(keys: string): string[] {
  // The last may be a plus itself.
  return keys.split(/(?<=.)\+(?=.)/);
}

/** Keys as `aria-keyshortcuts` names them. */
export function ariaKeys(keys: string): string | undefined {
  const names: Record<string, string> = { Ctrl: "Control", "+": "Plus" };
  if (keys === "") return undefined;
  return keyCaps(keys)
    .map((cap) => names[cap] ?? cap)
    .join("+");
}

/** Whether keys are letters here: in any field where text is typed. */
export function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.matches("textarea, [contenteditable], input:not([type=checkbox], [type=radio])")
  );
}

/** Whether undo belongs to the text: a field says by `data-settled` that it shows what is stored. */
export function hasUnsavedText(target: EventTarget | null): boolean {
  return isTextField(target) && !(target as Element).hasAttribute("data-settled");
}

function belongsToText(entry: CommandEntry, target: EventTarget | null): boolean {
  if (!isTextField(target)) return false;
  if (entry.id === "undo" || entry.id === "redo") return hasUnsavedText(target);
  return !/^(Ctrl|F\d)/.test(entry.keys);
}

function isMeant({ keys }: CommandEntry, event: KeyboardEvent): boolean {
  if (keys === "" || event.altKey || event.metaKey) return false;
  const key = keys.replace(/^(Ctrl\+)?(Shift\+)?/, "");
  if (event.ctrlKey !== keys.startsWith("Ctrl+")) return false;
  const isShifted = keys.includes("Shift+");
  // By its place on the keyboard: with Shift, the character of this key differs between layouts.
  if (/^\d$/.test(key) && event.ctrlKey) {
    return event.code === `Digit${key}` && event.shiftKey === isShifted;
  }
  if (/^[A-Z]$/.test(key)) {
    return event.key.toUpperCase() === key && event.shiftKey === isShifted;
  }
  // Signs such as ? and + need Shift on some layouts and not on others.
  return event.key === key || (key === "+" && event.key === "=");
}
