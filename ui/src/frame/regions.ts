/** The parts of the window, between which F6 jumps. */

/** Moves the keyboard to the part after the one it is in, or to the part before. */
export function jumpToRegion(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (region) => region.textContent.trim() !== "",
  );
  const here = regions.findIndex((region) => region.contains(document.activeElement));
  const next = here < 0 && step < 0 ? regions.length - 1 : here + step;
  const region = regions[(next + regions.length) % regions.length];
  if (region) enter(region);
}

function enter(region: HTMLElement): void {
  if (region.tabIndex < 0 && region.hasAttribute("tabindex")) region.focus();
  else region.querySelector<HTMLElement>("button, a[href], input")?.focus();
}
