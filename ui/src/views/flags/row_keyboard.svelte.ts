/**
 * Which row of the tree has the keyboard, and which takes it when that one goes away. The details go
 * with it: what is edited is what is seen.
 */

import { tick } from "svelte";

import { ALL, neighbourOf, type Tree, type TreeNode } from "../../model/tree";
import type { Browsing } from "../../state/browsing.svelte";

interface Options {
  browsing: Browsing;
  tree: () => Tree;
  /** Whether the rows are those of another moment, at which a row may be missing for a while. */
  isPast: () => boolean;
  /** The rows beneath the first, top to bottom. */
  rows: () => readonly TreeNode[];
  /** The element around all rows. */
  grid: () => HTMLElement;
  /** Brings a row into view; -1 for the first one. */
  reveal: (index: number) => void;
}

/** To be made while a component is, whose end it shares. */
export class RowKeyboard {
  readonly #options: Options;
  /** The rows while the one last used was among them. */
  #before: readonly TreeNode[] = [];

  /** Where the row last used is among the rows; -1 stands for the first row, above them. */
  readonly index: number = $derived.by(() => {
    const { browsing, rows } = this.#options;
    return rows().findIndex((row) => row.path === browsing.active);
  });

  /** The row that Tab reaches: the one last used, while no filter or fold hides it. */
  readonly path: string = $derived(this.at(this.index));

  constructor(options: Options) {
    this.#options = options;
    $effect(() => this.#keep());
    $effect(() => () => (options.browsing.focused = null));
  }

  at(index: number): string {
    return this.#options.rows()[index]?.path ?? ALL;
  }

  /** Puts the keyboard on a row, and shows its details. */
  go(path: string): Promise<void> {
    this.#options.browsing.walk(path);
    return this.#focus(path);
  }

  async #focus(path: string): Promise<void> {
    // The row may be far off; as the active one it is rendered, and shown once it has the focus.
    await tick();
    this.rowOf(path)?.focus({ preventScroll: true });
    this.#options.reveal(this.index);
  }

  rowOf(path: string): HTMLElement | null {
    return this.#options.grid().querySelector(`[data-path="${CSS.escape(path)}"]`);
  }

  /** Whatever row has the focus is the active one, so that scrolling never takes it away. */
  readonly onFocus = ({ target }: FocusEvent): void => {
    const row = target instanceof Element ? target.closest<HTMLElement>("[data-path]") : null;
    const path = row?.dataset.path;
    if (path === undefined) return;
    const { browsing } = this.#options;
    if (browsing.active !== path) browsing.walk(path);
    browsing.focused = path;
  };

  readonly onBlur = ({ relatedTarget }: FocusEvent): void => {
    const { browsing } = this.#options;
    // Some engines say so of a row that goes away, too; whichever takes its place has to know.
    const isGone = browsing.focused !== null && !this.#isListed(browsing.focused);
    if (relatedTarget !== null || !isGone) browsing.focused = null;
  };

  /**
   * Moves on from a row that is gone. One that a filter or a fold hides is kept while the keyboard
   * is elsewhere: its details go on being shown.
   */
  #keep(): void {
    const { browsing, rows, tree } = this.#options;
    if (this.#isListed(browsing.active)) {
      this.#before = rows();
      return;
    }
    if (browsing.focused === null && tree().byPath.has(browsing.active)) return;
    this.#moveOn();
  }

  #moveOn(): void {
    const { browsing, isPast, rows, tree } = this.#options;
    const hasKeyboard = browsing.focused !== null;
    // What is missing at another moment stays chosen, to be shown where it is there.
    const next = isPast() ? ALL : neighbourOf(browsing.active, this.#before, rows(), tree());
    if (isPast()) browsing.active = next;
    else browsing.walk(next);
    if (hasKeyboard) void this.#focus(next);
  }

  #isListed(path: string): boolean {
    return path === ALL || this.#options.rows().some((row) => row.path === path);
  }
}
