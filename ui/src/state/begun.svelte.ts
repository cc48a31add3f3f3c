/** What was in force when a person began to edit: what an edit is compared with when it is saved. */

export class Begun<T> {
  #value: T;

  /** Follows `current` until `isEditing` holds, and then stands still. */
  constructor(current: () => T, isEditing: () => boolean) {
    this.#value = current();
    $effect.pre(() => {
      if (!isEditing()) this.#value = current();
    });
  }

  get value(): T {
    return this.#value;
  }
}
