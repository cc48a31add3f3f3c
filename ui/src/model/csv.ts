/**
 * Tables for other programs, as CSV (RFC 4180) that spreadsheets read as values. Pure.
 *
 * A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for
 * a formula, and runs it. Such a cell begins with an apostrophe, as OWASP recommends against CSV
 * injection; a number with a minus sign is none of them. The rule is also in
 * `src-tauri/src/csv.rs`; `tests/fixtures/csv.json` holds both to it.
 */

/** Written after each row. */
const NEWLINE = "\r\n";

const RUNS = /^ *[=+\-@＝＋－＠]|^ *[\t\r\n]/;
const NUMBER = /^-?\d+(\.\d*)?(e[+-]?\d+)?$/i;
/** Some spreadsheets separate cells by semicolons or tabs. */
const SEPARATES = /[,;\t"\r\n]/;

export function csv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(cell).join(",") + NEWLINE).join("");
}

export function cell(text: string): string {
  if (RUNS.test(text) && !NUMBER.test(text)) return quoted(`'${text}`);
  return SEPARATES.test(text) ? quoted(text) : text;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
