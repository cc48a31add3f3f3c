/** Whom components reach, and that all flags are off. */

import type { AllOff, Reach } from "../bindings/wire";
import { formatPercent } from "../format";
import { isolatedWithin } from "../model/isolated";
import { doors, moment, nameOf, plural } from "./shared";

const allOff = ({ sinceMs, by }: AllOff, nowMs: number): string =>
  sinceMs === null || by === null
    ? "All flags are off: never turned on"
    : `All flags are off since ${moment(sinceMs, nowMs)} by ${nameOf(by)} ${doors[by.via]}`;

const notStored = (why?: string | null): string => {
  const keepsTrying = "Flagdeck keeps trying while it runs.";
  const reason = isolatedWithin(why?.replace(/[.]$/, "") ?? "");
  return reason ? `Not stored yet: ${reason}. ${keepsTrying}` : `Not stored yet: ${keepsTrying}`;
};

export const reach = {
  /** Whom it reaches as things are: nobody while all flags are off. */
  inForce: ({ words, phrase, isNobody }: Reach, isAllOff: boolean) =>
    isAllOff && !isNobody
      ? `Nobody (would reach ${isolatedWithin(phrase)})`
      : isolatedWithin(words),
  seenBy: ({ phrase }: Reach) => `Seen by ${isolatedWithin(phrase)}`,
  wouldBeSeenBy: ({ phrase, isNobody }: Reach) =>
    `Nobody sees it: all flags are off. Once they are on, it is ${isNobody ? "still " : ""}seen by ${isolatedWithin(phrase)}`,
  met: ({ phrase }: Reach) => `Met for ${isolatedWithin(phrase)}`,
  on: ({ phrase, isNobody }: Reach) =>
    `${isNobody ? "On, but for" : "On for"} ${isolatedWithin(phrase)}`,

  allOffState: {
    since: allOff,
    /** `why` it is not stored, if it is not. */
    banner: (state: AllOff, nowMs: number, why?: string | null) =>
      `${allOff(state, nowMs)}.` + (state.isStored ? "" : ` ${notStored(why)}`),
    /** While a document is followed in which they are on. */
    isOverride: "This overrides the followed document, until they are turned back on.",
    turnBackOn: "Turn back on",
    turnOn: "Turn on",
  },

  widening: {
    shows: (count: number, isAllOff: boolean) => {
      const [components, they] = [plural(count, "component"), count === 1 ? "it" : "them"];
      return isAllOff
        ? `Once flags are on, shows ${components} to more or other users:`
        : `Shows ${components} to users who do not see ${they} now:`;
    },
    thenEveryone: (percentage: number) =>
      percentage === 0
        ? "Then it is not restricted to groups, whatever its percentage becomes."
        : `Then ${formatPercent(percentage)} of everyone sees it.`,
    undo: "You can undo this.",
    lastGroup: "Remove the last group?",
    removeGroup: "Remove group",
    useCustom: (path: string) => `Use a custom rollout for ${path}?`,
    useCustomAction: "Use custom rollout",
    useDefault: (path: string) => `Use the default rollout for ${path}?`,
    useDefaultAction: "Use default rollout",
    strategy: (name: string) => `Change to ${name.toLowerCase()}?`,
    strategyAction: "Change strategy",
    requirement: (path: string, required: string) => `${path}: stop requiring ${required}?`,
    requirementAction: "Remove requirement",
  },
} as const;
