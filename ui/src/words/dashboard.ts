/** The dashboard. */

import type { Actor, Flags, Reach } from "../bindings/wire";
import { formatAgo, formatCount, formatLately } from "../format";
import { isolatedWithin } from "../model/isolated";
import { capital, doors, nameOf } from "./shared";

export const dashboard = {
  heading: "ML Infrastructure Status",
  cards: "At a glance",
  flagsCard: "Feature Flags",
  cardRevision: (revision: number) => (revision === 0 ? "" : `revision ${revision}`),
  master: "Master switch",
  masterMeaning: "While it is off, every component is off for everyone",
  figureTail: (flags: Flags) => `of ${formatCount(flags.components)} components on`,
  figureTailOff: (flags: Flags) => `of ${formatCount(flags.components)} would be on`,
  defaultRollout: "Default rollout",
  more: (count: number) => `and ${formatCount(count)} more`,
  showFlags: "Open flags",
  lastChange: (flags: Flags) => isolatedWithin(flags.summary),
  lastChangeBy: (actor: Actor, atMs: number, nowMs: number) =>
    `${capital(formatAgo(atMs, nowMs))}, ${nameOf(actor)} ${doors[actor.via]}`,
  nothingSaved: "Nothing saved yet: all off.",
  recent: {
    title: "Activity",
    open: "Open activity",
    empty: "Nothing saved yet.",
    when: formatLately,
    notUpToDate: "not up to date",
  },
  verdicts: {
    nothingOn: "Nothing is switched on",
    missing: (path: string, needed: string) =>
      `${path} is blocked: it requires ${needed}, which is off`,
    unmet: (path: string, { phrase }: Reach) => `${path} is on for ${isolatedWithin(phrase)}`,
    andOwn: (verdict: string, count: number) =>
      `${verdict}; ${count === 1 ? "1 component differs" : `${formatCount(count)} components differ`}`,
  },
  quiet: "Nothing reports yet",
  nothing: "–",
} as const;
