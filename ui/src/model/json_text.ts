/**
 * JSON text as it is: its numbers looked at and its lines broken without reading any as a double.
 */

/** Strings whole, brackets, commas and colons, and everything else up to the next of them. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Doubles distinguish all decimals of so many digits. */
const DIGITS_EXACT = 15;

/** Says whether a number of JSON has the value of the double it is read as. */
export function isHeldByDouble(literal: string): boolean {
  if (!/e/i.test(literal) && literal.replace(/\D/g, "").length <= DIGITS_EXACT) return true;
  const double = Number(literal);
  return Number.isFinite(double) && decimalOf(String(double)) === decimalOf(literal);
}

/** Writes the same text for all spellings of one number: its digits, and a power of ten. */
export function decimalOf(literal: string): string {
  const [mantissa = "", exponent = "0"] = literal.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length);
  return `${literal.startsWith("-") ? "-" : ""}${kept}e${power}`;
}

/** Breaks JSON text into lines as `JSON.stringify` does, every number as it is written. */
export function indented(json: string): string {
  const tokens = json.match(TOKENS) ?? [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const written = tokens.map((token, index) => {
    if (token === "{" || token === "[") {
      depth += 1;
      return /^[}\]]/.test(tokens[index + 1] ?? "") ? token : token + line();
    }
    if (token === "}" || token === "]") {
      depth -= 1;
      return /^[{[]$/.test(tokens[index - 1] ?? "") ? token : line() + token;
    }
    if (token === ",") return token + line();
    return token === ":" ? ": " : token;
  });
  return written.join("");
}
