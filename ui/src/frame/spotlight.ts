/** The target to point at, and a position beside it for the card. In px of the window. */

export interface Ring {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** How far a ring stands off what it is around. */
const RING_GAP = 4;
const CARD_GAP = 12;
const EDGE_GAP = 8;

/** Returns a ring for each list of selectors: around the first thing that can be seen. */
export function ringsAround(wanted: readonly (readonly string[])[]): Ring[] {
  return wanted.flatMap((selectors) => {
    const [box] = selectors.flatMap(visibleBoxes);
    return box ? [widen(box)] : [];
  });
}

/** Returns the position of `card` beside `ring`; `null` if there is no room. */
export function placeCard(
  ring: Ring | undefined,
  card: HTMLElement,
): { left: number; top: number } | null {
  if (!ring) return null;
  const { offsetWidth: width, offsetHeight: height } = card;
  const [lastLeft, lastTop] = [innerWidth - width - EDGE_GAP, innerHeight - height - EDGE_GAP];
  const middle = ring.left + ring.width / 2 - width / 2;
  const right = ring.left + ring.width + CARD_GAP;
  // At the left edge it would cover the other views below the ring.
  if (middle < EDGE_GAP && right <= lastLeft) {
    return { left: right, top: Math.max(EDGE_GAP, Math.min(ring.top, lastTop)) };
  }
  const left = Math.max(EDGE_GAP, Math.min(middle, lastLeft));
  const beneath = ring.top + ring.height + CARD_GAP;
  if (beneath <= lastTop) return { left, top: beneath };
  const above = ring.top - CARD_GAP - height;
  return above >= EDGE_GAP ? { left, top: above } : null;
}

function visibleBoxes(selector: string): DOMRect[] {
  return [...document.querySelectorAll(selector)]
    .map((element) => element.getBoundingClientRect())
    .filter(
      ({ left, top, right, bottom, width }) =>
        width > 0 && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight,
    )
    .slice(0, 1);
}

function widen({ left, top, width, height }: DOMRect): Ring {
  return {
    left: left - RING_GAP,
    top: top - RING_GAP,
    width: width + 2 * RING_GAP,
    height: height + 2 * RING_GAP,
  };
}
