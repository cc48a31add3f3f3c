/** Something a part of the settings reads from the backend when it is shown. */

import type { Failure } from "../../bindings/wire";
import { asFailure } from "../../host/host";

export class Loaded<Value> {
  /** What was read last; `null` until it was. */
  value = $state.raw<Value | null>(null);
  /** Why reading failed the last time. */
  failure = $state.raw<Failure | null>(null);

  readonly #read: () => Promise<Value>;

  constructor(read: () => Promise<Value>) {
    this.#read = read;
  }

  readonly load = async (): Promise<void> => {
    try {
      this.value = await this.#read();
      this.failure = null;
    } catch (reason) {
      this.failure = asFailure(reason);
    }
  };
}
