/**
 * The parts of the window, between which F6 jumps. Inside the view, its list and its details are
 * parts of their own.
 */

/** Moves the keyboard to the part after the one it is in, or to the part before. */
export function jumpToRegion(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (region) => region.textContent.trim() !== "",
  );
  const here = regions.findLastIndex((region) => region.contains(document.activeElement));
  const start = here < 0 && step < 0 ? regions.length : here;
  const following = regions.map((_, index) => start + step * (index + 1));
  following.some((at) => enter(regions.at(at % regions.length)));
}

/** Says whether the part took the keyboard: one that is hidden does not. */
function enter(region: HTMLElement | undefined): boolean {
  const isItself = region?.getAttribute("tabindex") === "-1";
  const first = isItself
    ? region
    : region?.querySelector<HTMLElement>("button, a[href], input, [tabindex='0']");
  first?.focus();
  return first !== undefined && first === document.activeElement;
}
