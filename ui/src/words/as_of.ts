/** Looking at the flags as they were. */

import type { AsOf, Flags } from "../bindings/wire";
import { formatClock, formatCount, formatDayAndTime, formatMoment, isSameDay } from "../format";
import { isolated } from "../model/isolated";
import type { MomentChoice, MomentProblem } from "../model/moment";
import { activity } from "./activity";
import { capital, plural } from "./shared";

const revision = (number: number) =>
  number === 0 ? "the beginning" : `revision ${formatCount(number)}`;

const saved = ({ actor }: Flags, when: string): string =>
  actor === null ? `saved ${when}` : `saved ${when} by ${isolated(actor.name)}`;

export const asOf = {
  label: "The past",
  action: "Flags as of…",
  actionHint: "See the flags as they were at a time or a revision (Ctrl+T)",
  actionAgain: "Choose another moment (Ctrl+T)",

  moment: (at: AsOf, nowMs: number): string =>
    `As of ${"revision" in at ? revision(at.revision) : formatDayAndTime(at.at_ms, nowMs)}`,
  origin: (at: AsOf, flags: Flags, nowMs: number): string => {
    if (flags.atMs === null) {
      return "Before the first revision: the safe default, all off";
    }
    if ("revision" in at) {
      return capital(saved(flags, formatDayAndTime(flags.atMs, nowMs)));
    }
    const when = isSameDay(flags.atMs, at.at_ms)
      ? formatClock(flags.atMs)
      : formatDayAndTime(flags.atMs, nowMs);
    return `Revision ${formatCount(flags.revision)}, ${saved(flags, when)}`;
  },
  originInFull: ({ atMs, actor }: Flags): string | undefined =>
    atMs === null || actor === null
      ? undefined
      : `Saved ${formatMoment(atMs)} by ${activity.actor(actor)}`,
  readOnly: "Read-only",
  since: (revisions: number) =>
    revisions === 0 ? "still in force" : `${plural(revisions, "revision")} since`,
  refusal: "This is the past, to be looked at only. Go back to now to change something.",

  field: "Moment: a date and time, or a revision",
  placeholder: "2026-11-24 16:00",
  fieldHint: "2026-11-24 16:00, yesterday 16:00, tue 16:00, 2 hours ago or r128",
  enterShows: "Enter shows it, Esc puts it back",
  choices: {
    hour: "an hour ago",
    today: "when today began",
    yesterday: "yesterday at this time",
    week: "a week ago",
    month: "a month ago",
    beginning: "before the first change",
  } satisfies Record<MomentChoice, string>,
  problem: (problem: MomentProblem): string => {
    switch (problem.kind) {
      case "form":
        return "The moment is a day and a time such as 2026-11-24 16:00, yesterday 16:00, tue 16:00 or 2 hours ago, or a revision such as r128.";
      case "no_such_time":
        return "The moment has a day or a time that does not exist. One that does is 2026-11-24 16:00.";
      case "future":
        return "The moment is still to come. Choose one up to now.";
      case "no_such_revision":
        return problem.latest === 0
          ? "No revision was saved yet."
          : `There is no such revision yet: the latest is ${formatCount(problem.latest)}.`;
    }
  },

  older: "Revision before",
  newer: "Revision after",
  olderHint: "Revision before ([)",
  newerHint: "Revision after (])",
  isFirst: "There is nothing before the beginning",
  isLatest: "This is the latest revision",
  restore: "Restore this…",
  restoreHint: (number: number) => `Make everything as it was at ${revision(number)}`,
  isInForce: "There is nothing to restore: this revision is in force",
  backToNow: "Back to now",
  backToNowHint: "Show the flags as they are (Esc)",

  notThere: (path: string) => `${path} was not there then.`,
  rows: { changed: "changed", removed: "gone" },
  rowMeanings: {
    changed: "Changed since",
    removed: "Not there now: removed or renamed since",
  },
  none: "None",
  noComponents: "There were no components then.",
  showAll: "Show all components",
  explainTitle: "Why did a user see it?",
  on: (user: string) => `Was on for ${isolated(user)}`,
  off: (user: string) => `Was off for ${isolated(user)}`,
  history: "History until then",
  historyOfAll: "Changes until then",
  seeRevision: "See flags as of this",
  seeRevisionHint: (number: number) => `See all flags as they were at revision ${number}`,
} as const;
