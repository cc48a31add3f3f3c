/** Which overrides are chosen in a dialog. */

import { SvelteSet } from "svelte/reactivity";

import type { Override } from "../../bindings/wire";

export class Choosing {
  readonly #all: () => readonly Override[];
  readonly #places: SvelteSet<string>;

  /** Every override, also as they change while the dialog is open. */
  readonly all: readonly Override[] = $derived.by(() => this.#all());

  readonly chosen: readonly Override[] = $derived.by(() =>
    this.all.filter(({ place }) => this.#places.has(place)),
  );

  constructor(all: () => readonly Override[], places: readonly string[]) {
    this.#all = all;
    this.#places = new SvelteSet(places);
  }

  isChosen({ place }: Override): boolean {
    return this.#places.has(place);
  }

  get isEveryChosen(): boolean {
    return this.all.length > 0 && this.chosen.length === this.all.length;
  }

  choose({ place }: Override, isChosen: boolean): void {
    if (isChosen) this.#places.add(place);
    else this.#places.delete(place);
  }

  chooseAll(isChosen: boolean): void {
    for (const each of this.all) this.choose(each, isChosen);
  }
}
