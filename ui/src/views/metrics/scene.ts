/** What a plot shows, and its geometry. Does not know how it is drawn. */

import type { Drawing } from "../../model/charts";
import type { Range } from "../../model/chart_range";
import type { Inks } from "./inks";

export interface Scene {
  drawing: Drawing;
  timesS: readonly number[];
  stepS: number;
  range: Range;
  /** The times of the marks, in milliseconds since 1970. */
  marksMs: readonly number[];
  inks: Inks;
  widthPx: number;
  heightPx: number;
}

/** The margins around the values: the same for all plots, so that they line up. */
export const FRAME_PX = { left: 52, right: 10, top: 16, bottom: 22 } as const;

/** The height of the dots of marks, from the top. */
export const DOT_PX = 7;
export const DOT_RADIUS_PX = 3.5;

/** A plot that is drawn. */
export interface Plot {
  show: (scene: Scene) => void;
  readonly canvas: HTMLCanvasElement;
  destroy: () => void;
}

export type Plotter = (target: HTMLElement, scene: Scene) => Plot;
