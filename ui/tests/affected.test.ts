/** Who gains and who loses, before it is done: beside the slider, beside controls, in dialogs. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import type { Planned } from "../src/bindings/wire";
import { openWithRosters as open } from "./support/affected";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";

const user = userEvent.setup();
const slider = () => screen.getByTestId("percent-slider");
const sentence = () => screen.getByTestId("affected-sentence").textContent.trim();
const warning = () => screen.getByTestId("affected-warning").textContent.trim();
const row = (path: string) => screen.getByTestId(`row-${path}`);

async function type(text: string) {
  const field = screen.getByTestId("percent-input");
  field.focus();
  await fireEvent.input(field, { target: { value: text } });
}

const plannedEdits = (host: MemoryHost) => host.asked.map(({ planned }) => planned);

describe("the slider", () => {
  it("says who gains and loses while it moves, and saves nothing by that", async () => {
    const host = await open();
    await press(slider(), "PageUp");
    await waitFor(() =>
      expect(sentence()).toBe(
        "+400 gain it, 0 lose it, 3,600 unchanged (Customers-EU, 4,000 people).",
      ),
    );
    expect(warning()).toBe("");
    await press(slider(), "Home");
    await waitFor(() =>
      expect(sentence()).toBe(
        "0 gain it, 500 lose it, 3,500 unchanged (Customers-EU, 4,000 people).",
      ),
    );
    expect(warning()).toBe("500 people lose what they have.");
    expect(host.edits).toEqual([]);
    expect(host.slides.at(-1)).toEqual({
      edit: { kind: "set_rollout", component: "ui.badges", percentage: 0 },
      roster: "Customers-EU",
    });
    await press(slider(), "Escape");
    await waitFor(() => expect(screen.queryByTestId("affected")).toBeNull());
  });

  it("asks one question at a time, and next the latest", async () => {
    const host = await open();
    const release = host.hold();
    for (let step = 0; step < 5; step += 1) await press(slider(), "ArrowRight");
    expect(host.slides.length).toBe(1);
    release();
    await waitFor(() => expect(sentence()).toContain("+200 gain it"));
    const asked = host.slides.map(({ edit }) => edit.kind === "set_rollout" && edit.percentage);
    expect(asked).toEqual([13.5, 17.5]);
  });

  it("says nothing of before while an answer takes long", async () => {
    const host = await open();
    await press(slider(), "PageUp");
    await waitFor(() => expect(sentence()).toContain("+400 gain it"));
    const release = host.hold();
    await press(slider(), "Home");
    await waitFor(() => expect(sentence()).toBe("Counting…"));
    expect(screen.queryByTestId("affected-show")).toBeNull();
    release();
    await waitFor(() => expect(sentence()).toContain("500 lose it"));
  });

  it("says for how many people the component is on while it rests, and shows them", async () => {
    const host = await open();
    const onFor = await screen.findByTestId("on-for");
    expect(onFor.textContent).toContain("On for 500 of 4,000 people (Customers-EU).");
    await user.click(screen.getByTestId("on-for-show"));
    const people = await screen.findByTestId("people-rows");
    await waitFor(() => expect(within(people).getAllByRole("row").length).toBe(201));
    expect(host.listed.at(-1)).toMatchObject({
      planned: { kind: "standing", at: null },
      wanted: { who: "on", component: "ui.badges", offset: 0 },
    });
  });

  it("of the default rollout tells of everything that follows it", async () => {
    const host = await open("*");
    expect(screen.getByText("Move the slider to see who gains and who loses.")).toBeTruthy();
    await press(slider(), "End");
    await waitFor(() => expect(sentence()).toContain("gain something"));
    expect(host.slides.at(-1)?.edit).toEqual({
      kind: "set_rollout",
      component: null,
      percentage: 100,
    });
  });

  it("tells the expected share without a roster, and the way to one", async () => {
    const host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, view: "flags" };
    await openOver(host);
    await fireEvent.click(await screen.findByTestId("row-ui.badges"));
    expect(await screen.findByTestId("roster-first")).toBeTruthy();
    await press(slider(), "PageUp");
    await waitFor(() =>
      expect(sentence()).toBe(
        "About 10 % gain it, 0 % lose it, 90 % unchanged (expected: there is no roster).",
      ),
    );
    expect(screen.queryByTestId("affected-show")).toBeNull();
    await press(slider(), "Escape");
    await user.click(await screen.findByTestId("roster-first"));
    expect(host.chosen.view).toBe("rosters");
  });

  it("says so when it cannot be counted", async () => {
    const host = await open();
    host.slide = () =>
      Promise.reject({ code: "not_found", message: "There is no roster all.", problems: [] });
    await press(slider(), "PageUp");
    await waitFor(() =>
      expect(sentence()).toBe("Who is affected could not be counted: There is no roster all."),
    );
  });
});

describe("the field", () => {
  it("says the same of what is typed, by group and by weight", async () => {
    await open();
    await type("25");
    await waitFor(() => expect(sentence()).toContain("+500 gain it"));
    await user.click(screen.getByTestId("affected-details"));
    const groups = within(screen.getByTestId("affected-by-group")).getAllByRole("row");
    const cells = (row: HTMLElement) => [...row.children].map((cell) => cell.textContent).join(" ");
    expect(groups.map(cells)).toEqual([
      "Group Gain Lose Unchanged",
      "eu 364 0 2,546",
      "In no group 103 0 717",
      "beta 53 0 367",
      "staff 5 0 33",
    ]);
    expect(screen.getByText("By weight: 10 % gain, 0 % lose, 90 % unchanged.")).toBeTruthy();
  });

  it("is silent of a percentage that there cannot be", async () => {
    const host = await open();
    await type("101");
    await fireEvent.blur(screen.getByTestId("percent-input"));
    expect(host.slides).toEqual([]);
    expect(screen.queryByTestId("affected")).toBeNull();
  });

  it("is asked again when the flags change elsewhere", async () => {
    const host = await open();
    await type("25");
    await waitFor(() => expect(sentence()).toContain("+500 gain it"));
    host.changeElsewhere({ kind: "set_rollout", component: "ui.badges", percentage: 20 });
    await waitFor(() => expect(sentence()).toContain("+200 gain it"));
  });
});

describe("the people affected", () => {
  it("are listed by what happens to them, more on request, and written to a file", async () => {
    const host = await open();
    await type("5");
    await user.click(await screen.findByTestId("affected-show"));
    const dialog = await screen.findByTestId("people");
    // Those who lose something come first.
    await waitFor(() =>
      expect(host.listed.at(-1)?.wanted).toEqual({
        who: "lose",
        component: "ui.badges",
        offset: 0,
        limit: 200,
      }),
    );
    const count = within(dialog).getByTestId("people-count");
    await waitFor(() => expect(count.textContent).toContain("The first 200 people"));
    await user.click(screen.getByTestId("people-more"));
    await waitFor(() => expect(count.textContent).toContain("The first 400 people"));
    expect(host.listed.at(-1)?.wanted.offset).toBe(200);
    await user.click(screen.getByTestId("people-on"));
    await waitFor(() => expect(host.listed.at(-1)?.wanted.who).toBe("on"));
    await waitFor(() => expect(count.textContent).toContain("The first 200 people"));
    await user.click(screen.getByTestId("people-export"));
    await waitFor(() =>
      expect(host.exported).toEqual([
        {
          name: "people-who-stay-on.csv",
          wanted: { who: "on", component: "ui.badges", offset: 0, limit: 0 },
        },
      ]),
    );
    await user.click(screen.getByTestId("people-close"));
    expect(screen.queryByTestId("people")).toBeNull();
    expect(screen.getByTestId<HTMLInputElement>("percent-input").value).toBe("5");
  });

  it("of several components are those of any, until one is chosen", async () => {
    const host = await open("*");
    await fireEvent.click(row("ui"), { ctrlKey: true });
    await fireEvent.click(row("search"), { ctrlKey: true });
    await user.click(await screen.findByTestId("bulk-remove"));
    expect(await screen.findByTestId("remove-dialog")).toBeTruthy();
    await waitFor(() => expect(sentence()).toContain("lose something"));
    await user.click(screen.getByTestId("affected-show"));
    await screen.findByTestId("people");
    const asked = () => host.listed.at(-1)?.wanted;
    await waitFor(() => expect(asked()).toMatchObject({ who: "lose", component: null }));
    expect(screen.queryByTestId("people-on")).toBeNull();
    await user.selectOptions(screen.getByTestId("people-component"), "ui.dashboard");
    await waitFor(() => expect(asked()?.component).toBe("ui.dashboard"));
    await user.click(screen.getByTestId("people-on"));
    await waitFor(() => expect(asked()).toMatchObject({ who: "on", component: "ui.dashboard" }));
    // It is no longer a question about one.
    await user.selectOptions(screen.getByTestId("people-component"), "");
    await waitFor(() => expect(asked()).toMatchObject({ who: "gain", component: null }));
  });
});

describe("a control that one rests on", () => {
  const tip = () => screen.findByTestId("aimed-tip", {}, { timeout: 2000 });

  it.each<[string, string, Planned]>([
    [
      "the switch of a row",
      "switch-calculator",
      { kind: "edit", edit: { kind: "set_components", paths: ["calculator"], on: false } },
    ],
    [
      "the switch of a group",
      "switch-ui",
      { kind: "edit", edit: { kind: "set_components", paths: ["ui"], on: true } },
    ],
    ["the master switch", "switch-*", { kind: "edit", edit: { kind: "set_master", on: false } }],
    ["all flags off", "all-off", { kind: "edit", edit: { kind: "set_master", on: false } }],
    [
      "the switch in the details",
      "inspector-switch",
      { kind: "edit", edit: { kind: "set_components", paths: ["ui.badges"], on: false } },
    ],
    [
      "the default rollout",
      "scope-all",
      { kind: "edit", edit: { kind: "clear_rollout", component: "ui.badges" } },
    ],
    [
      "groups only",
      "strategy-feature",
      {
        kind: "edit",
        edit: { kind: "set_rollout", component: "ui.badges", strategy: "feature" },
      },
    ],
  ])("says who is affected by %s", async (_, id, planned) => {
    const host = await open();
    const control = screen.getByTestId(id);
    await user.hover(control);
    const shown = await tip();
    expect(shown.textContent).toContain("(Customers-EU, 4,000 people)");
    expect(plannedEdits(host)).toEqual([planned]);
    expect(host.edits).toEqual([]);
    await user.unhover(control);
    await waitFor(() => expect(screen.queryByTestId("aimed-tip")).toBeNull());
  });

  it("says who loses what, with what the control says of itself", async () => {
    await open();
    const master = screen.getByTestId("all-off");
    const title = master.title;
    expect(title).not.toBe("");
    await user.hover(master);
    const shown = await tip();
    expect(shown.textContent).toContain(title);
    expect(shown.textContent).toMatch(/[\d,]+ people lose what they have: .*calculator/);
    // The engine would show it, too.
    expect(master.title).toBe("");
    await user.unhover(master);
    await waitFor(() => expect(master.title).toBe(title));
  });

  it("tells it to the keyboard, and with the control", async () => {
    const host = await open();
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    const undo = await screen.findByTestId("undo");
    await waitFor(() => expect(undo.getAttribute("aria-disabled")).not.toBe("true"));
    // jsdom does not know it of an element that takes the focus by itself.
    vi.spyOn(undo, "matches").mockReturnValue(true);
    undo.focus();
    const shown = await tip();
    expect(plannedEdits(host)).toEqual([{ kind: "undo", of: 1 }]);
    expect(shown.textContent).toContain("+4,000 gain it");
    await waitFor(() => expect(undo.getAttribute("aria-describedby")).toBe(shown.id));
    await press(undo, "Escape");
    await waitFor(() => expect(screen.queryByTestId("aimed-tip")).toBeNull());
    expect(undo.getAttribute("aria-describedby")).toBeNull();
  });

  it("says nothing of a choice that is made already, or that waits for another", async () => {
    const host = await open();
    for (const id of ["scope-own", "strategy-canary", "strategy-blue-green"]) {
      await user.hover(screen.getByTestId(id));
      await new Promise((resolve) => setTimeout(resolve, 450));
    }
    expect(host.asked).toEqual([]);
  });
});

describe("groups and requirements", () => {
  it("are counted before they are added and removed", async () => {
    const host = await open();
    await user.hover(screen.getByLabelText("Remove beta"));
    await screen.findByTestId("aimed-tip", {}, { timeout: 2000 });
    expect(plannedEdits(host)).toEqual([
      { kind: "edit", edit: { kind: "set_rollout", component: "ui.badges", userGroups: [] } },
    ]);
    await user.type(screen.getByTestId("group-input"), "staff");
    await waitFor(() =>
      expect(plannedEdits(host).at(-1)).toEqual({
        kind: "edit",
        edit: { kind: "set_rollout", component: "ui.badges", userGroups: ["beta", "staff"] },
      }),
    );
    expect(await screen.findByTestId("affected")).toBeTruthy();
    await user.clear(screen.getByTestId("group-input"));
    await waitFor(() => expect(screen.queryByTestId("affected")).toBeNull());
  });

  it("say below the list what the one would do that the keys are on", async () => {
    const host = await open();
    await user.type(screen.getByTestId("requires-input"), "search.ranking.feedback");
    await waitFor(() => expect(document.body.textContent).toMatch(/0 gain it, 500 lose it/));
    expect(plannedEdits(host).at(-1)).toEqual({
      kind: "edit",
      edit: {
        kind: "set_requires",
        component: "ui.badges",
        requires: ["search.ranking.feedback"],
      },
    });
    expect(host.edits).toEqual([]);
  });
});

describe("a dialog", () => {
  it("counts what is about to be removed", async () => {
    const host = await open("ui");
    row("ui").focus();
    await user.keyboard("{Delete}");
    await screen.findByTestId("remove-dialog");
    await waitFor(() => expect(sentence()).toContain("0 gain something, 2,000 lose something"));
    expect(warning()).toBe("2,000 people lose what they have: ui.badges, ui.dashboard.");
    expect(plannedEdits(host).at(-1)).toEqual({
      kind: "edit",
      edit: { kind: "remove", paths: ["ui"], release: false },
    });
  });

  it("counts the rollout of several as it is typed", async () => {
    await open("calculator");
    await fireEvent.click(row("tracker"), { ctrlKey: true });
    await user.click(await screen.findByTestId("bulk-rollout"));
    const field = screen.getByTestId("bulk-percent");
    await user.clear(field);
    await user.type(field, "5");
    await waitFor(() => expect(sentence()).toMatch(/lose something/));
    expect(warning()).toContain("calculator, tracker");
    await user.click(screen.getByTestId("affected-details"));
    const components = screen.getByTestId("affected-by-component");
    const names = within(components).getAllByRole("rowheader");
    // The dashboard requires the tracker.
    const texts = names.map((name) => name.textContent.trim());
    expect(new Set(texts)).toEqual(new Set(["calculator", "tracker", "ui.dashboard"]));
  });

  it("counts what both values of a conflict are about", async () => {
    const host = await open();
    await type("40");
    host.changeElsewhere({ kind: "set_rollout", component: "ui.badges", percentage: 30 });
    await press(screen.getByTestId("percent-input"), "Enter");
    await screen.findByTestId("conflict");
    await waitFor(() => expect(sentence()).toContain("+400 gain it"));
  });

  it("counts a step that was made elsewhere", async () => {
    const host = await open();
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: false });
    const undo = await screen.findByTestId("undo");
    await waitFor(() => expect(undo.getAttribute("aria-disabled")).not.toBe("true"));
    await fireEvent.click(undo);
    await screen.findByTestId("step-dialog");
    await waitFor(() => expect(sentence()).toContain("+4,000 gain it"));
  });

  it("counts a document before it is imported, and while it is typed", async () => {
    const host = await open();
    const text = JSON.stringify({ ...typical(), enabled: false });
    host.nextFile = { name: "flags.json", text, leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    await screen.findByTestId("import");
    await waitFor(() => expect(sentence()).toContain("lose something"));
    expect(plannedEdits(host).at(-1)).toEqual({ kind: "edit", edit: { kind: "replace", text } });
  });
});

describe("the past", () => {
  it("says for how many people a component was on, and what going back to it would do", async () => {
    const host = await open();
    host.changeElsewhere({ kind: "set_rollout", component: "ui.badges", percentage: 20 });
    host.changeElsewhere({ kind: "set_components", paths: ["ui.badges"], on: false });
    const onFor = () => screen.getByTestId("on-for").textContent;
    await waitFor(() => expect(onFor()).toContain("On for 0 of 4,000 people"));
    await user.keyboard("{Control>}t{/Control}");
    const field = await screen.findByTestId("as-of-field");
    await user.clear(field);
    await user.type(field, "r1{Enter}");
    await screen.findByTestId("as-of");
    await waitFor(() =>
      expect(onFor()).toContain("It was on for 800 of the 4,000 people in Customers-EU now"),
    );
    await user.click(screen.getByTestId("on-for-show"));
    await waitFor(() =>
      expect(host.listed.at(-1)?.planned).toEqual({ kind: "standing", at: { revision: 1 } }),
    );
    await user.click(screen.getByTestId("people-close"));
    await user.click(screen.getByTestId("as-of-restore"));
    await screen.findByTestId("restore-dialog");
    await waitFor(() => expect(sentence()).toContain("+800 gain it"));
    expect(plannedEdits(host).at(-1)).toEqual({ kind: "restore", revision: 1 });
  });
});
