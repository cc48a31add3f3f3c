/** What the keys do in a chart that has the keyboard. */

export type ChartAction =
  | { kind: "step"; by: number }
  | { kind: "end"; which: "first" | "last" }
  | { kind: "zoom"; factor: number }
  | { kind: "pan"; share: number }
  | { kind: "leave" };

const LEAP_POINTS = 10;
const PAN_SHARE = 0.25;

/** Returns the meaning of a key press; `null` if it is not for the plot. */
export function actionOf({
  key,
  shiftKey,
  ctrlKey,
  altKey,
  metaKey,
}: KeyboardEvent): ChartAction | null {
  if (ctrlKey || altKey || metaKey) return null;
  switch (key) {
    case "ArrowLeft":
      return shiftKey ? { kind: "pan", share: -PAN_SHARE } : { kind: "step", by: -1 };
    case "ArrowRight":
      return shiftKey ? { kind: "pan", share: PAN_SHARE } : { kind: "step", by: 1 };
    case "PageUp":
      return { kind: "step", by: -LEAP_POINTS };
    case "PageDown":
      return { kind: "step", by: LEAP_POINTS };
    case "Home":
      return { kind: "end", which: "first" };
    case "End":
      return { kind: "end", which: "last" };
    // If a plus needs Shift, the sign on its key does too.
    case "+":
    case "=":
      return { kind: "zoom", factor: 0.5 };
    case "-":
    case "_":
      return { kind: "zoom", factor: 2 };
    case "Escape":
      return { kind: "leave" };
    default:
      return null;
  }
}
