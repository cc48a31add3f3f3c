/** Help: what it is called, and its pages in the order they are read. */

import { isolated } from "../model/isolated";
import { forDevelopers } from "./pages/developers";
import { forEveryone } from "./pages/everyone";
import { plural } from "./shared";

export type HelpPageId =
  | "what"
  | "rollout"
  | "ramps"
  | "who"
  | "rosters"
  | "undo"
  | "components"
  | "follow"
  | "metrics"
  | "snapshots"
  | "connect"
  | "report"
  | "commands"
  | "data"
  | "trouble";

/**
 * A piece of a page. In texts, what stands between backticks is code.
 */
export type HelpBlock =
  | { kind: "text"; text: string }
  | { kind: "heading"; text: string }
  /** What is done one after the other. */
  | { kind: "steps"; items: readonly string[] }
  /** Lines to be copied as they stand. */
  | { kind: "code"; text: string }
  /** What is explained, and its explanation. */
  | { kind: "terms"; items: readonly (readonly [term: string, meaning: string])[] };

export interface HelpPage {
  id: HelpPageId;
  title: string;
  blocks: readonly HelpBlock[];
}

const pages: readonly HelpPage[] = [...forEveryone, ...forDevelopers];

export const help = {
  title: "Help",
  contents: "Contents",
  search: "Search the help",
  found: (count: number) => `${plural(count, "page")} found`,
  nothingFound: (query: string) => `No page says “${isolated(query)}”. Try one word of it.`,
  sample: "Example",
  pages,
} as const;
