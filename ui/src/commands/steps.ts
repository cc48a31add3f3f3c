/**
 * What undo and redo act on, which is for the view that is shown to say: the flags, the settings,
 * or nothing. A step is never one of another view.
 */

import type { Flags, View } from "../bindings/wire";
import type { Deck } from "../state/deck";
import type { Way } from "../state/live.svelte";
import { words } from "../words";
import type { Command } from "./command";
import { hasOwnUndo } from "./keys";

const ofFlags: ReadonlySet<View> = new Set(["dashboard", "flags", "rollouts", "activity"]);

export class Steps {
  readonly #deck: Deck;

  constructor(deck: Deck) {
    this.#deck = deck;
  }

  /** The step that would be taken, in a sentence; `null` if there is none to take. */
  sentence(way: Way): string | null {
    const { live, configuration, choices } = this.#deck;
    if (this.isOfFlags) return live.isWritable ? sentenceOf(live.flags, way) : null;
    return choices.view === "settings" ? configuration.sentence(way) : null;
  }

  /** Takes the step, or says why there is none. */
  run(way: Way): void {
    const { live, configuration, choices, toasts } = this.#deck;
    const refusal = this.refusal(way);
    if (refusal !== null) toasts.done(refusal);
    else if (choices.view === "settings") void configuration[way]();
    else void live[way]();
  }

  /** Why there is no step to take; `null` if there is one. */
  refusal(way: Way): string | null {
    const { live, choices } = this.#deck;
    if (this.sentence(way) !== null || (this.isOfFlags && live.isSaving)) return null;
    if (!this.isOfFlags) return words.frame.nothingTo(way, words.frame.views[choices.view]);
    const { readOnly } = live.status ?? {};
    return readOnly == null ? words.frame.nothingTo(way) : words.frame.readOnly(readOnly);
  }

  /** Whether they act on the flags. */
  get isOfFlags(): boolean {
    return ofFlags.has(this.#deck.choices.view);
  }
}

function sentenceOf(flags: Flags | null, way: Way): string | null {
  const step = flags?.[way];
  return step ? words.following.step(step.sentence, flags.followed !== null) : null;
}

export function stepCommands(steps: Steps) {
  return { undo: stepCommand(steps, "undo"), redo: stepCommand(steps, "redo") };
}

function stepCommand(steps: Steps, way: Way): Command {
  const isOfText = () => hasOwnUndo(document.activeElement);
  return {
    run: () => {
      // Keys that the native menu takes still mean text while text is typed, and the engine offers
      // no other way to its own undo.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      if (isOfText()) document.execCommand(way);
      else steps.run(way);
    },
    isEnabled: () => isOfText() || steps.refusal(way) === null,
    isOfNow: () => !isOfText(),
    label: () => words.commands[way](steps.sentence(way) ?? undefined),
    refuse: () => steps.run(way),
  };
}
