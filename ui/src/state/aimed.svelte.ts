/**
 * What a control would do that the pointer rests on, or that the keys have come to: who gains and
 * who loses by it is shown beside the control before it is used.
 */

import type { Attachment } from "svelte/attachments";

import type { Planned } from "../bindings/wire";

/** How long one rests on a control before that is shown. */
const REST_MS = 350;

export interface Aim {
  control: HTMLElement;
  planned: Planned;
  /** What the control says of itself. */
  title: string;
}

export class Aimed {
  /** `null` while nothing is aimed at. */
  at = $state.raw<Aim | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Shows beside a control what `planned` returns, which is asked for when it is shown; `null` for
   * nothing.
   */
  by(planned: () => Planned | null): Attachment<HTMLElement> {
    return (control) => {
      const on = (names: string, listener: (event: Event) => void) =>
        names.split(" ").map((name) => {
          control.addEventListener(name, listener);
          return () => control.removeEventListener(name, listener);
        });
      const rest = () => this.#rest(control, planned);
      const removers = [
        ...on("pointerenter", rest),
        // A pointer that presses focuses, too.
        ...on("focus", () => control.matches(":focus-visible") && rest()),
        ...on("pointerleave pointerdown click blur", () => this.#leave(control)),
        ...on("keydown", (event) => {
          if (event instanceof KeyboardEvent && event.key === "Escape") this.#leave(control);
        }),
      ];
      return () => {
        for (const remove of removers) remove();
        this.#leave(control);
      };
    };
  }

  #rest(control: HTMLElement, planned: () => Planned | null): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const wanted = control.isConnected ? planned() : null;
      if (wanted === null) return;
      this.at = { control, planned: wanted, title: control.title };
      // Both would be shown, one over the other.
      control.title = "";
    }, REST_MS);
  }

  #leave(control: HTMLElement): void {
    clearTimeout(this.#timer);
    const { at } = this;
    if (at?.control !== control) return;
    if (control.title === "") control.title = at.title;
    this.at = null;
  }
}
