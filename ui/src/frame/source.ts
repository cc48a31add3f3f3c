/** The source of the flags in force, in a word. */

import type { Live } from "../state/live.svelte";

export type Source = "local" | "readOnly" | "unread" | "gone" | "heldOff";

/** What people have to know first comes first. */
export function sourceOf({ status, stored, failure, isWritable }: Live): Source {
  if (status?.isHeldOff) return "heldOff";
  if (status?.storeGone) return "gone";
  if (failure && !stored) return "unread";
  return isWritable ? "local" : "readOnly";
}
