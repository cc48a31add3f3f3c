/**
 * Which row of the tree has the keyboard, and which takes it when that one goes away. The details go
 * with it: what is edited is what is seen.
 */

import type { Attachment } from "svelte/attachments";

import { ALL, neighbourOf, type Tree, type TreeNode } from "../../model/tree";
import type { Browsing } from "../../state/browsing.svelte";
import { ListKeys } from "../../widgets/list_keys.svelte";

interface Options {
  browsing: Browsing;
  tree: () => Tree;
  /** Whether the rows are those of another moment, at which a row may be missing for a while. */
  isPast: () => boolean;
  /** The rows below the first, top to bottom. */
  rows: () => readonly TreeNode[];
  /** How many rows fit into the view. */
  inView: () => number;
  /** Brings a row into view; -1 for the first one. */
  reveal: (index: number) => void;
  /** Called when a key moves to a row. */
  onwalk: (path: string, event: KeyboardEvent) => void;
  /** What other keys do. */
  actionOf: (key: string, event: KeyboardEvent) => (() => unknown) | null;
  ctrlActionOf: (key: string) => (() => unknown) | null;
}

/** To be made while a component is, whose end it shares. */
export class RowKeyboard {
  readonly #options: Options;
  /** Of all rows, of which the first is above those of the tree. */
  readonly #keys: ListKeys;
  /** The rows while the one last used was among them. */
  #before: readonly TreeNode[] = [];

  constructor(options: Options) {
    const { browsing, rows } = options;
    this.#options = options;
    this.#keys = new ListKeys({
      count: () => rows().length + 1,
      idAt: (index) => this.at(index - 1),
      indexOf: (path) => this.#indexOf(path),
      inView: options.inView,
      reveal: (index) => options.reveal(index - 1),
      active: { get: () => browsing.active, set: (path) => browsing.walk(path) },
      onfocus: (path) => (browsing.focused = path),
      onwalk: (index, event) => options.onwalk(this.at(index - 1), event),
      // A row that is gone has a neighbour that fits better than the one at its place.
      onvanish: () => undefined,
      actionOf: options.actionOf,
      ctrlActionOf: options.ctrlActionOf,
    });
    $effect(() => this.#keep());
    $effect(() => () => (browsing.focused = null));
  }

  /** To be attached to the element around all rows. */
  get follow(): Attachment<HTMLElement> {
    return this.#keys.follow;
  }

  /** Where the row last used is among the rows; -1 stands for the first row, above them. */
  get index(): number {
    return this.#keys.index - 1;
  }

  /** The row that Tab reaches: the one last used, while no filter or fold hides it. */
  get path(): string {
    return this.at(this.index);
  }

  at(index: number): string {
    return this.#options.rows()[index]?.path ?? ALL;
  }

  /** Puts the keyboard on a row, and shows its details. */
  go(path: string): Promise<void> {
    this.#options.browsing.walk(path);
    return this.#keys.focus(path);
  }

  rowOf(path: string): HTMLElement | null {
    return this.#keys.rowOf(path);
  }

  /** Where a key leads; `null` for any key that does not move. */
  destinationOf(key: string): string | null {
    const to = this.#keys.destinationOf(key);
    return to === null ? null : this.at(to - 1);
  }

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
    if (hasKeyboard) void this.#keys.focus(next);
  }

  #isListed(path: string): boolean {
    return this.#indexOf(path) >= 0;
  }

  /** Among all rows; -1 if it is not there. */
  #indexOf(path: string): number {
    if (path === ALL) return 0;
    const index = this.#options.rows().findIndex((row) => row.path === path);
    return index < 0 ? -1 : index + 1;
  }
}
