/** What differs between two documents. */

import { formatCount } from "../format";
import { plural } from "./shared";

export const difference = {
  kinds: { added: "Added", removed: "Removed", changed: "Changed" },
  whole: "the whole document",
  before: "Before",
  after: "After",
  becomes: "→",
  kept: (count: number) => `${formatCount(count)} as before`,
  moreItems: (count: number) => `and ${formatCount(count)} more`,
  showMore: (count: number, rest: number) =>
    `Show ${formatCount(count)} more of ${formatCount(rest)}`,
  unseen: (count: number) =>
    `And ${plural(count, "further change")}, too many to list. The whole document is behind “Edit as JSON”.`,
  showWhole: (characters: number) => `Show all ${formatCount(characters)} characters`,
  showPart: "Show less",
  reading: "Comparing…",
} as const;
