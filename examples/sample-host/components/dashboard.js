/** `ui.dashboard`: all results in four figures. */

import { difficulty } from "../analysis.js";
import { element, percent } from "../dom.js";

/** Returns the figures of results, as texts; blanks if there are none. */
export function figuresOf(results) {
  const known = results.filter(({ confidence }) => typeof confidence === "number");
  const mean = (key) => known.reduce((sum, result) => sum + result[key], 0) / known.length;
  const isEmpty = known.length === 0;
  return [
    { name: "Files analysed", value: String(known.length) },
    { name: "Mean confidence", value: isEmpty ? "–" : percent(mean("confidence")) },
    { name: "Mean iterations", value: isEmpty ? "–" : String(Math.round(mean("iterations"))) },
    { name: "Mean difficulty", value: isEmpty ? "–" : difficulty(mean("ease")) },
  ];
}

export function figures(results) {
  const tiles = figuresOf(results).map(({ name, value }) =>
    element("div", { className: "tile" }, element("dd", {}, value), element("dt", {}, name)),
  );
  return element("dl", { className: "tiles" }, ...tiles);
}
