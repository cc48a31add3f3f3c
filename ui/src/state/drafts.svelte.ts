/**
 * What is typed into fields of the inspector and not saved yet. Leaving a field saves nothing: its
 * draft stays with its component, until it is saved or discarded. A component that is removed takes
 * its drafts out of sight, and undo brings them back with it.
 */

import { SvelteMap } from "svelte/reactivity";

import type { Document } from "../bindings/wire";
import { isWithin } from "../model/edit";
import { words } from "../words";

interface Typed {
  path: string;
  /** As people call it. */
  field: string;
  text: string;
  seen: Document | undefined;
}

interface Flags {
  inForce: () => Document | undefined;
  /** Whether there is a component or group at a path, or it stands for all. */
  isThere: (path: string) => boolean;
}

export class Drafts {
  readonly #typed = new SvelteMap<string, Typed>();
  readonly #flags: Flags;

  readonly #there: readonly Typed[] = $derived.by(() =>
    [...this.#typed.values()].filter(({ path }) => this.#flags.isThere(path)),
  );

  /** Each such as `Percentage of ui.badges`. */
  readonly names: readonly string[] = $derived(
    this.#there.map(({ path, field }) => words.inspector.about.draftOf(field, path)),
  );

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** The draft of one field of what is at `path`. */
  of(path: string, field: string): Draft {
    const key = keyOf(path, field);
    const [typed, { inForce }] = [this.#typed, this.#flags];
    return {
      get seen() {
        return typed.get(key)?.seen;
      },
      get text() {
        return typed.get(key)?.text ?? null;
      },
      set text(text) {
        const before = typed.get(key);
        if (text === null) typed.delete(key);
        else typed.set(key, { path, field, text, seen: before ? before.seen : inForce() });
      },
    };
  }

  discard(path: string, fields: readonly string[]): void {
    for (const field of fields) this.#typed.delete(keyOf(path, field));
  }

  /** The fields that have a draft, such as `percentage`, of what is at `path`. */
  fieldsOf(path: string): string[] {
    return this.#there.filter((typed) => typed.path === path).map(({ field }) => field);
  }

  /** Whether something at `path` or in that group has a draft. */
  isIn(path: string): boolean {
    return this.#there.some((typed) => isWithin(typed.path, path));
  }

  /** Takes the drafts along of what has moved. */
  follow(places: readonly (readonly [from: string, to: string])[]): void {
    for (const [from, to] of places) {
      for (const [key, typed] of [...this.#typed]) {
        if (from === to || !isWithin(typed.path, from)) continue;
        const path = to + typed.path.slice(from.length);
        this.#typed.delete(key);
        this.#typed.set(keyOf(path, typed.field), {
          ...typed,
          path,
          seen: this.#flags.inForce(),
        });
      }
    }
  }
}

function keyOf(path: string, field: string): string {
  return `${path} ${field}`;
}

/** What is typed into one field. */
export interface Draft {
  /** `null` while the field shows what is stored. */
  text: string | null;
  /** What was in force when the typing began. */
  readonly seen: Document | undefined;
}

/** Of a field that cannot be edited: stays empty. */
export const noDraft: Draft = {
  get text() {
    return null;
  },
  set text(_) {
    return;
  },
  seen: undefined,
};
