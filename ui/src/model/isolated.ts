/**
 * Texts of others as the window shows them: what acts or is not seen is an escape
 * (`visible.ts`), and what is written from right to left is isolated from the text around it, so
 * that no name moves the words and figures beside it.
 *
 * The isolates are characters (U+2068, U+2069) rather than `<bdi>`, so that one rule serves
 * markup, attributes and sentences. Texts without letters from right to left need none, and stay
 * as they are. Each text goes through it once, where it is put into a sentence or into markup: a
 * second time the isolates themselves would be escapes.
 */

import { visible, visibleJson } from "./visible";

/** Hebrew, Arabic, Syriac, Thaana, N’Ko and the other scripts of Unicode’s bidi classes R and AL. */
const LETTER =
  "\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}";
const HAS_LETTER = new RegExp(`[${LETTER}]`, "u");

/** Such letters with their joiners, and the words of one phrase; signs between phrases end it. */
const WORD = `[${LETTER}](?:[${LETTER}\\u200c\\u200d])*`;
const PHRASES = new RegExp(`${WORD}(?: ${WORD})*`, "gu");

/** A text from outside as a whole: a name, a title, a note on one line. */
export function isolated(text: string): string {
  return asWhole(visible(text));
}

/** The same for a text in its own block, which keeps its line breaks. */
export function isolatedLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => isolated(line))
    .join("\n");
}

/** A text that contains texts from outside: a sentence of the backend, a path, a message. */
export function isolatedWithin(text: string): string {
  return byPhrase(visible(text));
}

/** JSON text, which has its line breaks between values. */
export function isolatedJson(json: string): string {
  return byPhrase(visibleJson(json));
}

const FIRST_LETTER = /\p{L}/u;

/**
 * The direction of a name for an element in which it is cut if it is long, as `dir`: what is
 * written from right to left loses its end there, too, and not its beginning.
 */
export function directionOf(name: string): "rtl" | undefined {
  return HAS_LETTER.test(FIRST_LETTER.exec(name)?.[0] ?? "") ? "rtl" : undefined;
}

function asWhole(text: string): string {
  return HAS_LETTER.test(text) ? `\u2068${text}\u2069` : text;
}

function byPhrase(text: string): string {
  return HAS_LETTER.test(text) ? text.replaceAll(PHRASES, "\u2068$&\u2069") : text;
}
