/** The tree of components. */

import type { Rollout } from "../bindings/wire";
import { formatCount, formatPercent } from "../format";
import { listed, plural } from "./shared";

export const flags = {
  filter: "Filter by name, title, tag or owner",
  filterKey: "/",
  clearFilter: "Clear the filter",
  treeLabel: "Components",
  nothingFound: (query: string) => `No component matches “${query}”.`,
  found: (count: number) => `${plural(count, "row")} found`,
  all: "All components",
  allHint: "master switch",
  onOf: (on: number, of: number) => `${formatCount(on)} of ${formatCount(of)} on`,
  asAll: "as all",
  needs: (paths: readonly string[]) => `needs ${listed(paths)}`,
  needsMissing: (paths: readonly string[]) => `Off for everyone while ${paths.join(", ")} is off`,
  needsMet: (paths: readonly string[]) => `Needs ${paths.join(", ")}, on`,
  rolloutHint: (rollout: Rollout): string => {
    switch (rollout.strategy) {
      case "canary":
        return listed(rollout.userGroups);
      case "blue-green":
        return "blue-green";
      case "feature":
        return rollout.userGroups.length > 0 ? `only ${listed(rollout.userGroups)}` : "groups only";
    }
  },
  rolloutInWords: (rollout: Rollout): string => {
    const share = formatPercent(rollout.percentage);
    const groups = listed(rollout.userGroups);
    if (groups === "" || rollout.strategy === "blue-green") return share;
    return rollout.strategy === "canary" ? `${share}, ${groups} first` : `${share} of ${groups}`;
  },
  expand: "Expand",
  collapse: "Collapse",
} as const;
