/** A followed document with overrides over it, as the backend in memory keeps it with a revision. */

import type {
  Actor,
  Document,
  Followed,
  Group,
  OverriddenPart,
  Override,
} from "../../src/bindings/wire";
import { isWithin } from "../../src/model/edit";
import { differenceOf } from "./revisions";
import { written } from "./documents";

interface Own {
  /** `undefined` for none. */
  value: unknown;
  sinceMs: number;
  by: Actor;
}

export interface KeptFollowed {
  from: string;
  base: Document;
  own: ReadonlyMap<string, Own>;
}

/** The values of a document by place: a JSON Pointer. */
function placesOf(document: Document): Map<string, unknown> {
  const places = new Map<string, unknown>([
    ["/enabled", document.enabled],
    ["/rollout", document.rollout],
  ]);
  const walk = (group: Group, at: string) => {
    for (const [name, node] of Object.entries(group)) {
      if (typeof node === "boolean") places.set(`${at}/${name}`, node);
      else walk(node, `${at}/${name}`);
    }
  };
  walk(document.components, "/components");
  for (const section of ["rollouts", "requires", "about"] as const) {
    for (const [path, value] of Object.entries(document[section] ?? {})) {
      places.set(`/${section}/${path}`, value);
    }
  }
  return places;
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** The places whose value differs, with both values. */
function differing(before: Document, after: Document): [string, unknown, unknown][] {
  const [old, now] = [placesOf(before), placesOf(after)];
  const places = [...new Set([...old.keys(), ...now.keys()])];
  return places
    .map((place): [string, unknown, unknown] => [place, old.get(place), now.get(place)])
    .filter(([, one, other]) => !isSame(one, other));
}

/** Why an override has no place in the followed document; `null` if it has one. */
function suspension(base: Document, place: string): string | null {
  const [, section = "", ...rest] = place.split("/");
  if (section === "components") {
    let node: Group | boolean = base.components;
    for (const segment of rest.slice(0, -1)) {
      const inner: Group | boolean | undefined =
        typeof node === "object" ? node[segment] : undefined;
      if (typeof inner === "boolean") {
        return `The followed document has a component ${segment}, and no group of that name.`;
      }
      node = inner ?? {};
    }
    return null;
  }
  if (!["rollouts", "requires"].includes(section)) return null;
  const path = rest[0] ?? "";
  const isThere = placesOf(base).has(`/components/${path.replaceAll(".", "/")}`);
  return isThere ? null : `There is no component ${path}.`;
}

/** The document that results: the overrides over what is followed. */
export function overridden({ base, own }: KeptFollowed): Document {
  const result = structuredClone(base) as Document & Record<string, unknown>;
  for (const [place, { value }] of own) {
    if (suspension(base, place) === null) put(result, place, value);
  }
  return written(result);
}

function put(document: Document & Record<string, unknown>, place: string, value: unknown) {
  const segments = place.slice(1).split("/");
  const last = segments.pop() ?? "";
  let at: Record<string, unknown> = document;
  for (const segment of segments) at = (at[segment] ??= {}) as Record<string, unknown>;
  if (value === undefined) Reflect.deleteProperty(at, last);
  else at[last] = structuredClone(value);
  if (value !== undefined || segments[0] !== "components") return;
  const path = componentOf(place) ?? "";
  for (const section of [document.rollouts, document.requires, document.about]) {
    if (section) Reflect.deleteProperty(section, path);
  }
}

/** Notes what an edit overrides, and which overrides it ended. */
export function afterEdit(
  kept: KeptFollowed,
  [before, after]: [Document, Document],
  by: Actor,
  sinceMs: number,
): KeptFollowed {
  const base = placesOf(kept.base);
  const own = new Map(kept.own);
  const left = placesOf(after);
  for (const [place, , value] of differing(before, after)) {
    if (isImplied(place, value, left)) continue;
    if (isSame(value, base.get(place))) own.delete(place);
    else own.set(place, { value, sinceMs, by });
  }
  return { ...kept, own };
}

/** Whether it goes only because its component is removed. */
function isImplied(place: string, value: unknown, left: ReadonlyMap<string, unknown>): boolean {
  const [, section = "", path = ""] = place.split("/");
  const isSaid = ["rollouts", "requires", "about"].includes(section);
  return isSaid && value === undefined && !left.has(`/components/${path.replaceAll(".", "/")}`);
}

export function followedOf(kept: KeptFollowed): Followed {
  const base = placesOf(kept.base);
  return {
    from: kept.from,
    overrides: [...kept.own].map(([place, own]) =>
      overrideOf(kept.base, place, own, base.get(place)),
    ),
  };
}

function overrideOf(base: Document, place: string, own: Own, followed: unknown): Override {
  const suspended = suspension(base, place);
  return {
    place,
    component: componentOf(place),
    what: partOf(place),
    changes: sentencesOf(place, followed, own.value),
    ...(own.value !== undefined && { value: own.value }),
    ...(followed !== undefined && { followed }),
    sinceMs: own.sinceMs,
    by: own.by,
    suspended,
  };
}

export function sentencesOf(place: string, before: unknown, after: unknown): string[] {
  const name = componentOf(place) ?? { "/enabled": "Master switch" }[place] ?? "Default rollout";
  if (typeof before === "boolean" && typeof after === "boolean") {
    return before === after ? [] : [`${name} ${after ? "on" : "off"}`];
  }
  if (after === undefined) return [`${name} removed`];
  if (before === undefined && typeof after === "boolean") {
    return [`${name} added, ${after ? "on" : "off"}`];
  }
  const { changes } = differenceOf(before ?? {}, after);
  return changes.map(
    ({ pointer, before, after }) =>
      `${name}, ${pointer.slice(1)}: ${before ?? "nothing"} → ${after ?? "nothing"}`,
  );
}

export function componentOf(place: string): string | null {
  const [, section = "", ...rest] = place.split("/");
  if (section === "components") return rest.join(".");
  return rest.length > 0 ? rest.join("/") : null;
}

export function partOf(place: string): OverriddenPart {
  const parts: Record<string, OverriddenPart> = {
    enabled: "master",
    rollout: "rollout",
    bucketing: "bucketing",
    components: "switch",
    rollouts: "custom_rollout",
    requires: "requires",
    about: "about",
  };
  return parts[place.split("/")[1] ?? ""] ?? "unknown";
}

/** Whether a selection means a place. */
export function isMeant(place: string, component: string): boolean {
  const own = componentOf(place);
  return own !== null && isWithin(own, component);
}
