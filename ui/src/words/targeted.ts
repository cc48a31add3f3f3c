/** Overrides for single applications and users. */

import type { Actor, Target, TargetedOverride } from "../bindings/wire";
import { formatAgo, formatCount } from "../format";
import { isolated } from "../model/isolated";
import {
  NAME_CHARS_MAX,
  USER_BYTES_MAX,
  type RowTargeted,
  type TargetProblem,
} from "../model/targeted";
import { capital, doors, inLines, listed, moment, nameOf, plural } from "./shared";

type Said = Pick<TargetedOverride, "for" | "component" | "on" | "untilMs">;

const who = (target: Target): string =>
  "source" in target ? isolated(target.source) : `user ${isolated(target.user)}`;

/** At the beginning of a sentence; the name of an application stays as it is. */
const subject = (target: Target): string =>
  "source" in target ? who(target) : capital(who(target));

const position = (on: boolean): string => (on ? "on" : "off");

/** Whom several overrides are for, in a word. */
const kinds = (overrides: readonly Pick<TargetedOverride, "for">[]): string => {
  const apps = overrides.filter(({ for: target }) => "source" in target).length;
  const one = overrides.length === 1;
  if (apps === overrides.length) return one ? "a single app" : "single apps";
  if (apps === 0) return one ? "a single user" : "single users";
  return "single apps and users";
};

const count = (overrides: readonly Pick<TargetedOverride, "for">[]): string =>
  `${plural(overrides.length, "override")} for ${kinds(overrides)}`;

const brief = ({ for: target, on, untilMs }: Said, nowMs: number): string =>
  `${subject(target)}: ${position(on)} until ${moment(untilMs, nowMs)}`;

export const targeted = {
  who: subject,
  count,
  cardTitle: "Apps and users",
  none: "No override for a single app or user.",
  add: "For one app or user…",
  addMeaning: "Turn it on or off for one app or user, for a while. Nobody else is affected",
  until: ({ on, untilMs }: Said, nowMs: number) =>
    `${capital(position(on))} until ${moment(untilMs, nowMs)}`,
  since: (by: Actor, sinceMs: number, nowMs: number) =>
    `${nameOf(by)} ${doors[by.via]}, ${formatAgo(sinceMs, nowMs)}`,
  noComponent: "Does not act: there is no such component.",
  end: "End",
  endOf: ({ for: target, component }: Said) => `End override of ${component} for ${who(target)}`,
  endAll: (of: number) => `End all ${formatCount(of)}`,
  showAll: (of: number) => `List all ${formatCount(of)}`,
  show: "Show what is overridden for single apps and users",

  mark: ({ own, inside }: RowTargeted, nowMs: number): string =>
    own.length > 0
      ? `For single apps and users:\n${inLines(own, (each) => brief(each, nowMs))}`
      : `${plural(inside, "override")} for single apps and users in this group`,
  client: "Has overrides",
  clientMeaning: (overrides: readonly TargetedOverride[], nowMs: number): string =>
    inLines(
      overrides,
      ({ component, on, untilMs }) =>
        `${component} ${position(on)} until ${moment(untilMs, nowMs)}`,
    ),

  dialog: {
    title: (component: string) => `Override ${component} for one app or user`,
    kind: "For",
    kinds: { source: "An app", user: "A user" },
    name: "Name of the app",
    nameHint: "Type a name, or choose a connected app",
    noMatch: "Not connected recently. The override takes effect once it connects.",
    user: "User id",
    userHint: "As apps give it to Flagdeck",
    turn: "Turn it",
    on: "On",
    off: "Off",
    time: "How long",
    times: { hour: "1 hour", hours: "8 hours", day: "1 day", week: "7 days" },
    says: ({ for: target, component, on, untilMs }: Said, nowMs: number): string => {
      const everywhere = "user" in target ? ", in every app" : "";
      return `${subject(target)} gets ${component} ${position(on)} until ${moment(untilMs, nowMs)}${everywhere}, whatever its rollout. Nobody else is affected.`;
    },
    requires: (paths: readonly string[]) =>
      `It still requires ${listed(paths, 3)}, which this does not turn on.`,
    allOff: "All flags are off: it takes effect once they are on again.",
    problem: {
      source: {
        empty: "Name the app.",
        long: `A name has ${NAME_CHARS_MAX} characters at most.`,
        letters: "A name has no slashes and no control characters.",
      },
      user: {
        empty: "Enter the user id.",
        long: `A user id has ${USER_BYTES_MAX} bytes at most.`,
        letters: "",
      },
    } satisfies Record<"source" | "user", Record<TargetProblem, string>>,
    go: "Set override",
  },

  set: ({ for: target, component, on, untilMs }: Said, nowMs: number) =>
    `${component} is ${position(on)} for ${who(target)} until ${moment(untilMs, nowMs)}`,
  ended: (overrides: readonly TargetedOverride[]): string => {
    const names = overrides.map(({ for: target, component }) => `${component} for ${who(target)}`);
    if (names.length === 1) return `Override ended: ${names[0] ?? ""}`;
    return `${plural(names.length, "override")} ended: ${listed(names, 3)}`;
  },
  noneToEnd: "No such override is in force any more",
} as const;
