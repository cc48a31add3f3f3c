/** The demo and the sample app. */

import type { DemoSource, RemovedDemo } from "../bindings/wire";
import { isolated, isolatedWithin } from "../model/isolated";
import { plural } from "./shared";

export const demo = {
  label: "Demo",
  empty: "No application reports yet",
  emptyMeaning: "Try Flagdeck with made-up data, or with a small app in your browser.",
  turnsFlagsOn: "Some flags are turned on for half of the users. One click removes all of it.",
  start: "Start demo",
  startAgain: "Continue demo",
  stop: "Stop demo",
  openSample: "Open sample app",
  remove: "Remove demo…",
  playing: "The demo is playing",
  left: "Demo data is here",
  meaning: "Made-up users and calculations, marked as synthetic.",
  trouble: (why: string) => `It cannot report: ${isolatedWithin(why)}`,
  opened: "Opened in your browser",
  notOpened: (why: string) => `Not opened: ${why}. Open its address in a browser yourself.`,
  copyAddress: "Copy address",
  removeTitle: "Remove the demo?",
  deletes: "Deleted for good:",
  source: ({ name, snapshots, calculations }: DemoSource) =>
    `${isolated(name)}: its state, ${plural(snapshots, "snapshot")} and ${plural(calculations, "calculation")}`,
  nothingDeleted: "Nothing is deleted: no synthetic source is left.",
  turnsBack: "Turn flags back that the demo turned on",
  flag: isolatedWithin,
  stays:
    "Other sources, flags that you changed and the history of flags stay. You can undo the flags.",
  openPage: "A sample app that is still open reports again: close its tab.",
  removeNow: "Remove demo",
  removed: ({ flags }: RemovedDemo) =>
    flags.length === 0
      ? "Demo removed"
      : `Demo removed, ${plural(flags.length, "flag change")} made`,
} as const;
