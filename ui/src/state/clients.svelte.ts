/**
 * The clients of this window's server, asked for while they are shown and the window is in view.
 * The backend announces none of them: one that polls would be announced all the time.
 */

import type { Connected, Failure } from "../bindings/wire";
import type { Host } from "../host/host";
import { asUnread } from "./unread";

/** From one answer to the next question: soon enough for a person who waits for a client. */
export const PAUSE_MS = 1000;

export class ClientsFeed {
  /** `null` until they were read. */
  latest = $state.raw<Connected | null>(null);
  /** Why the last reading failed. */
  failure = $state.raw<Failure | null>(null);

  readonly #host: Host;
  #followers = 0;
  #isAsking = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Keeps the list up to date until the returned function is called. */
  follow(): () => void {
    this.#followers += 1;
    if (this.#followers === 1) {
      document.addEventListener("visibilitychange", this.lookNow);
      this.lookNow();
    }
    return () => {
      this.#followers -= 1;
      if (this.#followers > 0) return;
      document.removeEventListener("visibilitychange", this.lookNow);
      clearTimeout(this.#pause);
    };
  }

  get #isWanted(): boolean {
    return this.#followers > 0 && !document.hidden;
  }

  /** Asks without waiting for the end of the pause. */
  readonly lookNow = (): void => {
    clearTimeout(this.#pause);
    // A question that is under way schedules the next.
    if (this.#isWanted && !this.#isAsking) void this.#ask();
  };

  async #ask(): Promise<void> {
    this.#isAsking = true;
    try {
      this.latest = await this.#host.connected();
      this.failure = null;
    } catch (reason) {
      this.failure = asUnread(reason);
    }
    this.#isAsking = false;
    if (this.#isWanted) this.#pause = setTimeout(() => void this.#ask(), PAUSE_MS);
  }
}
