/** Narrowing the tree: by words, tags, owners, and how a component stands. */

import { screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Document } from "../src/bindings/wire";
import { filterNodes, labelsOf, type Filter } from "../src/model/filter";
import { growTree, visibleNodes } from "../src/model/tree";
import { huge, typical } from "./support/documents";
import { openWindow, press } from "./support/open";

const user = userEvent.setup();
const none: ReadonlySet<string> = new Set();
const everything: Filter = { text: "", tags: none, owners: none, standing: "any" };

/** Three days before `orchestrator` of the typical document expires. */
const now = () => Date.parse("2026-11-29T12:00:00Z");

function check(filter: Partial<Filter>, found: string[], document: Document = typical()) {
  const tree = growTree(document.components);
  const nodes = filterNodes(
    document,
    tree,
    { ...everything, ...filter },
    { nowMs: now, isOverridden: (path) => path === "tracker" },
  );
  expect(visibleNodes(nodes, none).map((node) => node.path)).toEqual(found);
}

describe("a filter", () => {
  it("asks for every tag that is chosen, and for any of the owners", () => {
    check({ tags: new Set(["ui"]) }, ["ui", "ui.badges"]);
    check({ tags: new Set(["ui", "confidence"]) }, ["ui", "ui.badges"]);
    check({ tags: new Set(["ui", "other"]) }, []);
    check({ owners: new Set(["search team", "nobody"]) }, ["calculator", "ui", "ui.badges"]);
  });

  it("asks for words and labels together", () => {
    check({ text: "badges", owners: new Set(["search team"]) }, ["ui", "ui.badges"]);
    check({ text: "tracker", owners: new Set(["search team"]) }, []);
  });

  it("finds what is on and what is off, also in a group that is found by its name", () => {
    check({ text: "ui", standing: "on" }, ["ui", "ui.badges", "ui.dashboard"]);
    check({ standing: "off" }, [
      "orchestrator",
      "ui",
      "ui.curationPanel",
      "search",
      "search.ranking",
      "search.ranking.feedback",
    ]);
  });

  it("finds what expires soon and what has expired", () => {
    check({ standing: "expiring" }, ["orchestrator"]);
    const past = { ...typical(), about: { tracker: { expires: "2020-01-01" } } };
    check({ standing: "expiring" }, ["tracker"], past);
  });

  it("finds what waits for something that is off", () => {
    check({ standing: "waiting" }, ["search", "search.suggestions"]);
  });

  it("finds by words of a document that was changed since", () => {
    const before = typical();
    check({ text: "quality" }, ["ui", "ui.dashboard"], before);
    const about = { ...before.about, tracker: { title: "Quality of feedback" } };
    check({ text: "quality" }, ["tracker", "ui", "ui.dashboard"], { ...before, about });
  });

  it("offers the labels of the document, the most used first", () => {
    const about = {
      a: { tags: ["one", "two", "two"], owner: "us" },
      b: { tags: ["two"] },
      c: { tags: ["three", "two"], owner: "them" },
    };
    expect(labelsOf(about).tags).toEqual([
      { name: "two", count: 3 },
      { name: "one", count: 1 },
      { name: "three", count: 1 },
    ]);
    expect(labelsOf(about).owners.map(({ name }) => name)).toEqual(["them", "us"]);
  });
});

describe("the filter of the tree", () => {
  const shown = () =>
    [...document.querySelectorAll<HTMLElement>("[data-row]")].map((row) => row.dataset.row);

  it("narrows to chosen tags and owners, each shown as a chip that takes it away", async () => {
    await openWindow(typical());
    await user.click(screen.getByTestId("labels"));
    await user.click(screen.getByTestId("label-ui"));
    expect(shown()).toEqual(["*", "ui", "ui.badges"]);
    await user.click(screen.getByTestId("label-search team"));
    expect(shown()).toEqual(["*", "ui", "ui.badges"]);
    await user.click(screen.getByLabelText("Do not ask for the tag ui"));
    expect(shown()).toEqual(["*", "calculator", "ui", "ui.badges"]);
    await user.click(screen.getByTestId("clear-labels"));
    expect(shown()).toContain("tracker");
  });

  it("puts the keyboard on what was found by Enter, not on the group around it", async () => {
    await openWindow(typical());
    await user.type(screen.getByTestId("filter"), "neural{Enter}");
    expect(shown()).toEqual(["*", "search", "search.ranking", "search.ranking.neural"]);
    await waitFor(() =>
      expect(document.activeElement).toBe(screen.getByTestId("row-search.ranking.neural")),
    );
    await user.clear(screen.getByTestId("filter"));
    await user.type(screen.getByTestId("filter"), "ranking{Enter}");
    await waitFor(() =>
      expect(document.activeElement).toBe(screen.getByTestId("row-search.ranking")),
    );
  });

  it("opens the tags by keyboard, finds among them, and closes on Escape", async () => {
    await openWindow(typical());
    screen.getByTestId("labels").focus();
    await user.keyboard("{Enter}");
    const find = await screen.findByTestId("find-label");
    await waitFor(() => expect(document.activeElement).toBe(find));
    await user.type(find, "conf");
    expect(screen.queryByTestId("label-ui")).toBeNull();
    await user.keyboard("{Tab} ");
    expect(shown()).toEqual(["*", "ui", "ui.badges"]);
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("find-label")).toBeNull();
    expect(document.activeElement).toBe(screen.getByTestId("labels"));
    expect(shown()).toEqual(["*", "ui", "ui.badges"]);
  });

  it("says how to come by tags where there are none", async () => {
    await openWindow({ ...typical(), about: {} });
    await user.click(screen.getByTestId("labels"));
    expect(screen.getByText(/^No component has a tag or an owner yet/)).toBeTruthy();
  });

  it("narrows to how components stand", async () => {
    await openWindow(typical());
    await user.selectOptions(screen.getByTestId("standing"), "waiting");
    expect(shown()).toEqual(["*", "search", "search.suggestions"]);
  });

  it("that finds nothing says what was asked, and leads back to everything", async () => {
    await openWindow(typical());
    await user.type(screen.getByTestId("filter"), "xyz");
    expect(screen.getByText("No component matches “xyz”.")).toBeTruthy();
    await user.selectOptions(screen.getByTestId("standing"), "off");
    expect(screen.getByText("No component fits these filters.")).toBeTruthy();
    await user.click(screen.getByTestId("show-all"));
    expect(shown()).toContain("tracker");
    expect(screen.getByTestId<HTMLSelectElement>("standing").value).toBe("any");
  });

  it("says to a screen reader how many rows were found", async () => {
    await openWindow(huge());
    await user.selectOptions(screen.getByTestId("standing"), "waiting");
    expect(screen.getByText("2 rows found")).toBeTruthy();
  });

  it("takes the keyboard from a slash wherever it is, unless text is typed", async () => {
    await openWindow(typical());
    const filter = screen.getByTestId<HTMLInputElement>("filter");
    screen.getByTestId("switch-tracker").focus();
    await user.keyboard("/");
    await waitFor(() => expect(document.activeElement).toBe(filter));
    await user.keyboard("a/b");
    expect(filter.value).toBe("a/b");
  });

  it("keeps the keyboard on a row that goes on being shown", async () => {
    await openWindow(typical());
    const filter = screen.getByTestId("filter");
    await user.type(filter, "dash");
    await press(filter, "ArrowDown");
    await press(document.activeElement ?? filter, "ArrowDown");
    expect(document.activeElement).toBe(screen.getByTestId("row-ui.dashboard"));
  });
});
