/** Finding words in the pages of help, and the pieces of a text to be marked. */

import type { HelpBlock, HelpPage } from "../words/help";
import { fold, foldedWords } from "./fold";

/** A stretch of a text that is shown in one way. */
export interface Piece {
  text: string;
  isCode: boolean;
  /** Whether it is what was searched for. */
  isFound: boolean;
}

/** Returns the pages that have every word of a search; those with it in their titles come first. */
export function findPages(pages: readonly HelpPage[], query: string): HelpPage[] {
  const sought = foldedWords(query);
  const found = pages.filter((page) => hasAll(textOf(page), sought));
  const isNamed = (page: HelpPage) => hasAll(fold(page.title), sought);
  return [...found.filter(isNamed), ...found.filter((page) => !isNamed(page))];
}

/** Splits a text at its backticks, and at the words of a search. */
export function piecesOf(text: string, query: string): Piece[] {
  return text.split("`").flatMap((stretch, index) => marked(stretch, index % 2 === 1, query));
}

function marked(text: string, isCode: boolean, query: string): Piece[] {
  const sought = foldedWords(query).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const parts = sought.length === 0 ? [text] : text.split(new RegExp(`(${sought.join("|")})`, "i"));
  return parts
    .map((part, index) => ({ text: part, isCode, isFound: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}

function hasAll(text: string, sought: readonly string[]): boolean {
  return sought.every((word) => text.includes(word));
}

function textOf(page: HelpPage): string {
  const texts = [page.title, ...page.blocks.flatMap(textsOf)];
  return fold(texts.join("\n").replaceAll("`", ""));
}

function textsOf(block: HelpBlock): readonly string[] {
  switch (block.kind) {
    case "text":
    case "heading":
    case "code":
      return [block.text];
    case "steps":
      return block.items;
    case "terms":
      return block.items.flat();
  }
}
