/** What a restore would change, of a source that reports while a person looks. */

import { describe, expect, it, vi } from "vitest";

import { RestorePreview } from "../src/state/restore_preview.svelte";
import { MemoryHost } from "./support/memory";
import { typical } from "./support/documents";
import { changed, differenceOf } from "./support/state_changes";

describe("the preview of a restore", () => {
  it("counts everything from the answer that its parts are of", async () => {
    const host = new MemoryHost(typical());
    const answers = [differenceOf([changed("n", 1, 2)]), differenceOf([])];
    const ask = vi.spyOn(host, "previewRestore");
    ask.mockImplementation(() => Promise.resolve(answers.shift() ?? differenceOf([])));
    const preview = new RestorePreview(host, 1);
    preview.choose({ snapshot: 1, only: [], except: [], withFlags: false });
    await vi.waitFor(() => expect(preview.total).toBe(1));
    expect(preview.total).toBe(preview.whole?.total);
    expect(ask).toHaveBeenCalledTimes(1);
    preview.choose({ snapshot: 1, only: ["ml.n"], except: [], withFlags: false });
    await vi.waitFor(() => expect(preview.total).toBe(0));
  });
});
