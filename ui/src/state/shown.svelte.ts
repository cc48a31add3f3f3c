/**
 * What the view of the flags shows: the flags as they are or as they were, and the one way to
 * change them, which from the past leads nowhere but to a word about it.
 */

import type { AllOff, AsOf, Edit, Flags } from "../bindings/wire";
import { growTree, type Tree } from "../model/tree";
import { words } from "../words";
import type { Past } from "./as_of.svelte";
import type { Browsing } from "./browsing.svelte";
import type { Choices } from "./choices.svelte";
import { nowMs } from "./clock.svelte";
import { noDraft, type Draft } from "./drafts.svelte";
import { rowOverrides, type RowOverrides } from "../model/overrides";
import { rowTargeted, type RowTargeted } from "../model/targeted";
import { allOffOf } from "../model/reach";
import type { Intent, Live } from "./live.svelte";
import type { Toasts } from "./toasts.svelte";

interface Sources {
  toasts: Toasts;
  live: Live;
  past: Past;
  browsing: Browsing;
  choices: Choices;
}

export class Shown {
  readonly #sources: Sources;

  readonly isPast: boolean = $derived.by(() => this.#sources.past.seen !== null);

  readonly flags: Flags | null = $derived.by(() => {
    const { live, past } = this.#sources;
    return past.seen?.flags ?? live.flags;
  });

  readonly tree: Tree = $derived.by(() => {
    const { live, past } = this.#sources;
    return past.seen ? growTree(past.seen.flags.document.components) : live.tree;
  });

  /** Since when all flags are off in what is shown; `null` while they are on. */
  readonly allOff: AllOff | null = $derived.by(() => allOffOf(this.flags));

  /** What the rows of what is shown say of overrides. */
  readonly overrides: ReadonlyMap<string, RowOverrides> = $derived.by(() =>
    rowOverrides(this.flags?.followed),
  );

  /** What the rows say of overrides for single applications and users. */
  readonly targeted: ReadonlyMap<string, RowTargeted> = $derived.by(() =>
    rowTargeted(this.flags?.targeted ?? []),
  );

  /** Whether all flags are off in what is shown, or are about to be. */
  readonly isAllOff: boolean = $derived.by(() => this.flags?.document.enabled === false);

  /** Whether something can be changed here. */
  readonly isEditable: boolean = $derived.by(() => !this.isPast && this.#sources.live.isWritable);

  /** Why nothing can be changed here; if the store is the cause, a banner says so. */
  readonly refusal: string | undefined = $derived.by(() =>
    this.isPast ? words.asOf.refusal : undefined,
  );

  /** What explains these flags; `undefined` for those in force. */
  readonly at: AsOf | undefined = $derived.by(() => {
    const { seen } = this.#sources.past;
    return seen ? { revision: seen.flags.revision } : undefined;
  });

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Whether the past is what a person has before their eyes; the other views show the present. */
  get isPastInView(): boolean {
    return this.isPast && this.#sources.choices.view === "flags";
  }

  /** The time to reckon from: what was about to expire then is not what is now. */
  nowMs(): number {
    const { seen } = this.#sources.past;
    if (seen === null) return nowMs();
    return "at_ms" in seen.at ? seen.at.at_ms : (seen.flags.atMs ?? nowMs());
  }

  change(edit: Edit, seen?: Flags["document"]): Promise<boolean> {
    return this.isPast ? this.refuse() : this.#sources.live.change(edit, seen);
  }

  amend(intent: Intent): Promise<boolean> {
    return this.isPast ? this.refuse() : this.#sources.live.amend(intent);
  }

  /** What is typed into a field, which is meant for the flags as they are. */
  draftOf(path: string, field: string): Draft {
    return this.isPast ? noDraft : this.#sources.browsing.drafts.of(path, field);
  }

  /** Says why nothing is done, with a link to where it can be done. */
  refuse(): Promise<false> {
    const { past, toasts } = this.#sources;
    toasts.done(words.asOf.refusal, {
      label: words.asOf.backToNow,
      run: () => past.leave(),
      isOffered: () => this.isPast,
    });
    return Promise.resolve(false);
  }
}
