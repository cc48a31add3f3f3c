/**
 * Keeps what is in use in sight while the room for it shrinks, as when a message takes a strip of
 * it.
 */

import type { Attachment } from "svelte/attachments";

/** To be attached to the element that holds the views. */
export const keepFocusInView: Attachment<HTMLElement> = (room) => {
  let bottom = room.getBoundingClientRect().bottom;
  const observer = new ResizeObserver(() => {
    const before = bottom;
    bottom = room.getBoundingClientRect().bottom;
    const focused = document.activeElement;
    if (!focused || focused === room || !room.contains(focused)) return;
    const { top, bottom: end } = focused.getBoundingClientRect();
    if (end > bottom && top < before) focused.scrollIntoView({ block: "nearest" });
  });
  observer.observe(room);
  return () => observer.disconnect();
};
