/** Loads what draws plots, once a view wants it: until then it costs nothing. */

import { locale } from "../../format";
import type { Plotter } from "./scene";

export async function loadPlotter(): Promise<Plotter> {
  // uPlot draws later, when an exception could not be caught.
  if (!document.createElement("canvas").getContext("2d")) throw new Error("no canvas to draw on");
  speakKnownLanguage();
  const { makePlot } = await import("./uplot");
  return makePlot;
}

/** Under `LANG=C` the engine reports a language that `Intl` throws at, and uPlot asks it at once. */
function speakKnownLanguage(): void {
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(Navigator.prototype, "language", {
      get: () => locale,
      configurable: true,
    });
  }
}
