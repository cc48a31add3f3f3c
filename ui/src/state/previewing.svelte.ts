/**
 * Who would gain and lose what by something that is not done yet: asked again when the person goes
 * on, when the flags change, and when another roster is counted. One question is under way at a
 * time; of those that come meanwhile, the latest is asked next.
 */

import { untrack } from "svelte";

import type { Edit, Failure, Planned, Previewed } from "../bindings/wire";
import { asFailure } from "../host/host";
import type { Deck } from "./deck";

/** Within this a person takes an answer for immediate. */
const QUICK_MS = 150;

/** A rollout whose percentage moves; or anything else that may be done. */
export type Question = { kind: "slide"; edit: Edit } | Planned;

/** A question as it was asked. */
interface Asked {
  question: Question;
  /** Of the flags that it was asked over. */
  revision: number | undefined;
  /** The roster that is counted, by name, and when it was imported; `null` for the latest. */
  roster: string | null;
  atMs: number | null;
  /** One number for all that were asked without a pause. */
  series: number;
}

export class Previewing {
  /**
   * The latest answer; that to an earlier question while `isCurrent` is false. Of a slider it does
   * not tell the components apart.
   */
  value = $state.raw<Previewed | null>(null);
  /** What `value` answers. */
  answered = $state.raw<Question | null>(null);
  /** Why the latest question got none. */
  failure = $state.raw<Failure | null>(null);
  /**
   * Whether `value` answers what is asked now. While a slider moves, the answer to the position
   * before counts as well, unless it takes long.
   */
  isCurrent = $state(false);
  /** Whether the answer takes so long that the window should say so. */
  isSlow = $state(false);

  readonly #deck: Deck;
  #wanted: Asked | null = null;
  #latest: Asked | null = null;
  #series = 0;
  #isAsking = false;

  // Only what matters of the roster: the list is read again without any change to it.
  readonly #roster = $derived.by(() => {
    const { rosters, choices } = this.#deck;
    return rosters.list === null ? choices.roster : (rosters.counted?.name ?? null);
  });
  readonly #atMs = $derived.by(() => this.#deck.rosters.counted?.atMs ?? null);

  constructor(deck: Deck) {
    this.#deck = deck;
  }

  /** Follows what `question` returns, while the caller is shown; `null` asks nothing. */
  follow(question: () => Question | null): void {
    const { live } = this.#deck;
    $effect(() => {
      const next = question();
      const over = { revision: live.stored?.revision, roster: this.#roster, atMs: this.#atMs };
      untrack(() => {
        if (next === null) this.#stop();
        else this.#want({ question: next, ...over, series: this.#series });
      });
    });
    $effect(() => () => this.#stop());
  }

  #stop(): void {
    this.#wanted = this.#latest = null;
    this.#series += 1;
    [this.value, this.answered, this.failure] = [null, null, null];
    this.isSlow = this.isCurrent = false;
  }

  #want(asked: Asked): void {
    this.#wanted = asked;
    this.isCurrent = this.#latest !== null && standsFor(this.#latest, asked);
    this.failure = null;
    if (!this.#isAsking) void this.#askAll();
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true;
    // Each is an object of its own: the same question over other flags is asked again.
    for (let asked = this.#wanted, before; asked !== before; asked = this.#wanted) {
      before = asked;
      if (asked !== null) await this.#ask(asked);
    }
    this.#isAsking = false;
  }

  async #ask(asked: Asked): Promise<void> {
    const { host } = this.#deck;
    const { question, roster } = asked;
    // Of each question: while something moves, one follows the other.
    const slow = setTimeout(() => this.#wait(), QUICK_MS);
    try {
      const value =
        question.kind === "slide"
          ? { ...(await host.slide(question.edit, roster)), components: [] }
          : await host.preview(question, roster);
      this.#take(asked, value);
    } catch (reason) {
      this.#refuse(asked, asFailure(reason));
    } finally {
      clearTimeout(slow);
      this.isSlow = false;
    }
  }

  #wait(): void {
    if (this.#wanted === null) return;
    this.isSlow = true;
    this.isCurrent = false;
  }

  #take(asked: Asked, value: Previewed): void {
    if (this.#wanted === null || !standsFor(asked, this.#wanted)) return;
    [this.value, this.answered, this.failure] = [value, asked.question, null];
    this.#latest = asked;
    this.isCurrent = true;
    // It was replaced or removed elsewhere, by another program.
    if ((value.roster?.atMs ?? null) !== asked.atMs) void this.#deck.rosters.refresh();
  }

  #refuse(asked: Asked, failure: Failure): void {
    if (this.#wanted !== asked) return;
    [this.value, this.answered, this.failure] = [null, null, failure];
    this.#latest = null;
    this.isCurrent = false;
    // What is not found may be the roster.
    if (failure.code === "not_found") void this.#deck.rosters.refresh();
  }
}

/** Whether the answer to one question can be told for another, which may be the same. */
function standsFor(earlier: Asked, later: Asked): boolean {
  if (earlier === later) return true;
  const [from, to] = [earlier.question, later.question];
  return (
    from.kind === "slide" &&
    to.kind === "slide" &&
    earlier.series === later.series &&
    earlier.revision === later.revision &&
    earlier.roster === later.roster &&
    earlier.atMs === later.atMs
  );
}
