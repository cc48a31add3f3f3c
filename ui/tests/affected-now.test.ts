/** Who is affected, when things change meanwhile: what is said is of what is asked now. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import type { Planned, Tally } from "../src/bindings/wire";
import { openWithRosters as open } from "./support/affected";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";
import { withRosters } from "./support/roster_samples";

const user = userEvent.setup();
const slider = () => screen.getByTestId("percent-slider");
const sentence = () => screen.getByTestId("affected-sentence").textContent.trim();
const row = (path: string) => screen.getByTestId(`row-${path}`);
const tip = () => screen.findByTestId("aimed-tip", {}, { timeout: 2000 });
const planned = (host: MemoryHost) => host.asked.map((each) => each.planned);
const turned = (path: string, on: boolean): Planned => ({
  kind: "edit",
  edit: { kind: "set_components", paths: [path], on },
});

/** Leaves each answer to a call waiting, in the order of the calls, until it is let go. */
function held(host: MemoryHost, call: "slide" | "preview" | "onFor"): (() => void)[] {
  const waiting: (() => void)[] = [];
  const answer = host[call].bind(host) as (...args: unknown[]) => Promise<unknown>;
  host[call] = (async (...args: unknown[]) => {
    const value = await answer(...args);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return value;
  }) as never;
  return waiting;
}

/** As the engine does it for a key; jsdom knows nothing of `:focus-visible`. */
function focusByKeys(element: HTMLElement) {
  vi.spyOn(element, "matches").mockReturnValue(true);
  element.focus();
}

describe("a question under way", () => {
  it("is asked again when the flags change meanwhile, and its answer is not told", async () => {
    const host = await open();
    const waiting = held(host, "slide");
    await press(slider(), "PageUp");
    await waitFor(() => expect(waiting).toHaveLength(1));
    host.changeElsewhere({ kind: "set_rollout", component: "ui.badges", percentage: 20 });
    await waitFor(() => expect(row("ui.badges").textContent).toContain("20 %"));
    waiting[0]?.();
    await waitFor(() => expect(waiting).toHaveLength(2));
    expect(sentence()).not.toContain("+400");
    waiting[1]?.();
    await waitFor(() => expect(sentence()).toMatch(/^\+100 gain it/));
  });

  it("is asked again over another roster", async () => {
    const host = await open();
    const waiting = held(host, "slide");
    await press(slider(), "PageUp");
    await waitFor(() => expect(waiting).toHaveLength(1));
    const [first] = host.rosterList;
    if (!first) throw new Error("there are rosters");
    const more = { ...first, name: "Customers-EU", people: 8000, atMs: first.atMs + 1 };
    host.rosterList = [more, ...host.rosterList.filter(({ name }) => name !== more.name)];
    await fireEvent.focus(window);
    waiting[0]?.();
    await waitFor(() => expect(waiting).toHaveLength(2));
    waiting[1]?.();
    await waitFor(() => expect(sentence()).toContain("8,000 people"));
  });

  it("that is not found reads the list of rosters again, once", async () => {
    const host = await open();
    const reads = vi.spyOn(host, "rosters");
    host.slide = (): Promise<Tally> =>
      Promise.reject({ code: "not_found", message: "There is no such roster.", problems: [] });
    await press(slider(), "PageUp");
    await waitFor(() => expect(sentence()).toContain("There is no such roster."));
    await waitFor(() => expect(reads).toHaveBeenCalledTimes(1));
    // A real pause, for further calls that there should not be.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(reads).toHaveBeenCalledTimes(1);
  });

  it("names the chosen roster before the list was read", async () => {
    const host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, view: "flags", roster: "Customers-EU" };
    withRosters(host, "typical");
    host.chosen.roster = "Customers-EU";
    host.rosters = () => new Promise(() => undefined);
    await openOver(host);
    await fireEvent.click(await screen.findByTestId("row-ui.badges"));
    await press(slider(), "PageUp");
    await waitFor(() => expect(host.slides.at(-1)?.roster).toBe("Customers-EU"));
  });
});

describe("a group that was typed", () => {
  it("and left does not stand before the slider", async () => {
    await open();
    await user.type(screen.getByTestId("group-input"), "staff");
    await waitFor(() => expect(sentence()).not.toBe(""));
    await user.click(screen.getByTestId("percent-input"));
    await waitFor(() => expect(screen.queryByTestId("affected")).toBeNull());
    await press(slider(), "Home");
    await waitFor(() => expect(sentence()).toContain("500 lose it"));
  });

  it("with commas is several, and none while it would be refused", async () => {
    const host = await open();
    const groups = () => {
      const last = planned(host).at(-1);
      return last?.kind === "edit" && last.edit.kind === "set_rollout" && last.edit.userGroups;
    };
    const field = screen.getByTestId("group-input");
    field.focus();
    await fireEvent.input(field, { target: { value: "staff, eu" } });
    await waitFor(() => expect(groups()).toEqual(["beta", "staff", "eu"]));
    await fireEvent.input(field, { target: { value: "x".repeat(200) } });
    await waitFor(() => expect(screen.queryByTestId("affected")).toBeNull());
    expect(groups()).toEqual(["beta", "staff", "eu"]);
  });
});

describe("undo, in the settings", () => {
  it("is about settings: nothing is said of flags", async () => {
    const host = await open(null, "settings");
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    const ttl = await screen.findByTestId("field-featureFlags.cache.ttl");
    await user.clear(ttl);
    await user.type(ttl, "77{Enter}");
    const undo = screen.getByTestId("undo");
    await waitFor(() => expect(undo.getAttribute("aria-disabled")).not.toBe("true"));
    await user.hover(undo);
    // A real pause, longer than one has to rest on a control.
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect(planned(host)).toEqual([]);
  });
});

describe("the list of people", () => {
  it("keeps keys from what is behind it, and stays when the question goes", async () => {
    const host = await open();
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    await press(slider(), "PageUp");
    const field = screen.getByTestId("percent-input");
    field.focus();
    await fireEvent.input(field, { target: { value: "25" } });
    await user.click(await screen.findByTestId("affected-show"));
    await screen.findByTestId("people");
    const revision = host.revision;
    await user.keyboard("{Control>}z{/Control}2");
    expect(host.revision).toBe(revision);
    expect(screen.queryByTestId("step-dialog")).toBeNull();
    // Now nothing would change: the question is gone, the list is not.
    host.changeElsewhere({ kind: "set_rollout", component: "ui.badges", percentage: 25 });
    await waitFor(() => expect(screen.queryByTestId("affected")).toBeNull());
    expect(screen.getByTestId("people")).toBeTruthy();
    await user.click(screen.getByTestId("people-close"));
    expect(screen.queryByTestId("people")).toBeNull();
  });
});

describe("what is said beside a control", () => {
  it("is not of the control before, however late that answer comes", async () => {
    const host = await open();
    const waiting = held(host, "preview");
    await user.hover(screen.getByTestId("switch-calculator"));
    await waitFor(() => expect(waiting).toHaveLength(1), { timeout: 2000 });
    await user.unhover(screen.getByTestId("switch-calculator"));
    await user.hover(screen.getByTestId("switch-ui.dashboard"));
    waiting[0]?.();
    await waitFor(() => expect(waiting).toHaveLength(2), { timeout: 2000 });
    expect(screen.queryByTestId("aimed-tip")?.textContent ?? "").not.toContain("4,000 lose");
    waiting[1]?.();
    expect((await tip()).textContent).toContain("2,000 lose it");
  });

  it("is of what the control would do now, also after it was turned elsewhere", async () => {
    const host = await open();
    await user.hover(screen.getByTestId("switch-calculator"));
    expect((await tip()).textContent).toContain("4,000 lose it");
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    await waitFor(async () => expect((await tip()).textContent).toContain("+4,000 gain it"));
    expect(planned(host).at(-1)).toEqual(turned("calculator", true));
  });

  it("says so when it cannot be counted, and leaves the title until then", async () => {
    const host = await open();
    host.preview = () =>
      Promise.reject({ code: "failed", message: "The file is locked.", problems: [] });
    const allOff = screen.getByTestId("all-off");
    const title = allOff.title;
    await user.hover(allOff);
    expect(allOff.title).toBe(title);
    const shown = await tip();
    expect(shown.textContent).toContain("could not be counted: The file is locked.");
    expect(shown.textContent).toContain(title);
  });

  it("comes to rows by keys, for what Space would do, and goes with it", async () => {
    const host = await open();
    focusByKeys(row("calculator"));
    expect((await tip()).textContent).toContain("4,000 lose it");
    expect(planned(host)).toEqual([turned("calculator", false)]);
    await user.keyboard(" ");
    await waitFor(() => expect(screen.queryByTestId("aimed-tip")).toBeNull());
    await waitFor(() => expect(host.edits).toHaveLength(1));
  });
});

describe("each way to change flags at once says who is affected first", () => {
  const undo = { kind: "undo", of: 1 } as const;

  async function hover(element: HTMLElement, expected: Planned, host: MemoryHost) {
    await user.hover(element);
    await tip();
    expect(planned(host).at(-1)).toEqual(expected);
    expect(host.edits).toEqual([]);
    await user.unhover(element);
  }

  it("the banner that turns all flags on", async () => {
    const host = await open(null, "dashboard", { ...typical(), enabled: false });
    const turnOn = { kind: "edit", edit: { kind: "set_master", on: true } } as const;
    await hover(await screen.findByTestId("banner-action-all_off"), turnOn, host);
  });

  it("undo on the dashboard's card", async () => {
    const host = await open(null, "dashboard");
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    await hover(await screen.findByTestId("card-undo"), undo, host);
  });

  it("undo of a revision in the activity", async () => {
    const host = await open(null, "activity");
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    await hover(await screen.findByTestId("undo-this"), undo, host);
  });

  it("undo in a message", async () => {
    const host = await open();
    await user.click(screen.getByTestId("switch-calculator"));
    const action = await screen.findByTestId("toast-action");
    await user.hover(action);
    await tip();
    expect(planned(host).at(-1)).toEqual(undo);
  });

  it("the end of an override, in the details and in the menu of its row", async () => {
    const host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, view: "flags" };
    withRosters(host, "typical");
    host.follow(typical());
    await host.change({ kind: "set_components", paths: ["ui.badges"], on: false });
    host.edits.length = 0;
    await openOver(host);
    await fireEvent.click(await screen.findByTestId("row-ui.badges"));
    const which = { places: ["/components/ui/badges"] };
    const expected: Planned = { kind: "return_overrides", which };
    const entry = await screen.findByTestId(/^return-/);
    await user.hover(entry);
    await tip();
    const asked = planned(host).at(-1);
    expect(asked?.kind).toBe("return_overrides");
    await user.unhover(entry);
    await user.click(screen.getByTestId("menu-ui.badges"));
    await hover(await screen.findByTestId("menu-return"), asked ?? expected, host);
  });

  it("what is chosen in the palette", async () => {
    const host = await open();
    await user.keyboard("{Control>}k{/Control}");
    const palette = await screen.findByTestId("palette");
    await user.type(screen.getByTestId("palette-input"), "All flags off");
    await waitFor(() => expect(within(palette).getByTestId("affected")).toBeTruthy());
    await waitFor(() => expect(sentence()).toContain("lose something"));
    expect(planned(host).at(-1)).toEqual({
      kind: "edit",
      edit: { kind: "set_master", on: false },
    });
    expect(host.edits).toEqual([]);
  });
});

describe("a dialog that asks", () => {
  it("asks of the flags as they are by now", async () => {
    const host = await open("search.ranking.neural");
    await user.click(screen.getByTestId("strategy-canary"));
    await screen.findByTestId("widening-dialog");
    await waitFor(() => expect(planned(host)).not.toHaveLength(0));
    const before = planned(host).length;
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    await waitFor(() => expect(planned(host).length).toBe(before + 1));
  });

  it("names the step that it takes", async () => {
    const host = await open();
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    const button = await screen.findByTestId("undo");
    await waitFor(() => expect(button.getAttribute("aria-disabled")).not.toBe("true"));
    await fireEvent.click(button);
    await screen.findByTestId("step-dialog");
    await waitFor(() => expect(planned(host).at(-1)).toEqual({ kind: "undo", of: 1 }));
  });
});

describe("for how many a component is on", () => {
  it("is not counted of each that is walked past, nor told of another", async () => {
    const host = await open();
    await screen.findByTestId("on-for");
    const counted = vi.spyOn(host, "onFor");
    row("ui.badges").focus();
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}");
    expect(screen.queryByTestId("on-for")).toBeNull();
    await waitFor(() => expect(counted).toHaveBeenCalled());
    const components = counted.mock.calls.map(([component]) => component);
    expect(new Set(components)).toEqual(new Set(["ui.dashboard"]));
  });

  it("says when it takes long, and when it cannot be counted", async () => {
    const host = await open();
    await screen.findByTestId("on-for");
    const waiting = held(host, "onFor");
    await fireEvent.click(row("calculator"));
    await screen.findByText("Counting…");
    waiting[0]?.();
    await screen.findByTestId("on-for");
    host.onFor = () => Promise.reject({ code: "failed", message: "It is locked.", problems: [] });
    await fireEvent.click(row("tracker"));
    await screen.findByText(/could not be counted: It is locked\./);
    expect(screen.queryByTestId("on-for")).toBeNull();
  });
});

describe("a requirement", () => {
  it("says that it counts while that takes long, and nothing of another", async () => {
    const host = await open();
    const waiting = held(host, "preview");
    const field = screen.getByTestId("requires-input");
    await user.type(field, "search.ranking.feedback");
    await screen.findByText("Counting…");
    expect(document.body.textContent).not.toContain("500 lose it");
    for (let at = 0; at < 3; at += 1) {
      waiting[at]?.();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await waitFor(() => expect(document.body.textContent).toMatch(/500 lose it/));
  });

  it("of the keyboard comes before that of a pointer that lies still", async () => {
    const host = await open();
    await user.click(screen.getByTestId("requires-input"));
    const options = [...document.querySelectorAll('li[role="option"]')];
    const last = options.at(-1);
    if (!last) throw new Error("there are options");
    await user.hover(last);
    const wanted = () => {
      const asked = planned(host).at(-1);
      const edit = asked?.kind === "edit" ? asked.edit : null;
      return edit?.kind === "set_requires" ? edit.requires : null;
    };
    const of = (option: Element | undefined) => option?.querySelector(".value")?.textContent;
    await waitFor(() => expect(wanted()).toEqual([of(last)]));
    await user.keyboard("{ArrowDown}");
    await waitFor(() => expect(wanted()).toEqual([of(options[0])]));
  });
});
