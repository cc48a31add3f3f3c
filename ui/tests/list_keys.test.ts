/** The keyboard in a list, and which of its rows are rendered. */

import { fireEvent, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { holderOf } from "../src/widgets/list_keys.svelte";
import KeyedList from "./support/KeyedList.svelte";

const user = userEvent.setup();
const focused = () => (document.activeElement as HTMLElement | null)?.dataset.row;
const rendered = () => screen.queryAllByRole("option").map((row) => row.dataset.row);
const reachable = () =>
  screen.queryAllByRole("option").filter((row) => row.tabIndex === 0 && row.dataset.row);
const many = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("keys", () => {
  it.each([
    ["{ArrowDown}", "n1"],
    ["{ArrowDown}{ArrowDown}{ArrowUp}", "n1"],
    ["{PageDown}", "n19"],
    ["{PageDown}{PageUp}", "n0"],
    ["{End}", "n49"],
    ["{End}{ArrowDown}", "n49"],
    ["{End}{Home}", "n0"],
    ["{End}{PageDown}{PageUp}", "n30"],
  ])("%s move the focus to %s, which alone Tab reaches", async (pressed, name) => {
    render(KeyedList, { names: many(50) });
    await user.tab();
    await user.keyboard(pressed);
    expect(focused()).toBe(name);
    expect(reachable().map((row) => row.dataset.row)).toEqual([name]);
  });

  it("come back to the row last used", async () => {
    render(KeyedList, { names: many(50) });
    await user.tab();
    await user.keyboard("{ArrowDown}{ArrowDown}");
    await user.tab();
    expect(document.activeElement).toBe(screen.getByLabelText("elsewhere"));
    await user.tab({ shift: true });
    expect(focused()).toBe("n2");
  });

  it("leave upwards from the first row only", async () => {
    const onleave = vi.fn();
    render(KeyedList, { names: many(3), onleave });
    await user.tab();
    await user.keyboard("{ArrowDown}{ArrowUp}");
    expect(onleave).not.toHaveBeenCalled();
    await user.keyboard("{ArrowUp}");
    expect(onleave).toHaveBeenCalledOnce();
    expect(focused()).toBe("n0");
  });

  it("that the list knows act on the active row, and others are left alone", async () => {
    const onact = vi.fn();
    render(KeyedList, { names: many(3), onact });
    await user.tab();
    await user.keyboard("{ArrowDown}x{Control>}x{/Control}{Alt>}x{/Alt}");
    expect(onact.mock.calls).toEqual([
      ["x", "n1"],
      ["Ctrl+x", ""],
    ]);
    const row = screen.getByText("n1");
    expect(await fireEvent.keyDown(row, { key: "x" })).toBe(false);
    expect(await fireEvent.keyDown(row, { key: "y" })).toBe(true);
    expect(await fireEvent.keyDown(row, { key: "ArrowDown", ctrlKey: true })).toBe(true);
  });

  it("that are held move on, and do nothing else twice", async () => {
    const onact = vi.fn();
    render(KeyedList, { names: many(9), onact });
    await user.tab();
    const press = (key: string, repeat: boolean) =>
      fireEvent.keyDown(document.activeElement ?? document.body, { key, repeat });
    await press("ArrowDown", false);
    await press("ArrowDown", true);
    expect(focused()).toBe("n2");
    await press("x", false);
    await press("x", true);
    expect(onact).toHaveBeenCalledOnce();
  });

  it("do nothing in a list that is empty", async () => {
    render(KeyedList, { names: [] });
    const list = screen.getByRole("listbox");
    expect(await fireEvent.keyDown(list, { key: "ArrowDown" })).toBe(true);
  });
});

describe("rows that come and go", () => {
  it("above the focused one do not move the focus", async () => {
    const { rerender } = render(KeyedList, { names: ["a", "b", "c"] });
    await user.tab();
    await user.keyboard("{ArrowDown}");
    await rerender({ names: ["new", "a", "b", "c"] });
    expect(focused()).toBe("b");
    await user.keyboard("{ArrowDown}");
    expect(focused()).toBe("c");
  });

  it("leave the focus at their place, or at the last row", async () => {
    const { rerender } = render(KeyedList, { names: ["a", "b", "c"] });
    await user.tab();
    await user.keyboard("{ArrowDown}");
    await rerender({ names: ["a", "c"] });
    await vi.waitFor(() => expect(focused()).toBe("c"));
    await rerender({ names: ["a"] });
    await vi.waitFor(() => expect(focused()).toBe("a"));
  });

  it("take no focus that is elsewhere", async () => {
    const { rerender } = render(KeyedList, { names: ["a", "b", "c"] });
    await user.tab();
    await user.tab();
    await rerender({ names: ["b", "c"] });
    expect(document.activeElement).toBe(screen.getByLabelText("elsewhere"));
    await rerender({ names: [] });
    await rerender({ names: ["d"] });
    expect(document.activeElement).toBe(screen.getByLabelText("elsewhere"));
    expect(reachable().map((row) => row.dataset.row)).toEqual(["d"]);
  });

  it("give no focus back after all were gone", async () => {
    const { rerender } = render(KeyedList, { names: ["a"] });
    await user.tab();
    await rerender({ names: [] });
    screen.getByLabelText("elsewhere").focus();
    await rerender({ names: ["b"] });
    expect(document.activeElement).toBe(screen.getByLabelText("elsewhere"));
  });
});

describe("rendering", () => {
  it("is of the rows near the view, and of the focused one wherever it is", async () => {
    render(KeyedList, { names: many(20_000) });
    expect(rendered().length).toBeLessThan(60);
    await user.tab();
    await user.keyboard("{End}");
    expect(focused()).toBe("n19999");
    const list = screen.getByRole("listbox");
    expect(list.style.height).toBe(`${20_000 * 36}px`);
    list.scrollTop = 0;
    await fireEvent.scroll(list);
    expect(rendered().at(-1)).toBe("n19999");
    expect(rendered()).toContain("n0");
    expect(rendered().length).toBeLessThan(60);
    expect(focused()).toBe("n19999");
  });

  it("places rows below those that are open", () => {
    vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(100);
    render(KeyedList, { names: many(5), open: ["n1", "n3"] });
    const tops = screen.getAllByRole("option").map((row) => Number(row.dataset.top));
    expect(tops).toEqual([0, 36, 172, 208, 344]);
    expect(screen.getByRole("listbox").style.height).toBe("380px");
  });
});

it("the holder of a row is the one before it that is less deep", () => {
  const rows = [0, 1, 2, 2, 1, 0].map((depth) => ({ depth }));
  expect(rows.map((_, index) => holderOf(rows, index))).toEqual([0, 0, 1, 1, 0, 5]);
});
