/** Plots drawn by uPlot: axes, lines, bands and gaps are its own, the rest uses hooks. */

import "uplot/dist/uPlot.min.css";

import UPlot from "uplot";

import { drawnAt, hasPlace, hasStrip, sharesOf, type Values } from "../../model/charts";
import { formatTick } from "../../format";
import { words } from "../../words";
import { inkOfBand, inkOfBound, inkOfLine } from "./inks";
import { DOT_PX, DOT_RADIUS_PX, FRAME_PX, type Plot, type Scene } from "./scene";

type Data = UPlot.AlignedData;

/** How uPlot numbers the kinds of scales. */
const LINEAR = 1;
const LOGARITHMIC = 3;

const LABEL_PX = 11;
/** Room that a time on its axis needs. */
const TICK_SPACE_PX = 84;
/** The lightest shade must be visible, and a few calculations must differ from none. */
const SHADE_MIN = 0.06;
const SHADE_POWER = 0.6;
/** Marks stand behind what they explain. */
const MARK_ALPHA = 0.75;

/** Draws a scene, and replaces it by others as long as they have the same parts. */
export function makePlot(target: HTMLElement, first: Scene): Plot {
  let scene = first;
  let plot = build();

  function build(): UPlot {
    return new UPlot(
      optionsOf(() => scene),
      dataOf(scene),
      target,
    );
  }

  return {
    show(next) {
      const isOther = partsOf(next) !== partsOf(scene);
      const isResized = next.widthPx !== scene.widthPx || next.heightPx !== scene.heightPx;
      scene = next;
      if (isOther) {
        plot.destroy();
        plot = build();
        return;
      }
      plot.batch(() => {
        if (isResized) plot.setSize({ width: scene.widthPx, height: scene.heightPx });
        plot.setData(dataOf(scene), false);
        plot.setScale("x", rangeOf(scene));
      });
    },
    get canvas() {
      return plot.ctx.canvas;
    },
    destroy: () => plot.destroy(),
  };
}

/** What a plot is built of, and cannot be given in place. */
function partsOf({ drawing: { lines, bands, axis }, inks }: Scene): string {
  const names = [...lines, ...bands].map(({ name }) => name);
  return JSON.stringify([names, axis.isLog, inks]);
}

function rangeOf({ range }: Scene): { min: number; max: number } {
  return { min: range.fromMs / 1000, max: range.toMs / 1000 };
}

/** Each point in the middle of its interval, so that a change appears at its time. */
function dataOf({ drawing, timesS, stepS }: Scene): Data {
  const middles = timesS.map((atS) => atS + stepS / 2);
  const drawn = (values: Values) =>
    timesS.map((_, at) => {
      const value = values[at] ?? null;
      return value === null ? null : drawnAt(drawing, value);
    });
  const bands = drawing.bands.flatMap(({ high, low }) => [drawn(high), drawn(low)]);
  return [middles, ...bands, ...drawing.lines.map(({ values }) => drawn(values))];
}

function optionsOf(scene: () => Scene): UPlot.Options {
  const { drawing, inks, widthPx: width, heightPx: height } = scene();
  const axisOf = () => scene().drawing.axis;
  const { min, max } = rangeOf(scene());
  return {
    width,
    height,
    padding: [FRAME_PX.top, FRAME_PX.right, 0, 0],
    legend: { show: false },
    // Pointer and keyboard are the view's, as all plots share them.
    cursor: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { min, max, auto: false },
      y: {
        // The enumeration exists in the types alone.
        // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
        distr: axisOf().isLog ? LOGARITHMIC : LINEAR,
        range: () => [axisOf().min, axisOf().max],
      },
    },
    axes: [
      {
        ...plainAxis(inks.muted, inks.font),
        size: FRAME_PX.bottom,
        space: TICK_SPACE_PX,
        grid: { show: false },
        values: (plot, splits, _, __, incrS) =>
          splits.map((atS) => (hasRoom(plot, atS) ? formatTick(atS * 1000, incrS * 1000) : "")),
      },
      {
        ...plainAxis(inks.muted, inks.font),
        size: FRAME_PX.left,
        grid: { stroke: inks.line, width: 1 },
        splits: () => [...axisOf().ticks],
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map((tick) => words.metrics.tick(scene().drawing, tick)),
      },
    ],
    series: [{}, ...drawing.bands.flatMap(() => [edge, edge]), ...seriesOf(scene())],
    bands: drawing.bands.map((_, index) => ({
      series: [2 * index + 1, 2 * index + 2],
      fill: inks[inkOfBand(inkOfLine(drawing.bands[index]?.tone ?? "main"))],
    })),
    hooks: {
      drawClear: [(plot) => drawGround(plot, scene())],
      draw: [(plot) => drawOver(plot, scene())],
    },
  };
}

/** Whether a time fits on its axis: near the right end it would be cut off. */
function hasRoom(plot: UPlot, atS: number): boolean {
  const widthPx = plot.bbox.width / UPlot.pxRatio;
  return plot.valToPos(atS, "x") + TICK_SPACE_PX / 3 <= widthPx + FRAME_PX.right;
}

const edge: UPlot.Series = { stroke: "transparent", width: 0, points: { show: false } };

function plainAxis(stroke: string, font: string): UPlot.Axis {
  return { stroke, font: `${LABEL_PX}px ${font}`, gap: 6, ticks: { show: false } };
}

function seriesOf({ drawing: { lines }, inks }: Scene): UPlot.Series[] {
  return lines.map(({ tone }) => ({
    stroke: inks[inkOfLine(tone)],
    width: tone === "main" ? 1.75 : 1.25,
    // A point between two gaps has no line to be seen by.
    points: { show: true, size: 4, fill: inks[inkOfLine(tone)], width: 0, filter: lonely },
  }));
}

function lonely(plot: UPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  const found: number[] = [];
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  }
  return found;
}

/** The background of the lines: the strip over the edge, and the heat map of durations. */
function drawGround(plot: UPlot, scene: Scene): void {
  const { drawing } = scene;
  if (drawing.edge !== null && hasStrip(drawing)) drawStrip(plot, scene, drawing.edge);
  if (drawing.id === "heat") drawHeat(plot, scene);
}

function drawStrip(plot: UPlot, { drawing, inks }: Scene, edge: number): void {
  const { ctx, bbox } = plot;
  const from = plot.valToPos(edge, "y", true);
  ctx.save();
  ctx.fillStyle = inks.sunken;
  ctx.fillRect(bbox.left, bbox.top, bbox.width, from - bbox.top);
  ctx.fillStyle = inks.muted;
  ctx.font = `${LABEL_PX * UPlot.pxRatio}px ${inks.font}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  const middle = plot.valToPos(drawnAt(drawing, edge * 2), "y", true);
  ctx.fillText(words.metrics.over(drawing), bbox.left - 6 * UPlot.pxRatio, middle);
  ctx.restore();
}

function drawHeat(plot: UPlot, { drawing, timesS, stepS, inks }: Scene): void {
  const { ctx, bbox } = plot;
  const rows = drawing.edgesS.length + 1;
  const rowHeight = bbox.height / rows;
  const gap = Math.max(1, Math.round(UPlot.pxRatio));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = inks.heat;
  for (const { left, right, counts } of columnsOf(plot, { drawing, timesS, stepS })) {
    const shares = sharesOf(counts);
    if (!shares) continue;
    // If columns are narrow, gaps between them would hide their colour.
    const width = right - left - (right - left > 6 * gap ? gap : 0);
    for (const [row, share] of shares.entries()) {
      if (share === 0) continue;
      ctx.globalAlpha = SHADE_MIN + (1 - SHADE_MIN) * share ** SHADE_POWER;
      const top = Math.round(bbox.top + bbox.height - (row + 1) * rowHeight);
      ctx.fillRect(left, top + gap, width, Math.round(rowHeight) - gap);
    }
  }
  ctx.restore();
}

interface Column {
  left: number;
  right: number;
  counts: number[];
}

/** The columns of the map in whole pixels: points that share one are counted together. */
function columnsOf(
  plot: UPlot,
  { drawing, timesS, stepS }: Pick<Scene, "drawing" | "timesS" | "stepS">,
): Column[] {
  const columns: Column[] = [];
  for (const [at, atS] of timesS.entries()) {
    const left = Math.round(plot.valToPos(atS, "x", true));
    const right = Math.max(left + 1, Math.round(plot.valToPos(atS + stepS, "x", true)));
    const counts = drawing.columns[at] ?? [];
    const last = columns.at(-1);
    if (last && left < last.right) {
      last.counts = counts.map((count, row) => count + (last.counts[row] ?? 0));
      last.right = right;
    } else {
      columns.push({ left, right, counts: [...counts] });
    }
  }
  return columns;
}

/** What lies over the lines: limits and marks. */
function drawOver(plot: UPlot, scene: Scene): void {
  const { ctx, bbox } = plot;
  const { drawing, inks, marksMs } = scene;
  ctx.save();
  ctx.lineWidth = UPlot.pxRatio;
  for (const bound of drawing.bounds) {
    if (!hasPlace(drawing, bound)) continue;
    const y = crisp(plot.valToPos(bound.value, "y", true));
    dash(ctx, inks[inkOfBound(bound)], bound.isStrict ? [6, 4] : [2, 3]);
    stroke(ctx, bbox.left, y, bbox.left + bbox.width, y);
  }
  for (const atMs of marksMs) {
    const x = crisp(plot.valToPos(atMs / 1000, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.globalAlpha = MARK_ALPHA;
    dash(ctx, inks.second, [2, 3]);
    stroke(ctx, x, bbox.top, x, bbox.top + bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillStyle = inks.mark;
    ctx.beginPath();
    ctx.arc(x, DOT_PX * UPlot.pxRatio, DOT_RADIUS_PX * UPlot.pxRatio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}

function dash(ctx: CanvasRenderingContext2D, ink: string, pattern: readonly number[]): void {
  ctx.strokeStyle = ink;
  ctx.setLineDash(pattern.map((each) => each * UPlot.pxRatio));
}

function stroke(ctx: CanvasRenderingContext2D, x: number, y: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

/** In the middle of a pixel, so that a line of one covers one. */
function crisp(at: number): number {
  return Math.round(at) + (UPlot.pxRatio % 2 === 1 ? 0.5 : 0);
}
