/** Theme and last view. Kept by the backend; losing them loses no data. */

import type { Preferences, Theme, View } from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import type { Toasts } from "./toasts.svelte";

export class Choices {
  readonly #host: Host;
  readonly #toasts: Toasts;
  #preferences = $state.raw<Preferences>({ theme: "system", view: "dashboard" });

  constructor(host: Host, toasts: Toasts) {
    this.#host = host;
    this.#toasts = toasts;
  }

  get theme(): Theme {
    return this.#preferences.theme;
  }

  set theme(theme: Theme) {
    void this.#save({ ...this.#preferences, theme });
  }

  get view(): View {
    return this.#preferences.view;
  }

  set view(view: View) {
    void this.#save({ ...this.#preferences, view });
  }

  /** Reads them. Without them the defaults serve, so a failure is not worth a word. */
  async load(): Promise<void> {
    try {
      this.#preferences = await this.#host.preferences();
    } catch {
      return;
    }
  }

  async #save(preferences: Preferences): Promise<void> {
    this.#preferences = preferences;
    try {
      await this.#host.setPreferences(preferences);
    } catch (reason) {
      this.#toasts.failed(asFailure(reason).message);
    }
  }
}
