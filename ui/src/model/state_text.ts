/** A state read from JSON text and written as such, every number as it is spelled. Pure. */

import { decimalOf, isHeldByDouble } from "./json_text";

/** A number that JavaScript would spell otherwise, such as `1.0`, or not hold, keeps its text. */
export type State = null | boolean | number | ExactNumber | string | State[] | Members;

/** A number as it is written. */
export class ExactNumber {
  constructor(readonly literal: string) {}

  /** The same for every spelling of one number. */
  get value(): number | string {
    return isHeldByDouble(this.literal) ? Number(this.literal) : `\0${decimalOf(this.literal)}`;
  }

  toString(): string {
    return this.literal;
  }
}

// An interface, since a type may not be made of itself through a record.
export interface Members {
  [key: string]: State;
}

/**
 * Where a number may be that JavaScript spells otherwise: it ends in zeros, has an exponent or many
 * digits, or is tiny or a negative zero. A string may look like one.
 */
const ODD_NUMBER = /\.\d*0(?!\d)|\d[eE][+-]?\d|[\d.]{16}|\.00000|-0(?![.\d])/;

/** Reads JSON text. Throws a `SyntaxError` if it is none. */
export function parseState(text: string): State {
  // The engine is the fastest reader, and says what is wrong.
  const state = JSON.parse(text) as State;
  return ODD_NUMBER.test(text) ? new Reader(text).read() : state;
}

/** Writes a value that holds no others as JSON. */
export function leafText(value: State): string {
  return value instanceof ExactNumber ? value.literal : JSON.stringify(value);
}

/** Writes a value as JSON. */
export function jsonOf(value: State): string {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(",")}]`;
  if (!isMembers(value)) return leafText(value);
  const members = Object.entries(value);
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${jsonOf(inner)}`).join(",")}}`;
}

export function isMembers(value: State | undefined): value is Members {
  const isHolder = typeof value === "object" && value !== null && !Array.isArray(value);
  return isHolder && !(value instanceof ExactNumber);
}

/** How `JSON.parse` makes members. */
const MEMBER = { writable: true, enumerable: true, configurable: true };

/** A number or a literal name of JSON, from its beginning. */
const WORD = /[^\s,\]}]+/y;

/** Reads a text that is JSON: what is between values is passed over without a look at it. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): State {
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#members();
      case "[":
        return this.#elements();
      case '"':
        return this.#string();
      default:
        return this.#word();
    }
  }

  #members(): Members {
    const members: Members = {};
    this.#at += 1;
    while (!this.#ends("}")) {
      const key = this.#string();
      const value = this.read();
      // Assigned, it would become the prototype.
      if (key === "__proto__") Object.defineProperty(members, key, { ...MEMBER, value });
      else members[key] = value;
    }
    return members;
  }

  #elements(): State[] {
    const elements: State[] = [];
    this.#at += 1;
    while (!this.#ends("]")) elements.push(this.read());
    return elements;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    this.#at = end + 1;
    const inner = this.#text.slice(start + 1, end);
    return inner.includes("\\") ? (JSON.parse(`"${inner}"`) as string) : inner;
  }

  #isEscaped(at: number): boolean {
    let first = at;
    while (this.#text[first - 1] === "\\") first -= 1;
    return (at - first) % 2 === 1;
  }

  #word(): State {
    WORD.lastIndex = this.#at;
    const [word = ""] = WORD.exec(this.#text) ?? [];
    this.#at += word.length;
    if (/^[tfn]/.test(word)) return JSON.parse(word) as State;
    const number = Number(word);
    return String(number) === word ? number : new ExactNumber(word);
  }

  /** Says whether what holds values ends, and passes over the bracket. */
  #ends(bracket: string): boolean {
    this.#space();
    const isEnd = this.#text[this.#at] === bracket;
    if (isEnd) this.#at += 1;
    return isEnd;
  }

  /** Passes over blanks, commas and colons. */
  #space(): void {
    while (" ,:\n\r\t".includes(this.#text[this.#at] ?? "!")) this.#at += 1;
  }
}
