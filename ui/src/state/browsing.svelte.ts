/** Where a person is in the tree. Outlives the view, so that coming back finds it as it was. */

import { SvelteSet } from "svelte/reactivity";

import { ALL } from "../model/tree";

export class Browsing {
  /** What the inspector shows: a path, or `ALL`. */
  selected = $state<string>(ALL);
  /** The row the keyboard is on. */
  active = $state<string>(ALL);
  query = $state("");
  readonly collapsed = new SvelteSet<string>();

  select(path: string): void {
    this.selected = path;
    this.active = path;
  }

  toggleCollapsed(path: string): void {
    if (!this.collapsed.delete(path)) this.collapsed.add(path);
  }
}
