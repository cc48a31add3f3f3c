/** The tree of components. */

import type { Rollout } from "../bindings/wire";
import { formatCount, formatPercent } from "../format";
import { isolated } from "../model/isolated";
import { listed, plural, strategies } from "./shared";

const inWords = (rollout: Rollout): string => {
  const name = strategies[rollout.strategy].toLowerCase();
  const groups = listed(rollout.userGroups.map(isolated), 3);
  const share = `${name}, ${formatPercent(rollout.percentage)}`;
  return groups === "" || rollout.strategy === "blue-green" ? share : `${share}, groups ${groups}`;
};

export const flags = {
  filter: "Filter by name, title, tag or owner",
  filterKey: "/",
  clearFilter: "Clear the filter",
  treeLabel: "Components",
  nothingFound: (query: string) => `No component matches “${isolated(query)}”.`,
  found: (count: number) => `${plural(count, "row")} found`,
  all: "All components",
  allHint: "master switch",
  onOf: (on: number, of: number) => `${formatCount(on)} of ${formatCount(of)} on`,
  customRollout: "custom rollout",
  whose: (rollout: Rollout, isOwn: boolean) =>
    `${isOwn ? "Custom" : "Default"} rollout: ${inWords(rollout)}`,
  needs: (paths: readonly string[]) => `requires ${listed(paths)}`,
  needsMissing: (paths: readonly string[]) => `Off for everyone while ${paths.join(", ")} is off`,
  needsMet: (paths: readonly string[], met: string) => `Requires ${paths.join(", ")}. ${met}`,
  rolloutInWords: (rollout: Rollout): string => inWords(rollout),
  expand: "Expand",
  collapse: "Collapse",
} as const;
