/** When each component was last changed. Read after everything else, and from then on by parts. */

import type { LastChange } from "../bindings/wire";
import type { Host } from "../host/host";
import { withLater } from "../model/last_change";

export class LastChanges {
  readonly #host: Host;
  #byPath = $state.raw(withLater([], []));
  /** The revision up to which they were read. */
  #readTo = 0;
  #wanted = 0;
  #isReading = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The last change of a component; `undefined` for none, and until it was read. */
  of(path: string): LastChange | undefined {
    return this.#byPath.get(path);
  }

  /** Reads what revisions up to `revision` changed, unless that was read. */
  async follow(revision: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, revision);
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#readTo < this.#wanted) await this.#readOn();
    } catch {
      // A row says enough without it, and the next revision asks again.
    } finally {
      this.#isReading = false;
    }
  }

  async #readOn(): Promise<void> {
    const readTo = this.#wanted;
    const changes = await this.#host.lastChanges(this.#readTo);
    this.#byPath = withLater(this.#byPath, changes);
    this.#readTo = readTo;
  }
}
