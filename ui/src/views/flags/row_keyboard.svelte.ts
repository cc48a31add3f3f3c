/** Which row of the tree has the keyboard, and which takes it when that one goes away. */

import { tick } from "svelte";

import { ALL, type Tree, type TreeNode } from "../../model/tree";
import type { Browsing } from "../../state/browsing.svelte";

interface Options {
  browsing: Browsing;
  tree: () => Tree;
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
  #lastIndex = 0;

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

  async go(path: string): Promise<void> {
    this.#options.browsing.active = path;
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
    if (row?.dataset.path === undefined) return;
    this.#options.browsing.active = row.dataset.path;
    this.#options.browsing.focused = row.dataset.path;
  };

  readonly onBlur = ({ relatedTarget }: FocusEvent): void => {
    const { browsing } = this.#options;
    // Some engines say so of a row that goes away, too; whichever takes its place has to know.
    const isGone = browsing.focused !== null && !this.#isThere(browsing.focused);
    if (relatedTarget !== null || !isGone) browsing.focused = null;
  };

  /** Gives the keyboard to the next row where the one that had it is gone from the tree. */
  #keep(): void {
    const { browsing, rows } = this.#options;
    if (this.#isThere(browsing.active)) {
      this.#lastIndex = Math.max(0, this.index);
      return;
    }
    const next = this.at(Math.min(this.#lastIndex, rows().length - 1));
    if (browsing.focused === null) browsing.active = next;
    else void this.go(next);
  }

  #isThere(path: string): boolean {
    return path === ALL || this.#options.tree().byPath.has(path);
  }
}
