/** Edits that may show components to users who do not see them, and are confirmed first. */

import type { Edit, Widenings } from "../bindings/wire";
import type { Deck } from "./deck";
import type { Intent } from "./live.svelte";

/** A question whether to make an edit that widens. */
export interface Widening {
  title: string;
  /** The label of the button that confirms. */
  action: string;
  /** What the edit does, in a sentence that holds even if it widens nothing. */
  sentence?: string;
  found: Widenings;
  /** The edit as it would be made over the flags of this moment. */
  edit: () => Edit;
  onconfirm: () => void;
}

/** Makes an edit at once if it widens nothing and has no sentence; else asks first. */
export async function amendAsking(
  { host, shown, live, overlay }: Deck,
  intent: Intent,
  question: Omit<Widening, "found" | "edit" | "onconfirm">,
): Promise<void> {
  const document = live.flags?.document;
  const onconfirm = () => void shown.amend(intent);
  if (shown.isPast || !document) {
    onconfirm();
    return;
  }
  const edit = () => intent(live.flags?.document ?? document);
  const found = (await widenings(host, edit())) ?? { components: [], total: 0 };
  if (found.total === 0 && question.sentence === undefined) onconfirm();
  else overlay.show({ kind: "widening", widening: { ...question, found, edit, onconfirm } });
}

/** What an edit would widen; `null` if the edit is refused, which making it says. */
export async function widenings(host: Deck["host"], edit: Edit): Promise<Widenings | null> {
  try {
    return await host.widenings(edit);
  } catch {
    return null;
  }
}
