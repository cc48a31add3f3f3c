/**
 * What the window asks of the backend. The only way to it: views and state know this
 * interface, one file implements it over IPC, and tests implement it in memory.
 */

import type { Calls } from "../bindings/calls";
import { type Announcement, CODES, type Failure } from "../bindings/wire";

/** Every call rejects with a {@link Failure}, or with what {@link asFailure} makes one of. */
export interface Host extends Calls {
  /** Calls back on every announcement until the returned function is called. */
  listen(callback: (announcement: Announcement) => void): Promise<() => void>;
}

const codes: ReadonlySet<string> = new Set(CODES);

/** Converts the reason of a rejected call to a failure: IPC itself rejects with strings. */
export function asFailure(reason: unknown): Failure {
  if (isFailure(reason)) return reason;
  const message = reason instanceof Error ? reason.message : String(reason);
  return { code: "failed", message, problems: [] };
}

function isFailure(reason: unknown): reason is Failure {
  return (
    typeof reason === "object" &&
    reason !== null &&
    "code" in reason &&
    typeof reason.code === "string" &&
    codes.has(reason.code) &&
    "message" in reason &&
    typeof reason.message === "string" &&
    "problems" in reason &&
    Array.isArray(reason.problems)
  );
}
