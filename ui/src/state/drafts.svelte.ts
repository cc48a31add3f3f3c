/**
 * What is typed into fields and not saved yet. Outlives the fields, so that looking at something
 * else loses nothing.
 */

import { SvelteMap } from "svelte/reactivity";

import type { Document } from "../bindings/wire";
import { words } from "../words";
import type { Unsaved } from "./unsaved.svelte";

interface Typed {
  path: string;
  text: string;
  seen: Document | undefined;
  /** Takes it off the list of what closing the window would lose. */
  release: () => void;
}

export class Drafts {
  readonly #typed = new SvelteMap<string, Typed>();
  readonly #unsaved: Unsaved;
  readonly #inForce: () => Document | undefined;

  constructor(unsaved: Unsaved, inForce: () => Document | undefined) {
    this.#unsaved = unsaved;
    this.#inForce = inForce;
  }

  /** The draft of one field of what is at `path`; `field` as people call it. */
  of(path: string, field: string): Draft {
    const key = `${path} ${field}`;
    const [typed, unsaved, inForce] = [this.#typed, this.#unsaved, this.#inForce];
    return {
      get seen() {
        return typed.get(key)?.seen;
      },
      get text() {
        return typed.get(key)?.text ?? null;
      },
      set text(text) {
        const before = typed.get(key);
        if (text === null) {
          before?.release();
          typed.delete(key);
        } else {
          const release = before?.release ?? unsaved.add(words.about.draftOf(field, path));
          typed.set(key, { path, text, seen: before ? before.seen : inForce(), release });
        }
      },
    };
  }

  /** Forgets the drafts of paths that `isThere` does not know: nobody could come back to them. */
  prune(isThere: (path: string) => boolean): void {
    for (const [key, { path, release }] of this.#typed) {
      if (isThere(path)) continue;
      release();
      this.#typed.delete(key);
    }
  }
}

/** What is typed into one field. */
export interface Draft {
  /** `null` while the field shows what is stored. */
  text: string | null;
  /** What was in force when the typing began. */
  readonly seen: Document | undefined;
}

/** Of a field where nothing can be typed: stays empty whatever happens. */
export const noDraft: Draft = {
  get text() {
    return null;
  },
  set text(_) {
    return;
  },
  seen: undefined,
};
