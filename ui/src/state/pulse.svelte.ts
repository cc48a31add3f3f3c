/**
 * What applications report, asked for while somebody looks at it and the window is in view.
 *
 * The backend announces nothing of it: at a thousand events a second it would announce all the
 * time. It is asked instead, the slower the less there is to tell.
 */

import type { Failure, Pulse } from "../bindings/wire";
import type { Host } from "../host/host";
import type { Heard } from "../model/reporting";
import { asUnread } from "./unread";

/** How long to wait after an answer with news, so at most four times a second. */
const CHANGING_MS = 250;
/** The same after an answer without news. */
const STILL_MS = 1000;
/** The same after none. */
const FAILED_MS = 3000;

export class PulseFeed implements Heard {
  latest = $state.raw<Pulse | null>(null);
  failure = $state.raw<Failure | null>(null);
  asOfMs = $state.raw(0);

  readonly #host: Host;
  readonly #isStoreGone: () => boolean;
  #followers = 0;
  #isAsking = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, isStoreGone: () => boolean) {
    this.#host = host;
    this.#isStoreGone = isStoreGone;
  }

  get isStoreGone(): boolean {
    return this.#isStoreGone();
  }

  /** Keeps it up with the backend until the returned function is called. */
  follow(): () => void {
    this.#followers += 1;
    if (this.#followers === 1) {
      document.addEventListener("visibilitychange", this.#lookNow);
      this.#lookNow();
    }
    return () => {
      this.#followers -= 1;
      if (this.#followers > 0) return;
      document.removeEventListener("visibilitychange", this.#lookNow);
      clearTimeout(this.#pause);
    };
  }

  get #isWanted(): boolean {
    return this.#followers > 0 && !document.hidden;
  }

  readonly #lookNow = (): void => {
    clearTimeout(this.#pause);
    // A reading that is under way schedules the next.
    if (this.#isWanted && !this.#isAsking) void this.#ask();
  };

  async #ask(): Promise<void> {
    this.#isAsking = true;
    const pauseMs = await this.#read();
    this.#isAsking = false;
    if (this.#isWanted) this.#pause = setTimeout(() => void this.#ask(), pauseMs);
  }

  /** Resolves to how long to wait before the next one. */
  async #read(): Promise<number> {
    try {
      const pulse = await this.#host.pulse(this.latest?.version ?? null);
      // It arrived when it is no longer shown: nothing is painted.
      if (!this.#isWanted) return STILL_MS;
      this.failure = null;
      this.asOfMs = Date.now();
      if (pulse === null) return STILL_MS;
      this.latest = pulse;
      return CHANGING_MS;
    } catch (reason) {
      this.failure = asUnread(reason);
      return FAILED_MS;
    }
  }
}
