/** What is said of a store that cannot be relied on. */

import type { StoreGone, StoreSummary } from "../bindings/wire";
import { formatAgo } from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import { plural } from "./shared";

const revisions = ({ revisions, atMs, actor, summary }: StoreSummary, nowMs: number): string => {
  if (atMs === null) return "no revisions yet";
  const latest = `${isolatedWithin(summary)}, ${formatAgo(atMs, nowMs)} by ${isolated(actor?.name ?? "")}`;
  return `${plural(revisions, "revision")}; latest: ${latest}`;
};

const happened = ({ file, dataDir, isReplaced, unreachable }: StoreGone): string => {
  const folder = isolatedWithin(dataDir);
  const what = file === null ? `The data folder ${folder}` : `${isolated(file)} in ${folder}`;
  if (unreachable !== null) return `${what} cannot be reached: ${isolatedWithin(unreachable)}.`;
  return `${what} was ${isReplaced ? "replaced" : "removed"} while Flagdeck had it open.`;
};

export const store = {
  gone: happened,
  goneMeaning: "Nothing is saved. The flags stay as they are as long as Flagdeck is open.",
  goneAllOff: "All flags are off: in force, not stored. That lasts as long as Flagdeck is open.",
  refusal: (gone: StoreGone) => `Nothing can be saved. ${happened(gone)}`,
  unread: "The data folder is gone.",
  openHere: "Open here",
  inPlace: "In its place",
  about: revisions,
  unreadable: (why: string) => `something that cannot be read (${isolatedWithin(why)})`,
  writeBack: "Write back",
  writeBackMeaning: (isReplaced: boolean) =>
    isReplaced
      ? "Puts everything that is open back; what is in its place is set aside"
      : "Puts everything that is open back, with its whole history",
  writtenBack: "Written back: everything is saved again",
  writtenBackBeside: (places: readonly string[]) =>
    `Written back. What was in its place is kept in ${places.map(isolatedWithin).join(", ")}`,
  useNew: "Use the new store",
  useNewMeaning: "Continues with the store in its place; what is open is kept as a copy",
  usedNew: "The new store is used",
  usedNewBeside: (places: readonly string[]) =>
    `The new store is used. What was open is kept in ${places.map(isolatedWithin).join(", ")}`,
} as const;
