/** The time, for "2 minutes ago". Runs only while something shows it. */

import { createSubscriber } from "svelte/reactivity";

const TICK_MS = 10_000;

const follow = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => {
    clearInterval(timer);
  };
});

/** Returns the time in milliseconds since 1970; what reads it is run again as it passes. */
export function nowMs(): number {
  follow();
  return Date.now();
}
