/**
 * The settings as the backend has them, and every change a person makes to one. Changes are sent
 * one at a time; what is refused is kept beside its setting until something else is typed. Each
 * change made here can be taken back, as long as nothing else has changed the setting since.
 */

import { SvelteMap, SvelteSet } from "svelte/reactivity";

import type { Failure, Setting, SettingValue } from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import { isolatedWithin } from "../model/isolated";
import { isHidden, isSameValue, parseEntry, wantedValue } from "../model/setting";
import { words } from "../words";
import type { Browsing } from "./browsing.svelte";
import type { Toasts } from "./toasts.svelte";

/** What the file had for a setting before and after a change. */
interface Step {
  name: string;
  before: SettingValue;
  after: SettingValue;
  sentence: string;
}

interface Parts {
  host: Host;
  toasts: Toasts;
  browsing: Browsing;
}

export class Configuration {
  settings = $state.raw<readonly Setting[] | null>(null);
  /** Why they could not be read. */
  failure = $state.raw<Failure | null>(null);

  readonly #parts: Parts;
  readonly #refusals = new SvelteMap<string, string>();
  readonly #saving = new SvelteSet<string>();
  readonly #saved = new SvelteSet<string>();
  /** What was changed here and can be taken back, and what was taken back; the next one last. */
  #steps = $state.raw<{ undo: readonly Step[]; redo: readonly Step[] }>({ undo: [], redo: [] });
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async load(): Promise<void> {
    try {
      this.settings = await this.#parts.host.settings();
      this.failure = null;
    } catch (reason) {
      this.failure = asFailure(reason);
    }
  }

  /** What is typed for a setting and not saved; `null` for nothing. */
  draft(name: string): string | null {
    return this.#parts.browsing.settingDrafts.get(name) ?? null;
  }

  /** Keeps what is typed, also while other views are shown; `null` discards it. */
  type(name: string, text: string | null): void {
    this.#refusals.delete(name);
    this.#saved.delete(name);
    const { browsing } = this.#parts;
    if (text === null) browsing.settingDrafts.delete(name);
    else browsing.settingDrafts.set(name, text);
  }

  /** Why a value was not taken, in one sentence; empty if it was. */
  refusal(name: string): string {
    return this.#refusals.get(name) ?? "";
  }

  isSaving(name: string): boolean {
    return this.#saving.has(name);
  }

  /** Whether the last thing done to it was to save it. */
  isSaved(name: string): boolean {
    return this.#saved.has(name);
  }

  /** Says what is wrong with what is typed. Saves nothing. */
  check({ name, kind }: Setting): void {
    const draft = this.draft(name);
    if (draft !== null && !parseEntry(kind, draft).ok) this.#refuseEntry(name, kind);
  }

  /** Saves what is typed for a setting, if it is right; of a list, what is typed is added to it. */
  save(setting: Setting): void {
    const { name, kind } = setting;
    const draft = this.draft(name);
    if (draft === null || this.isSaving(name)) return;
    const entry = parseEntry(kind, draft);
    if (!entry.ok) {
      this.#refuseEntry(name, kind);
      return;
    }
    const stored = wantedValue(setting);
    const wanted = withAdded(stored, entry.value);
    if (isSameValue(wanted, stored)) this.type(name, null);
    else void this.change(name, wanted);
  }

  /** Writes a value to the file; `null` takes it out of there. Resolves to whether it was taken. */
  change(name: string, value: SettingValue): Promise<boolean> {
    this.#saving.add(name);
    const typed = this.draft(name);
    return this.#inTurn(() => this.#change(name, value, typed));
  }

  /** What undo or redo would act on, in a sentence; `null` for nothing. */
  sentence(way: "undo" | "redo"): string | null {
    return this.#steps[way].at(-1)?.sentence ?? null;
  }

  /** Takes the last change made here back. */
  undo(): Promise<boolean> {
    return this.#inTurn(() => this.#step("undo", "redo"));
  }

  /** Brings back what undo took. */
  redo(): Promise<boolean> {
    return this.#inTurn(() => this.#step("redo", "undo"));
  }

  #inTurn(work: () => Promise<boolean>): Promise<boolean> {
    const result = this.#turn.then(work);
    this.#turn = result;
    return result;
  }

  async #change(name: string, value: SettingValue, typed: string | null): Promise<boolean> {
    const before = this.#find(name);
    try {
      const settings = await this.#parts.host.changeSetting(name, value);
      if (settings === null) {
        this.#refusals.set(name, words.settings.unconfirmed(name));
        return false;
      }
      this.settings = settings;
    } catch (reason) {
      this.#refusals.set(name, isolatedWithin(asFailure(reason).message));
      return false;
    } finally {
      this.#saving.delete(name);
    }
    // What was typed since then stays.
    if (this.draft(name) === typed) this.type(name, null);
    this.#saved.add(name);
    const after = this.#find(name);
    if (before && after) this.#keep(before, after);
    return true;
  }

  /** Keeps a change as a step, says what changed and offers the way back. */
  #keep(before: Setting, after: Setting): void {
    const { name } = after;
    const sentence = words.settings.changed(after, wantedValue(before), wantedValue(after));
    if (isHidden(before.inFile)) {
      // What is hidden of the address is not known here.
      this.#parts.toasts.done(isolatedWithin(sentence));
      return;
    }
    const step: Step = { name, before: before.inFile, after: after.inFile, sentence };
    this.#steps = { undo: [...this.#steps.undo, step], redo: [] };
    this.#parts.toasts.done(isolatedWithin(sentence), {
      label: words.actions.undo,
      run: () => void this.undo(),
      isOffered: () => this.#steps.undo.at(-1) === step,
    });
  }

  async #step(way: "undo" | "redo", back: "undo" | "redo"): Promise<boolean> {
    const step = this.#steps[way].at(-1);
    if (!step) return false;
    const [expected, wanted] =
      way === "undo" ? [step.after, step.before] : [step.before, step.after];
    const { host, toasts } = this.#parts;
    try {
      this.settings = await host.settings();
      if (!isSameValue(this.#find(step.name)?.inFile ?? null, expected)) {
        this.#steps = { ...this.#steps, [way]: this.#steps[way].slice(0, -1) };
        toasts.failed(words.settings.overtaken(step.name));
        return false;
      }
      const settings = await host.changeSetting(step.name, wanted);
      if (settings === null) {
        toasts.failed(words.settings.unconfirmed(step.name));
        return false;
      }
      this.settings = settings;
    } catch (reason) {
      toasts.refused(reason);
      return false;
    }
    this.#steps = {
      ...this.#steps,
      [way]: this.#steps[way].slice(0, -1),
      // A hidden value cannot be brought back.
      [back]: isHidden(expected) ? this.#steps[back] : [...this.#steps[back], step],
    };
    toasts.done(words.frame.did[way](step.sentence), {
      label: words.actions[back],
      run: () => void this[back](),
      isOffered: () => this.#steps[back].at(-1) === step,
    });
    return true;
  }

  #refuseEntry(name: string, kind: Setting["kind"]): void {
    this.#refusals.set(name, words.settings.problem(name, kind));
  }

  #find(name: string): Setting | undefined {
    return this.settings?.find((setting) => setting.name === name);
  }
}

/** What a list becomes by what is added to it; any other value is replaced. */
function withAdded(stored: SettingValue, entry: SettingValue): SettingValue {
  if (!Array.isArray(entry)) return entry;
  return [...new Set([...(Array.isArray(stored) ? stored : []), ...entry])];
}
