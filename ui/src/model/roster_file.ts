/** Files of users, by what they are called. */

const ENDINGS = /\.(csv|tsv|txt|ndjson|jsonl|db|sqlite|sqlite3)$/i;

/** Whether a file of this name is meant as a roster, not as a document. */
export function isRosterName(name: string): boolean {
  return ENDINGS.test(name);
}
