/** Names of rosters: the rule of `src-tauri/src/source.rs`. Pure. */

/** Characters of a name, at most. */
export const ROSTER_NAME_CHARS_MAX = 128;

/** What is wrong with a name. */
export type RosterNameProblem = "empty" | "too_long" | "control" | "slash" | "dots";

/** Returns why no roster can be called so; `null` if one can. */
export function checkRosterName(name: string): RosterNameProblem | null {
  if (name.trim() === "") return "empty";
  if (/\p{Cc}/u.test(name)) return "control";
  if (/[/\\]/.test(name)) return "slash";
  if (name === "." || name === "..") return "dots";
  return Array.from(name).length > ROSTER_NAME_CHARS_MAX ? "too_long" : null;
}
