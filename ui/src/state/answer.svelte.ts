/** An answer of the backend to the question asked last. Answers to earlier ones are dropped. */

import type { Failure } from "../bindings/wire";
import { asUnread } from "./unread";

export class Answer<Value> {
  /** `null` until it has arrived. */
  value = $state.raw<Value | null>(null);
  /** Why there is none. */
  failure = $state.raw<Failure | null>(null);

  /** Whether one is on its way. */
  isAsking = $state.raw(false);

  #question: (() => Promise<Value>) | null = null;

  /** Asks, and discards the previous answer. */
  ask(question: () => Promise<Value>): void {
    this.value = null;
    void this.#ask(question);
  }

  /** Asks, and keeps the previous answer until the next arrives. */
  renew(question: () => Promise<Value>): void {
    void this.#ask(question);
  }

  retry(): void {
    if (this.#question) void this.#ask(this.#question);
  }

  async #ask(question: () => Promise<Value>): Promise<void> {
    this.#question = question;
    this.failure = null;
    this.isAsking = true;
    try {
      const value = await question();
      if (this.#question !== question) return;
      this.value = value;
    } catch (reason) {
      if (this.#question !== question) return;
      this.failure = asUnread(reason);
    }
    this.isAsking = false;
  }
}
