/** The demo: whether this window plays it, what it left here, and taking that away. */

import type { DemoStatus, OpenedPage } from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import { coalesced } from "../model/coalesced";
import { isolatedWithin } from "../model/isolated";
import { words } from "../words";
import type { Toasts } from "./toasts.svelte";

export class DemoFeed {
  /** `null` until it was read. */
  status = $state.raw<DemoStatus | null>(null);
  /** Whether something is done to it at the moment. */
  isBusy = $state(false);

  readonly #host: Host;
  readonly #toasts: Toasts;
  readonly #readOnce = coalesced(() => this.#read());

  constructor(host: Host, toasts: Toasts) {
    this.#host = host;
    this.#toasts = toasts;
  }

  /** Whether there is anything to remove. */
  get isHere(): boolean {
    const { status } = this;
    return status !== null && (status.isPlaying || status.sources.length > 0);
  }

  /**
   * Reads how it stands; what was known stays if that fails. However many ask, such as many
   * revisions one after the other, at most one reading is under way and one waits.
   */
  refresh(): Promise<void> {
    return this.#readOnce();
  }

  start(): Promise<void> {
    return this.#do(async () => {
      this.status = await this.#host.startDemo();
    });
  }

  stop(): Promise<void> {
    return this.#do(async () => {
      this.status = await this.#host.stopDemo();
    });
  }

  /** Opens the sample app in the browser; resolves to `null` if it has no address. */
  async openSample(): Promise<OpenedPage | null> {
    let opened: OpenedPage | null = null;
    await this.#do(async () => {
      opened = await this.#host.openSample();
      await this.refresh();
    });
    return opened;
  }

  /** Resolves to why it was not removed; empty if it was. */
  async remove(keepFlags: boolean): Promise<string> {
    try {
      this.#toasts.done(words.demo.removed(await this.#host.removeDemo(keepFlags)));
      return "";
    } catch (reason) {
      return isolatedWithin(asFailure(reason).message);
    } finally {
      await this.refresh();
    }
  }

  async #read(): Promise<void> {
    try {
      this.status = await this.#host.demo();
    } catch {
      // Why nothing can be read, the cards say.
    }
  }

  async #do(work: () => Promise<void>): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      await work();
    } catch (reason) {
      this.#toasts.refused(reason);
    } finally {
      this.isBusy = false;
    }
  }
}
