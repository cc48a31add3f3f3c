/** What people should know about a component: edited where it stands, one revision a field. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Failure } from "../src/bindings/wire";
import { dayIn } from "../src/model/about";
import { typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent } from "./support/open";

const user = userEvent.setup();
const refusal: Failure = { code: "failed", message: "The disk is full.", problems: [] };

const edits = (host: MemoryHost) => host.edits.map(({ edit }) => edit);
const described = (change: object) => ({ kind: "describe", path: "ui.badges", ...change });
const text = (field: string) => screen.getByTestId(`about-${field}`);
const opener = (field: string) => screen.getByTestId(`about-${field}-edit`);
const input = (field: string) =>
  screen.getByTestId<HTMLInputElement | HTMLTextAreaElement>(`about-${field}-input`);
const isRead = (field: string) => screen.queryByTestId(`about-${field}-input`) === null;

async function retype(field: string, typed: string) {
  await user.click(text(field));
  await user.clear(input(field));
  if (typed !== "") await user.type(input(field), typed);
}

describe("a field of what is known", () => {
  it.each(["title", "description", "owner", "expires"])(
    "reads as text until it is used, by pointer or by keyboard: %s",
    async (field) => {
      await openComponent(typical(), "ui.badges");
      expect(isRead(field)).toBe(true);
      await user.click(text(field));
      expect(document.activeElement).toBe(input(field));
      await user.keyboard("{Escape}");
      expect(document.activeElement).toBe(opener(field));
      await user.keyboard("{Enter}");
      expect(document.activeElement).toBe(input(field));
    },
  );

  it("is saved by Enter, alone and once, and leaves the keyboard beside it", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("title", "Badges{Enter}");
    expect(document.activeElement).toBe(opener("title"));
    await waitFor(() => expect(edits(host)).toEqual([described({ title: "Badges" })]));
    expect(text("title").textContent).toBe("Badges");
    expect(host.document.about?.["ui.badges"]?.owner).toBe("search team");
  });

  it("is kept as a draft on leaving it, and saved once it is meant", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("owner", " design team ");
    await user.click(screen.getByTestId("row-tracker"));
    expect(screen.queryByTestId("about-owner-input")).toBeNull();
    await user.click(screen.getByTestId("row-ui.badges"));
    expect(input("owner").value).toBe(" design team ");
    expect(edits(host)).toEqual([]);
    await user.click(screen.getByTestId("about-owner-input-save"));
    await waitFor(() => expect(edits(host)).toEqual([described({ owner: "design team" })]));
  });

  it("is put back by Escape, and not saved on leaving after that", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("owner", "nobody in particular{Escape}");
    await user.tab();
    expect(text("owner").textContent).toBe("search team");
    expect(host.edits).toEqual([]);
  });

  it("makes no revision where it is left as it was", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("owner", "search team{Enter}");
    expect(isRead("owner")).toBe(true);
    expect(host.edits).toEqual([]);
  });

  it("can be emptied", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("owner", "{Enter}");
    await waitFor(() => expect(edits(host)).toEqual([described({ owner: "" })]));
    expect(text("owner").textContent).toBe("Nobody");
  });

  it("is marked while what is typed is not saved, and so is the window", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.click(text("title"));
    expect(host.isUnsaved).toBe(false);
    await user.type(input("title"), "!");
    screen.getByText("Unsaved: Enter saves, Esc discards");
    await waitFor(() => expect(host.isUnsaved).toBe(true));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(host.isUnsaved).toBe(false));
  });

  it("keeps what is typed, and where, when something else changes elsewhere", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("title", "Bad");
    host.changeElsewhere({ kind: "describe", path: "ui.badges", title: "Theirs" });
    await screen.findByText("Revision 1");
    expect(input("title").value).toBe("Bad");
    expect(document.activeElement).toBe(input("title"));
    await user.keyboard("ges{Enter}");
    await user.click(await screen.findByTestId("use-mine"));
    await waitFor(() => expect(host.document.about?.["ui.badges"]?.title).toBe("Badges"));
  });

  it("that the store refuses shows again what was typed", async () => {
    const host = await openComponent(typical(), "ui.badges");
    host.refusal = refusal;
    await retype("owner", "design team{Enter}");
    await screen.findByText("The disk is full.");
    expect(input("owner").value).toBe("design team");
    expect(host.document.about?.["ui.badges"]?.owner).toBe("search team");
    await waitFor(() => expect(host.isUnsaved).toBe(true));
  });

  it("that is too long says so, stays to be mended, and is there again after a look elsewhere", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.click(text("title"));
    await fireEvent.input(input("title"), { target: { value: "𝒳".repeat(201) } });
    await user.keyboard("{Enter}");
    screen.getByText("The title has up to 200 characters; these are 201.");
    expect(input("title").getAttribute("aria-invalid")).toBe("true");
    await user.click(screen.getByTestId("row-tracker"));
    expect(isRead("title")).toBe(true);
    await user.click(screen.getByTestId("row-ui.badges"));
    expect(input("title").value).toBe("𝒳".repeat(201));
    expect(host.edits).toEqual([]);
    await waitFor(() => expect(host.isUnsaved).toBe(true));
    await fireEvent.input(input("title"), { target: { value: "𝒳".repeat(200) } });
    input("title").focus();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(edits(host)).toEqual([described({ title: "𝒳".repeat(200) })]));
  });

  it("is forgotten with the component it belongs to", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("expires", "soon");
    await user.click(screen.getByTestId("row-tracker"));
    await waitFor(() => expect(host.isUnsaved).toBe(true));
    host.changeElsewhere({ kind: "remove", paths: ["ui.badges"], release: true });
    await waitFor(() => expect(host.isUnsaved).toBe(false));
  });

  it("is text and nothing else where nothing can be saved", async () => {
    const host = await openComponent(typical(), "ui.badges");
    host.state = { ...host.state, readOnly: "The disk is full." };
    host.announce({ kind: "status" });
    await waitFor(() => expect(screen.queryByTestId("about-title-edit")).toBeNull());
    await user.click(text("title"));
    expect(isRead("title")).toBe(true);
  });
});

describe("the title", () => {
  it("is the name where there is none, and that name is not saved as one", async () => {
    const host = await openComponent(typical(), "search");
    expect(text("title").textContent).toBe("search");
    await user.click(text("title"));
    expect(input("title").value).toBe("");
    await user.type(input("title"), "Searching{Enter}");
    await waitFor(() =>
      expect(edits(host)).toEqual([{ kind: "describe", path: "search", title: "Searching" }]),
    );
  });

  it("stays in one line, whatever is pasted", async () => {
    await openComponent(typical(), "ui.badges");
    await retype("title", "");
    await user.paste("Two\n lines");
    expect(input("title").value).toBe("Two lines");
  });
});

describe("the description", () => {
  it("takes lines by Enter, and is saved by Ctrl+Enter", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("description", "One{Enter}Two");
    expect(host.edits).toEqual([]);
    screen.getByText("Unsaved: Ctrl+Enter saves, Esc discards");
    await user.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(edits(host)).toEqual([described({ description: "One\nTwo" })]));
  });
});

describe("the end", () => {
  it("is a day that is typed, and reads with its distance", async () => {
    const host = await openComponent(typical(), "ui.badges");
    const day = dayIn(3, Date.now());
    await retype("expires", `${day}{Enter}`);
    await waitFor(() => expect(edits(host)).toEqual([described({ expires: day })]));
    await waitFor(() => expect(text("expires").textContent).toMatch(/ · in 3 days$/));
  });

  it.each([
    ["31.1.2027", "The end is a day written as YYYY-MM-DD, such as 2027-01-31."],
    ["2027-02-30", "There is no such day. The end is a day such as 2027-01-31."],
  ])("that is no day is refused with one sentence: %s", async (typed, sentence) => {
    const host = await openComponent(typical(), "ui.badges");
    await retype("expires", `${typed}{Enter}`);
    screen.getByText(sentence);
    expect(input("expires").value).toBe(typed);
    expect(host.edits).toEqual([]);
  });

  it("is one press away for the usual distances, and for never", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.click(text("expires"));
    await user.click(screen.getByText("In 90 days"));
    await waitFor(() =>
      expect(edits(host)).toEqual([described({ expires: dayIn(90, Date.now()) })]),
    );
    await user.keyboard("{Enter}");
    await user.tab();
    await user.tab();
    await user.tab();
    await user.tab();
    expect(document.activeElement?.textContent).toBe("Never");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(host.document.about?.["ui.badges"]?.expires).toBeUndefined());
    expect(text("expires").textContent).toBe("Never");
  });
});

describe("what is known", () => {
  it("is of no use for everything at once", async () => {
    await openComponent(typical(), "*");
    expect(screen.queryByTestId("about")).toBeNull();
  });

  it("says where nothing is known, and what could be", async () => {
    await openComponent({ ...typical(), about: {} }, "ui.badges");
    expect(text("description").textContent).toBe("Add a description…");
    expect(text("owner").textContent).toBe("Nobody");
    expect(text("expires").textContent).toBe("Never");
  });

  it("is of groups too", async () => {
    const host = await openComponent(typical(), "ui");
    await retype("owner", "window team{Enter}");
    await waitFor(() => expect(host.document.about?.ui?.owner).toBe("window team"));
  });
});
