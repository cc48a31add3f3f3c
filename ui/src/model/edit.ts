/**
 * What a document will look like once an edit is stored. For showing it early; the store decides.
 */

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
    case "add_component":
      return { ...document, components: addAt(document.components, edit.path, edit.on) };
    case "add_group":
      return { ...document, components: addAt(document.components, edit.path, {}) };
    case "move":
      return move(document, edit.from, edit.to);
    case "remove":
      return edit.paths.reduce(remove, document);
    case "describe":
      return describe(document, edit);
    case "set_requires":
      return {
        ...document,
        requires: without(
          { ...document.requires, [edit.component]: edit.requires },
          (path, requires) => path === edit.component && requires.length === 0,
        ),
      };
    case "batch":
      return edit.edits.reduce(applyEdit, document);
    case "replace":
      // What it really holds is for the store to say.
      return document;
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

function addAt(group: Group, path: string, node: boolean | Group): Group {
  const [name = "", ...beneath] = path.split(".");
  if (beneath.length === 0) return name in group ? group : { ...group, [name]: node };
  const inner = group[name] ?? {};
  return typeof inner === "boolean"
    ? group
    : { ...group, [name]: addAt(inner, beneath.join("."), node) };
}

function removeAt(group: Group, path: string): Group {
  const [name = "", ...beneath] = path.split(".");
  if (beneath.length === 0) return without(group, (each) => each === name);
  const inner = group[name];
  return typeof inner === "object"
    ? { ...group, [name]: removeAt(inner, beneath.join(".")) }
    : group;
}

function renameAt(group: Group, path: string, to: string): Group {
  const [name = "", ...beneath] = path.split(".");
  const entries = Object.entries(group).map(([each, node]): [string, boolean | Group] => {
    if (each !== name) return [each, node];
    if (beneath.length === 0) return [to, node];
    return [each, typeof node === "object" ? renameAt(node, beneath.join("."), to) : node];
  });
  return Object.fromEntries(entries);
}

function nodeAt(group: Group, path: string): boolean | Group | undefined {
  return path
    .split(".")
    .reduce<boolean | Group | undefined>(
      (node, name) => (typeof node === "object" ? node[name] : undefined),
      group,
    );
}

function move(document: Document, from: string, to: string): Document {
  const node = nodeAt(document.components, from);
  if (node === undefined || nodeAt(document.components, to) !== undefined) return document;
  const components =
    parentOf(from) === parentOf(to)
      ? renameAt(document.components, from, to.slice(to.lastIndexOf(".") + 1))
      : addAt(removeAt(document.components, from), to, node);
  const follow = (path: string) => (isWithin(path, from) ? to + path.slice(from.length) : path);
  const followKeys = <T>(map: Record<string, T> | undefined) =>
    Object.fromEntries(Object.entries(map ?? {}).map(([path, value]) => [follow(path), value]));
  const requires = Object.entries(document.requires ?? {}).map(([path, list]) => [
    follow(path),
    list.map(follow),
  ]);
  return {
    ...document,
    components,
    rollouts: followKeys(document.rollouts),
    about: followKeys(document.about),
    requires: Object.fromEntries(requires) as Record<string, string[]>,
  };
}

function remove(document: Document, path: string): Document {
  const isGone = (each: string) => isWithin(each, path);
  const requires = Object.entries(document.requires ?? {})
    .filter(([each]) => !isGone(each))
    .map(([each, list]): [string, string[]] => [each, list.filter((needed) => !isGone(needed))])
    .filter(([, list]) => list.length > 0);
  return {
    ...document,
    components: removeAt(document.components, path),
    rollouts: without(document.rollouts ?? {}, isGone),
    about: without(document.about ?? {}, isGone),
    requires: Object.fromEntries(requires),
  };
}

function describe(document: Document, edit: Extract<Edit, { kind: "describe" }>): Document {
  const { title, description, owner, tags, expires } = edit;
  const given = without(
    { title, description, owner, tags, expires },
    (_, text) => text === undefined,
  );
  // An empty text or list takes its field away.
  const about = without(
    { ...document.about?.[edit.path], ...given },
    (_, text) => text.length === 0,
  );
  return { ...document, about: { ...document.about, [edit.path]: about } };
}

/** Whether `path` is `group`, or in it. */
export function isWithin(path: string, group: string): boolean {
  return path === group || path.startsWith(`${group}.`);
}

/** The group that `path` is directly in; empty for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

function without<T>(
  map: Readonly<Record<string, T>>,
  isGone: (key: string, value: T) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(map).filter(([key, value]) => !isGone(key, value)));
}
