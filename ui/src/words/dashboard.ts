/** The dashboard. */

import type { Actor, Flags, Rollout } from "../bindings/wire";
import { formatAgo, formatCount, formatLately, formatPercent } from "../format";
import { capital, doors, listed, strategies, summary } from "./shared";

export const dashboard = {
  heading: "ML Infrastructure Status",
  cards: "At a glance",
  flagsCard: "Feature Flags",
  cardRevision: (revision: number) => (revision === 0 ? "" : `revision ${revision}`),
  master: "Master switch",
  masterMeaning: "While it is off, every component is off for everyone",
  figureTail: (flags: Flags) => `of ${formatCount(flags.components)} components on`,
  figureTailOff: (flags: Flags) => `of ${formatCount(flags.components)} on, held off`,
  everyone: (rollout: Rollout) => `Everyone, ${strategies[rollout.strategy].toLowerCase()}`,
  own: (path: string) => `${path}, its own`,
  more: (count: number) => `and ${formatCount(count)} more`,
  showFlags: "Open flags",
  lastChange: (flags: Flags) => summary(flags.changes),
  lastChangeBy: (actor: Actor, atMs: number, nowMs: number) =>
    `${capital(formatAgo(atMs, nowMs))}, ${actor.name} ${doors[actor.via]}`,
  nothingSaved: "Nothing saved yet: all off.",
  recent: {
    title: "Activity",
    open: "Open activity",
    empty: "Nothing saved yet.",
    when: formatLately,
    notAnew: "not up to date",
  },
  verdicts: {
    off: "Off for everyone",
    nothingOn: "Nothing is switched on",
    missing: (path: string, needed: string) => `${path} waits for ${needed}, which is off`,
    nobody: "On, but for nobody yet: 0 %",
    everyone: "On for everyone",
    share: (percentage: number) => `On for ${formatPercent(percentage)} of everyone`,
    groups: (percentage: number, groups: readonly string[]) =>
      percentage === 100
        ? `On for ${listed(groups)} only`
        : `On for ${formatPercent(percentage)} of ${listed(groups)}`,
    andOwn: (verdict: string, count: number) =>
      `${verdict}; ${count === 1 ? "1 component differs" : `${formatCount(count)} components differ`}`,
  },
  quiet: "Nothing reports yet",
  nothing: "–",
} as const;
