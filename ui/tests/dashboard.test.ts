/** The cards of what applications report, over the backend in memory. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Failure, Pulse } from "../src/bindings/wire";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { pulses, quietPulse, type PulseName } from "./support/pulse";

const user = userEvent.setup();
const refused: Failure = { code: "failed", message: "The store did not answer.", problems: [] };

// The samples move with time, and so would their figures.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 10, 24, 12, 0, 7) });
});
afterEach(() => {
  vi.useRealTimers();
});

async function open(pulse: Pulse): Promise<MemoryHost> {
  const host = new MemoryHost(typical());
  host.fillHistory(3);
  host.pulseNow = pulse;
  await openOver(host);
  await screen.findByTestId("master-switch");
  await waitFor(() => expect(text("performance-metrics-verdict")).not.toBe("Reading…"));
  return host;
}

const openSample = (name: PulseName) => open(pulses[name](Date.now()));
const text = (testid: string) => screen.getByTestId(testid).textContent.trim();
const figure = (id: string) => document.querySelector(`#${id} .metric-value`)?.textContent;
const tone = (testid: string) => screen.getByTestId(testid).className;

/** The value beside a name. */
function value(name: string): string | undefined {
  const term = [...document.querySelectorAll("dt")].find(({ textContent }) => textContent === name);
  return term?.nextElementSibling?.textContent.trim();
}

describe("the cards", () => {
  it("tell the usual in figures", async () => {
    await openSample("typical");
    expect(text("performance-metrics-verdict")).toBe("Within limits");
    expect(tone("performance-metrics-verdict")).toContain("status-good");
    expect(Number(figure("performance-metrics"))).toBeGreaterThan(100);
    expect(value("Errors, all calculations")).toBe("0.8 %");
    expect(value("p50 · p95 · p99")).toMatch(/^\d\d ms · 0\.\d\d s · [\d.]+ s$/);
    expect(value("Confidence")).toBe("0.87");
    expect(text("state-health-verdict")).toBe("Healthy");
    expect(figure("state-health")).toBe("2");
    expect(value("Memory")).toBe("96 of 150 MiB");
    expect(value("Flagdeck itself")).toBe("46 MiB");
    expect(value("Events")).toBe("1,204,511 accepted, 3 refused");
    expect(value("Pushed to gateway")).toMatch(/^\d s ago$/);
    expect(text("reporting")).toBe("2 sources reporting");
    expect(text("sources")).toMatch(/checkout-api\s+just now/);
    expect(screen.queryByTestId("performance-metrics-synthetic")).toBeNull();
  });

  it("part no figure from its unit at the end of a line", async () => {
    await openSample("typical");
    const unbroken = [...document.querySelectorAll("dd span")].map((part) => part.textContent);
    expect(unbroken).toContain("0.8 %");
    expect(unbroken).toContain("150 MiB");
  });

  it("name the component that fails for those who have it, though little fails in all", async () => {
    await openSample("failing");
    expect(text("performance-metrics-verdict")).toBe(
      "ui.badges: 9.2 % errors on, 0.6 % off since revision 3",
    );
    expect(tone("performance-metrics-verdict")).toContain("status-error");
    expect(value("Errors, all calculations")).toMatch(/^1\.\d %/);
    const row = screen.getByTestId("arms-ui.badges").textContent.replace(/\s+/g, " ");
    expect(row).toContain("9.2 % 7.6 to 11");
    expect(row).toContain("+8.6 +7.0 to +10.6");
  });

  it("show arms with too little data as such", async () => {
    await openSample("typical");
    expect(screen.getByTestId("arms-tracker").textContent).toContain("40 of 100");
    expect(screen.queryByTestId("roll-back")).toBeNull();
  });

  it("say that calculations are slow, and of what is beyond the last edge no number", async () => {
    await openSample("slow");
    expect(text("performance-metrics-verdict")).toBe(
      "ui.badges: 12 % over 5 s on, 0.3 % off since revision 5",
    );
    expect(value("p50 · p95 · p99")).toMatch(/· >5 s$/);
  });

  it("never let what is made up pass for real", async () => {
    await openSample("synthetic");
    for (const id of ["performance-metrics", "state-health"]) {
      expect(text(`${id}-synthetic`)).toBe("Synthetic data");
    }
    expect(text("sources")).toContain("flagctl demo, synthetic");
    expect(text("reporting")).toBe("1 source reporting");
  });

  it("say that pushing fails, and how much waits", async () => {
    await openSample("push");
    expect(text("state-health-verdict")).toBe("Pushing fails: the gateway refused the connection");
    expect(value("Pushed to gateway")).toBe("failing, 19 waiting");
    expect(text("performance-metrics-verdict")).toBe("Within limits");
  });

  it("say on both that nothing is collected, and why", async () => {
    await openSample("trouble");
    for (const id of ["performance-metrics", "state-health"]) {
      expect(text(`${id}-verdict`)).toContain("Nothing is collected: another process");
      expect(figure(id)).toBe("–");
    }
    expect(value("Pushed to gateway")).toBeUndefined();
  });

  it("hold the extreme", async () => {
    await openSample("extreme");
    expect(figure("performance-metrics")).toMatch(/^[\d.]+[MB]$/);
    expect(value("p50 · p95 · p99")).toBe(">5 s · >5 s · >5 s");
    expect(text("state-health-verdict")).toBe("Memory 3.2 GiB, limit 150 MiB");
    expect(text("sources")).toContain("and 1,203 more");
    // A tooltip does not get higher than a screen.
    expect(screen.getByTestId("sources").title.split("\n")).toHaveLength(21);
    expect(screen.getByTestId("sources").title).toMatch(/\nand 1,184 more$/);
    expect(text("reporting")).toMatch(/^\d+ of 1,204 sources reporting$/);
  });

  it.each(["typical", "extreme", "trouble"] as const)("have names for ears: %s", async (name) => {
    await openSample(name);
    const dashboard = document.querySelector("#dashboard");
    // Colours need an engine that paints.
    const rules = { "color-contrast": { enabled: false } };
    const { violations } = await axe.run(dashboard ?? document, { rules });
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });
});

describe("rolling back", () => {
  it("is said in advance, done in one click, and taken back in another", async () => {
    const host = await openSample("failing");
    expect(text("performance-metrics-detail")).toBe("Sets ui.badges back to 5 % (it is 25 %)");
    const before = host.revision;
    await user.click(screen.getByTestId("roll-back"));
    await waitFor(() => expect(host.revision).toBe(before + 1));
    expect(host.edits.at(-1)?.base).toBe(before);
    expect(host.document.components.ui).toMatchObject({ badges: false });
    const toast = await screen.findByTestId("toast");
    expect(toast.textContent).toContain("Rolled back: ui.badges");
    // The plan was made for the flags as they were.
    expect(screen.getByTestId("roll-back").ariaDisabled).toBe("true");
    await user.click(screen.getByTestId("roll-back"));
    expect(host.revision).toBe(before + 1);
    await user.click(within(toast).getByText("Undo"));
    await waitFor(() => expect(host.document.components.ui).toMatchObject({ badges: true }));
  });

  it("is offered beside the component, by keys, and in the palette", async () => {
    const host = await openSample("failing");
    const button = screen.getByTestId("roll-back-ui.badges");
    expect(button.getAttribute("aria-label")).toBe("Roll back ui.badges");
    button.focus();
    expect(document.activeElement).toBe(button);
    const before = host.revision;
    await user.keyboard("{Control>}k{/Control}");
    await user.keyboard("roll back");
    await screen.findByRole("option", { name: /^Roll back: Sets ui\.badges back to 5 %/ });
    await user.keyboard("{Enter}");
    await waitFor(() => expect(host.revision).toBe(before + 1));
  });

  it("spares a component that has only just become the worst", async () => {
    const host = await openSample("failing");
    const button = screen.getByTestId("roll-back");
    const pulse = pulses.failing(Date.now());
    host.pulseNow = {
      ...pulse,
      version: pulse.version + 1,
      verdict: { ...pulse.verdict, component: "tracker", sentence: "tracker: 20 % errors on" },
      components: pulse.components.slice(0, 1).map((each) => ({
        ...each,
        component: "tracker",
        rollback: each.rollback && { ...each.rollback, component: "tracker" },
      })),
    };
    await waitFor(() => expect(button.getAttribute("aria-label")).toBe("Roll back tracker"));
    const before = host.revision;
    await user.click(button);
    expect(host.edits).toEqual([]);
    // It has been read by then.
    await new Promise((resolve) => setTimeout(resolve, 600));
    await user.click(button);
    await waitFor(() => expect(host.revision).toBe(before + 1));
  });

  it("that meets another change does nothing, and says so", async () => {
    const host = await openSample("failing");
    host.refusal = { code: "conflict", message: "Somebody else saved first.", problems: [] };
    const before = host.revision;
    await user.click(screen.getByTestId("roll-back"));
    expect((await screen.findByTestId("toast")).textContent).toContain("Somebody else saved first");
    expect(host.revision).toBe(before);
  });
});

describe("a change of the flags on the rate", () => {
  it("says what changed, and leads to its revision", async () => {
    const pulse = pulses.typical(Date.now());
    const atMs = Date.now() - 120_000;
    await open({ ...pulse, marks: [{ revision: 2, atMs, sentence: "ui.badges: 12.5 % → 25 %" }] });
    const mark = screen.getByTestId("mark-2");
    expect(mark.getAttribute("aria-label")).toMatch(/^ui\.badges: 12\.5 % → 25 %\. .*revision 2/);
    mark.focus();
    await screen.findByText(/^ui\.badges: 12\.5 % → 25 %/);
    await user.keyboard("{Escape}");
    expect(screen.queryByText(/^ui\.badges: 12\.5 % → 25 %/)).toBeNull();
    await user.keyboard("{Enter}");
    const details = await screen.findByRole("heading", { name: /Revision 2/i });
    expect(details).toBeTruthy();
  });
});

describe("what is reported meanwhile", () => {
  it("comes into the cards by itself, and a verdict is announced once it is another", async () => {
    const host = await openSample("typical");
    const said = () =>
      [...document.querySelectorAll("#dashboard [role=status]")].map((each) =>
        each.textContent.trim(),
      );
    expect(said().join("")).toBe("");
    const fail = (percent: number) => {
      const sentence = `ui.badges: ${percent} % errors on since revision 3`;
      const verdict = { standing: "beyond" as const, sentence, component: "ui.badges" };
      host.pulseNow = { ...host.pulseNow, version: host.pulseNow.version + 1, verdict };
    };
    fail(20);
    await waitFor(() => expect(text("performance-metrics-verdict")).toContain("20 % errors"));
    const first = said().join("");
    expect(first).toContain("Performance: ui.badges: 20 % errors on");
    fail(30);
    await waitFor(() => expect(text("performance-metrics-verdict")).toContain("30 % errors"));
    expect(said().join("")).toBe(first);
  });

  it("is told not to be read, beside what was read last, until it is", async () => {
    vi.useFakeTimers();
    try {
      const host = new MemoryHost(typical());
      host.pulseNow = pulses.typical(Date.now());
      await openOver(host);
      await vi.advanceTimersByTimeAsync(0);
      const before = figure("performance-metrics");
      host.refusals.pulse = refused;
      await vi.advanceTimersByTimeAsync(250);
      for (const id of ["performance-metrics", "state-health"]) {
        expect(text(`${id}-verdict`)).toBe("Not read: The store did not answer.");
      }
      expect(figure("performance-metrics")).toBe(before);
      expect(screen.getAllByText(/^as of /)).toHaveLength(2);
      delete host.refusals.pulse;
      await vi.advanceTimersByTimeAsync(3000);
      expect(text("state-health-verdict")).toBe("Healthy");
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not asked for while another view is shown", async () => {
    const host = await open(quietPulse());
    await fireEvent.click(screen.getByTestId("nav-flags"));
    const asked = host.pulsesAsked;
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(host.pulsesAsked).toBe(asked);
  });

  it("leads to the charts", async () => {
    const host = await openSample("typical");
    await fireEvent.click(screen.getByTestId("open-charts"));
    await waitFor(() => expect(host.chosen.view).toBe("metrics"));
  });
});
