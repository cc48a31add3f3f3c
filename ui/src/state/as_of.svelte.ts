/** The flags as they were: at which moment, and what they were then. */

import type { AsOf, Flags } from "../bindings/wire";
import type { Host } from "../host/host";
import type { Toasts } from "./toasts.svelte";

export interface Seen {
  /** As it was asked for. */
  at: AsOf;
  flags: Flags;
}

export class Past {
  /**
   * What is looked at; `null` for now. Moment and flags change together, so that what is shown is
   * always of the moment that is named.
   */
  seen = $state.raw<Seen | null>(null);

  readonly #host: Host;
  readonly #toasts: Toasts;
  /** The question asked last; answers to earlier ones are dropped. */
  #asked: AsOf | null = null;

  constructor(host: Host, toasts: Toasts) {
    this.#host = host;
    this.#toasts = toasts;
  }

  /**
   * Shows the flags as they were. Resolves to whether they could be read; where not, a toast tells
   * why and what is looked at stays.
   */
  async show(at: AsOf): Promise<boolean> {
    this.#asked = at;
    try {
      const flags = await this.#host.flagsAt(at);
      if (this.#asked !== at) return false;
      this.seen = { at, flags };
      return true;
    } catch (reason) {
      if (this.#asked === at) this.#toasts.refused(reason);
      return false;
    } finally {
      if (this.#asked === at) this.#asked = null;
    }
  }

  /** The revision that is `by` later, if there is one up to the `newest`; 0 is the beginning. */
  neighbour(by: 1 | -1, newest: number): number | null {
    if (this.seen === null) return null;
    // Steps add up even if they are quicker than the answers.
    const asked = this.#asked !== null && "revision" in this.#asked ? this.#asked.revision : null;
    const next = (asked ?? this.seen.flags.revision) + by;
    return next >= 0 && next <= newest ? next : null;
  }

  /** Shows the revision that is `by` later, if there is one up to the `newest`. */
  step(by: 1 | -1, newest: number): void {
    const revision = this.neighbour(by, newest);
    if (revision !== null) void this.show({ revision });
  }

  /** Back to now. */
  leave(): void {
    this.#asked = null;
    this.seen = null;
  }
}
