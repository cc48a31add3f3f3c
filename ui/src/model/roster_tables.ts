/** Which tables of a database may hold the users, from the refusal that asks for one. Pure. */

/** As `src-tauri/src/rosters/reading/sqlite.rs` says it, made a sentence. */
const ASKS = /has several tables with a column id; say with --table which is meant: (.+?)\.?$/s;

/** Returns the tables that a refusal names; `null` if it is about something else. */
export function tablesIn(message: string): readonly string[] | null {
  const [, names] = ASKS.exec(message) ?? [];
  return names === undefined ? null : names.split(", ");
}
