/**
 * Why a user sees a component, with every user in one bucket. Knows which requirements are switched
 * off, and not whether a user is in the rollout of each.
 */

import type { Document, Explanation, Rollout } from "../../src/bindings/wire";
import { reachOf } from "../../src/model/reach";
import { rolloutOf } from "../../src/model/rollout";
import { growTree } from "../../src/model/tree";
import { reachesOf, requiredBy } from "./reach";

interface User {
  id: string;
  groups: readonly string[];
  bucket: number;
}

type Rule = readonly [reason: string, ok: boolean, text: string];

export function explainIn(
  document: Document,
  component: string,
  user: User,
): Omit<Explanation, "revision" | "layers"> {
  const rules = rulesOf(document, component, user);
  const decisive = rules.findIndex(([, ok]) => !ok);
  const looked = decisive < 0 ? rules : rules.slice(0, decisive + 1);
  const [reason, value, why] = looked.at(-1) ?? ["", false, ""];
  const who = user.id === "" ? "a user without an id" : `"${user.id}"`;
  const reach = reachOf(reachesOf(document), component);
  const { percentage, strategy, userGroups } = rolloutOf(document, component);
  const own = document.rollouts?.[component] !== undefined;
  const required = requiredBy(document, component);
  return {
    component,
    value,
    reason,
    sentence: `${component} is ${value ? "on" : "off"} for ${who}: ${why}.`,
    steps: looked.map(([, ok, text]) => ({ ok, text })),
    rollout: { own, percentage, strategy, userGroups },
    bucket: user.id === "" ? null : user.bucket,
    threshold: percentage * 1000,
    failingPrerequisite:
      reason === "prerequisite" && !value
        ? (required.find((path) => !isOn(document, path)) ?? null)
        : null,
    reach: document.enabled ? (reach?.words ?? null) : "Nobody: all flags are off",
  };
}

const isOn = (document: Document, path: string): boolean =>
  growTree(document.components).byPath.get(path)?.componentsOn === 1;

/** Every rule in order; the first that is not met decides, else the last. */
function rulesOf(document: Document, component: string, user: User): Rule[] {
  const state = (on: boolean) => (on ? "on" : "off");
  const required = requiredBy(document, component);
  const missing = required.find((path) => !isOn(document, path));
  const requirement: Rule =
    missing === undefined
      ? ["prerequisite", true, `what it requires is on for this user (${required.join(", ")})`]
      : ["prerequisite", false, `it requires ${missing}, which is switched off`];
  const whose = document.rollouts?.[component] ? "its custom rollout" : "the default rollout";
  const isSwitchedOn = isOn(document, component);
  return [
    ["master_off", document.enabled, `the master switch is ${state(document.enabled)}`],
    ["component_off", isSwitchedOn, `${component} is switched ${state(isSwitchedOn)}`],
    ...(required.length > 0 ? [requirement] : []),
    ruleOf(rolloutOf(document, component), whose, user),
  ];
}

function ruleOf({ percentage, strategy, userGroups }: Rollout, whose: string, user: User): Rule {
  const group = userGroups.find((each) => user.groups.includes(each));
  if (percentage === 0) return ["zero", false, `${whose} is at 0 %`];
  if (strategy === "canary" && group !== undefined) {
    return ["group", true, `the user is in the group ${group}, which comes first in ${whose}`];
  }
  if (strategy === "feature" && userGroups.length > 0 && group === undefined) {
    const only = `${whose} is only for the groups ${userGroups.join(", ")}`;
    return ["not_in_group", false, `${only}, and the user is in none of them`];
  }
  if (percentage === 100) return ["full", true, `${whose} is at 100 %`];
  if (user.id === "") {
    const placed = `${whose} is at ${percentage} %, and without a user id nobody can be placed`;
    return ["no_user", false, placed];
  }
  const [threshold, isIn] = [percentage * 1000, user.bucket < percentage * 1000];
  const side = isIn ? "below" : "not below";
  const share = `the ${percentage} % of ${whose}`;
  return ["split", isIn, `bucket ${user.bucket} is ${side} ${threshold}, ${share}`];
}
