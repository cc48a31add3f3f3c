import { afterEach, expect, it, vi } from "vitest";

import { copyText } from "../src/widgets/clipboard";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("a text that is read first is written at once: later, engines refuse it", async () => {
  class Item {
    constructor(readonly parts: Record<string, Promise<Blob>>) {}
  }
  const write = vi.fn<(items: Item[]) => Promise<void>>(() => Promise.resolve());
  vi.stubGlobal("ClipboardItem", Item);
  vi.stubGlobal("navigator", { clipboard: { write } });
  let read: (text: string) => void = () => undefined;
  const copied = copyText(new Promise((resolve) => (read = resolve)));
  expect(write).toHaveBeenCalledTimes(1);
  read("c0ffee");
  expect(await copied).toBe(true);
  const [item] = write.mock.calls[0]?.[0] ?? [];
  expect((await item?.parts["text/plain"])?.size).toBe(6);
});

it("a text that cannot be read is said to be so", async () => {
  vi.stubGlobal("ClipboardItem", undefined);
  await expect(copyText(Promise.reject(new Error("no token")))).rejects.toThrow("no token");
});
