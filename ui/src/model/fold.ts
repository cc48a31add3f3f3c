/**
 * Texts folded for searching: what a person types finds what they mean. Case does not count, in
 * any script, and neither does how Unicode spells a letter; accents count. The backend does the same
 * in `src-tauri/core/src/fold.rs`. Pure.
 */

/** A text as searches compare it, with the place in the text of each of its units. */
export interface Aligned {
  folded: string;
  /** Offset in the text at which the letter of each unit begins. */
  starts: readonly number[];
  /** Where it ends. */
  ends: readonly number[];
}

/** Returns a text as it is compared in searches. */
export function fold(text: string): string {
  if (isPlain(text)) return text.toLowerCase();
  // By way of capitals, which have one letter for `ς` and `σ`, for `ß` and `ss`, for `ı` and `i`; of
  // small letters before that, because `ẞ` is its own capital.
  const small = text.normalize("NFKD").toLowerCase().toUpperCase().toLowerCase();
  return small.replaceAll("ς", "σ").replaceAll("i\u0307", "i").normalize("NFKC");
}

/** Returns the words of a query, which are searched separately. */
export function foldedWords(query: string): string[] {
  return fold(query).split(/\s+/).filter(Boolean);
}

/** Whether a text has what was typed; always, if that is blank. */
export function hasTyped(text: string, typed: string): boolean {
  return fold(text).includes(fold(typed.trim()));
}

/** A letter with its marks, or a syllable of Korean letters: what is folded together. */
const LETTER = /[\u1100-\u11ff]+|\P{M}\p{M}*|\p{M}+/gu;

/** Folds a text letter by letter; `null` if each unit of it stays in its place. */
export function aligned(text: string): Aligned | null {
  if (isPlain(text)) return null;
  let folded = "";
  const [starts, ends]: [number[], number[]] = [[], []];
  for (const { 0: letter, index } of text.matchAll(LETTER)) {
    const small = fold(letter);
    folded += small;
    const repeated = (place: number) => new Array<number>(small.length).fill(place);
    starts.push(...repeated(index));
    ends.push(...repeated(index + letter.length));
  }
  return { folded, starts, ends };
}

/** The position of what was typed in a text, searched from `from` and then from the beginning. */
export function findAfter(
  text: string,
  typed: string,
  from: number,
): { start: number; end: number } | null {
  const places = aligned(text);
  const [hay, needle] = [places?.folded ?? fold(text), fold(typed)];
  const begin = places === null ? from : places.starts.findIndex((start) => start >= from);
  const after = begin === -1 ? -1 : hay.indexOf(needle, begin);
  const at = after === -1 ? hay.indexOf(needle) : after;
  if (at === -1 || needle === "") return null;
  const last = at + needle.length - 1;
  return { start: places?.starts[at] ?? at, end: places?.ends[last] ?? last + 1 };
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) > 127) return false;
  }
  return true;
}
