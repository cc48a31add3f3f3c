/** Where a value comes from: the layers that make it. */

import type { Layer, Override } from "../bindings/wire";
import { hostOf } from "../model/address";
import { isolated } from "../model/isolated";
import { following } from "./following";
import { doors, moment, nameOf } from "./shared";
import { targeted } from "./targeted";

const override = (one: Override, nowMs: number): string => {
  const { parts, value } = following;
  const here = `${parts[one.what]} ${value(one.what, one.value)}`;
  const there = value(one.what, one.followed);
  return `Overridden ${moment(one.sinceMs, nowMs)}: ${here}, followed ${there}`;
};

/** A line for each that decides, or would without those above it. */
const lines = (layer: Layer, nowMs: number): string[] => {
  switch (layer.kind) {
    case "off": {
      const since = layer.sinceMs === null ? "" : ` since ${moment(layer.sinceMs, nowMs)}`;
      return [`All flags off${since}`];
    }
    case "targeted":
      return [`${targeted.who(layer.for)}: ${targeted.until(layer, nowMs)}`];
    case "override":
      return layer.overrides.map((one) => override(one, nowMs));
    case "followed": {
      const from = `Followed from ${isolated(hostOf(layer.from))}`;
      return [layer.revision === null ? from : `${from}, since revision ${layer.revision}`];
    }
    case "local": {
      if (layer.revision === null) return ["Stored here: the safe default"];
      const by = layer.by ? `, ${nameOf(layer.by)} ${doors[layer.by.via]}` : "";
      return [`Stored here, revision ${layer.revision}${by}`];
    }
  }
};

export const layers = {
  title: "Where it comes from, top first",
  lines,
} as const;
