/** What is typed somewhere and not saved, in words: closing the window would lose it. */

import { SvelteMap } from "svelte/reactivity";

export class Unsaved {
  // By identity: two places may hold something of the same name.
  readonly #names = new SvelteMap<symbol, string>();

  /** Each such as `Percentage of ui.badges`; the same words once. */
  readonly names: readonly string[] = $derived(
    [...this.#names.values()].filter((name, index, all) => all.indexOf(name) === index),
  );

  /** Counts something in until the returned function is called. */
  add(name: string): () => void {
    const key = Symbol(name);
    this.#names.set(key, name);
    return () => void this.#names.delete(key);
  }
}
