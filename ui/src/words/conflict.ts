/** Edits that meet. */

import type { Actor, Rollout } from "../bindings/wire";
import { formatAgo, formatPercent } from "../format";
import { isolated, isolatedLines } from "../model/isolated";
import { doors, nameOf, strategies } from "./shared";

const list = (names: readonly string[]) =>
  names.length === 0 ? "nothing" : names.map(isolated).join(", ");

export const conflict = {
  title: "Changed by someone else",
  everything: "All components",
  explanation: (path: string | null, field: string) =>
    `While you were editing, the ${field} of ${path ?? "all components"} was changed. Which one is right?`,
  by: (actor: Actor, atMs: number, nowMs: number) =>
    `${nameOf(actor)} ${doors[actor.via]}, ${formatAgo(atMs, nowMs)}`,
  before: "When you began",
  theirs: "In force",
  mine: "Yours",
  keepTheirs: "Keep what is in force",
  useMine: "Use mine",
  rollout: "rollout",
  requires: "requirements",
  rolloutFields: { percentage: "percentage", strategy: "strategy", userGroups: "groups" },
  rolloutValue: (rollout: Rollout, field: "percentage" | "strategy" | "userGroups") => {
    switch (field) {
      case "percentage":
        return formatPercent(rollout.percentage);
      case "strategy":
        return strategies[rollout.strategy];
      case "userGroups":
        return list(rollout.userGroups);
    }
  },
  wholeRollout: (rollout: Rollout) =>
    [
      strategies[rollout.strategy],
      formatPercent(rollout.percentage),
      ...rollout.userGroups.map(isolated),
    ].join(", "),
  asAll: "Default",
  aboutFields: {
    title: "title",
    description: "description",
    owner: "owner",
    tags: "tags",
    expires: "expiry",
  },
  aboutValue: (value: string | string[] | undefined) =>
    typeof value === "string" ? isolatedLines(value) : list(value ?? []),
  list,
} as const;
