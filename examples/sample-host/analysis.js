/**
 * How easy a text is to read, and how sure that is.
 *
 * The reading ease of a sentence is Flesch's: 100 is very easy, 0 very hard. That of a text is the
 * mean of its sentences, estimated from random ones: each iteration draws a few more, so the
 * estimate converges, and the calculation ends once its confidence is settled. Pure: no clock, no
 * page, and chance comes from the caller.
 */

/** Sentences that are drawn in an iteration. */
export const DRAWN = 3;

export const ITERATIONS_MIN = 10;
export const ITERATIONS_MAX = 150;

/** The confidence is settled once so many iterations add less than so much to it. */
const SETTLED_WITHIN = 5;
const SETTLED_GAIN = 0.006;

/** The margin of error, in points of reading ease, at which the confidence is 0. */
const MARGIN_MAX = 30;

/** The margin that a text of one sentence leaves, however often it is read. */
const MARGIN_OF_ONE = 12;

/** What is assumed of the spread of sentences before any is drawn, as if seen so many times. */
const SPREAD_ASSUMED = 25;
const ASSUMED_TIMES = 4;

/** Sentences of a text that are looked at. */
const SENTENCES_MAX = 5000;

/** Why a text cannot be analysed, in a sentence for people. */
export class AnalysisError extends Error {
  name = "AnalysisError";
}

/**
 * Measures a text: its words, and the reading ease of each of its sentences.
 * Throws an `AnalysisError` if it is no text.
 */
export function measure(text) {
  if (text.includes("\0")) throw new AnalysisError("This is not a text file");
  const sentences = text
    .split(/(?<=[.!?。！？…])\s+|\n\s*\n/u)
    .slice(0, SENTENCES_MAX)
    .map(wordsOf)
    .filter((words) => words.length > 0);
  if (sentences.length === 0) throw new AnalysisError("There are no words in it");
  return {
    words: sentences.reduce((count, words) => count + words.length, 0),
    eases: sentences.map(readingEase),
  };
}

/** Returns Flesch's reading ease of a sentence: mostly from 0 to 100, and beyond for extreme ones. */
export function readingEase(words) {
  const syllables = words.reduce((count, word) => count + syllablesOf(word), 0);
  return 206.835 - 1.015 * words.length - (84.6 * syllables) / words.length;
}

/** Counts groups of vowels; a silent e at the end of a word is none. */
export function syllablesOf(word) {
  const plain = word.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  const groups = plain.replace(/(?<=[^aeiouy])e$/u, "").match(/[aeiouy]+/gu);
  return Math.max(1, groups?.length ?? 0);
}

/**
 * Estimates the mean of `eases`, an iteration at a time, until the confidence is settled. Yields
 * `{ iteration, ease, confidence, isSettled }`; `random` returns numbers from 0 up to 1.
 */
export function* converge(eases, random) {
  const sample = new Sample();
  const confidences = [];
  for (let iteration = 1; ; iteration += 1) {
    for (let drawn = 0; drawn < DRAWN; drawn += 1) {
      sample.add(eases[Math.floor(random() * eases.length)]);
    }
    const margin = Math.hypot(sample.margin, MARGIN_OF_ONE / Math.sqrt(eases.length));
    const confidence = Math.max(0, 1 - margin / MARGIN_MAX);
    const isSettled = iteration >= ITERATIONS_MAX || settles(confidences, confidence);
    confidences.push(confidence);
    yield { iteration, ease: sample.mean, confidence, isSettled };
    if (isSettled) return;
  }
}

/** Says a reading ease in words. */
export function difficulty(ease) {
  if (ease >= 70) return "easy";
  if (ease >= 50) return "plain";
  return ease >= 30 ? "hard" : "very hard";
}

/** Returns numbers from 0 up to 1 that follow from a seed (mulberry32). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function wordsOf(sentence) {
  return sentence.match(/\p{L}[\p{L}\p{M}'’-]*/gu) ?? [];
}

function settles(confidences, confidence) {
  const before = confidences.at(-SETTLED_WITHIN);
  return confidences.length >= ITERATIONS_MIN - 1 && Math.abs(confidence - before) < SETTLED_GAIN;
}

/** Mean and spread of numbers as they come (Welford), the spread from an assumed one on. */
class Sample {
  #count = 0;
  #squares = ASSUMED_TIMES * SPREAD_ASSUMED ** 2;
  mean = 0;

  add(value) {
    this.#count += 1;
    const before = value - this.mean;
    this.mean += before / this.#count;
    this.#squares += before * (value - this.mean);
  }

  /** The margin of error of the mean, 95 times in a hundred. */
  get margin() {
    const variance = this.#squares / (this.#count - 1 + ASSUMED_TIMES);
    return 1.96 * Math.sqrt(variance / this.#count);
  }
}
