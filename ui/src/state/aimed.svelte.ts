/**
 * What a control would do that the pointer rests on, or that the keyboard has focused: who gains and
 * who loses by it is shown beside the control before it is used.
 */

import type { Attachment } from "svelte/attachments";

import type { Planned } from "../bindings/wire";

/** How long one rests on a control before that is shown. */
const REST_MS = 350;

/** The same of a row, past which most only walk. */
const ROW_REST_MS = 700;

export interface Aim {
  control: HTMLElement;
  /** What the control would do at this moment; `null` for nothing. */
  planned: () => Planned | null;
}

export class Aimed {
  /** `null` while nothing is aimed at. */
  at = $state.raw<Aim | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The control that the timer is about. */
  #next: HTMLElement | null = null;

  /** Shows beside a control what `planned` returns for as long as one rests on it. */
  by(planned: Aim["planned"]): Attachment<HTMLElement> {
    return (control) => {
      const rest = () => this.#rest({ control, planned }, REST_MS);
      return this.#follow(control, {
        pointerenter: rest,
        focus: ({ target }) => {
          // A pointer that presses focuses, too.
          if (target === control && control.matches(":focus-visible")) rest();
        },
        keydown: (event) => {
          if ((event as KeyboardEvent).key === "Escape") this.#leave(control);
        },
      });
    };
  }

  /** The same for a row that does it when Space is pressed; the pointer uses a control in it. */
  bySpace(planned: Aim["planned"]): Attachment<HTMLElement> {
    return (row) =>
      this.#follow(row, {
        focus: ({ target }) => {
          if (target !== row || !row.matches(":focus-visible")) return;
          this.#rest({ control: row, planned }, ROW_REST_MS);
        },
        keydown: (event) => {
          if (["Escape", " "].includes((event as KeyboardEvent).key)) this.#leave(row);
        },
      });
  }

  #follow(control: HTMLElement, listeners: Record<string, (event: Event) => void>): () => void {
    const leave = () => this.#leave(control);
    const all = Object.entries({
      ...listeners,
      ...{ pointerleave: leave, pointerdown: leave, click: leave, blur: leave },
    });
    for (const [name, listener] of all) control.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of all) control.removeEventListener(name, listener);
      leave();
    };
  }

  #rest(aim: Aim, restMs: number): void {
    clearTimeout(this.#timer);
    this.#next = aim.control;
    this.#timer = setTimeout(() => {
      if (aim.control.isConnected) this.at = aim;
    }, restMs);
  }

  #leave(control: HTMLElement): void {
    if (this.#next === control) clearTimeout(this.#timer);
    if (this.at?.control === control) this.at = null;
  }
}
