/** All charts on one picture, with what belongs to them to be understood without the window. */

import { inkOfBand, type Inks } from "./inks";
import type { LegendItem } from "./legend";

/** One chart. */
export interface Panel {
  canvas: HTMLCanvasElement;
  title: string;
  /** What it says of the present. */
  told: string;
  legend: readonly LegendItem[];
}

export interface Picture {
  title: string;
  /** Of what and when. */
  about: string;
  panels: readonly Panel[];
  inks: Inks;
}

type Context = CanvasRenderingContext2D;

interface Placed {
  panel: Panel;
  x: number;
  y: number;
  width: number;
  /** The legend in lines that fit. */
  lines: LegendItem[][];
}

const MARGIN = 24;
const GUTTER = 24;
const HEADER = 62;
const TITLE = 24;
const LEGEND_LINE = 18;
const SIGN = 12;

/** Draws a picture. Returns the bytes of its PNG file in base64. */
export function drawPicture(picture: Picture): string {
  const canvas = document.createElement("canvas");
  const ctx = contextOf(canvas);
  const scale = window.devicePixelRatio || 1;
  const sizes = picture.panels.map((panel) => panel.canvas.width / scale);
  const width = Math.max(...sizes, 320) + 2 * MARGIN;
  ctx.font = fontOf(picture.inks, 12, 400);
  const { placed, bottom } = place(ctx, picture.panels, scale, width);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round((bottom + MARGIN) * scale);
  ctx.scale(scale, scale);
  ctx.fillStyle = picture.inks.surface;
  ctx.fillRect(0, 0, width, bottom + MARGIN);
  drawHeader(ctx, picture);
  for (const each of placed) drawPanel(ctx, each, picture.inks, scale);
  return canvas.toDataURL("image/png").replace(/^[^,]*,/, "");
}

/** Places the panels side by side while they fit, then below. */
function place(ctx: Context, panels: readonly Panel[], scale: number, width: number) {
  const placed: Placed[] = [];
  let [x, y, bottom] = [MARGIN, HEADER + MARGIN, HEADER + MARGIN];
  for (const panel of panels) {
    const own = panel.canvas.width / scale;
    if (x > MARGIN && x + own > width - MARGIN + 1) [x, y] = [MARGIN, bottom + GUTTER];
    const lines = linesOf(ctx, panel.legend, own);
    placed.push({ panel, x, y, width: own, lines });
    const height = TITLE + panel.canvas.height / scale + 6 + lines.length * LEGEND_LINE;
    bottom = Math.max(bottom, y + height);
    x += own + GUTTER;
  }
  return { placed, bottom };
}

function drawHeader(ctx: Context, { title, about, inks }: Picture): void {
  write(ctx, title, MARGIN, MARGIN + 14, inks.text, fontOf(inks, 18, 650));
  write(ctx, about, MARGIN, MARGIN + 38, inks.muted, fontOf(inks, 12, 400));
}

function drawPanel(ctx: Context, placed: Placed, inks: Inks, scale: number): void {
  const { panel, x, y, width, lines } = placed;
  const { canvas, title, told } = panel;
  write(ctx, title, x, y + 10, inks.text, fontOf(inks, 13, 600));
  ctx.textAlign = "right";
  write(ctx, told, x + width, y + 10, inks.muted, fontOf(inks, 12, 400));
  ctx.textAlign = "left";
  const height = canvas.height / scale;
  ctx.drawImage(canvas, x, y + TITLE, width, height);
  for (const [index, items] of lines.entries()) {
    drawLegend(ctx, items, x, y + TITLE + height + 15 + index * LEGEND_LINE, inks);
  }
}

function drawLegend(ctx: Context, items: LegendItem[], x: number, y: number, inks: Inks): void {
  let left = x;
  for (const item of items) {
    drawSign(ctx, item, left, y, inks);
    ctx.globalAlpha = 1;
    write(ctx, textOf(item), left + signOf(item), y, inks.muted, fontOf(inks, 12, 400));
    left += widthOf(ctx, item);
  }
}

function drawSign(ctx: Context, { kind, ink }: LegendItem, x: number, y: number, inks: Inks): void {
  ctx.fillStyle = inks[kind === "band" ? inkOfBand(ink) : ink];
  if (kind === "band") ctx.fillRect(x, y - 5, SIGN, 10);
  else if (kind === "shade") {
    for (const [index, alpha] of [0.15, 0.5, 1].entries()) {
      ctx.globalAlpha = alpha;
      ctx.fillRect(x + (index * SIGN) / 3, y - 5, SIGN / 3, 10);
    }
  } else if (kind === "line") ctx.fillRect(x, y - 1, SIGN, 2);
  else if (kind === "bound") {
    const [length, period] = ink === "limit" ? [2, 5] : [5, 7];
    for (let at = 0; at < SIGN; at += period) ctx.fillRect(x + at, y - 1, length, 1.5);
  }
}

/** Breaks a legend into lines of at most `width`. */
function linesOf(ctx: Context, items: readonly LegendItem[], width: number): LegendItem[][] {
  const lines: LegendItem[][] = [];
  let used = Infinity;
  for (const item of items) {
    const own = widthOf(ctx, item);
    if (used + own > width + GUTTER) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)?.push(item);
    used += own;
  }
  return lines;
}

function widthOf(ctx: Context, item: LegendItem): number {
  return signOf(item) + ctx.measureText(textOf(item)).width + 16;
}

function signOf({ kind }: LegendItem): number {
  return kind === "none" ? 0 : SIGN + 5;
}

function textOf({ name, value }: LegendItem): string {
  return value === "" ? name : `${name} ${value}`;
}

function write(ctx: Context, text: string, x: number, y: number, ink: string, font: string): void {
  ctx.font = font;
  ctx.fillStyle = ink;
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, y);
}

function fontOf({ font }: Inks, sizePx: number, weight: number): string {
  return `${weight} ${sizePx}px ${font}`;
}

function contextOf(canvas: HTMLCanvasElement): Context {
  const ctx = canvas.getContext("2d");
  if (!ctx) throw new Error("the engine draws no pictures");
  return ctx;
}
