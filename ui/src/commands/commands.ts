/** Runs commands, and says of each what it is called and whether it can be done at the moment. */

import { createContext } from "svelte";

import type { Deck } from "../state/deck";
import { allCommands, type CommandId } from "./all";
import { entryOf } from "./catalogue";
import type { Command } from "./command";
import { Steps } from "./steps";

export class Commands {
  readonly steps: Steps;

  readonly #deck: Deck;
  readonly #all: ReadonlyMap<CommandId, Command>;

  constructor(deck: Deck) {
    this.#deck = deck;
    this.steps = new Steps(deck);
    this.#all = allCommands(deck, this.steps);
  }

  run(id: CommandId): void {
    if (this.#isAway(id)) void this.#deck.shown.refuse();
    else if (this.isEnabled(id)) this.#all.get(id)?.run();
    else this.#all.get(id)?.refuse?.();
  }

  isEnabled(id: CommandId): boolean {
    return !this.#isAway(id) && (this.#all.get(id)?.isEnabled?.() ?? true);
  }

  /** What it is called, with the step it would take back or bring back. */
  label(id: CommandId): string {
    return this.#all.get(id)?.label?.() ?? entryOf(id).label;
  }

  /** Whether it is about the present while the past is in view. */
  #isAway(id: CommandId): boolean {
    return this.#deck.shown.isPastInView && (this.#all.get(id)?.isOfNow?.() ?? false);
  }
}

export const [useCommands, setCommands] = createContext<Commands>();
