/** Edits that may show components to users who do not see them, and are confirmed first. */

import type { Edit, Planned, Widenings } from "../bindings/wire";
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
  /** What would be done. */
  planned: Planned;
  onconfirm: () => void;
}

/** Makes an edit at once if it widens nothing and has no sentence; else asks first. */
export async function amendAsking(
  { host, shown, live, overlay }: Deck,
  intent: Intent,
  question: Omit<Widening, "found" | "planned" | "onconfirm">,
): Promise<void> {
  const document = live.flags?.document;
  const onconfirm = () => void shown.amend(intent);
  if (shown.isPast || !document) {
    onconfirm();
    return;
  }
  const edit = intent(document);
  const planned: Planned = { kind: "edit", edit };
  const found = (await widenings(host, edit)) ?? { components: [], total: 0 };
  if (found.total === 0 && question.sentence === undefined) onconfirm();
  else overlay.show({ kind: "widening", widening: { ...question, found, planned, onconfirm } });
}

/** What an edit would widen; `null` if the edit is refused, which making it says. */
export async function widenings(host: Deck["host"], edit: Edit): Promise<Widenings | null> {
  try {
    return await host.widenings(edit);
  } catch {
    return null;
  }
}
