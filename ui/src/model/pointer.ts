/** JSON Pointers (RFC 6901), and the values they lead to. Pure. */

import { visible, visibleJson } from "./visible";

/** The pointer of a member or element of what `pointer` leads to. */
export function childOf(pointer: string, key: string | number): string {
  if (typeof key === "number") return `${pointer}/${key}`;
  const isPlain = !key.includes("/") && !key.includes("~");
  return `${pointer}/${isPlain ? key : key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The keys and indices on the way; none for the whole. */
export function keysOf(pointer: string): string[] {
  if (pointer === "") return [];
  const tokens = pointer.slice(1).split("/");
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The pointer of what holds it; `null` for the whole, which nothing holds. */
export function holderOf(pointer: string): string | null {
  return pointer === "" ? null : pointer.slice(0, pointer.lastIndexOf("/"));
}

/** Everything that holds it, the whole first. */
export function holdersOf(pointer: string): string[] {
  const holders: string[] = [];
  for (let end = pointer.indexOf("/"); end >= 0; end = pointer.indexOf("/", end + 1)) {
    holders.push(pointer.slice(0, end));
  }
  return holders;
}

/** A key that a difference prints, `files[id=7].name`, from the name of the tree on. */
export function rooted(path: string): string {
  if (path === "") return "ml";
  return path.startsWith("[") ? `ml${path}` : `ml.${path}`;
}

/**
 * A pointer as a dotted key of `ml`, as people and applications write it. Names that would be
 * misread are quoted, as `tree/path.rs` of the backend does.
 */
export function dotted(pointer: string): string {
  return ["ml", ...keysOf(pointer).map(step)].join("");
}

function step(name: string): string {
  const isPlain = /^[^/\s.[\]"][^\s.[\]"]*$/u.test(name) && visible(name) === name;
  return isPlain ? `.${name}` : `[${visibleJson(JSON.stringify(name))}]`;
}
