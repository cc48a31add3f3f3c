/** Where a person is in the views. Outlives each view, so that coming back finds it as it was. */

import { SvelteMap, SvelteSet } from "svelte/reactivity";

import { parentOf } from "../model/edit";
import { isFiltering, type Filter, type Standing } from "../model/filter";
import type { Document } from "../bindings/wire";
import { everything, type Narrowing } from "../model/history";
import type { Language } from "../model/recipes";
import { ALL } from "../model/tree";
import { words } from "../words";
import { Drafts } from "./drafts.svelte";
import { Unsaved } from "./unsaved.svelte";

export type SettingsPart = "configuration" | "connect" | "access" | "backups" | "about";

export class Browsing {
  /** What the inspector shows: a path, or `ALL`. */
  selected = $state<string>(ALL);
  /** The row the keyboard is on. */
  active = $state<string>(ALL);
  /** The row that has the keyboard, while the tree has it. */
  focused = $state<string | null>(null);
  /** Whether what is selected is what a window too narrow for both shows. */
  isDetailed = $state(false);
  query = $state("");
  /** Tags that components have to have, and owners of whom they have to have one. */
  readonly tags = new SvelteSet<string>();
  readonly owners = new SvelteSet<string>();
  standing = $state<Standing>("any");
  /** Rows chosen together, for one change to all of them. */
  readonly marked = new SvelteSet<string>();
  /** What a command wants the keyboard to go to; whoever has it takes it and clears this. */
  wanted = $state<"filter" | "explain" | "moment" | "row" | null>(null);
  /** What the activity is narrowed to. */
  narrowing = $state.raw<Narrowing>(everything);
  /** The revision whose details the activity shows; `null` for the latest it lists. */
  activityRevision = $state<number | null>(null);
  /** The restore whose details it shows instead; `null` for none. */
  activityRestore = $state<number | null>(null);
  /** The part of the settings that is shown. */
  settingsPart = $state<SettingsPart>("configuration");
  /** The language whose recipe is shown. */
  recipe = $state<Language>("browser");
  /** The document as it is typed and not saved, and the revision it was begun on. */
  jsonDraft = $state.raw<{ text: string; base: number } | null>(null);
  /** What is typed for a setting and not saved, by its name. */
  readonly settingDrafts = new SvelteMap<string, string>();
  /** What open dialogs hold that is not saved: see `sayUnsaved`. */
  readonly unsaved = new Unsaved();
  /** What is typed into the fields of the inspector and not saved. */
  readonly drafts: Drafts;
  /** For whom the inspector explains; an empty `user` is somebody without an id. */
  explained = $state.raw<{ user: string; groups: readonly string[] }>({ user: "", groups: [] });
  readonly collapsed = new SvelteSet<string>();

  /** Everything that is typed and not saved, in words: what closing the window would lose. */
  readonly unsavedNames: readonly string[] = $derived.by(() => [
    ...this.drafts.names,
    ...[...this.settingDrafts.keys()].map((name) =>
      words.commands.closing.setting(words.settings.label(name)),
    ),
    ...(this.jsonDraft === null ? [] : [words.json.title]),
    ...this.unsaved.names,
  ]);

  constructor(inForce: () => Document | undefined, isThere: (path: string) => boolean) {
    this.drafts = new Drafts({ inForce, isThere });
  }

  get isUnsaved(): boolean {
    return this.unsavedNames.length > 0;
  }

  /** The component that the activity is narrowed to; `null` for all. */
  get activityComponent(): string | null {
    return this.narrowing.component;
  }

  /** Narrows the activity to a component alone: what it was narrowed to before would hide some. */
  set activityComponent(component: string | null) {
    this.narrowing = { ...everything, component };
    this.activityRevision = null;
    this.activityRestore = null;
  }

  get filter(): Filter {
    return { text: this.query, tags: this.tags, owners: this.owners, standing: this.standing };
  }

  /** All that is asked of components as one text, which differs wherever they do. */
  get asked(): string {
    return JSON.stringify([this.query, this.standing, [...this.tags], [...this.owners]]);
  }

  get isFiltering(): boolean {
    return isFiltering(this.filter);
  }

  clearFilter(): void {
    this.query = "";
    this.tags.clear();
    this.owners.clear();
    this.standing = "any";
  }

  /** What a command is about: the row that has the keyboard, else what is shown. */
  get current(): string {
    return this.focused ?? this.selected;
  }

  /** Shows the details of the row that the keyboard goes to: what is edited is what is seen. */
  walk(path: string): void {
    this.selected = path;
    this.active = path;
  }

  /** The same, and shows the details in a window too narrow for both. */
  select(path: string): void {
    this.walk(path);
    this.isDetailed = true;
  }

  /** Selects `path` and brings its row into view, with the keyboard on it. */
  reveal(path: string): void {
    this.marked.clear();
    this.select(path);
    for (let at = parentOf(path); at !== ""; at = parentOf(at)) this.collapsed.delete(at);
    this.wanted = "row";
  }

  toggleCollapsed(path: string): void {
    if (!this.collapsed.delete(path)) this.collapsed.add(path);
  }
}
