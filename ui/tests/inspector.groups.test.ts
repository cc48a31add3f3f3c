/** Groups and tags as tokens: completed from what is in use, by pointer and by keyboard. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Document } from "../src/bindings/wire";
import { huge, typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent } from "./support/open";

const user = userEvent.setup();

const field = () => screen.getByTestId<HTMLInputElement>("group-input");
const groupsOf = (host: MemoryHost) => host.document.rollouts?.["ui.badges"]?.userGroups;

/** What is listed beneath the field, as it is read out. */
function listed(of = field()): (string | null)[] {
  const list = document.getElementById(of.getAttribute("aria-controls") ?? "");
  if (!list || of.getAttribute("aria-expanded") !== "true") return [];
  return within(list)
    .getAllByRole("option")
    .map((option) => option.textContent);
}

/** The option that the keys are on. */
function active(of = field()): string | null {
  const id = of.getAttribute("aria-activedescendant");
  const option = id === null ? null : document.getElementById(id);
  return option?.getAttribute("aria-selected") === "true" ? option.textContent : null;
}

function withStaffTwice(): Document {
  const document = typical();
  return { ...document, rollout: { ...document.rollout, userGroups: ["staff"] } };
}

describe("the groups in use", () => {
  it("are listed on a press of the pointer, the most used first, without those there already", async () => {
    await openComponent(withStaffTwice(), "ui.badges");
    expect(listed()).toEqual([]);
    await user.click(field());
    expect(listed()).toEqual(["staff in 2 rollouts", "search team in 1 rollout"]);
  });

  it("are not in the way of somebody who only passes by", async () => {
    await openComponent(typical(), "ui.badges");
    screen.getByLabelText("Remove beta").focus();
    await user.tab();
    expect(document.activeElement).toBe(field());
    expect(listed()).toEqual([]);
    await user.keyboard("{ArrowDown}");
    expect(active()).toBe("staff in 1 rollout");
  });

  it("are narrowed down by typing, and one is taken by arrow and Enter", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.type(field(), "TEA");
    expect(listed()).toEqual(["search team in 1 rollout"]);
    expect(active()).toBeNull();
    await user.keyboard("{ArrowDown}");
    expect(active()).toBe("search team in 1 rollout");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(groupsOf(host)).toEqual(["beta", "search team"]));
    expect([field().value, listed()]).toEqual(["", []]);
    expect(document.activeElement).toBe(field());
  });

  it("are walked in circles", async () => {
    await openComponent(typical(), "ui.badges");
    await user.click(field());
    await user.keyboard("{ArrowUp}");
    expect(active()).toBe("search team in 1 rollout");
    await user.keyboard("{ArrowDown}");
    expect(active()).toBe("staff in 1 rollout");
  });

  it("do not get in the way of one that nobody uses yet", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.type(field(), "sta{Enter}");
    await waitFor(() => expect(groupsOf(host)).toEqual(["beta", "sta"]));
  });

  it("are taken by pointer too, and leave the keyboard in the field", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.click(field());
    await user.click(screen.getByRole("option", { name: /^staff/ }));
    await waitFor(() => expect(groupsOf(host)).toEqual(["beta", "staff"]));
    expect(document.activeElement).toBe(field());
  });

  it("go away on Escape, which leaves the text, and on the next, which takes it", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.type(field(), "sta");
    await waitFor(() => expect(host.isUnsaved).toBe(true));
    await user.keyboard("{Escape}");
    expect([field().value, listed()]).toEqual(["sta", []]);
    screen.getByText("Unsaved: Enter adds, Esc discards");
    await user.keyboard("{Escape}");
    expect(field().value).toBe("");
    await waitFor(() => expect(host.isUnsaved).toBe(false));
    expect(host.edits).toEqual([]);
  });

  it("go away on leaving, and what was typed is still there to be added", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.type(field(), "sta");
    await user.click(screen.getByTestId("row-tracker"));
    await user.click(screen.getByTestId("row-ui.badges"));
    expect([field().value, listed()]).toEqual(["sta", []]);
    await user.type(field(), "ff{Enter}");
    await waitFor(() => expect(groupsOf(host)).toEqual(["beta", "staff"]));
  });

  it("are taken as they are, with commas and blanks", async () => {
    const document = typical();
    const odd = { ...document.rollout, userGroups: [" one, two "] };
    const host = await openComponent({ ...document, rollout: odd }, "ui.badges");
    await user.type(field(), "one");
    await user.keyboard("{ArrowDown}{Enter}");
    await waitFor(() => expect(groupsOf(host)).toEqual(["beta", " one, two "]));
  });

  it("are listed up to fifty, with the rest counted", async () => {
    const document = huge();
    const own = { percentage: 5, userGroups: [], strategy: "canary" as const };
    await openComponent({ ...document, rollouts: { "area0.component1": own } }, "area0.component1");
    await user.click(field());
    expect(listed()).toHaveLength(50);
    screen.getByText("and 950 more: type to narrow them down");
    await user.type(field(), "group 99");
    expect(listed()).toHaveLength(11);
  });
});

describe("tags", () => {
  const tags = () => screen.getByTestId<HTMLInputElement>("tag-input");
  const tagsOf = (host: MemoryHost, path: string) => host.document.about?.[path]?.tags;

  it("are completed from those of the whole document", async () => {
    const host = await openComponent(typical(), "tracker");
    await user.type(tags(), "conf");
    expect(listed(tags())).toEqual(["confidence used 1 time"]);
    await user.keyboard("{ArrowDown}{Enter}");
    await waitFor(() => expect(tagsOf(host, "tracker")).toEqual(["confidence"]));
    expect(host.document.about?.tracker?.title).toBe("Learns from feedback");
  });

  it("are removed by their cross, one revision each", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.click(screen.getByLabelText("Remove ui"));
    await waitFor(() => expect(tagsOf(host, "ui.badges")).toEqual(["confidence"]));
    expect(host.edits).toHaveLength(1);
  });

  it("are up to 32, of up to 64 characters", async () => {
    const document = typical();
    const full = Array.from({ length: 32 }, (_, index) => `t${index}`);
    const host = await openComponent({ ...document, about: { ui: { tags: full } } }, "ui");
    await user.type(tags(), "x{Enter}");
    screen.getByText("There are up to 32 tags.");
    await user.clear(tags());
    await user.type(tags(), `${"x".repeat(65)}{Enter}`);
    screen.getByText("A tag has 1 to 64 characters.");
    expect(host.edits).toEqual([]);
  });
});
