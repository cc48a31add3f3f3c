/** The first of a long list, until a person asks for all of it. */

export class FirstOf<Entry> {
  #isWhole = $state(false);
  readonly #all: () => readonly Entry[];
  readonly #count: number;

  readonly shown: readonly Entry[] = $derived.by(() =>
    this.#isWhole ? this.#all() : this.#all().slice(0, this.#count),
  );

  readonly hasMore: boolean = $derived.by(() => this.shown.length < this.#all().length);

  constructor(all: () => readonly Entry[], count: number) {
    this.#all = all;
    this.#count = count;
  }

  /** Shows all of it. `list` gets the keyboard: the button that was pressed goes away. */
  showAll(list: HTMLElement | undefined): void {
    this.#isWhole = true;
    list?.focus({ preventScroll: true });
  }
}
