/** Theme and last view. Kept by the backend; losing them loses no data. */

import type { Preferences, Theme, View } from "../bindings/wire";
import type { Host } from "../host/host";
import type { Toasts } from "./toasts.svelte";

/** The backend's defaults, if none are stored. */
export const defaultPreferences: Preferences = {
  theme: "system",
  view: "dashboard",
  zoom: 100,
  isToured: false,
  recent: [],
  roster: null,
};

export class Choices {
  readonly #host: Host;
  readonly #toasts: Toasts;
  #preferences = $state.raw<Preferences>(defaultPreferences);

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

  get zoom(): number {
    return this.#preferences.zoom;
  }

  set zoom(zoom: number) {
    void this.#save({ ...this.#preferences, zoom });
  }

  get isToured(): boolean {
    return this.#preferences.isToured;
  }

  set isToured(isToured: boolean) {
    void this.#save({ ...this.#preferences, isToured });
  }

  /** What was last run from the palette, latest first. */
  get recent(): readonly string[] {
    return this.#preferences.recent;
  }

  set recent(recent: readonly string[]) {
    void this.#save({ ...this.#preferences, recent: [...recent] });
  }

  /** The roster that previews are counted over; `null` for the one imported last. */
  get roster(): string | null {
    return this.#preferences.roster;
  }

  set roster(roster: string | null) {
    void this.#save({ ...this.#preferences, roster });
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
      this.#toasts.refused(reason);
    }
  }
}
