/**
 * How well a few letters stand for a text, as people abbreviate: by the beginnings of its words
 * and by letters in a row. Pure; knows nothing of what the text names.
 */

import { aligned, fold, type Aligned } from "../model/fold";

/** A text made ready to be searched often. */
export interface Searchable {
  /** As it is shown. */
  readonly text: string;
  /** As it is compared. */
  readonly small: string;
  /** The letters of the text, one for each of `small`. */
  readonly letters: string;
  /** Their positions in the text, if these differ. */
  readonly places: Aligned | null;
}

/** Longer queries are cut: no abbreviation is that long. */
export const QUERY_CHARS_MAX = 64;

const LETTER = 1;
const WORD_START = 8;
const IN_A_ROW = 5;
const PREFIX = 20;
const WHOLE = 20;
/** Of two equal matches the one in the shorter text counts for more. */
const LENGTH_COST = 0.01;

export function searchable(text: string): Searchable {
  const places = aligned(text);
  if (places === null) return { text, small: fold(text), letters: text, places };
  const letters = places.starts.map((at) => text.charAt(at)).join("");
  return { text, small: places.folded, letters, places };
}

/** Returns how well `letters`, folded ones, stand for the text; 0 for not at all. */
export function scoreOf(letters: string, { letters: text, small }: Searchable): number {
  if (letters === "") return 0;
  const match = bestRun(letters, text, small) ?? bestScattered(letters, text, small);
  if (match === null) return 0;
  const isPrefix = small.startsWith(letters);
  const isWhole = isPrefix && small.length === letters.length;
  const extra = (isPrefix ? PREFIX : 0) + (isWhole ? WHOLE : 0);
  return Math.max(match.score + extra - text.length * LENGTH_COST, LENGTH_COST);
}

/** Returns the positions in the text that `letters` match; empty if they do not match. */
export function marksOf(letters: string, { letters: text, small, places }: Searchable): number[] {
  if (letters === "") return [];
  const run = bestRun(letters, text, small);
  const marks =
    run === null
      ? marksTo(bestScattered(letters, text, small))
      : Array.from({ length: letters.length }, (_, index) => run.start + index);
  return places === null ? marks : [...new Set(marks.flatMap((mark) => unitsOf(places, mark)))];
}

/** The places in the text of the letter that a unit of the folded text stands for. */
function unitsOf({ starts, ends }: Aligned, unit: number): number[] {
  const [start = 0, end = 0] = [starts[unit], ends[unit]];
  return Array.from({ length: end - start }, (_, index) => start + index);
}

/** Whether all letters occur in this order. */
function isWithin(letters: string, small: string): boolean {
  let found = 0;
  for (let at = 0; at < small.length && found < letters.length; at += 1) {
    if (small.charCodeAt(at) === letters.charCodeAt(found)) found += 1;
  }
  return found === letters.length;
}

/** The best position at which the letters are consecutive. */
function bestRun(letters: string, text: string, small: string) {
  let best: { score: number; start: number } | null = null;
  for (let start = small.indexOf(letters); start >= 0; start = small.indexOf(letters, start + 1)) {
    let score = IN_A_ROW * (letters.length - 1);
    for (let at = start; at < start + letters.length; at += 1) score += worth(text, at);
    if (best === null || score > best.score) best = { score, start };
  }
  return best;
}

/** A letter placed after those before it, as well as can be. */
interface Placed {
  at: number;
  score: number;
  before: Placed | null;
}

/** The best of all ways to place the letters; `null` if none begins a word, since that is chance. */
function bestScattered(letters: string, text: string, small: string): Placed | null {
  if (!isWithin(letters, small)) return null;
  let row: readonly Placed[] = [];
  for (let index = 0; index < letters.length; index += 1) {
    row = placeLetter(letters.charCodeAt(index), row, text, small);
  }
  const best = bestOf(row);
  return best && best.score >= letters.length * LETTER + WORD_START ? best : null;
}

/** Every place of a letter after those of the letter before it, each with the best way there. */
function placeLetter(letter: number, before: readonly Placed[], text: string, small: string) {
  const row: Placed[] = [];
  let best = before[0] ?? null;
  let passed = best ? 1 : 0;
  for (let at = best ? best.at + 1 : 0; at < small.length; at += 1) {
    if (small.charCodeAt(at) === letter) row.push(place(at, text, before[passed - 1], best));
    const here = before[passed];
    if (here?.at === at) {
      best = better(here, best);
      passed += 1;
    }
  }
  return row;
}

/**
 * Places a letter after `last`, if that is right before it and counts for more, else after `best`.
 */
function place(at: number, text: string, last: Placed | undefined, best: Placed | null): Placed {
  const apart = best?.score ?? 0;
  const inARow = last?.at === at - 1 ? last.score + IN_A_ROW : 0;
  const before = last && inARow > apart ? last : best;
  return { at, score: Math.max(inARow, apart) + worth(text, at), before };
}

function better(placed: Placed, best: Placed | null): Placed {
  return best === null || placed.score > best.score ? placed : best;
}

function bestOf(row: readonly Placed[]): Placed | null {
  let best: Placed | null = null;
  for (const placed of row) best = better(placed, best);
  return best;
}

function marksTo(last: Placed | null): number[] {
  const marks: number[] = [];
  for (let placed = last; placed; placed = placed.before) marks.unshift(placed.at);
  return marks;
}

const [OTHER, SMALL, CAPITAL, DIGIT] = [0, 1, 2, 3];

/** Of each ASCII character: a search asks for a million of them. */
const sorts = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-z]/.test(character)) return SMALL;
  if (/[A-Z]/.test(character)) return CAPITAL;
  return /\d/.test(character) ? DIGIT : OTHER;
});

/** What a letter at this place counts for. */
function worth(text: string, at: number): number {
  return isWordStart(text, at) ? LETTER + WORD_START : LETTER;
}

/** After a dot, a space or a dash; the hump of a camel; the first digit. */
function isWordStart(text: string, at: number): boolean {
  const own = sortOf(text.charCodeAt(at));
  if (own === OTHER) return false;
  if (at === 0) return true;
  const previous = sortOf(text.charCodeAt(at - 1));
  return previous === OTHER || (own !== SMALL && own !== previous);
}

// Letters of other scripts have no camel case: they count as lower case.
function sortOf(code: number): number {
  return sorts[code] ?? SMALL;
}
