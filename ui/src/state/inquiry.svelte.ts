/** The backend's latest answer to a question that is asked again when things change. */

import type { Failure } from "../bindings/wire";
import { asUnread } from "./unread";

/** Within this a person takes an answer for immediate, and a placeholder would only flicker. */
const QUICK_MS = 150;

export class Inquiry<T> {
  /** Stays until the next answer arrives; `null` before the first. */
  value = $state.raw<T | null>(null);
  /** Why the last question got none. */
  failure = $state.raw<Failure | null>(null);
  /** Whether the answer takes so long that the window should say so. */
  isSlow = $state(false);

  /**
   * Asks after `delayMs`. The returned function takes the question back, whatever the answer;
   * an effect that asks returns it.
   */
  ask(question: () => Promise<T>, delayMs = 0): () => void {
    let isWanted = true;
    const settle = (take: () => void) => {
      if (!isWanted) return;
      take();
      clearTimeout(slow);
      this.isSlow = false;
    };
    const pose = () => {
      question().then(
        (value) => settle(() => ([this.value, this.failure] = [value, null])),
        (reason: unknown) => settle(() => (this.failure = asUnread(reason))),
      );
    };
    const slow = setTimeout(() => (this.isSlow = true), delayMs + QUICK_MS);
    const wait = delayMs > 0 ? setTimeout(pose, delayMs) : undefined;
    if (delayMs === 0) pose();
    return () => {
      isWanted = false;
      clearTimeout(slow);
      clearTimeout(wait);
    };
  }
}
