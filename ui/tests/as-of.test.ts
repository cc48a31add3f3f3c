/** The flags as they were: gone to, looked through, explained, restored, and never changed. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { View } from "../src/bindings/wire";
import { formatClock, formatDayAndTime } from "../src/format";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";

const user = userEvent.setup();

/** Wednesday, 25 November 2026, 14:30 on this desktop. */
const NOW_MS = new Date(2026, 10, 25, 14, 30).getTime();
const tuesday = (hours: number, minutes = 0) => new Date(2026, 10, 24, hours, minutes).getTime();

const row = (path: string) => screen.getByTestId(`row-${path}`);
const isOn = (path: string) => screen.getByTestId(`switch-${path}`).ariaChecked === "true";
const banner = () => screen.getByTestId("as-of");
const moment = () => screen.getByTestId("as-of-moment").textContent;
const origin = () => screen.getByTestId("as-of-origin").textContent.replace(/\s+/g, " ").trim();
const since = () => screen.getByTestId("as-of-since").textContent;
const field = () => screen.getByTestId<HTMLInputElement>("as-of-field");
const toast = () => screen.findByTestId("toast");
const isDisabled = (testid: string) => screen.getByTestId(testid).ariaDisabled === "true";

/** Revision 1 on Tuesday at 9, 2 at 15:52, 3 at 18, 4 at 20 which adds a component. */
function withPast(): MemoryHost {
  const host = new MemoryHost(typical());
  host.remember({ kind: "set_components", paths: ["orchestrator"], on: true }, tuesday(9));
  const badges = { kind: "set_rollout", component: "ui.badges" } as const;
  host.remember({ ...badges, percentage: 30 }, tuesday(15, 52));
  host.remember({ ...badges, percentage: 5 }, tuesday(18));
  host.remember({ kind: "add_component", path: "ui.beacon", on: true }, tuesday(20));
  return host;
}

async function openPast(view: View = "flags"): Promise<MemoryHost> {
  const host = withPast();
  host.chosen = { ...host.chosen, view };
  await openOver(host);
  if (view === "flags") await screen.findByTestId("row-*");
  return host;
}

async function lookBack(text: string) {
  await user.keyboard("{Control>}t{/Control}");
  await waitFor(() => expect(document.activeElement).toBe(field()));
  await user.clear(field());
  await user.type(field(), `${text}{Enter}`);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS });
  return () => vi.useRealTimers();
});

describe("the flags as of a moment", () => {
  it("are asked for by a key, begin at this moment, and take another from the keyboard", async () => {
    await openPast();
    await user.keyboard("{Control>}t{/Control}");
    await waitFor(() => expect(document.activeElement).toBe(field()));
    expect(field().value).toBe("2026-11-25 14:30");
    expect(field().selectionEnd).toBe(field().value.length);
    expect(since()).toBe("still in force");
    await user.keyboard("yesterday 16:00{Enter}");
    await waitFor(() => expect(moment()).toBe(`As of ${formatDayAndTime(tuesday(16), NOW_MS)}`));
    expect(field().value).toBe("2026-11-24 16:00");
    const clock = formatClock(tuesday(15, 52));
    expect(origin()).toBe(`Revision 2, saved ${clock} by maria · 2 revisions since`);
    within(banner()).getByText("Read-only");
    expect(row("ui.badges").textContent).toContain("30 %");
    expect(screen.queryByTestId("row-ui.beacon")).toBeNull();
  });

  it("are asked for by a button, from a list of moments", async () => {
    await openPast();
    await user.click(screen.getByTestId("as-of-open"));
    await user.click(await screen.findByTestId("as-of-field"));
    await user.click(screen.getByText("yesterday at this time"));
    await waitFor(() => expect(field().value).toBe("2026-11-24 14:30"));
    expect(origin()).toContain("Revision 1");
    expect(row("ui.badges").textContent).toContain("12.5 %");
  });

  it("come from another view too, which shows the present until then", async () => {
    await openPast("dashboard");
    await screen.findByTestId("master-switch");
    await user.keyboard("{Control>}t{/Control}");
    await screen.findByTestId("as-of");
    await user.keyboard("{Escape}1");
    await screen.findByTestId("master-switch");
  });

  it("before the first revision are the safe default, and that is said", async () => {
    await openPast();
    await lookBack("2026-11-23 12:00");
    await waitFor(() =>
      expect(origin()).toBe(
        "Before the first revision: the safe default, all off · 4 revisions since",
      ),
    );
    expect(isDisabled("as-of-older")).toBe(true);
    expect(isOn("orchestrator")).toBe(false);
  });

  it("are refused in words where the moment is still to come or no moment", async () => {
    const host = await openPast();
    const asked = vi.spyOn(host, "flagsAt");
    await lookBack("16:00");
    const alert = within(banner()).getByRole("alert");
    expect(alert.textContent.trim()).toBe("The moment is still to come. Choose one up to now.");
    expect(field().ariaInvalid).toBe("true");
    await user.clear(field());
    await user.type(field(), "teatime{Enter}");
    expect(alert.textContent).toContain("such as 2026-11-24 16:00, yesterday 16:00");
    await user.clear(field());
    await user.type(field(), "r9{Enter}");
    expect(alert.textContent).toContain("the latest is 4");
    expect(asked).toHaveBeenCalledTimes(1);
    await user.keyboard("{Escape}");
    expect(field().value).toBe("2026-11-25 14:30");
    screen.getByTestId("as-of");
  });

  it("stay as they were where another moment cannot be read, and a message says why", async () => {
    const host = await openPast();
    await lookBack("r2");
    await waitFor(() => expect(moment()).toBe("As of revision 2"));
    const message = "The store did not answer.";
    host.refusals.flagsAt = { code: "failed", message, problems: [] };
    await user.click(screen.getByTestId("as-of-older"));
    expect((await toast()).textContent).toContain("The store did not answer.");
    expect(moment()).toBe("As of revision 2");
    delete host.refusals.flagsAt;
    await user.click(screen.getByTestId("as-of-older"));
    await waitFor(() => expect(moment()).toBe("As of revision 1"));
  });

  it("are walked through revision by revision, by buttons and by keys", async () => {
    await openPast();
    await lookBack("r2");
    await waitFor(() => expect(row("ui.badges").textContent).toContain("30 %"));
    expect(origin()).toBe(
      `Saved ${formatDayAndTime(tuesday(15, 52), NOW_MS)} by maria · 2 revisions since`,
    );
    await user.click(screen.getByTestId("as-of-newer"));
    await waitFor(() => expect(row("ui.badges").textContent).toContain("5 %"));
    await user.keyboard("]");
    await screen.findByTestId("row-ui.beacon");
    expect([since(), isDisabled("as-of-newer")]).toEqual(["still in force", true]);
    await user.keyboard("[[[[[[[[");
    await waitFor(() => expect(moment()).toBe("As of the beginning"));
    await user.keyboard("[[");
    expect(moment()).toBe("As of the beginning");
  });

  it("are left for now by Escape, by the button, and by the palette", async () => {
    await openPast();
    await lookBack("r1");
    await waitFor(() => expect(moment()).toBe("As of revision 1"));
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("as-of")).toBeNull();
    expect(row("ui.badges").textContent).toContain("5 %");
    await waitFor(() => expect(document.activeElement).toBe(row("*")));
    await lookBack("r1");
    await user.click(await screen.findByTestId("as-of-leave"));
    expect(screen.queryByTestId("as-of")).toBeNull();
    await lookBack("r1");
    await waitFor(() => expect(document.activeElement).toBe(row("*")));
    await user.keyboard("{Control>}k{/Control}back to now{Enter}");
    await waitFor(() => expect(screen.queryByTestId("as-of")).toBeNull());
  });

  it("stay while others save, and say how many revisions there were since", async () => {
    const host = await openPast();
    await lookBack("r3");
    await waitFor(() => expect(since()).toBe("1 revision since"));
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    await waitFor(() => expect(since()).toBe("3 revisions since"));
    expect([moment(), isOn("tracker")]).toEqual(["As of revision 3", true]);
  });

  it("keep what is selected, the filter and what is folded, also where it was not there", async () => {
    await openPast();
    await user.click(row("ui.beacon"));
    await user.click(within(row("search")).getByLabelText("Collapse search"));
    await user.type(screen.getByTestId("filter"), "b");
    await lookBack("r2");
    const absent = await screen.findByTestId("absent");
    expect(absent.textContent).toBe("ui.beacon was not there then.");
    expect(screen.getByTestId<HTMLInputElement>("filter").value).toBe("b");
    await user.clear(screen.getByTestId("filter"));
    expect(row("search").ariaExpanded).toBe("false");
    await user.keyboard("{Escape}");
    await waitFor(() => expect(row("ui.beacon").ariaCurrent).toBe("true"));
    expect(screen.queryByTestId("absent")).toBeNull();
  });

  it("say of each row whether it has changed since", async () => {
    const host = await openPast();
    host.changeElsewhere({ kind: "remove", paths: ["tracker"], release: true });
    await lookBack("r2");
    await waitFor(() => expect(row("ui.badges").textContent).toContain("changed"));
    expect(row("tracker").textContent).toContain("gone");
    expect(row("orchestrator").textContent).not.toContain("changed");
  });
});

describe("the past", () => {
  let host: MemoryHost;

  beforeEach(async () => {
    host = await openPast();
    await user.click(row("ui.badges"));
    await lookBack("r2");
    await waitFor(() => expect(moment()).toBe("As of revision 2"));
  });

  const refusal = "This is the past, to be looked at only. Go back to now to change something.";

  it.each([
    ["Space", " "],
    ["F2", "{F2}"],
    ["Delete", "{Delete}"],
    ["Ctrl+Shift+M", "{Control>}{Shift>}m{/Shift}{/Control}"],
    ["Ctrl+N", "{Control>}n{/Control}"],
    ["Ctrl+Z", "{Control>}z{/Control}"],
    ["Ctrl+J", "{Control>}j{/Control}"],
  ])("is not changed by %s, which says so and offers the way to now", async (_, keys) => {
    await user.keyboard(keys);
    expect((await toast()).textContent).toContain(refusal);
    expect([host.edits, host.revision]).toEqual([[], 4]);
    expect(document.querySelector("dialog")).toBeNull();
    await user.click(screen.getByTestId("toast-action"));
    expect(screen.queryByTestId("as-of")).toBeNull();
  });

  it("is not changed by the slider, by keys or by the pointer", async () => {
    const slider = screen.getByTestId("percent-slider");
    expect(slider.ariaValueNow).toBe("30");
    slider.focus();
    await user.keyboard("{ArrowRight}");
    expect((await toast()).textContent).toContain(refusal);
    await fireEvent.pointerDown(slider, { clientX: 120, button: 0, pointerId: 1 });
    await fireEvent.pointerUp(slider, { clientX: 120, button: 0, pointerId: 1 });
    expect([slider.ariaValueNow, host.edits]).toEqual(["30", []]);
  });

  it("has no control that changes it, and each says why", () => {
    const controls = ["switch-*", "switch-ui.badges", "inspector-switch"];
    for (const testid of controls) {
      const control = screen.getByTestId<HTMLButtonElement>(testid);
      expect([control.disabled, control.title]).toEqual([true, refusal]);
    }
    const exact = screen.getByTestId<HTMLInputElement>("percent-input");
    expect([exact.disabled, exact.closest(`[title="${refusal}"]`) !== null]).toEqual([true, true]);
    for (const testid of ["undo", "redo", "add-component"]) {
      expect([isDisabled(testid), screen.getByTestId(testid).title]).toEqual([true, refusal]);
    }
    const adders = ["group-input", "tag-input", "requires-input", "about-title-edit"];
    for (const testid of adders) expect(screen.queryByTestId(testid)).toBeNull();
    expect(screen.getByTestId("group-beta").querySelector("button")).toBeNull();
  });

  it("offers nothing in the menu of a row but to look", async () => {
    await user.click(screen.getByTestId("menu-ui.badges"));
    for (const testid of ["menu-rename", "menu-move", "menu-remove"]) {
      expect(isDisabled(testid)).toBe(true);
    }
    expect([isDisabled("menu-copy"), isDisabled("menu-explain")]).toEqual([false, false]);
  });

  it("does not show what is typed for now, and does not lose it either", async () => {
    await user.keyboard("{Escape}");
    const percent = () => screen.getByTestId<HTMLInputElement>("percent-input");
    await user.clear(percent());
    await user.type(percent(), "many");
    await lookBack("r2");
    await waitFor(() => expect(percent().value).toBe("30"));
    expect(screen.queryByTestId("percent-error")).toBeNull();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(percent().value).toBe("many"));
  });

  it("keeps what is half typed as a draft of the flags as they are", async () => {
    await user.keyboard("{Escape}");
    const percent = screen.getByTestId("percent-input");
    const before = host.document.rollouts?.["ui.badges"]?.percentage;
    await user.clear(percent);
    await user.type(percent, "40");
    await user.keyboard("{Control>}t{/Control}");
    await screen.findByTestId("as-of");
    expect(screen.getByTestId<HTMLInputElement>("percent-input").value).not.toBe("40");
    await user.click(screen.getByTestId("as-of-leave"));
    await waitFor(() =>
      expect(screen.getByTestId<HTMLInputElement>("percent-input").value).toBe("40"),
    );
    expect(host.document.rollouts?.["ui.badges"]?.percentage).toBe(before);
  });

  it("is not taken for the present by the palette, which can switch what is named", async () => {
    await user.keyboard("{Control>}k{/Control}tracker");
    await user.click(await screen.findByText("Turn tracker off"));
    expect((await toast()).textContent).toContain(refusal);
    expect(host.edits).toEqual([]);
  });

  it("keeps what is marked, and does nothing to it", async () => {
    await user.keyboard("{Shift>}{ArrowDown}{/Shift}");
    expect(screen.getByTestId("bulk-count").textContent).toBe("2 marked");
    expect([isDisabled("bulk-off"), screen.getByTestId("bulk-off").title]).toEqual([true, refusal]);
    await user.click(screen.getByTestId("as-of-leave"));
    expect(screen.getByTestId("bulk-count").textContent).toBe("2 marked");
    expect(isDisabled("bulk-off")).toBe(false);
  });

  it("does not stand in the way of an emergency", async () => {
    await user.click(screen.getByTestId("all-off"));
    await waitFor(() => expect(host.document.enabled).toBe(false));
    expect([moment(), isOn("*")]).toEqual(["As of revision 2", true]);
    await waitFor(() => expect(since()).toBe("3 revisions since"));
  });

  it("leaves the other views at the present, which can be changed there", async () => {
    await user.keyboard("1");
    const master = await screen.findByTestId("master-switch");
    await user.click(master);
    await waitFor(() => expect(host.document.enabled).toBe(false));
    await user.keyboard("2");
    await screen.findByTestId("as-of");
    expect(isOn("*")).toBe(true);
  });

  it("is restored after a look at what that changes, and that is then how things are", async () => {
    await user.click(screen.getByTestId("as-of-restore"));
    const dialog = await screen.findByTestId("restore-dialog");
    within(dialog).getByText("Restore revision 2?");
    await user.click(await screen.findByTestId("restore-now"));
    await waitFor(() => expect(host.revision).toBe(5));
    await waitFor(() => expect(screen.queryByTestId("as-of")).toBeNull());
    expect(row("ui.badges").textContent).toContain("30 %");
    expect(host.document.rollouts?.["ui.badges"]?.percentage).toBe(30);
  });

  it("cannot be restored where it is in force", async () => {
    await user.keyboard("]]");
    await waitFor(() => expect(since()).toBe("still in force"));
    expect(isDisabled("as-of-restore")).toBe(true);
  });
});

describe("why a user saw it", () => {
  it("is told by the flags of then", async () => {
    const host = await openPast();
    await user.click(row("ui.badges"));
    await user.type(screen.getByTestId("explain-user"), "maria");
    await screen.findByText("Off for maria");
    const asked = vi.spyOn(host, "explain").mock.calls;
    await lookBack("tue 16:00");
    await screen.findByText("Was on for maria");
    expect(asked.at(-1)).toEqual(["ui.badges", "maria", [], { revision: 2 }]);
    const card = within(screen.getByTestId("explain"));
    card.getByText("Why did a user see it?");
    card.getByText(/the 30 % of its custom rollout$/);
    await user.click(screen.getByTestId("as-of-older"));
    await screen.findByText("Was off for maria");
    await user.keyboard("{Escape}");
    await screen.findByText("Off for maria");
    expect(asked.at(-1)).toEqual(["ui.badges", "maria", []]);
  });

  it("is not asked anew because of what others save", async () => {
    const host = await openPast();
    await user.click(row("ui.badges"));
    await lookBack("r2");
    await screen.findByText("Was off for someone without an id");
    const asked = vi.spyOn(host, "explain").mock.calls;
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    await waitFor(() => expect(since()).toBe("3 revisions since"));
    expect(asked).toEqual([]);
  });
});

describe("a revision leads to the flags as of it", () => {
  it("from the activity", async () => {
    await openPast("activity");
    await user.click(await screen.findByTestId("revision-2"));
    await user.click(await screen.findByTestId("see-flags"));
    await waitFor(() => expect(moment()).toBe("As of revision 2"));
    expect(row("ui.badges").textContent).toContain("30 %");
  });

  it("from the history of a component, which then ends there", async () => {
    await openPast();
    await user.click(row("ui.badges"));
    const history = within(screen.getByTestId("component-history"));
    await history.findByTestId("history-3");
    await user.click(screen.getByTestId("see-flags-2"));
    await waitFor(() => expect(moment()).toBe("As of revision 2"));
    await waitFor(() => expect(screen.queryByTestId("history-3")).toBeNull());
    history.getByText("History until then");
    screen.getByTestId("history-2");
  });
});
