/**
 * The settings as the backend has them, and every change a person makes to one. Changes are sent
 * one at a time; what is refused is kept beside its setting until it is typed anew.
 */

import { SvelteMap, SvelteSet } from "svelte/reactivity";

import type { Failure, Setting, SettingValue } from "../../bindings/wire";
import { asFailure } from "../../host/host";
import { isSameValue, wantedValue } from "../../model/setting";
import type { Deck } from "../../state/deck";
import { words } from "../../words";

export class Configuration {
  settings = $state.raw<readonly Setting[] | null>(null);
  /** Why they could not be read. */
  failure = $state.raw<Failure | null>(null);

  readonly #deck: Deck;
  readonly #refusals = new SvelteMap<string, string>();
  readonly #saving = new SvelteSet<string>();
  readonly #saved = new SvelteSet<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deck: Deck) {
    this.#deck = deck;
  }

  async load(): Promise<void> {
    try {
      this.settings = await this.#deck.host.settings();
      this.failure = null;
    } catch (reason) {
      this.failure = asFailure(reason);
    }
  }

  /** What is typed for a setting and not saved; `null` where nothing is. */
  draft(name: string): string | null {
    return this.#deck.browsing.settingDrafts.get(name) ?? null;
  }

  /** Keeps what is typed; `null` to drop it. Other views may be shown meanwhile. */
  type(name: string, text: string | null): void {
    this.#refusals.delete(name);
    this.#saved.delete(name);
    const { browsing } = this.#deck;
    if (text === null) browsing.settingDrafts.delete(name);
    else browsing.settingDrafts.set(name, text);
  }

  /** Why a value was not taken, in one sentence; empty where it was. */
  refusal(name: string): string {
    return this.#refusals.get(name) ?? "";
  }

  refuse(name: string, sentence: string): void {
    this.#refusals.set(name, sentence);
  }

  isSaving(name: string): boolean {
    return this.#saving.has(name);
  }

  /** Whether the last thing done to it was to save it. */
  isSaved(name: string): boolean {
    return this.#saved.has(name);
  }

  /** Writes a value to the file; `null` takes it out of there. Resolves to whether it was taken. */
  change(name: string, value: SettingValue): Promise<boolean> {
    this.#saving.add(name);
    const typed = this.draft(name);
    const result = this.#turn.then(() => this.#change(name, value, typed));
    this.#turn = result;
    return result;
  }

  async #change(name: string, value: SettingValue, typed: string | null): Promise<boolean> {
    const before = this.#find(name);
    try {
      this.settings = await this.#deck.host.changeSetting(name, value);
    } catch (reason) {
      this.refuse(name, asFailure(reason).message);
      return false;
    } finally {
      this.#saving.delete(name);
    }
    // What was typed meanwhile stays.
    if (this.draft(name) === typed) this.type(name, null);
    this.#saved.add(name);
    const after = this.#find(name);
    if (before && after) this.#tell(before, after);
    return true;
  }

  /** Says what changed and offers the way back. */
  #tell(before: Setting, after: Setting): void {
    const { name } = after;
    const text = words.settings.changed(after, wantedValue(before), wantedValue(after));
    this.#deck.live.toasts.done(text, {
      label: words.undo,
      run: () => void this.change(name, before.inFile),
      isOffered: () => isSameValue(this.#find(name)?.inFile ?? null, after.inFile),
    });
  }

  #find(name: string): Setting | undefined {
    return this.settings?.find((setting) => setting.name === name);
  }
}
