/**
 * Whether a press of the pointer was meant for what it hit. Rows and banners come and go as others
 * change flags: what has only just moved under a pointer that stands still was not aimed at.
 */

/** By then a person has seen what is under the pointer. */
export const SEEN_AFTER_MS = 500;

interface Place {
  x: number;
  y: number;
  target: EventTarget | null;
}

export class Aim {
  /** The position to which the pointer was last moved, and the element there. */
  #moved: Place | null = null;
  /** What has come under it since then. */
  #came: { target: EventTarget | null; atMs: number } | null = null;

  /** Engines report a pointer that stands still, too, when what is under it changes. */
  note(place: Place, nowMs: number): void {
    const { x, y, target } = place;
    if (this.#moved?.x === x && this.#moved.y === y) {
      if (this.#came?.target !== target) this.#came = { target, atMs: nowMs };
    } else {
      this.#moved = place;
      this.#came = null;
    }
  }

  /** Scrolling moves things on purpose, and what is pressed once was seen. */
  forget(): void {
    this.#moved = null;
    this.#came = null;
  }

  isAt(control: Node, nowMs: number): boolean {
    if (this.#moved === null || isIn(control, this.#moved.target)) return true;
    const isSeen = this.#came !== null && nowMs - this.#came.atMs >= SEEN_AFTER_MS;
    return isSeen && isIn(control, this.#came?.target ?? null);
  }
}

function isIn(control: Node, target: EventTarget | null): boolean {
  return target instanceof Node && control.contains(target);
}

const aim = new Aim();

function note(event: PointerEvent): void {
  // A script's pointer is nowhere.
  if (!event.isTrusted || event.pointerType === "touch") aim.forget();
  else aim.note({ x: event.clientX, y: event.clientY, target: event.target }, event.timeStamp);
}

document.addEventListener("pointermove", note, { capture: true, passive: true });
document.addEventListener("pointerover", note, { capture: true, passive: true });
document.addEventListener("scroll", () => aim.forget(), { capture: true, passive: true });

/** Whether a click is to be followed: aimed, and not the second of a double click. */
export function isMeant(event: MouseEvent & { currentTarget: Node }): boolean {
  const isByPointer = event.detail > 0;
  const isAimed = !isByPointer || aim.isAt(event.currentTarget, event.timeStamp);
  aim.forget();
  return isAimed && event.detail < 2;
}
