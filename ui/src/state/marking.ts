/** Marking rows of the tree, one by one or over a stretch, for one change to all of them. */

import { marksOver } from "../model/several";
import { ALL, type Tree, type TreeNode } from "../model/tree";
import type { Browsing } from "./browsing.svelte";

interface Options {
  browsing: Browsing;
  tree: () => Tree;
  /** The rows that are shown, top to bottom. */
  rows: () => readonly TreeNode[];
  isOpen: (path: string) => boolean;
}

export class Marking {
  readonly #options: Options;
  /** The start of a range; `null` for the row with the focus. */
  #anchor: string | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Shows one row, which becomes the start of the next range. */
  pick(path: string): void {
    this.clear();
    this.#anchor = path;
    this.#options.browsing.select(path);
  }

  /** Makes the row that the keyboard moved to the start of the next range. */
  begin(path: string): void {
    this.#anchor = path;
  }

  /** Marks a row or takes its mark away. The first mark includes the row that was selected. */
  toggle(path: string, start = this.#options.browsing.selected): void {
    const { marked } = this.#options.browsing;
    const isFirst = marked.size === 0;
    if (isFirst && this.#indexOf(start) >= 0) marked.add(start);
    if (isFirst || !marked.delete(path)) marked.add(path);
    this.#anchor = path;
  }

  /**
   * Marks everything from the start of the range, else from `start`, to `path`, and nothing else.
   */
  extend(path: string, start = this.#options.browsing.selected): void {
    this.#anchor ??= start;
    const to = this.#indexOf(path);
    const from = this.#anchor === ALL ? 0 : this.#indexOf(this.#anchor);
    const [first, last] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
    this.#mark(this.#options.rows().slice(Math.max(0, first), last + 1));
  }

  all(): void {
    this.#mark(this.#options.rows());
  }

  clear(): void {
    this.#anchor = null;
    this.#options.browsing.marked.clear();
  }

  #mark(rows: readonly TreeNode[]): void {
    const { browsing, tree, isOpen } = this.#options;
    browsing.marked.clear();
    for (const path of marksOver(rows, tree(), isOpen)) browsing.marked.add(path);
  }

  #indexOf(path: string): number {
    return this.#options.rows().findIndex((row) => row.path === path);
  }
}
