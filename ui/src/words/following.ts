/** The document that is followed, and the overrides over it. */

import type { Actor, FollowState, OverriddenPart, Override, Rollout } from "../bindings/wire";
import { formatAgo, formatCount, formatMoment } from "../format";
import { hostOf } from "../model/address";
import { isolated, isolatedWithin } from "../model/isolated";
import type { OverridesChange, RowOverrides } from "../model/overrides";
import { flags } from "./flags";
import { capital, doors, inLines, moment, nameOf, plural } from "./shared";

const overrides = (count: number): string => plural(count, "override");

const parts: Record<OverriddenPart, string> = {
  master: "Master switch",
  bucketing: "Bucketing",
  rollout: "Default rollout",
  switch: "Switch",
  custom_rollout: "Custom rollout",
  requires: "Requires",
  about: "Description",
  unknown: "Other key",
};

/** What an override is about, in full: `ui.badges, custom rollout`. */
const subject = ({ place, component, what }: Pick<Override, "place" | "component" | "what">) => {
  if (component !== null) {
    return what === "switch" ? component : `${component}, ${parts[what].toLowerCase()}`;
  }
  return what === "unknown" ? isolated(place.slice(1)) : parts[what];
};

const isRollout = (value: object): value is Rollout => "percentage" in value && "strategy" in value;

/** A value of a part; `undefined` is none. */
const value = (what: OverriddenPart, it: unknown): string => {
  if (it === undefined) return what === "switch" ? "Not there" : "None";
  if (typeof it === "boolean") return it ? "On" : "Off";
  if (Array.isArray(it)) return it.map((each) => isolated(String(each))).join(", ") || "Nothing";
  if (typeof it !== "object" || it === null) return isolatedWithin(text(it));
  if (isRollout(it)) return capital(flags.rolloutInWords(it));
  const said = Object.entries(it).map(
    ([key, each]) => `${isolated(key)}: ${isolatedWithin(text(each))}`,
  );
  return said.join("\n") || "Empty group";
};

const text = (it: unknown): string => (typeof it === "string" ? it : JSON.stringify(it));

const state = (it: FollowState, nowMs: number): string => {
  switch (it.kind) {
    case "waiting":
      return "Fetching for the first time";
    case "fresh":
      return "Up to date";
    case "retrying":
      return `Retrying since ${moment(it.sinceMs, nowMs)}: ${isolatedWithin(it.reason)}`;
    case "stale":
      return `Stale since ${moment(it.sinceMs, nowMs)}: ${isolatedWithin(it.reason)}`;
    case "held":
      return `A change is held since ${moment(it.sinceMs, nowMs)}: it would lose ${isolatedWithin(it.lost)}`;
    case "elsewhere":
      return "Fetched by another program on this data folder";
  }
};

export const following = {
  label: "Followed document",
  follows: (address: string) => `Follows ${isolated(hostOf(address))}`,
  from: (address: string) => isolated(address),
  state,
  /** Where the flags come from, in a line of the dashboard. */
  briefly: (it: FollowState, nowMs: number): string => {
    switch (it.kind) {
      case "retrying":
      case "stale":
        return `${it.kind} since ${moment(it.sinceMs, nowMs)}`;
      case "held":
        return "a change is held";
      case "waiting":
        return "not fetched yet";
      case "fresh":
        return "up to date";
      case "elsewhere":
        return "fetched by another program";
    }
  },
  /** What is in force in the meantime, if that is worth saying. */
  inForce: (it: FollowState, isAdopted: boolean): string => {
    if (it.kind === "held") return "The flags in force stay until a person accepts it.";
    if (it.kind !== "stale" && it.kind !== "waiting") return "";
    return isAdopted
      ? "The last good document stays in force."
      : "The flags on this machine stay in force.";
  },
  confirmed: (atMs: number, nowMs: number) => `confirmed ${moment(atMs, nowMs)}`,
  next: (atMs: number, nowMs: number) => `next fetch ${moment(atMs, nowMs)}`,
  overrides,
  showOverrides: "Show what is overridden on this machine",
  fetchNow: "Fetch now",
  review: "Review…",

  mark: ({ own, inside }: RowOverrides): string => {
    const said = own.flatMap(({ what, changes }) =>
      changes.length > 0 ? changes.map(isolatedWithin) : [`${parts[what]}: as followed`],
    );
    if (own.length > 0) return `Overridden on this machine: ${inLines(said, (each) => each)}`;
    return `${overrides(inside)} in this group`;
  },
  suspendedMark: "An override does not act at present",

  parts,
  subject,
  value,
  here: "Here",
  followed: "Followed",
  since: (by: Actor, sinceMs: number, nowMs: number) =>
    `${nameOf(by)} ${doors[by.via]}, ${formatAgo(sinceMs, nowMs)}`,
  sinceInFull: (sinceMs: number) => formatMoment(sinceMs),
  suspended: (why: string) => `Does not act at present: ${isolatedWithin(why)}`,
  isSame: "Currently the same as the followed value. It stays an override until you return it.",
  cardTitle: "Overrides",
  inComponents: (count: number) => `${overrides(count)} of components`,
  inGroup: (count: number) => `${overrides(count)} in this group`,
  showInTree: "Show in the tree",
  showAll: (of: number) => `List all ${formatCount(of)}`,
  giveBack: "Return to followed value",
  giveBackHere: (what: string) => `Return to followed value: ${what}`,
  giveBackOf: (what: string) => `Return ${what} to the followed value`,
  giveBackOne: (path: string | null) =>
    path === null ? "Return to the followed value" : `Return ${path} to the followed value`,
  giveBackMeaning: "End this override, so that the followed value takes effect again",
  publish: "Publish…",
  publishMeaning: "Write this override into the followed document",

  returning: {
    title: "Return overrides?",
    meaning: "The followed values take effect there again. You can undo this.",
    turnsOn: "Flags are turned on again with the master switch.",
    go: (count: number) => `Return ${overrides(count)}`,
  },

  publishing: {
    /** Before who is affected. */
    affected: (address: string) => `Where ${isolated(address)} is followed:`,
    affectedHere: "Here:",
    title: (address: string) => `Publish to ${isolated(hostOf(address))}?`,
    meaning: "What is selected becomes part of the followed document, for everyone who uses it.",
    list: "What is overridden",
    all: (count: number) => `Select all ${formatCount(count)}`,
    nothing: "Nothing: the followed document has the same value",
    cannot: "Not published: it does not act at present.",
    go: (count: number) => `Publish ${overrides(count)}`,
    anyway: "Publish anyway",
    none: "Select at least one override.",
    underWay: "Publishing…",
    published: (summary: string) => isolatedWithin(summary),
    widens: (address: string, count: number) =>
      `At ${isolated(hostOf(address))}, this shows ${plural(count, "component")} to more or other users:`,
    conflicts: (address: string) => `${isolated(hostOf(address))} was changed in the meantime`,
    conflictMeaning:
      "Nothing was published. The changes there were adopted, below your overrides. Choose for each:",
    theirs: "Keep theirs",
    mine: "Publish mine",
    resolve: "Continue",
  },

  held: {
    title: "Accept the followed document?",
    meaning: (address: string) =>
      `${isolated(hostOf(address))} has a document that was not adopted, because it would remove most components.`,
    loses: (removed: number, of: number) =>
      `It removes ${formatCount(removed)} of ${plural(of, "component")}:`,
    changes: "What changes here",
    notLost: "It no longer removes most components, and is adopted with the next fetch.",
    go: "Accept",
    reading: "Fetching the document…",
  },

  /** While a document is followed, each step makes, changes or ends overrides. */
  step: (sentence: string, isFollowing: boolean): string =>
    isFollowing ? `${sentence} · override` : sentence,
  /** What a step did to overrides, after what it changed. */
  note: ({ made, ended }: OverridesChange): string => {
    if (made > 0) return made === 1 ? " · now an override" : ` · now ${overrides(made)}`;
    if (ended > 0) return ended === 1 ? " · override ended" : ` · ${overrides(ended)} ended`;
    return "";
  },
} as const;
