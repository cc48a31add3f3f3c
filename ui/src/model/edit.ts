/** What a document will look like once an edit is stored. For showing it early; the store decides. */

import type { Document, Edit, Group } from "../bindings/wire";
import { rolloutOf } from "./rollout";

export function applyEdit(document: Document, edit: Edit): Document {
  switch (edit.kind) {
    case "set_master":
      return { ...document, enabled: edit.on };
    case "set_components":
      return {
        ...document,
        components: edit.paths.reduce(
          (group, path) => switchAt(group, path.split("."), edit.on),
          document.components,
        ),
      };
    case "set_rollout":
      return setRollout(document, edit);
    case "clear_rollout": {
      const rest = Object.entries(document.rollouts ?? {}).filter(
        ([path]) => path !== edit.component,
      );
      return { ...document, rollouts: Object.fromEntries(rest) };
    }
  }
}

function switchAt(group: Group, [name, ...beneath]: string[], on: boolean): Group {
  const content = name === undefined ? undefined : group[name];
  if (name === undefined || content === undefined) return group;
  const inner = typeof content === "object" && beneath.length > 0;
  return { ...group, [name]: inner ? switchAt(content, beneath, on) : switchWhole(content, on) };
}

function switchWhole(content: boolean | Group, on: boolean): boolean | Group {
  if (typeof content === "boolean") return on;
  return Object.fromEntries(
    Object.entries(content).map(([name, each]) => [name, switchWhole(each, on)]),
  );
}

function setRollout(document: Document, edit: Extract<Edit, { kind: "set_rollout" }>): Document {
  const path = edit.component;
  const before = path === null ? document.rollout : rolloutOf(document, path);
  const rollout = {
    percentage: edit.percentage ?? before.percentage,
    userGroups: edit.userGroups ?? before.userGroups,
    strategy: edit.strategy ?? before.strategy,
  };
  if (path === null) return { ...document, rollout };
  return { ...document, rollouts: { ...document.rollouts, [path]: rollout } };
}
