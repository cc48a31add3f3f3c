/**
 * The keyboard in a list. One row is in the tab order, the active one; keys move it, and the focus
 * with it. What other keys do is up to the list. Rows have an id, which their element carries as
 * `data-row`; which rows are rendered is up to `rows.svelte.ts`.
 */

import { tick } from "svelte";
import type { Attachment } from "svelte/attachments";
import { on } from "svelte/events";

type Action = () => unknown;

interface Options {
  count: () => number;
  idAt: (index: number) => string;
  /** -1 if no row has this id. */
  indexOf: (id: string) => number;
  /** How many rows fit into the view. */
  inView: () => number;
  /** Brings a row into view. */
  reveal: (index: number) => void;
  /** What is active while no row that is there was used; the first row if left out. */
  first?: () => number;
  /** Where the id of the active row is kept, if not here. */
  active?: { get: () => string | null; set: (id: string) => void };
  /** Called with the row that got the focus; with `null` once no row has it. */
  onfocus?: (id: string | null) => void;
  /** Called instead of `go` when a key moves to a row. */
  onwalk?: (index: number, event: KeyboardEvent) => void;
  /** Called when a key would move up from the first row. */
  onleave?: () => void;
  /** What any other key does on the active row, without Ctrl; `null` for nothing. */
  actionOf?: (key: string, event: KeyboardEvent) => Action | null;
  /** What a key does with Ctrl. */
  ctrlActionOf?: (key: string) => Action | null;
  /** Replaces the move to the row that is at the place of a focused one that went away. */
  onvanish?: () => void;
}

/** To be made while a component is, whose end it shares. */
export class ListKeys {
  readonly #options: Options;
  #element: HTMLElement | null = null;
  #id = $state.raw<string | null>(null);
  #focused = $state.raw<string | null>(null);
  /** Where the focused row was when it was last there. */
  #place = 0;

  /** Where the active row is. */
  readonly index: number = $derived.by(() => {
    const { first, indexOf } = this.#options;
    const found = this.active === null ? -1 : indexOf(this.active);
    return found < 0 ? (first?.() ?? 0) : found;
  });

  constructor(options: Options) {
    this.#options = options;
    $effect(() => this.#followFocused());
  }

  /** The id of the row last used; `null` if none was. */
  get active(): string | null {
    return this.#options.active ? this.#options.active.get() : this.#id;
  }

  set active(id: string | null) {
    if (id !== null && this.#options.active) this.#options.active.set(id);
    else this.#id = id;
  }

  get hasFocus(): boolean {
    return this.#focused !== null;
  }

  /** To be attached to the element around the rows. */
  readonly follow: Attachment<HTMLElement> = (element) => {
    this.#element = element;
    const ends = [
      on(element, "focusin", (event) => this.#onFocusIn(event)),
      on(element, "focusout", (event) => this.#onFocusOut(event)),
      on(element, "keydown", (event) => this.#onKey(event)),
    ];
    return () => {
      for (const end of ends) end();
      this.#element = null;
    };
  };

  /** Puts the focus on the row at `index`, or the nearest there is, and brings it into view. */
  async go(index: number): Promise<void> {
    const { count, idAt } = this.#options;
    if (count() === 0) return;
    const id = idAt(Math.min(Math.max(index, 0), count() - 1));
    this.active = id;
    await this.focus(id);
  }

  /** Puts the focus on the row that has just become the active one, and brings it into view. */
  async focus(id: string): Promise<void> {
    // The row may be far off; as the active one it is rendered, and shown once it has the focus.
    await tick();
    this.rowOf(id)?.focus({ preventScroll: true });
    this.#options.reveal(this.index);
  }

  /** Puts the focus on the row last used. */
  enter(): void {
    void this.go(this.index);
  }

  /** Puts the focus on a row that is in view, such as one that was clicked. */
  take(id: string): void {
    this.active = id;
    this.rowOf(id)?.focus({ preventScroll: true });
  }

  rowOf(id: string): HTMLElement | null {
    return this.#element?.querySelector(`[data-row="${CSS.escape(id)}"]`) ?? null;
  }

  /** Where a key leads from the active row; `null` for any key that does not move. */
  destinationOf(key: string): number | null {
    const last = this.#options.count() - 1;
    const page = Math.max(1, this.#options.inView() - 1);
    switch (key) {
      case "ArrowDown":
        return Math.min(this.index + 1, last);
      case "ArrowUp":
        return Math.max(this.index - 1, 0);
      case "PageDown":
        return Math.min(this.index + page, last);
      case "PageUp":
        return Math.max(this.index - page, 0);
      case "Home":
        return 0;
      case "End":
        return last;
      default:
        return null;
    }
  }

  /** The row with the focus is the active one, so that scrolling never takes the focus away. */
  #onFocusIn({ target }: FocusEvent): void {
    const row = target instanceof Element ? target.closest<HTMLElement>("[data-row]") : null;
    const id = row?.dataset.row;
    if (id === undefined) return;
    if (this.active !== id) this.active = id;
    this.#setFocused(id);
  }

  #onFocusOut({ relatedTarget }: FocusEvent): void {
    // Some engines report it of a row that goes away, too; the row that takes its place has to know.
    const isGone = this.#focused !== null && this.#options.indexOf(this.#focused) < 0;
    if (relatedTarget !== null || !isGone) this.#setFocused(null);
  }

  #setFocused(id: string | null): void {
    this.#focused = id;
    this.#options.onfocus?.(id);
  }

  /** Keeps the focus in the list when the row that had it goes away. */
  #followFocused(): void {
    if (this.#focused === null) return;
    const { count, indexOf, onvanish } = this.#options;
    const index = indexOf(this.#focused);
    if (index >= 0) this.#place = index;
    else if (onvanish) onvanish();
    else if (count() > 0) void this.go(this.#place);
    else this.#setFocused(null);
  }

  #onKey(event: KeyboardEvent): void {
    const { target, altKey, metaKey } = event;
    const isOnRow = target instanceof HTMLElement && target.dataset.row !== undefined;
    if (!isOnRow || altKey || metaKey || this.#options.count() === 0) return;
    const action = this.#actionOf(event);
    if (!action) return;
    event.preventDefault();
    // A key that is held moves on, and does nothing else twice.
    if (!event.repeat || isMoving(event.key)) action();
  }

  #actionOf(event: KeyboardEvent): Action | null {
    const { actionOf, ctrlActionOf, onleave, onwalk } = this.#options;
    const { key } = event;
    if (event.ctrlKey) return ctrlActionOf?.(key) ?? null;
    if (key === "ArrowUp" && this.index === 0 && onleave) return onleave;
    const to = this.destinationOf(key);
    if (to === null) return actionOf?.(key, event) ?? null;
    return () => (onwalk ? onwalk(to, event) : this.go(to));
  }
}

function isMoving(key: string): boolean {
  return /^(Arrow|Page|Home$|End$)/.test(key);
}

/** Whether a key opens the menu of a row. */
export function isMenuKey({ key, shiftKey }: KeyboardEvent): boolean {
  return key === "ContextMenu" || (key === "F10" && shiftKey);
}

/** Where the row is that holds the one at `index` in a tree; at the top level, `index` itself. */
export function holderOf(rows: readonly { depth: number }[], index: number): number {
  const depth = rows[index]?.depth ?? 0;
  if (depth === 0) return index;
  return rows.slice(0, index).findLastIndex((row) => row.depth < depth);
}
