/** Percentages as people set them: typed, dragged, stepped. 0 to 100 in steps of 0.001. */

export const PERCENT_MIN = 0;
export const PERCENT_MAX = 100;

/** Values that a dragged slider snaps to when it is near. */
export const PERCENT_STOPS: readonly number[] = [0, 1, 5, 10, 25, 50, 100];

const DECIMALS_MAX = 3;

/** Why an entry is no percentage. */
export type PercentProblem = "empty" | "not_a_number" | "out_of_range" | "too_fine";

export type PercentEntry =
  { ok: true; percentage: number } | { ok: false; problem: PercentProblem };

/** Reads what a person typed: `12.5`, `12,5`, `12.5 %`. */
export function parsePercent(text: string): PercentEntry {
  const bare = text.trim().replace(/\s*%$/, "");
  if (bare === "") return refused("empty");
  const parts = /^([+-]?)(\d*)(?:[.,](\d*))?$/.exec(bare);
  if (!parts) return refused("not_a_number");
  const [, sign = "", whole = "", fraction = ""] = parts;
  if (whole === "" && fraction === "") return refused("not_a_number");

  const percentage = Number(`${sign}${whole || "0"}.${fraction || "0"}`);
  if (percentage < PERCENT_MIN || percentage > PERCENT_MAX) return refused("out_of_range");
  if (fraction.replace(/0+$/, "").length > DECIMALS_MAX) return refused("too_fine");
  // `|| 0` makes a plain zero of "-0".
  return { ok: true, percentage: percentage || 0 };
}

/** Moves a percentage by `step`, within its range and without the dust of binary fractions. */
export function stepPercent(percentage: number, step: number): number {
  const moved = Math.round((percentage + step) * 1000) / 1000;
  return Math.min(PERCENT_MAX, Math.max(PERCENT_MIN, moved));
}

/**
 * Returns what a slider dragged to `percentage` stands for: the nearest stop if it is within
 * `reach`, else the nearest whole per cent.
 */
export function snapPercent(percentage: number, reach: number): number {
  const bounded = stepPercent(percentage, 0);
  const stop = PERCENT_STOPS.reduce((best, each) =>
    Math.abs(each - bounded) < Math.abs(best - bounded) ? each : best,
  );
  return Math.abs(stop - bounded) <= reach ? stop : Math.round(bounded);
}

function refused(problem: PercentProblem): PercentEntry {
  return { ok: false, problem };
}
