/** The keyboard is never lost: if what has it goes away, what takes its place gets it. */

import { screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { safeDefault, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { pulses, quietPulse } from "./support/pulse";
import { noStates } from "./support/snapshot_samples";

const user = userEvent.setup();

const focused = () =>
  (document.activeElement as HTMLElement | null)?.dataset.testid ?? document.activeElement?.id;

const untilFocused = (part: string) => waitFor(() => expect(focused()).toBe(part));

async function enter(part: string) {
  (await screen.findByTestId(part)).focus();
  await user.keyboard("{Enter}");
}

async function open(document = safeDefault()): Promise<MemoryHost> {
  const host = new MemoryHost(document);
  host.states = noStates();
  await openOver(host);
  await screen.findByTestId("master-switch");
  return host;
}

describe("a control that is replaced by its opposite", () => {
  it("passes the keyboard on as the demo is started, stopped and removed", async () => {
    await open();
    await enter("start-demo");
    await untilFocused("stop-demo");
    await user.keyboard("{Enter}");
    await untilFocused("start-demo");
    await enter("remove-demo");
    await enter("remove-demo-now");
    await screen.findByTestId("demo-offer");
    await untilFocused("start-demo");
  });

  it("passes it on also if the other one comes later", async () => {
    const host = await open();
    await enter("start-demo");
    host.pulseNow = pulses.synthetic(Date.now());
    await waitFor(() => {
      expect(screen.getByTestId("sources").textContent).toContain("flagctl demo");
    });
    await enter("remove-demo");
    await enter("remove-demo-now");
    await untilFocused("content");
    host.pulseNow = { ...quietPulse(), version: Infinity };
    await untilFocused("start-demo");
  });

  it("does not interrupt a user who has gone on", async () => {
    const host = await open();
    await enter("start-demo");
    host.pulseNow = pulses.synthetic(Date.now());
    await screen.findByTestId("sources");
    await enter("remove-demo");
    await enter("remove-demo-now");
    await untilFocused("content");
    await user.keyboard("{ArrowDown}");
    host.pulseNow = { ...quietPulse(), version: Infinity };
    await screen.findByTestId("demo-offer");
    // Timers end in their order: one that would move the focus has ended by then.
    await new Promise((done) => setTimeout(done));
    expect(focused()).toBe("content");
  });
});

describe("a control that goes away", () => {
  it("leaves the keyboard to its neighbour", async () => {
    await open(typical());
    await enter("master-switch");
    await enter("card-undo");
    await waitFor(() => expect(screen.queryByTestId("card-undo")).toBeNull());
    await waitFor(() => expect(document.activeElement?.textContent.trim()).toBe("Open flags"));
  });

  it("leaves it to the view if it has none", async () => {
    await open();
    await enter("banner-action-all_off");
    await waitFor(() => expect(screen.queryByTestId("all-off-banner")).toBeNull());
    await untilFocused("content");
  });
});
