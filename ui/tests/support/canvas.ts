/** A canvas that takes everything and shows nothing, for an engine that has none. */

/** Every text written on any canvas since it was emptied. */
export const written: string[] = [];

const LETTER_PX = 6;

export function installCanvas(): void {
  const contexts = new WeakMap<HTMLCanvasElement, unknown>();
  const getContext = function (this: HTMLCanvasElement) {
    const known = contexts.get(this) ?? contextOf(this);
    contexts.set(this, known);
    return known;
  };
  HTMLCanvasElement.prototype.getContext = getContext as unknown as HTMLCanvasElement["getContext"];
  HTMLCanvasElement.prototype.toDataURL = () => "data:image/png;base64,UE5H";
  globalThis.Path2D = function Path2D() {
    return silent({});
  } as unknown as typeof Path2D;
}

function contextOf(canvas: HTMLCanvasElement): unknown {
  return silent({
    canvas,
    measureText: (text: string) => ({ width: text.length * LETTER_PX }),
    fillText: (text: string) => void written.push(text),
  });
}

/** Can be asked to do anything, and does only what is in `known`. */
function silent(known: Record<string, unknown>): Record<string, unknown> {
  return new Proxy(known, {
    get: (target, name: string) => (name in target ? target[name] : () => undefined),
  });
}
