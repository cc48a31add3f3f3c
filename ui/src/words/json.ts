/** The document as JSON, and documents taken in. */

import { formatCount } from "../format";
import { isolated } from "../model/isolated";
import { plural } from "./shared";

export const json = {
  title: "The document as JSON",
  label: "Flag document",
  reading: "Reading the document…",
  find: "Find",
  findNext: "Find next",
  notFound: "Not found",
  problems: "Problems",
  line: (line: number) => `line ${formatCount(line)}`,
  more: (count: number) => `and ${formatCount(count)} more`,
  wrong: (errors: number) => `${plural(errors, "error")}: cannot be saved`,
  unchanged: "As it is stored",
  changes: (count: number) => `${plural(count, "change")} not saved yet`,
  whatChanges: "What would change",
  nothing: "Nothing would change: the flags are like this already.",
  startAgain: "Start again from what is stored",
  behind: (revision: number) =>
    `Revision ${revision} was saved while you were editing. Saving your text takes it back where the two differ; the list below says what would change.`,
  removes: (removed: number, of: number) =>
    removed === of && of > 1
      ? `This removes all ${plural(of, "component")}`
      : `This removes ${formatCount(removed)} of ${plural(of, "component")}`,
  remove: (removed: number) => `Remove ${plural(removed, "component")}`,
  confirmFirst: "Confirm the removal first",
  importTitle: (name: string) => `Import ${isolated(name)}`,
  import: "Import",
  leftOut: (count: number) => `Left out: ${plural(count, "item")}`,
  exportFlagd: "Export for flagd",
  exportFlagdMeaning:
    "With these definitions, flagd decides the same for every user. Some things are left out.",
  export: "Export…",
  importMeaning: "It becomes a revision of its own, and can be undone.",
  refused: (name: string) => `${isolated(name)} cannot be imported. Nothing was changed.`,
  overtaken: (revision: number) =>
    `Revision ${revision} was saved after this was shown: look again at what would change.`,
} as const;
