/** A damaged state in the window: why it is not shown, and a snapshot in its place on request. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";
import { KeptStates } from "./support/snapshots";

const MINUTE_MS = 60_000;

let host: MemoryHost;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  const nowMs = Date.now();
  const taken = [1, 2, 3].map((step) => ({ atMs: nowMs - (4 - step) * 5 * MINUTE_MS, step }));
  host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "snapshots" };
  host.states = new KeptStates().add("app", taken, { nowMs: nowMs - 4000 });
  user = userEvent.setup();
});

async function openNow(): Promise<void> {
  await openOver(host);
  // The latest is opened by itself.
  await waitFor(() => expect(screen.getByTestId("snapshot-3").textContent).toMatch(/^\s*B/));
  await user.click(screen.getByTestId("snapshot-now"));
}

describe("a damaged state", () => {
  it("is not shown, and says why", async () => {
    host.states.damage("app");
    await openNow();
    const unread = await screen.findByTestId("not-read");
    expect(unread.textContent).toContain("change 7 does not match its hash");
    expect(within(unread).getByTestId("recover").textContent).toContain("snapshot 3");
  });

  it("is recovered once that is confirmed, and Activity has it", async () => {
    host.states.damage("app");
    await openNow();
    await user.click(await screen.findByTestId("recover"));
    const dialog = await screen.findByTestId("recover-state");
    expect(dialog.textContent).toContain("reported after it is lost");
    expect(host.states.restores).toHaveLength(0);
    await user.click(within(dialog).getByTestId("recover-state-go"));
    await waitFor(() => expect(screen.queryByTestId("not-read")).toBeNull(), { timeout: 3000 });
    expect(host.states.restores.map(({ status }) => status)).toEqual(["recovered"]);

    await press(document.body, "6");
    const row = await screen.findByTestId("restore-row-1", {}, { timeout: 3000 });
    expect(row.textContent).toContain("recover a damaged state from snapshot 3");
    expect(row.textContent).toContain("Recovered");
    await user.click(row);
    const details = await screen.findByTestId("restore-details");
    expect(details.textContent).toContain("Took the place of a damaged state");
    expect(within(details).queryByTestId("restore-undo")).toBeNull();
  });

  it("is marked where its source is chosen, and above the snapshots", async () => {
    host.states.damage("app");
    await openOver(host);
    await screen.findByTestId("source-damaged-app");
    expect(screen.getByTestId("snapshot-now").textContent).toContain("damaged: cannot be read");
  });

  it("offers no recovery if no snapshot can be read", async () => {
    host.states.damage("app", { isRecoverable: false });
    await openNow();
    await screen.findByTestId("not-read");
    expect(screen.queryByTestId("recover")).toBeNull();
  });
});

describe("a damaged snapshot", () => {
  it("is marked in the list, and a search says that it could not be read", async () => {
    host.states.damageSnapshot(2);
    await openOver(host);
    await screen.findByTestId("damaged-2");
    expect(screen.queryByTestId("damaged-1")).toBeNull();
    expect(screen.queryByTestId("snapshots-unsearched")).toBeNull();
    await user.type(screen.getByTestId("snapshots-text"), "performance");
    const unsearched = await screen.findByTestId("snapshots-unsearched");
    expect(unsearched.textContent).toContain("1 snapshot could not be read");
  });

  it("is counted where blame and a comparison could not read records", async () => {
    const blame = host.blame.bind(host);
    const stateDifference = host.stateDifference.bind(host);
    host.blame = async (at, key) => ({
      ...(await blame(at, key)),
      unreadable: { records: 2, snapshots: 1 },
    });
    host.stateDifference = async (from, to, options) => ({
      ...(await stateDifference(from, to, options)),
      unreadable: { records: 1, snapshots: 0 },
    });
    await openOver(host);
    const changes = await screen.findAllByTestId("state-change");
    expect(screen.getByTestId("compare-notes").textContent).toContain(
      "1 record of changes could not be read",
    );
    changes[0]?.focus();
    await user.keyboard("b");
    const told = await screen.findByTestId("blame-unreadable");
    expect(told.textContent).toContain(
      "2 records of changes and 1 snapshot could not be read. Another change may have set it.",
    );
  });
});
