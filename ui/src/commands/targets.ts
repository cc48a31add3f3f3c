/**
 * What the palette can go to: every command, every component and group, every revision. Pure: from
 * what there is and what is typed to what is offered.
 */

import type { Document, Override } from "../bindings/wire";
import { foldedWords } from "../model/fold";
import { isolated } from "../model/isolated";
import { positionOf, type Tree } from "../model/tree";
import { words } from "../words";
import type { CommandId } from "./all";
import { catalogue } from "./catalogue";
import { marksOf, QUERY_CHARS_MAX, scoreOf, searchable, type Searchable } from "./fuzzy";

export type Target =
  | { kind: "command"; command: CommandId }
  | { kind: "node"; path: string }
  | { kind: "revision"; revision: number }
  | { kind: "switch"; path: string; on: boolean }
  | { kind: "return"; path: string };

export interface Candidate {
  /** Such as `command:undo`: as it is kept among the recent ones. */
  id: string;
  target: Target;
  /** As it is shown, as is what it is also found by. */
  name: Searchable;
  /** Found by it too. A component's title is shown, a command's further words are not. */
  also: Searchable;
  /** What cannot be done at the moment comes last. */
  isEnabled: boolean;
}

export interface Found {
  candidate: Candidate;
  /** Places of letters that were typed. */
  nameMarks: readonly number[];
  alsoMarks: readonly number[];
}

/** More are not looked through: a better query is quicker. */
export const FOUND_MAX = 30;
export const RECENT_MAX = 20;

/** A match of the title or of a further word counts for less than one of the name. */
const ALSO_SHARE = 0.6;
const RECENT_BONUS = 6;
const DISABLED_COST = 10_000;

/** What each command is called at the moment, and whether it can be done. */
export interface CommandState {
  label: (id: CommandId) => string;
  isEnabled: (id: CommandId) => boolean;
}

export function commandCandidates({ label, isEnabled }: CommandState): Candidate[] {
  return catalogue
    .filter(({ id }) => id !== "palette")
    .map(({ id, also }) => ({
      id: `command:${id}`,
      target: { kind: "command", command: id },
      name: searchable(label(id)),
      also: searchable(also),
      isEnabled: isEnabled(id),
    }));
}

export function nodeCandidates(tree: Tree, about: Document["about"]): Candidate[] {
  return [...tree.byPath.keys()].map((path) => nodeCandidate(path, about));
}

/** The revision that `query` names, such as `r12`, `#12` or `12`, if there is one. */
export function revisionCandidate(query: string, latest: number): Candidate | null {
  const digits = /^(?:revision\s*|r|#)?\s*(\d{1,15})$/i.exec(query.trim())?.[1];
  const revision = Number(digits);
  if (digits === undefined || revision < 1 || revision > latest) return null;
  return {
    id: `revision:${revision}`,
    target: { kind: "revision", revision },
    name: searchable(`r${revision}`),
    also: searchable(""),
    isEnabled: true,
  };
}

/** The switch of the component or group that `query` names exactly. */
export function switchCandidate(query: string, tree: Tree, isWritable: boolean): Candidate | null {
  const path = query.trim();
  const node = tree.byPath.get(path);
  if (!node) return null;
  return {
    id: `switch:${path}`,
    target: { kind: "switch", path, on: positionOf(node) !== "on" },
    name: searchable(path),
    also: searchable(""),
    isEnabled: isWritable,
  };
}

/** Ending the overrides of each component that has any. */
export function returnCandidates(overrides: readonly Override[], isWritable: boolean): Candidate[] {
  const paths = new Set(overrides.flatMap(({ component }) => component ?? []));
  return [...paths].map((path) => ({
    id: `return:${path}`,
    target: { kind: "return", path },
    name: searchable(words.following.giveBackOf(path)),
    also: searchable(""),
    isEnabled: isWritable,
  }));
}

/** What `recent` names and is still there, in its order. */
export function recentCandidates(
  recent: readonly string[],
  commands: readonly Candidate[],
  tree: Tree,
  about: Document["about"],
  latest: number,
): Candidate[] {
  const byId = new Map(commands.map((candidate) => [candidate.id, candidate]));
  return recent.flatMap((id) => {
    const [kind = "", name = ""] = splitOnce(id);
    const found =
      kind === "component" && tree.byPath.has(name)
        ? nodeCandidate(name, about)
        : kind === "revision"
          ? revisionCandidate(name, latest)
          : byId.get(id);
    return found?.isEnabled ? [found] : [];
  });
}

/** Returns the best matches, best first; every word of `query` has to be found. */
export function search(
  candidates: Iterable<Candidate>,
  query: string,
  recent: readonly string[],
): Found[] {
  const asked = foldedWords(query.slice(0, QUERY_CHARS_MAX));
  const favoured = new Set(recent);
  const best = new Best(FOUND_MAX);
  for (const candidate of candidates) {
    const score = scoreAll(asked, candidate);
    if (score <= 0) continue;
    const bonus = favoured.has(candidate.id) ? RECENT_BONUS : 0;
    best.add(candidate, score + bonus - (candidate.isEnabled ? 0 : DISABLED_COST));
  }
  return best.list.map((candidate) => ({
    candidate,
    nameMarks: asked.flatMap((word) => marksOf(word, candidate.name)),
    alsoMarks: asked.flatMap((word) => marksOf(word, candidate.also)),
  }));
}

/** Moves `id` to the front of the recent ones. */
export function remember(id: string, recent: readonly string[]): string[] {
  return [id, ...recent.filter((each) => each !== id)].slice(0, RECENT_MAX);
}

function nodeCandidate(path: string, about: Document["about"]): Candidate {
  return {
    id: `component:${path}`,
    target: { kind: "node", path },
    name: searchable(path),
    also: searchable(isolated(about?.[path]?.title ?? "")),
    isEnabled: true,
  };
}

function scoreAll(asked: readonly string[], { name, also }: Candidate): number {
  let sum = 0;
  for (const word of asked) {
    const score = scoreOf(word, name) || ALSO_SHARE * scoreOf(word, also);
    if (score === 0) return 0;
    sum += score;
  }
  return sum;
}

function splitOnce(id: string): string[] {
  const colon = id.indexOf(":");
  return [id.slice(0, colon), id.slice(colon + 1)];
}

/** Keeps the few best of many, without sorting the many. */
class Best {
  readonly #max: number;
  readonly #kept: { candidate: Candidate; score: number }[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get list(): Candidate[] {
    return this.#kept.map(({ candidate }) => candidate);
  }

  add(candidate: Candidate, score: number): void {
    const worst = this.#kept.at(-1);
    if (this.#kept.length === this.#max && worst && worst.score >= score) return;
    // Equal ones keep their order.
    const at = this.#kept.findLastIndex((kept) => kept.score >= score) + 1;
    this.#kept.splice(at, 0, { candidate, score });
    if (this.#kept.length > this.#max) this.#kept.pop();
  }
}
