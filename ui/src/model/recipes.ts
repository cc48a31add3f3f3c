/** The recipes of `docs/recipes/`, with the address of the Flagdeck that shows them. */

import browser from "../../../docs/recipes/browser.html?raw";
import curl from "../../../docs/recipes/curl.sh?raw";
import node from "../../../docs/recipes/node.mjs?raw";
import python from "../../../docs/recipes/python.py?raw";
import rust from "../../../docs/recipes/rust.rs?raw";

/** The address that stands in the files. */
const USUAL_ADDRESS = "http://127.0.0.1:4680";

const texts = { browser, node, python, rust, curl } as const;

export type Language = keyof typeof texts;

export const languages = Object.keys(texts) as Language[];

/** Returns a recipe that works as it is; `address` is where flags are served. */
export function recipe(language: Language, address: string): string {
  return texts[language].trimEnd().replaceAll(USUAL_ADDRESS, address);
}
