/** The demo on the dashboard: offered while nothing reports, labelled while it is here, removed. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, it } from "vitest";

import { safeDefault } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { pulses } from "./support/pulse";
import { noStates } from "./support/snapshot_samples";

const user = userEvent.setup();

async function open(prepare: (host: MemoryHost) => void = () => undefined): Promise<MemoryHost> {
  const host = new MemoryHost(safeDefault());
  host.states = noStates();
  prepare(host);
  await openOver(host);
  await screen.findByTestId("master-switch");
  return host;
}

const click = async (testid: string) => user.click(await screen.findByTestId(testid));

function left(host: MemoryHost) {
  host.demoNow = {
    ...host.demoNow,
    sources: [{ name: "synthetic-demo", snapshots: 12, calculations: 3204 }],
    flags: ["Master switch off", "calculator off"],
    turnsFlagsOn: false,
  };
}

describe("while nothing reports", () => {
  it("one click starts the demo, which is labelled until it is removed", async () => {
    const host = await open();
    const offer = await screen.findByTestId("demo-offer");
    expect(offer.textContent).toContain("Some flags are turned on for half of the users");
    await click("start-demo");
    const strip = await screen.findByTestId("demo-strip");
    expect(strip.textContent).toContain("The demo is playing");
    expect(screen.queryByTestId("demo-offer")).toBeNull();
    await click("stop-demo");
    await within(strip).findByText("Demo data is here");
    expect(host.demoNow.isPlaying).toBe(false);
  });

  it("does not say that it turns flags on if others are in force", async () => {
    await open((host) => (host.demoNow = { ...host.demoNow, turnsFlagsOn: false }));
    const offer = await screen.findByTestId("demo-offer");
    expect(offer.textContent).not.toContain("turned on");
  });

  it("opens the sample app, or says how to open it", async () => {
    const host = await open();
    await click("open-sample");
    await screen.findByText("Opened in your browser");
    host.browserTrouble = "the desktop has no program to open it with";
    await click("open-sample");
    await screen.findByText(/^Not opened: .* Open its address in a browser yourself\.$/);
    await screen.findByText("Copy address");
    expect(host.samplesOpened).toBe(2);
  });

  it("says why it did not start", async () => {
    const host = await open();
    await screen.findByTestId("demo-offer");
    host.refusal = { code: "read_only", message: "Nothing can be saved.", problems: [] };
    await click("start-demo");
    await screen.findByText("Nothing can be saved.");
    expect(screen.queryByTestId("demo-strip")).toBeNull();
  });
});

it("is not offered beside an application that reports", async () => {
  await open((host) => (host.pulseNow = pulses.typical(Date.now())));
  await waitFor(() => {
    expect(screen.getByTestId("performance-metrics-verdict").textContent).not.toContain("Reading");
  });
  expect(screen.queryByTestId("demo-offer")).toBeNull();
});

describe("a removal", () => {
  it("says what goes, what is turned back and what stays, and does it", async () => {
    const host = await open(left);
    await screen.findByText("Demo data is here");
    await click("remove-demo");
    const dialog = await screen.findByTestId("remove-demo-dialog");
    for (const said of [
      "synthetic-demo",
      "its state, 12 snapshots and 3,204 calculations",
      "Turn flags back that the demo turned on",
      "calculator off",
      "You can undo the flags",
      "close its tab",
    ]) {
      expect(dialog.textContent).toContain(said);
    }
    expect((await axe.run(dialog, { runOnly: ["wcag2a", "wcag2aa"] })).violations).toEqual([]);
    await click("remove-demo-now");
    await screen.findByText("Demo removed, 2 flag changes made");
    expect(host.demosRemoved).toEqual([false]);
    expect(screen.queryByTestId("demo-strip")).toBeNull();
  });

  it("keeps the flags if that is chosen", async () => {
    const host = await open(left);
    await click("remove-demo");
    await click("turn-flags-back");
    await click("remove-demo-now");
    await screen.findByText("Demo removed");
    expect(host.demosRemoved).toEqual([true]);
  });

  it("that fails says why, and can be tried again", async () => {
    const host = await open(left);
    await click("remove-demo");
    host.refusal = { code: "failed", message: "The disk is full.", problems: [] };
    await click("remove-demo-now");
    const dialog = screen.getByTestId("remove-demo-dialog");
    await within(dialog).findByText("The disk is full.");
    host.refusal = null;
    await click("remove-demo-now");
    await screen.findByText("Demo removed, 2 flag changes made");
  });
});
