/** `tracker`: keeps how the confidence of each calculation grew, and draws it. */

import { curve, percent } from "../dom.js";

/** Points of a curve that are kept with a result. */
const POINTS_MAX = 40;

/** Returns what is kept of a curve: its shape, in few points. */
export function kept(shares) {
  const step = Math.max(1, shares.length / POINTS_MAX);
  const points = [];
  for (let at = 0; at < shares.length; at += step) points.push(shares[Math.floor(at)]);
  points[points.length - 1] = shares.at(-1);
  return points;
}

/** Draws a curve that was kept. */
export function draw(shares) {
  const from = percent(shares[0]);
  const to = percent(shares.at(-1));
  return curve(shares, `Confidence over the iterations, from ${from} to ${to}`);
}
