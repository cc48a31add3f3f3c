/** The keys that work everywhere in the window. */

import type { View } from "../bindings/wire";

export interface KeyActions {
  show: (view: View) => void;
  undo: () => void;
  redo: () => void;
  allOff: () => void;
}

const views: Record<string, View> = { "1": "dashboard", "2": "flags" };

/** Runs what `event` stands for, if anything, and keeps the engine from acting on it too. */
export function handleKey(event: KeyboardEvent, actions: KeyActions): void {
  const action = actionOf(event, actions);
  if (!action || event.defaultPrevented) return;
  event.preventDefault();
  action();
}

/** Whether keys are letters here: in any field where text is typed. */
export function isTextField(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("input, textarea, [contenteditable]");
}

function actionOf(event: KeyboardEvent, actions: KeyActions): (() => void) | null {
  if (event.altKey || event.metaKey) return null;
  if (!event.ctrlKey) {
    const view = isTextField(event.target) ? undefined : views[event.key];
    return view === undefined ? null : () => actions.show(view);
  }
  // By its place on the keyboard: with Shift, the character of this key differs between layouts.
  if (event.shiftKey && event.code === "Digit0") return actions.allOff;
  if (event.key.toLowerCase() !== "z" || hasUnsavedText(event.target)) return null;
  return event.shiftKey ? actions.redo : actions.undo;
}

/** Whether undo belongs to the text: a field says by `data-settled` that it shows what is stored. */
function hasUnsavedText(target: EventTarget | null): boolean {
  return isTextField(target) && !(target as Element).hasAttribute("data-settled");
}
