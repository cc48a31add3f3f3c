/**
 * Keeps the focus near its place when the focused element goes away, as a button does that gives way
 * to its opposite once it is pressed. Parts that do this themselves, such as lists and dialogs, come
 * first.
 */

import { on } from "svelte/events";

/** What Tab reaches, but for fields: these would take the next letter, which may be a shortcut. */
const CONTROLS = [
  "button:not(:disabled)",
  "a[href]",
  "input:is([type=checkbox], [type=radio], [type=range]):not(:disabled)",
  "[tabindex='0']",
].join(", ");

/**
 * A part that a control belongs to: what is beyond it is elsewhere. One with the attribute may be
 * empty for a while: the keyboard then waits for its next control.
 */
const PLACE = "section, [role=tabpanel], [data-keeps-focus]";

/** Follows the focus until the returned function is called; `main` is the last resort. */
export function keepFocus(main: HTMLElement): () => void {
  const keeper = new FocusKeeper(main);
  const observer = new MutationObserver(() => keeper.look());
  observer.observe(document.body, { childList: true, subtree: true });
  const ends = [
    on(document, "focusin", ({ target }) => keeper.note(target)),
    on(document, "keydown", () => keeper.forget(), { capture: true }),
    on(document, "pointerdown", () => keeper.forget(), { capture: true }),
  ];
  return () => {
    observer.disconnect();
    for (const end of ends) end();
  };
}

class FocusKeeper {
  readonly #main: HTMLElement;
  #last: Element | null = null;
  /** The elements around the last one, the nearest first. */
  #around: readonly Element[] = [];
  #isLooking = false;

  constructor(main: HTMLElement) {
    this.#main = main;
  }

  /** Takes the element that got the focus. A dialog gives it back; a list keeps it by itself. */
  note(target: EventTarget | null): void {
    if (!(target instanceof Element) || target.closest("dialog")) return;
    if (target === this.#main) {
      this.look();
      return;
    }
    this.#last = target.closest("[data-row]") ? null : target;
    this.#around = this.#surroundingsOf(target);
  }

  /** The user has gone on: a focus that is given back late would interrupt that. */
  forget(): void {
    if (this.#isLost) this.#last = null;
  }

  /** Later, so that everything else that moves the focus has done so. */
  look(): void {
    if (this.#isLooking || !this.#isLost) return;
    this.#isLooking = true;
    setTimeout(() => {
      this.#isLooking = false;
      if (this.#isLost) this.#giveBack();
    });
  }

  get #isLost(): boolean {
    const focused = document.activeElement;
    const isNowhere = focused === null || focused === document.body || focused === this.#main;
    return isNowhere && this.#last?.isConnected === false;
  }

  #giveBack(): void {
    const around = this.#around.filter((part) => part.isConnected);
    const end = around.findIndex((part) => part.matches(PLACE));
    const near = end < 0 ? around : around.slice(0, end + 1);
    if (!near.some(focusFirst) && document.activeElement !== this.#main) {
      this.#main.focus({ preventScroll: true });
    }
  }

  #surroundingsOf(target: Element): Element[] {
    const around: Element[] = [];
    let part = target.parentElement;
    while (part && part !== document.body && !part.contains(this.#main)) {
      around.push(part);
      part = part.parentElement;
    }
    return around;
  }
}

/** Puts the focus on the first control of a part that takes it; one that is hidden does not. */
function focusFirst(part: Element): boolean {
  const controls = [...part.querySelectorAll<HTMLElement>(CONTROLS)];
  return controls.some((control) => {
    if (control.tabIndex >= 0) control.focus();
    return document.activeElement === control;
  });
}
