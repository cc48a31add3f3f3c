/** From key presses to commands. */

import type { View } from "../bindings/wire";
import { isComposing } from "../widgets/composing";
import type { CommandId } from "./all";
import { catalogue, entryOf, type CommandEntry } from "./catalogue";

/** Controls that have a use for bare keys themselves. */
const CONTROLS = "select, [role=menu], [data-takes-keys]";

/** If Delete removes. */
const REMOVABLE = "[role=treegrid], [data-testid=bulk]";

/** Returns the command that `event` stands for in `view`, if any. */
export function commandOf(event: KeyboardEvent, isCovered: boolean, view: View): CommandId | null {
  const found = catalogue.find((entry) => isMeant(entry, event));
  if (!found || isComposing(event) || (event.repeat && !found.isRepeated)) return null;
  if (isCovered && !found.isAlwaysThere) return null;
  return belongsToTarget(found, event.target) || isElsewhere(found, view, event.target)
    ? null
    : found.id;
}

/** Whether the native menu, whose keys come before the page's, may run a command. */
export function isAllowed(id: CommandId, isCovered: boolean): boolean {
  const isOfText = id === "undo" || id === "redo";
  const meansText = isOfText && hasOwnUndo(document.activeElement);
  return !isCovered || entryOf(id).isAlwaysThere === true || meansText;
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

/** The field that something was typed into since it got the keyboard, or was saved or discarded. */
let typedInto: EventTarget | null = null;

/** Notes what is typed into fields, for as long as the returned function is not called. */
export function followTyping(): () => void {
  const begin = ({ target }: Event) => (typedInto = isTextField(target) ? target : null);
  const end = () => (typedInto = null);
  const endByKey = (event: KeyboardEvent) => {
    if ((event.key === "Enter" || event.key === "Escape") && !isComposing(event)) end();
  };
  document.addEventListener("input", begin, true);
  document.addEventListener("focusout", end, true);
  document.addEventListener("keydown", endByKey, true);
  return () => {
    document.removeEventListener("input", begin, true);
    document.removeEventListener("focusout", end, true);
    document.removeEventListener("keydown", endByKey, true);
  };
}

/**
 * Whether undo belongs to the text: while something is typed that is not saved, and after all of it
 * was taken back, so that one press too many changes no flag. A field says by `data-settled` that
 * it shows what is stored.
 */
export function hasOwnUndo(target: EventTarget | null): boolean {
  if (!isTextField(target)) return false;
  return target === typedInto || !(target as Element).hasAttribute("data-settled");
}

function belongsToTarget(entry: CommandEntry, target: EventTarget | null): boolean {
  if (entry.id === "undo" || entry.id === "redo") return hasOwnUndo(target);
  const isBare = !/^(Ctrl|F\d)/.test(entry.keys);
  const isControl = target instanceof Element && target.closest(CONTROLS) !== null;
  return isBare && (isTextField(target) || isControl);
}

function isElsewhere(entry: CommandEntry, view: View, target: EventTarget | null): boolean {
  if (entry.view !== undefined && entry.view !== view) return true;
  // What removes has to be aimed: at a row, or at what is marked.
  const isAimed = target instanceof Element && target.closest(REMOVABLE) !== null;
  return entry.id === "remove" && !isAimed;
}

function isMeant({ keys, alsoKeys = "" }: CommandEntry, event: KeyboardEvent): boolean {
  return matches(keys, event) || matches(alsoKeys, event);
}

function matches(keys: string, event: KeyboardEvent): boolean {
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
  // Characters such as ? and + need Shift on some keyboard layouts only.
  return event.key === key || (key === "+" && event.key === "=");
}
