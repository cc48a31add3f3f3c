/** A document of ten thousand components: what is rendered of it, and that nothing else shows. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { huge } from "./support/documents";
import { openComponent, openWindow, press } from "./support/open";

const ROW_PX = 36;
const ROWS = 10_101;
const LAST = "area99.component99";

const tree = () => screen.getByRole("treegrid");
const rendered = () => [...tree().querySelectorAll<HTMLElement>("[data-row]")];
const paths = () => rendered().map((row) => row.dataset.row);
const focused = () => (document.activeElement as HTMLElement | null)?.dataset.row;

async function scrollTo(element: HTMLElement, top: number) {
  element.scrollTop = top;
  await fireEvent.scroll(element);
}

/** Presses `key` on the row that has the focus. */
async function walk(key: string, to: string) {
  await press(document.activeElement ?? document.body, key);
  await waitFor(() => expect(focused()).toBe(to));
}

describe("the tree", () => {
  it("renders the rows near the view, and says how many there are and which these are", async () => {
    await openWindow(huge());
    expect(rendered().length).toBeLessThan(60);
    expect(tree().getAttribute("aria-rowcount")).toBe(String(ROWS));
    expect(rendered().map((row) => row.ariaRowIndex)).toEqual(
      rendered().map((_, index) => String(index + 1)),
    );
  });

  it("renders others once it is scrolled, each at its place", async () => {
    await openWindow(huge());
    await scrollTo(tree(), 5050 * ROW_PX);
    // Each group takes 101 rows.
    expect(paths()).toContain("area50");
    expect(paths()).toContain("area50.component15");
    expect(paths()).not.toContain("area0.component0");
    expect(rendered().length).toBeLessThan(60);
    const row = screen.getByTestId("row-area50");
    expect(row.getAttribute("aria-rowindex")).toBe("5052");
    expect(row.style.getPropertyValue("--index")).toBe("5051");
    expect(row.getAttribute("aria-level")).toBe("2");
  });

  it("goes to its end and its start by keys, and takes the focus and the view along", async () => {
    await openWindow(huge());
    screen.getByTestId("row-*").focus();
    await walk("End", LAST);
    expect(tree().scrollTop).toBe((ROWS - 1) * ROW_PX - 720);
    expect(paths()).toContain("area99.component81");
    await walk("ArrowUp", "area99.component98");
    await walk("ArrowLeft", "area99");
    expect(tree().scrollTop).toBe((ROWS - 102) * ROW_PX);
    await walk("Home", "*");
    expect(tree().scrollTop).toBe(0);
  });

  it("keeps the row that has the keyboard while it is scrolled out of view, and goes on from it", async () => {
    await openWindow(huge());
    screen.getByTestId("row-area0.component1").focus();
    await scrollTo(tree(), 5050 * ROW_PX);
    expect(focused()).toBe("area0.component1");
    await walk("ArrowDown", "area0.component2");
    expect(tree().scrollTop).toBe(3 * ROW_PX);
    expect(paths()).not.toContain("area50");
  });

  it("stays where it is scrolled when a change arrives", async () => {
    const host = await openWindow(huge());
    await scrollTo(tree(), 5050 * ROW_PX);
    const before = paths();
    host.changeElsewhere({ kind: "set_components", paths: ["area50.component0"], on: false });
    await waitFor(() =>
      expect(screen.getByTestId("switch-area50.component0").ariaChecked).toBe("false"),
    );
    expect(tree().scrollTop).toBe(5050 * ROW_PX);
    expect(paths()).toEqual(before);
  });

  it("shows what a filter finds from the top, and the whole from the top after it", async () => {
    await openWindow(huge());
    await scrollTo(tree(), 5050 * ROW_PX);
    const filter = screen.getByTestId("filter");
    await userEvent.setup().type(filter, LAST);
    expect(tree().scrollTop).toBe(0);
    expect(paths()).toEqual(["*", "area99", LAST]);
    await press(filter, "Escape");
    expect(paths().slice(0, 3)).toEqual(["*", "area0", "area0.component0"]);
  });

  it("that becomes shorter than it is scrolled shows its last rows", async () => {
    const host = await openWindow(huge());
    await scrollTo(tree(), 9000 * ROW_PX);
    const { area0 = {} } = huge().components;
    host.replaceElsewhere({ ...huge(), components: { area0 } });
    await waitFor(() => expect(paths()).toContain("area0.component99"));
  });
});

describe("the inspector", () => {
  it("renders what is near the view of what a component requires", async () => {
    await openWindow(huge());
    screen.getByTestId("row-*").focus();
    await walk("End", LAST);
    await press(screen.getByTestId(`row-${LAST}`), "Enter");
    const required = await screen.findByTitle("area0.component0");
    const item = required.closest("li");
    expect(item?.getAttribute("aria-setsize")).toBe("9000");
    expect(item?.getAttribute("aria-posinset")).toBe("1");
    expect(item?.parentElement?.children.length).toBeLessThan(60);
    const list = item?.parentElement?.parentElement ?? document.body;
    await scrollTo(list, 8000 * 28);
    await screen.findByTitle("area80.component5");
    expect(screen.queryByTitle("area0.component0")).toBeNull();
  });

  it("renders a few of many groups, and all on demand", async () => {
    await openComponent(huge(), "*");
    expect(screen.queryByTestId("group-group 50")).toBeNull();
    await fireEvent.click(screen.getByText("and 950 more"));
    expect(screen.getByTestId("group-group 999")).toBeTruthy();
    expect(screen.queryByTestId("all-groups")).toBeNull();
    expect(document.activeElement?.tagName).toBe("UL");
  });

  it("shows a group that was added to many", async () => {
    const host = await openComponent(
      {
        ...huge(),
        rollout: { ...huge().rollout, userGroups: huge().rollout.userGroups.slice(0, 999) },
      },
      "*",
    );
    await userEvent.setup().type(screen.getByTestId("group-input"), "the thousandth{Enter}");
    await waitFor(() => expect(host.document.rollout.userGroups).toHaveLength(1000));
    expect(screen.getByTestId("group-the thousandth")).toBeTruthy();
  });
});
