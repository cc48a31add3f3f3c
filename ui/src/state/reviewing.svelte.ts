/** What the backend says about a document that is being typed or imported. */

import type { Failure, Loss, Review } from "../bindings/wire";
import { asFailure, type Host } from "../host/host";

/** How long typing pauses before the document is looked at. */
const PAUSE_MS = 250;

export class Reviewing {
  readonly #host: Host;
  #latest = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Of the last text looked at; `null` until then. */
  review = $state.raw<Review | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Whether the person agreed to what `review` says is removed. */
  confirmsLoss = $state(false);
  /** Whether `review` is not of the text as it is. */
  isBehind = $state(false);

  constructor(host: Host) {
    this.#host = host;
  }

  readonly errors: number = $derived(
    this.review?.problems.filter(({ severity }) => severity === "error").length ?? 0,
  );

  /** Whether the last text can be put in force unchanged. */
  readonly isSound: boolean = $derived(this.review !== null && !this.isBehind && this.errors === 0);

  /** What would be removed and is not agreed to; `null` if nothing needs to be. */
  readonly openLoss: Loss | null = $derived(this.confirmsLoss ? null : (this.review?.loss ?? null));

  /** Whether the last text can be saved: it is sound, and nothing has to be agreed to. */
  readonly isReady: boolean = $derived(this.isSound && this.openLoss === null);

  /** Looks at `text` once typing pauses. */
  lookSoon(text: string): void {
    this.isBehind = true;
    this.#latest += 1;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.look(text), PAUSE_MS);
  }

  async look(text: string): Promise<void> {
    clearTimeout(this.#pause);
    this.isBehind = true;
    this.#latest += 1;
    const mine = this.#latest;
    try {
      const review = await this.#host.review(text);
      if (mine !== this.#latest) return;
      this.review = review;
      this.confirmsLoss = false;
      this.failure = null;
      this.isBehind = false;
    } catch (reason) {
      if (mine === this.#latest) this.failure = asFailure(reason);
    }
  }

  stop(): void {
    this.#latest += 1;
    clearTimeout(this.#pause);
  }
}
