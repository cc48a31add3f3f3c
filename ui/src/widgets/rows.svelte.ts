/**
 * Which of many rows are worth rendering: those in view, some around them, and one that is kept. And
 * where each begins: all rows have the height of one token of the style sheet, except for a few that
 * are open, which are as high as what they show.
 */

import type { Attachment } from "svelte/attachments";
import { SvelteMap } from "svelte/reactivity";

/** Rows rendered above and below the view, so that scrolling meets no blank. */
const OVERSCAN = 10;

interface Options<Item> {
  items: () => readonly Item[];
  /** The row that stays however far it is scrolled, such as the one with the keyboard; -1 for none. */
  kept: () => number;
  height: "--row" | "--row-double" | "--hit";
  /** Places of the rows that are open, ascending, each with the id of its row. */
  open?: () => readonly { index: number; id: string }[];
}

export interface PlacedRow<Item> {
  item: Item;
  index: number;
  /** Where it begins, in px from the top of all rows. */
  top: number;
}

export class Rows<Item> {
  readonly #options: Options<Item>;
  /** How much higher than others open rows are, in px, by id. */
  readonly #more = new SvelteMap<string, number>();
  #element: HTMLElement | null = null;
  #scrollTop = $state(0);
  #viewHeight = $state(0);
  #rowHeight = $state(1);

  readonly #extras: readonly { index: number; more: number }[] = $derived.by(
    () =>
      this.#options.open?.().map(({ index, id }) => ({ index, more: this.#more.get(id) ?? 0 })) ??
      [],
  );

  /** How high all rows are together, in px. */
  readonly height: number = $derived.by(() => this.#topOf(this.#options.items().length));

  readonly #first: number = $derived.by(() => {
    // When rows go away the engine scrolls back, but reports it only later.
    const top = Math.min(this.#scrollTop, Math.max(0, this.height - this.#viewHeight));
    return Math.max(0, this.#indexAt(top) - OVERSCAN);
  });

  readonly #end: number = $derived.by(() => {
    const fitting = Math.ceil(this.#viewHeight / this.#rowHeight) + 1;
    return Math.min(this.#options.items().length, this.#first + fitting + 2 * OVERSCAN);
  });

  readonly isAtTop: boolean = $derived(this.#scrollTop <= 0);

  /** The first row that is in view, whole or in part. */
  readonly firstInView: number = $derived.by(() => this.#indexAt(this.#scrollTop));

  /** How many rows that are not open fit into the view. */
  readonly inView: number = $derived(Math.max(1, Math.floor(this.#viewHeight / this.#rowHeight)));

  /** What to render, each with its place among all. */
  readonly rendered: readonly PlacedRow<Item>[] = $derived.by(() => {
    const [first, end] = [this.#first, this.#end];
    const items = this.#options.items();
    const kept = Math.min(this.#options.kept(), items.length - 1);
    const at = (start: number, stop: number) =>
      items.slice(start, stop).map((item, offset) => {
        const index = start + offset;
        return { item, index, top: this.#topOf(index) };
      });
    const near = at(first, end);
    if (kept < 0 || (kept >= first && kept < end)) return near;
    return kept < first ? [...at(kept, kept + 1), ...near] : [...near, ...at(kept, kept + 1)];
  });

  constructor(options: Options<Item>) {
    this.#options = options;
  }

  /** To be attached to the element that scrolls. */
  readonly follow: Attachment<HTMLElement> = (element) => {
    this.#element = element;
    const onscroll = () => (this.#scrollTop = element.scrollTop);
    const observer = new ResizeObserver(() => this.#measure(element));
    observer.observe(element);
    element.addEventListener("scroll", onscroll, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", onscroll);
      this.#element = null;
    };
  };

  /** To be attached to what makes the row of this id higher than others. */
  readonly measured =
    (id: string): Attachment<HTMLElement> =>
    (element) => {
      const observer = new ResizeObserver(() => this.#more.set(id, element.offsetHeight));
      observer.observe(element);
      return () => observer.disconnect();
    };

  /** Scrolls no further than needed to show the row at `index`, below `head` px that stay. */
  reveal(index: number, head = 0): void {
    if (!this.#element) return;
    const { scrollTop, clientHeight } = this.#element;
    const top = this.#topOf(index);
    const lowest = head + top + this.#rowHeight - clientHeight;
    this.scrollTo(Math.max(lowest, Math.min(scrollTop, top)));
  }

  /** Scrolls so that the row at `index` is in the middle, unless it is in view. */
  center(index: number): void {
    if (!this.#element) return;
    const { scrollTop, clientHeight } = this.#element;
    const top = this.#topOf(index);
    const isInView = top >= scrollTop && top + this.#rowHeight <= scrollTop + clientHeight;
    if (!isInView) this.scrollTo(Math.max(0, top - clientHeight / 2));
  }

  scrollTo(top: number): void {
    if (!this.#element) return;
    this.#element.scrollTop = top;
    this.#scrollTop = this.#element.scrollTop;
  }

  #topOf(index: number): number {
    let top = index * this.#rowHeight;
    for (const extra of this.#extras) {
      if (extra.index >= index) break;
      top += extra.more;
    }
    return top;
  }

  #indexAt(top: number): number {
    let before = 0;
    for (const { index, more } of this.#extras) {
      const start = index * this.#rowHeight + before;
      if (top < start + this.#rowHeight) break;
      if (top < start + this.#rowHeight + more) return index;
      before += more;
    }
    return Math.max(0, Math.floor((top - before) / this.#rowHeight));
  }

  #measure(element: HTMLElement): void {
    // Tokens change with the height of the window, and with it changes the height of the element.
    const token = getComputedStyle(document.documentElement).getPropertyValue(this.#options.height);
    this.#rowHeight = Number.parseFloat(token);
    this.#viewHeight = element.clientHeight;
  }
}
