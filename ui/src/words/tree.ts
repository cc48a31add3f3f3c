/** What can be done in the tree of components: filter, mark, act on a row or on many. */

import type { LastChange } from "../bindings/wire";
import { formatAgoBriefly, formatCount, formatMoment } from "../format";
import type { Standing } from "../model/filter";
import { isolated } from "../model/isolated";

export const tree = {
  nothingFits: "No component fits these filters.",
  showAll: "Show all components",
  noComponents: "There are no components yet.",
  noComponentsHint: "Add the first one, and decide who sees it.",
  addComponent: "Add component",
  addComponentMeaning: "Add a component (Ctrl+N)",

  standing: "State",
  standings: {
    any: "Any state",
    on: "On",
    off: "Off",
    expiring: "Expires soon",
    waiting: "Blocked",
    overridden: "Overridden",
  } satisfies Record<Standing, string>,
  standingMeaning:
    "Show only what is on, off, expired or about to expire, blocked by a requirement, or overridden",
  labels: "Tags",
  labelsMeaning: "Show only components with these tags, or of these owners",
  labelsChosen: (count: number) => `Tags · ${formatCount(count)}`,
  findLabel: "Find a tag or owner",
  tags: "Tags",
  owners: "Owners",
  noLabels: "No component has a tag or an owner yet. Both are given in the details.",
  noLabelFound: (text: string) => `No tag or owner contains “${isolated(text)}”.`,
  moreLabels: (count: number) => `${formatCount(count)} more: type to find them`,
  chosenLabels: "Chosen tags and owners",
  removeTag: (tag: string) => `Do not ask for the tag ${isolated(tag)}`,
  owner: (owner: string) => `Owner: ${isolated(owner)}`,
  removeOwner: (owner: string) => `Do not ask for the owner ${isolated(owner)}`,
  clearAll: "Clear",

  lastChange: ({ atMs }: { atMs: number }, nowMs: number) => formatAgoBriefly(atMs, nowMs),
  lastChangeMeaning: ({ atMs, revision }: Omit<LastChange, "path">) =>
    `Last changed ${formatMoment(atMs)}, revision ${formatCount(revision)}`,

  rowMenu: (path: string) => `Actions for ${path}`,
  rowActions: "Actions",
  copyPath: "Copy path",
  copied: (path: string) => `Copied ${path}`,
  notCopied: "The path could not be copied. Select it in the details and copy it there.",
  explainUser: "Explain a user",
  addHere: "Add a component here…",
  rename: "Rename…",
  move: "Move…",
  remove: "Remove…",

  bulkLabel: "Marked components",
  markedHidden: (count: number) => `${formatCount(count)} not in view of the filter`,
  markedBriefly: (components: number) => `${formatCount(components)} marked`,
  switchOn: "On",
  switchOff: "Off",
  switchOnAll: "Switch every marked component on",
  switchOffAll: "Switch every marked component off",
  rolloutAll: "Rollout…",
  rolloutAllMeaning: "Give every marked component the same rollout",
  moveAllMeaning: "Move what is marked to another group",
  removeAllMeaning: "Remove what is marked",
  unmark: "Unmark all (Esc)",

  back: "All components",
} as const;
