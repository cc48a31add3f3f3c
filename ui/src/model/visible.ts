/**
 * Texts of others made safe to show and to copy: what a terminal would act on, and what a reader
 * could not see, is written as an escape. Pure.
 *
 * The rule is also in `src-tauri/core/src/visible.rs`, which gives its reasons;
 * `tests/fixtures/visible.json` holds both to it.
 */

/** Control characters, separators, bidirectional marks, and format characters without width. */
const HIDDEN =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class
  /[\0-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

const SYMBOL = "©®‼⁉™ℹ\\u2190-\\u2bff\\u{1f000}-\\u{1faff}";

/** What joiners shape: Arabic, Indic and neighbouring scripts, Mongolian, and emoji. */
const JOINS = `\\u17b6-\\u180a\\u0620-\\u109f\\u1780-\\u17b3\\u1810-\\u18af${SYMBOL}`;
const JOINED_BEFORE = new RegExp(`[\\ufe0f${JOINS}]$`, "u");
const JOINED_AFTER = new RegExp(`^[${JOINS}]`, "u");

/** What has variants: symbols and ideographs. */
const VARIES = new RegExp(`[${SYMBOL}\\u3001-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}]$`, "u");

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * The text with `\n`, `\r`, `\t` and escapes such as `\u{1b}` for control and invisible characters.
 */
export function visible(text: string): string {
  return escaped(text, (c) => SHORT[c] ?? `\\u{${c.codePointAt(0)?.toString(16) ?? ""}}`);
}

/** JSON text of the same value, with the same characters as escapes of JSON. */
export function visibleJson(json: string): string {
  return escaped(json, (c) => {
    // Between values; within a string, JSON has them escaped already.
    if (c in SHORT) return c;
    return c
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join("");
  });
}

function escaped(text: string, escape: (c: string) => string): string {
  let hiddenEnd = 0;
  return text.replaceAll(HIDDEN, (c, at: number) => {
    const end = at + c.length;
    // Two units are enough for any character. What is hidden is not before another.
    const before = text.slice(Math.max(hiddenEnd, at - 2), at);
    if (shapes(c, before, text.slice(end, end + 2))) return c;
    hiddenEnd = end;
    return escape(c);
  });
}

/** Whether a character shapes the visible ones next to it. */
function shapes(c: string, before: string, after: string): boolean {
  if (c === "\u200c" || c === "\u200d")
    return JOINED_BEFORE.test(before) && JOINED_AFTER.test(after);
  if (!/[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u.test(c)) return false;
  const isKeycap = after.startsWith("\u20e3") && /[\0-\x7f]$/.test(before);
  return isKeycap || VARIES.test(before);
}
