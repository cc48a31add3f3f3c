/**
 * Which of many rows are worth rendering: those in view, some around them, and one that is kept.
 *
 * For lists whose rows all have the height of one token of the style sheet. Where a row stands is
 * the style sheet's business; this never moves one.
 */

import type { Attachment } from "svelte/attachments";

/** Rows rendered above and below the view, so that scrolling meets no blank. */
const OVERSCAN = 10;

interface Options<Item> {
  items: () => readonly Item[];
  /** The row that stays however far it is scrolled, such as the one with the keyboard; -1 for none. */
  kept: () => number;
  height: "--row" | "--row-double" | "--hit";
}

export class Rows<Item> {
  readonly #options: Options<Item>;
  #element: HTMLElement | null = null;
  #scrollTop = $state(0);
  #viewHeight = $state(0);
  #rowHeight = $state(1);

  readonly #first: number = $derived.by(() => {
    // Where rows go away the engine scrolls back, but tells of it only later.
    const height = this.#options.items().length * this.#rowHeight;
    const lastTop = Math.max(0, height - this.#viewHeight);
    const top = Math.min(this.#scrollTop, lastTop);
    return Math.max(0, Math.floor(top / this.#rowHeight) - OVERSCAN);
  });

  readonly #end: number = $derived.by(() => {
    const inView = Math.ceil(this.#viewHeight / this.#rowHeight) + 1;
    return Math.min(this.#options.items().length, this.#first + inView + 2 * OVERSCAN);
  });

  readonly isAtTop: boolean = $derived(this.#scrollTop <= 0);

  /** The first row that is in view, whole or in part. */
  readonly firstInView: number = $derived(Math.floor(this.#scrollTop / this.#rowHeight));

  /** How many rows fit into the view. */
  readonly inView: number = $derived(Math.max(1, Math.floor(this.#viewHeight / this.#rowHeight)));

  /** What to render, each with its place among all. */
  readonly rendered: readonly { item: Item; index: number }[] = $derived.by(() => {
    const [first, end] = [this.#first, this.#end];
    const [items, kept] = [this.#options.items(), this.#options.kept()];
    const at = (start: number, stop: number) =>
      items.slice(start, stop).map((item, offset) => ({ item, index: start + offset }));
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

  /** Scrolls no further than needed to show the row at `index`, beneath `head` px that stay. */
  reveal(index: number, head: number): void {
    if (!this.#element) return;
    const { scrollTop, clientHeight } = this.#element;
    const highest = head + (index + 1) * this.#rowHeight - clientHeight;
    this.scrollTo(Math.max(highest, Math.min(scrollTop, index * this.#rowHeight)));
  }

  scrollTo(top: number): void {
    if (!this.#element) return;
    this.#element.scrollTop = top;
    this.#scrollTop = this.#element.scrollTop;
  }

  #measure(element: HTMLElement): void {
    // Tokens change with the height of the window, and with it changes the height of the element.
    const token = getComputedStyle(document.documentElement).getPropertyValue(this.#options.height);
    this.#rowHeight = Number.parseFloat(token);
    this.#viewHeight = element.clientHeight;
  }
}
