/**
 * Who would gain and lose what by something that is not done yet: asked again when the person goes
 * on, when the flags change, and when another roster is counted. One question is under way at a
 * time; of those that come meanwhile, the latest is asked next.
 */

import { untrack } from "svelte";

import type { Failure, Planned, Previewed, Slid } from "../bindings/wire";
import { asFailure } from "../host/host";
import type { Deck } from "./deck";

/** Within this a person takes an answer for immediate. */
const QUICK_MS = 150;

/** A rollout whose percentage moves, and as of when; or anything else that may be done. */
export type Question =
  | { kind: "slide"; edit: Extract<Planned, { kind: "edit" }>["edit"]; revision: number | null }
  | Planned;

/** A revision, and the roster that is counted. */
interface Over {
  revision: number | undefined;
  name: string | null;
  atMs: number | null;
}

export class Previewing {
  /** The latest answer; that to an earlier question until the next arrives. */
  value = $state.raw<Previewed | Slid | null>(null);
  /** What `value` answers. */
  answered = $state.raw<Question | null>(null);
  /** Why the latest question got none. */
  failure = $state.raw<Failure | null>(null);
  /** Whether the answer takes so long that the one before must not stand in for it. */
  isSlow = $state(false);

  readonly #deck: Deck;
  #wanted: Question | null = null;
  /** What it is asked over. */
  #over: Over = { revision: undefined, name: null, atMs: null };
  #isAsking = false;

  constructor(deck: Deck) {
    this.#deck = deck;
  }

  /** Follows what `question` returns, while the caller is shown; `null` asks nothing. */
  follow(question: () => Question | null): void {
    const { live, rosters } = this.#deck;
    $effect(() => {
      const next = question();
      const { name, atMs } = rosters.counted ?? { name: null, atMs: null };
      // Asked again over other flags, and over another roster.
      this.#over = { revision: live.stored?.revision, name, atMs };
      untrack(() => this.#want(next));
    });
    $effect(() => () => this.#want(null));
  }

  #want(question: Question | null): void {
    this.#wanted = question;
    if (question === null) {
      [this.value, this.answered, this.failure] = [null, null, null];
      this.isSlow = false;
    } else if (!this.#isAsking) {
      void this.#askAll();
    }
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true;
    for (let question = this.#wanted; question !== null; question = this.#next(question)) {
      await this.#ask(question);
    }
    this.#isAsking = false;
  }

  /** What was asked for since; `null` if nothing was. */
  #next(asked: Question): Question | null {
    return this.#wanted === asked ? null : this.#wanted;
  }

  async #ask(question: Question): Promise<void> {
    const { host } = this.#deck;
    const roster = this.#over.name;
    // Of each question: while something moves, one follows the other.
    const slow = setTimeout(() => (this.isSlow = this.#wanted !== null), QUICK_MS);
    try {
      const value =
        question.kind === "slide"
          ? await host.slide(question.edit, roster, asOf(question.revision))
          : await host.preview(question, roster);
      if (this.#wanted === null) return;
      [this.value, this.answered, this.failure] = [value, question, null];
    } catch (reason) {
      if (this.#wanted !== null) [this.value, this.failure] = [null, asFailure(reason)];
    } finally {
      clearTimeout(slow);
      this.isSlow = false;
    }
  }
}

function asOf(revision: number | null) {
  return revision === null ? null : { revision };
}
