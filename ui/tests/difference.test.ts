/** What differs between two documents, as people see it. */

import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import type { Change } from "../src/bindings/wire";
import { compareValues, kindOf } from "../src/model/change";
import Difference from "../src/widgets/Difference.svelte";

const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));

function change(pointer: string, before: unknown, after: unknown, sentence = pointer): Change {
  return { pointer, sentence, before: json(before), after: json(after) };
}

function show(changes: Change[], total = changes.length) {
  render(Difference, { difference: { changes, total }, label: "What it changed" });
  return screen.getByRole("list", { name: "What it changed" });
}

const rows = () => screen.getAllByTestId("change");
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => change(`/components/c${index}`, false, true));

describe("a change", () => {
  it("is said by a word, not by a colour alone", () => {
    const of = (before: unknown, after: unknown) => {
      const { unmount } = render(Difference, {
        difference: { changes: [change("/a", before, after)], total: 1 },
        label: "x",
      });
      const text = rows()[0]?.textContent ?? "";
      unmount();
      return text;
    };
    expect(of(undefined, true)).toContain("Added");
    expect(of(true, undefined)).toContain("Removed");
    expect(of(true, false)).toContain("Changed");
  });

  it("is told in words, with the place and the values before and after", () => {
    show([change("/rollouts/ui.badges/percentage", 12.5, 25, "ui.badges: 12.5 % → 25 %")]);
    const row = within(rows()[0] ?? document.body);
    expect(row.getByText("ui.badges: 12.5 % → 25 %")).toBeTruthy();
    expect(row.getByText("/rollouts/ui.badges/percentage")).toBeTruthy();
    expect(row.getByText("Before").nextElementSibling?.textContent.trim()).toBe("12.5");
    expect(row.getByText("After").nextElementSibling?.textContent.trim()).toBe("25");
  });

  it("of the whole document says so, as it has no place", () => {
    show([change("", { enabled: true }, { enabled: false }, "The whole document changed")]);
    expect(screen.getByText("the whole document")).toBeTruthy();
  });

  it("of a list shows what came and went, and counts what stayed", () => {
    show([change("/rollout/userGroups", ["staff", "beta"], ["staff", "support"])]);
    const names = screen.getAllByRole("listitem").map((item) => item.textContent.trim());
    expect(names).toContain("Added + support");
    expect(names).toContain("Removed − beta");
    expect(names).toContain("1 as before");
  });

  it("of a long list shows some, and the rest when asked", async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `group ${index}`);
    show([change("/rollout/userGroups", [], names)]);
    expect(screen.queryByText("group 999")).toBeNull();
    await fireEvent.click(screen.getByText("and 980 more"));
    expect(screen.getByText("group 999")).toBeTruthy();
    expect(screen.queryByText("and 980 more")).toBeNull();
  });

  it("of a long text shows its beginning, and the rest when asked", async () => {
    const text = "x".repeat(4000);
    show([change("/about/a/description", undefined, text)]);
    const button = screen.getByText("Show all 4,002 characters");
    expect(rows()[0]?.textContent).not.toContain(text);
    await fireEvent.click(button);
    expect(rows()[0]?.textContent).toContain(text);
    await fireEvent.click(screen.getByText("Show less"));
    expect(rows()[0]?.textContent).not.toContain(text);
  });

  it("never takes text for markup", () => {
    show([change("/about/a/title", "<b>bold</b>", "<img src=x>", "<i>said</i>")]);
    expect(rows()[0]?.querySelector("b, i, img")).toBeNull();
    expect(screen.getByText("<i>said</i>")).toBeTruthy();
  });
});

describe("very many changes", () => {
  it("are rendered a part at a time", async () => {
    show(many(2000));
    expect(rows()).toHaveLength(25);
    await fireEvent.click(screen.getByTestId("more-changes"));
    expect(rows()).toHaveLength(50);
    expect(screen.getByTestId("more-changes").textContent).toContain("25 more of 1,950");
  });

  it("that the backend cut are counted", () => {
    show(many(20), 2000);
    expect(screen.queryByTestId("more-changes")).toBeNull();
    expect(screen.getByText(/And 1,980 further changes/)).toBeTruthy();
  });

  it("start over with another difference", async () => {
    const { rerender } = render(Difference, {
      difference: { changes: many(200), total: 200 },
      label: "x",
    });
    await fireEvent.click(screen.getByTestId("more-changes"));
    await rerender({ difference: { changes: many(300), total: 300 } });
    expect(rows()).toHaveLength(25);
  });
});

describe("values", () => {
  it("are an addition where there was none before, and a removal where there is none after", () => {
    expect(kindOf(change("/a", undefined, null))).toBe("added");
    expect(kindOf(change("/a", null, undefined))).toBe("removed");
    expect(kindOf(change("/a", null, 1))).toBe("changed");
  });

  it("that are lists in another order are shown whole", () => {
    expect(compareValues(change("/g", ["a", "b"], ["b", "a"]))).toEqual({
      kind: "json",
      before: '[ "a", "b" ]',
      after: '[ "b", "a" ]',
    });
  });

  it("that are objects stand on one line while they are short, else on several", () => {
    const long = { percentage: 25, userGroups: ["staff", "search team"], strategy: "feature" };
    const comparison = compareValues(change("/rollouts/a", { on: true }, long));
    expect(comparison).toEqual({
      kind: "json",
      before: '{ "on": true }',
      after: JSON.stringify(long, null, 2),
    });
  });

  it("that are no JSON are shown as they are", () => {
    const broken = { pointer: "/a", sentence: "a", before: "{oops", after: "1" };
    expect(compareValues(broken)).toEqual({ kind: "json", before: "{oops", after: "1" });
  });
});
