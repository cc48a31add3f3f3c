/** What is told when a source confirms a restore while the person looks elsewhere. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { REST_MS } from "../src/state/sources.svelte";
import { words } from "../src/words";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { KeptStates } from "./support/snapshots";

let host: MemoryHost;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
  host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "flags" };
  const taken = [1, 2, 3].map((step) => ({ atMs: Date.now() - (4 - step) * 3_600_000, step }));
  host.states = new KeptStates()
    .add("kanban", taken, { nowMs: Date.now() - 1000 })
    .add("billing", taken, { nowMs: Date.now() - 2000 });
});

afterEach(() => vi.useRealTimers());

const ask = (snapshot = 1) =>
  host.states.restoreElsewhere({ snapshot, only: [], except: [], withFlags: false });
const messages = () => screen.getByRole("region", { name: words.frame.messagesLabel });
const later = () => vi.advanceTimersByTimeAsync(2 * REST_MS);

it("a confirmation is told in every view, with a way to undo", async () => {
  const restore = ask();
  await openOver(host);
  await later();
  expect(messages().textContent.trim()).toBe("");
  host.states.confirm(restore.id);
  await later();
  const told = words.restores.confirmed({ ...restore, status: "confirmed", isExact: true });
  expect(told).toContain("exactly as asked");
  const toast = within(messages());
  toast.getByText(told);
  await user.click(toast.getByRole("button", { name: words.restores.undoDialog.now }));
  await waitFor(() => expect(host.states.restores).toHaveLength(2));
});

it("what a source has otherwise is told as that, and stays", async () => {
  const restore = ask();
  await openOver(host);
  await later();
  host.states.confirm(restore.id, { other: 1 });
  await later();
  expect(within(messages()).getByRole("alert").textContent).toContain(
    "kanban confirmed the restore of everything, but ",
  );
});

it("a restore that is confirmed before the window opens, or cancelled, is not told", async () => {
  host.states.confirm(ask().id);
  const cancelled = ask(2);
  await openOver(host);
  await later();
  host.states.cancel(cancelled.id);
  await later();
  expect(messages().textContent.trim()).toBe("");
});

it("the sources are not read again while no restore is open", async () => {
  await openOver(host);
  await later();
  const reads = vi.spyOn(host, "stateSources");
  host.states.report("kanban", { a: 1 });
  await later();
  expect(reads).not.toHaveBeenCalled();
});
