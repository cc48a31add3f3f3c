/** Elements, made of texts and never of markup: what others wrote shows as it is and acts on nothing. */

/** Makes an element; `properties` are set on it, those of `dataset` and `aria` likewise. */
export function element(name, properties = {}, ...children) {
  const { dataset, aria, ...own } = properties;
  const made = Object.assign(document.createElement(name), own);
  Object.assign(made.dataset, dataset);
  for (const [key, value] of Object.entries(aria ?? {})) made.setAttribute(`aria-${key}`, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** Draws shares from 0 to 1 as a line, from left to right. */
export function curve(shares, label) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 100 24");
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", label);
  drawing.classList.add("curve");
  const line = document.createElementNS(SVG, "polyline");
  const x = (index) => (shares.length > 1 ? (100 * index) / (shares.length - 1) : 0);
  const points = shares.map(
    (share, index) => `${x(index).toFixed(1)},${(23 - 22 * share).toFixed(1)}`,
  );
  line.setAttribute("points", points.join(" "));
  drawing.append(line);
  return drawing;
}

/** Puts children in place of those of an element, unless they are the same nodes. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null));
}

export const percent = (share) => `${Math.round(100 * share)} %`;
