/** The place of a value in a JSON text: from a JSON Pointer to a range of characters. */

export interface Stretch {
  start: number;
  end: number;
}

/**
 * Returns where the value that `pointer` (RFC 6901) names stands in `text`, its key included; for a
 * pointer that leads nowhere, the nearest thing around it. `null` for text that is not JSON.
 *
 * A key that is there twice is the later one, which is the one too many.
 */
export function placeOf(text: string, pointer: string): Stretch | null {
  const scan = new Scan(text, pointer === "" ? [] : pointer.slice(1).split("/").map(unescape));
  return scan.run() === null ? scan.best : null;
}

/** Returns the offset in characters at which `text` stops being JSON; `null` if it is JSON. */
export function brokenAt(text: string): number | null {
  return new Scan(text, []).run();
}

/** Returns the number of the line, from 1, that the character at `offset` is in. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

const unescape = (token: string) => token.replaceAll("~1", "/").replaceAll("~0", "~");

/** Nesting beyond this is refused by the backend, and would exhaust the stack here. */
const DEPTH_MAX = 200;

const literals = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const strings = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const spaces = /[ \t\n\r]*/y;
/** Byte order marks, which the backend passes over before a text. */
const marks = /\ufeff*/y;

class Broken extends Error {}

class Scan {
  readonly #text: string;
  readonly #wanted: readonly string[];
  #at = 0;
  best: Stretch;

  constructor(text: string, wanted: readonly string[]) {
    this.#text = text;
    this.#wanted = wanted;
    this.best = { start: 0, end: text.length };
  }

  /** Returns the offset at which it stopped being JSON; `null` if it is JSON. */
  run(): number | null {
    try {
      this.#take(marks);
      this.#space();
      this.#value(0, true);
      this.#space();
      return this.#at === this.#text.length ? null : this.#at;
    } catch (reason) {
      if (reason instanceof Broken) return this.#at;
      throw reason;
    }
  }

  /** `isOnTheWay`: whether everything around this value is what the pointer names. */
  #value(depth: number, isOnTheWay: boolean): void {
    if (depth > DEPTH_MAX) throw new Broken();
    const first = this.#text[this.#at];
    if (first === "{") this.#object(depth, isOnTheWay);
    else if (first === "[") this.#array(depth, isOnTheWay);
    else if (!this.#take(first === '"' ? strings : literals)) throw new Broken();
  }

  #object(depth: number, isOnTheWay: boolean): void {
    this.#members("}", () => {
      const start = this.#at;
      if (!this.#take(strings)) throw new Broken();
      const key = JSON.parse(this.#text.slice(start, this.#at)) as string;
      this.#space();
      this.#expect(":");
      this.#space();
      this.#member(depth, isOnTheWay && key === this.#wanted[depth], start);
    });
  }

  #array(depth: number, isOnTheWay: boolean): void {
    let index = 0;
    this.#members("]", () => {
      this.#member(depth, isOnTheWay && String(index) === this.#wanted[depth], this.#at);
      index += 1;
    });
  }

  #member(depth: number, isOnTheWay: boolean, start: number): void {
    if (isOnTheWay) this.best = { start, end: start };
    this.#value(depth + 1, isOnTheWay);
    if (isOnTheWay && this.best.start === start) this.best = { start, end: this.#at };
  }

  #members(close: string, member: () => void): void {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      member();
      this.#space();
      if (this.#text[this.#at] !== ",") break;
      this.#at += 1;
      this.#space();
    }
    this.#expect(close);
  }

  #space(): void {
    this.#take(spaces);
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw new Broken();
    this.#at += 1;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}
