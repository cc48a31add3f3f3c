/** The colours of the style sheet as a canvas takes them. */

import type { Bound, LineTone } from "../../model/charts";

const tokens = {
  main: "--accent",
  second: "--text-faint",
  third: "--text",
  band: "--band",
  bandSecond: "--band-second",
  heat: "--accent",
  limit: "--warning-text",
  strictLimit: "--error-text",
  mark: "--accent-text",
  line: "--line",
  lineStrong: "--line-strong",
  sunken: "--sunken",
  text: "--text",
  muted: "--text-muted",
  surface: "--surface",
} as const;

export type InkName = keyof typeof tokens;

export type Inks = Readonly<Record<InkName, string>> & {
  /** The family that texts are written in. */
  readonly font: string;
};

/** Reads the colours that hold for `probe`, which takes each of them for a moment. */
export function readInks(probe: HTMLElement): Inks {
  // A custom property is handed out as it is written, `light-dark(…)` and all; a colour is computed.
  const entries = Object.entries(tokens).map(([name, token]) => {
    probe.style.color = `var(${token})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.style.color = "";
  return {
    ...(Object.fromEntries(entries) as Record<InkName, string>),
    font: getComputedStyle(probe).fontFamily,
  };
}

export function inkOfLine(tone: LineTone): InkName {
  return tone;
}

/** What lies behind a line of this ink. */
export function inkOfBand(line: InkName): InkName {
  return line === "second" ? "bandSecond" : "band";
}

export function inkOfBound({ isStrict }: Bound): InkName {
  return isStrict ? "strictLimit" : "limit";
}
