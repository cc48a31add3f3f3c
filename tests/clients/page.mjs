// A page in Chromium, read by the lines of input, with a line for each:
//
//   {"html": "<!doctype html>…"}      serves and opens the page
//   {"text": "#badges"}               prints the text of an element
//   {"told": true}                    prints what the page wrote to its console, and its errors
//
// Prints {"origin": …} of the page first.

import { createInterface } from "node:readline";

import { Chromium } from "./chromium.mjs";
import { serve } from "./pages.mjs";

const served = {};
const pages = await serve(served);
let chromium;

async function answer(asked) {
  if (asked.html) {
    served["/"] = asked.html;
    chromium = await Chromium.open(pages.origin);
    return {};
  }
  if (asked.told) return chromium.told;
  return chromium.evaluate(`document.querySelector(${JSON.stringify(asked.text)})?.textContent`);
}

console.log(JSON.stringify({ origin: pages.origin }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify((await answer(JSON.parse(line))) ?? null));
}
await chromium?.close();
pages.close();
