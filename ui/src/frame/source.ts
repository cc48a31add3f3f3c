/** The source of the flags in force, in a word. */

import type { Live } from "../state/live.svelte";

export type Source = "local" | "followed" | "stale" | "readOnly" | "unread" | "gone" | "heldOff";

/** What people have to know first comes first. */
export function sourceOf({ status, stored, failure, isWritable }: Live): Source {
  if (status?.isHeldOff) return "heldOff";
  if (status?.storeGone) return "gone";
  if (failure && !stored) return "unread";
  if (!isWritable) return "readOnly";
  if (stored?.followed == null) return "local";
  const kind = status?.following?.state.kind;
  return kind === "stale" || kind === "held" ? "stale" : "followed";
}
