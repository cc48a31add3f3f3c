/** `calculator`: estimates how easy a text is to read, visibly, an iteration at a time. */

import { AnalysisError, converge, measure } from "../analysis.js";

/** Pause between two iterations that a person watches, in milliseconds. */
const FRAME_MS = 16;

/** A calculation that was made to fail. */
export class FailedOnPurpose extends Error {
  name = "FailedOnPurpose";
  message = "Failed on purpose";
}

/**
 * Calculates while a person watches: `onStep` is called with each iteration. Resolves to the
 * result; rejects with an `AnalysisError` or `FailedOnPurpose`.
 */
export async function calculate(text, { random, failureShare, onStep }) {
  const begun = performance.now();
  const measured = measure(text);
  const steps = [];
  for (const step of converge(measured.eases, random)) {
    steps.push(step);
    onStep(step);
    await pause(FRAME_MS);
    failSometimes(random, failureShare, steps.length);
  }
  return result(measured, steps, begun);
}

/** Calculates at once. Throws what `calculate` rejects with. */
export function calculateAtOnce(text, { random, failureShare }) {
  const begun = performance.now();
  const measured = measure(text);
  const steps = [];
  for (const step of converge(measured.eases, random)) {
    steps.push(step);
    failSometimes(random, failureShare, steps.length);
  }
  return result(measured, steps, begun);
}

/** Counts, for a page on which the calculator is off: no estimate, no confidence. */
export function count(text) {
  const { words, eases } = measure(text);
  return { words, sentences: eases.length };
}

export { AnalysisError };

/** Fails, if at all, at the tenth iteration: half-way, as far as a person sees. */
function failSometimes(random, failureShare, iteration) {
  if (iteration === 10 && random() < failureShare) throw new FailedOnPurpose();
}

function result({ words, eases }, steps, begun) {
  const last = steps.at(-1);
  return {
    words,
    sentences: eases.length,
    ease: rounded(last.ease, 1),
    confidence: rounded(last.confidence, 3),
    iterations: last.iteration,
    durationS: rounded((performance.now() - begun) / 1000, 6),
    curve: steps.map(({ confidence }) => rounded(confidence, 3)),
  };
}

const rounded = (value, digits) => Number(value.toFixed(digits));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
