/**
 * What the window asks of the backend. The only way to it: views and state know this
 * interface, one file implements it over IPC, and tests implement it in memory.
 */

import type {
  Announcement,
  Code,
  Edit,
  Failure,
  Flags,
  Outcome,
  Preferences,
  Status,
} from "../bindings/wire";

/** Every call rejects with a {@link Failure}, or with what {@link asFailure} makes one of. */
export interface Host {
  /** The flags at the revision in force. */
  flags(): Promise<Flags>;
  /** Makes one revision of `edit`; with `base`, only if that is the revision in force. */
  change(edit: Edit, base?: number): Promise<Outcome>;
  /** Takes the last change back, as a revision of its own. */
  undo(): Promise<Outcome>;
  /** Brings back what undo took. */
  redo(): Promise<Outcome>;
  /** How the application itself is doing. */
  status(): Promise<Status>;
  /** What belongs to the window alone. */
  preferences(): Promise<Preferences>;
  setPreferences(preferences: Preferences): Promise<void>;
  /** Calls back on every announcement until the returned function is called. */
  listen(callback: (announcement: Announcement) => void): Promise<() => void>;
}

const codes: ReadonlySet<string> = new Set<Code>([
  "invalid",
  "not_found",
  "conflict",
  "nothing_to_do",
  "read_only",
  "failed",
]);

/** Makes a failure of whatever a call was rejected with: IPC itself rejects with strings. */
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
