/** `ui.badges`: the confidence next to the name of a file. */

import { element, percent } from "../dom.js";

/** From this confidence on a result is sure, and from this one on it is fair. */
const SURE = 0.85;
const FAIR = 0.7;

/** Returns how sure a result is: `sure`, `fair` or `unsure`. */
export function sureness(confidence) {
  if (confidence >= SURE) return "sure";
  return confidence >= FAIR ? "fair" : "unsure";
}

export function badge(confidence) {
  const text = `${percent(confidence)} ${sureness(confidence)}`;
  return element("span", { className: `badge ${sureness(confidence)}`, title: "Confidence" }, text);
}
