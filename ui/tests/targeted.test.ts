/** Overrides for one application or one user: set, shown, and taken back. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, it, vi } from "vitest";

import type { View } from "../src/bindings/wire";
import { problemOf, restMs, rowTargeted, targetedOf } from "../src/model/targeted";
import { words } from "../src/words";
import { typicalClients } from "./support/clients";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";
import { aTargeted, fewTargeted, manyTargeted } from "./support/targeted_samples";

const user = userEvent.setup();
const HOUR_MS = 3_600_000;
const rules = { runOnly: ["wcag2a", "wcag2aa"] };
const row = (path: string) => screen.getByTestId(`row-${path}`);
const markOf = (path: string) => within(row(path)).queryByTestId("targeted-mark");
const toast = () => screen.getByTestId("toast").textContent;
const card = () => screen.getByTestId("targeted-card");
const entries = () => screen.queryAllByTestId("targeted");
const says = () => screen.getByTestId("override-for-says").textContent;

async function openTargeted(
  prepare: (host: MemoryHost) => unknown = (host) => host.target(fewTargeted(Date.now())),
  view: View = "flags",
): Promise<MemoryHost> {
  const host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view };
  host.clientsNow = typicalClients(Date.now());
  await prepare(host);
  await openOver(host);
  return host;
}

async function openDialog(host: MemoryHost, path = "ui.badges") {
  await user.click(await screen.findByTestId(`row-${path}`));
  await user.click(screen.getByTestId("override-for"));
  await waitFor(() => expect(host.clientsAsked).toBeGreaterThan(0));
}

const nothing = () => undefined;

describe("overrides for single targets", () => {
  it("are counted for each row, and for the groups around it", () => {
    const rows = rowTargeted(fewTargeted(0));
    expect(rows.get("ui.badges")?.own).toHaveLength(2);
    expect([rows.get("ui")?.inside, rows.get("search")?.inside]).toEqual([2, 1]);
    expect(rows.has("calculator")).toBe(false);
  });

  it("belong to an application only if they name it, and not a user of that name", () => {
    const [app, id] = [{ source: "shop" }, { user: "shop" }].map((to) => aTargeted(to, "tracker"));
    expect(targetedOf([app, id].filter(Boolean) as never, "shop")).toEqual([app]);
    expect(targetedOf([app, id].filter(Boolean) as never, null)).toEqual([]);
  });

  it("are not set again for less than a minute", () => {
    const it = aTargeted({ source: "shop" }, "tracker", { nowMs: 0, forMs: 60_000 });
    expect([restMs(it, 0), restMs(it, 1)]).toEqual([60_000, null]);
  });

  it.each([
    [{ source: "checkout-dev" }, null],
    [{ source: " " }, "empty"],
    [{ source: "a/b" }, "letters"],
    [{ source: "a\\b" }, "letters"],
    [{ source: "a\u0000b" }, "letters"],
    [{ source: ".." }, "letters"],
    [{ source: "🦊".repeat(128) }, null],
    [{ source: "a".repeat(129) }, "long"],
    [{ user: "a/b" }, null],
    [{ user: "" }, "empty"],
    [{ user: "é".repeat(512) }, null],
    [{ user: "é".repeat(513) }, "long"],
  ])("%j can be overridden for unless it is %s", (target, problem) => {
    expect(problemOf(target)).toBe(problem);
  });
});

describe("the dialog", () => {
  it("is opened from the menu of a row, and from the palette for the component that is selected", async () => {
    await openTargeted(nothing);
    await user.click(await screen.findByTestId("menu-ui.badges"));
    await user.click(screen.getByTestId("menu-override-for"));
    expect(screen.getByRole("dialog").textContent).toContain("Override ui.badges for one app");
    await user.keyboard("{Escape}{Escape}");
    await user.click(row("tracker"));
    await press(document.body, "k", { ctrlKey: true });
    await user.type(await screen.findByTestId("palette-input"), "override for one{Enter}");
    await waitFor(() => screen.getByTestId("override-for-dialog"));
    expect(screen.getByRole("dialog").textContent).toContain("Override tracker for one app");
  });

  it("overrides for a connected application that is chosen by keys", async () => {
    const host = await openTargeted(nothing);
    await openDialog(host);
    expect(document.activeElement).toBe(screen.getByTestId("for-name"));
    await user.keyboard("sho{ArrowDown}{Enter}");
    expect(screen.getByTestId<HTMLInputElement>("for-name").value).toBe("shop");
    expect(says()).toMatch(/^shop gets ui\.badges off until .*whatever its rollout\. Nobody else/);
    await user.click(screen.getByTestId("for-on"));
    await user.click(screen.getByTestId("for-hour"));
    expect(says()).toMatch(/^shop gets ui\.badges on until/);
    const before = Date.now();
    await user.click(screen.getByTestId("override-for-dialog-go"));
    await waitFor(() => expect(screen.queryByTestId("override-for-dialog")).toBeNull());
    const [set] = host.targeted;
    expect(set).toMatchObject({ for: { source: "shop" }, component: "ui.badges", on: true });
    expect((set?.untilMs ?? 0) - before).toBeGreaterThanOrEqual(HOUR_MS);
    expect(toast()).toContain("ui.badges is on for shop until");
    expect(host.revision).toBe(0);
  });

  it("overrides for a user, and takes that back with undo", async () => {
    const host = await openTargeted(nothing);
    await openDialog(host);
    await user.click(screen.getByTestId("for-user"));
    await user.type(screen.getByTestId("for-user-id"), "user-42");
    expect(says()).toContain("User user-42 gets ui.badges off");
    expect(says()).toContain("in every app");
    await user.type(screen.getByTestId("for-user-id"), "{Enter}");
    await waitFor(() => expect(host.targeted).toHaveLength(1));
    await user.click(await screen.findByTestId("toast-action"));
    await waitFor(() => expect(host.targeted).toEqual([]));
  });

  it("brings back with undo what an override replaced", async () => {
    const host = await openTargeted();
    await openDialog(host);
    await user.keyboard("shop");
    await user.click(screen.getByTestId("override-for-dialog-go"));
    const ofShop = () => targetedOf(host.targeted, "shop").map(({ on }) => on);
    await waitFor(() => expect(ofShop()).toEqual([false]));
    await user.click(await screen.findByTestId("toast-action"));
    await waitFor(() => expect(ofShop()).toEqual([true]));
  });

  it("says what still decides: requirements, and that all flags are off", async () => {
    const host = await openTargeted((host) => host.change({ kind: "set_master", on: false }));
    await openDialog(host, "ui.dashboard");
    await user.keyboard("shop");
    await user.click(screen.getByTestId("for-on"));
    expect(says()).toContain("It still requires tracker");
    expect(says()).toContain("All flags are off: it takes effect");
  });

  it("says what is wrong with a name, and sets nothing", async () => {
    const host = await openTargeted(nothing);
    await openDialog(host);
    await user.keyboard("a/b{Enter}");
    expect(says()).toContain("no slashes");
    await user.click(screen.getByTestId("override-for-dialog-go"));
    expect(host.targeted).toEqual([]);
    screen.getByTestId("override-for-dialog");
  });

  it("stays with what was typed if it is refused", async () => {
    const host = await openTargeted(nothing);
    host.targetedRefusal = { code: "too_many", message: "There are too many.", problems: [] };
    await openDialog(host);
    await user.keyboard("shop{Enter}");
    await screen.findByText("There are too many.");
    expect(screen.getByTestId<HTMLInputElement>("for-name").value).toBe("shop");
  });

  it("closes its list with Escape, and itself with the next one", async () => {
    const host = await openTargeted(nothing);
    await openDialog(host);
    await user.keyboard("sh");
    // Left to the engine, it would cancel the dialog.
    expect(await press(screen.getByTestId("for-name"), "Escape")).toBe(false);
    screen.getByTestId("override-for-dialog");
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("override-for-dialog")).toBeNull();
  });

  it("has no fault that axe finds", async () => {
    const host = await openTargeted(nothing);
    await openDialog(host);
    await user.keyboard("sh");
    const dialog = screen.getByTestId("override-for-dialog");
    expect((await axe.run(dialog, rules)).violations).toEqual([]);
  });
});

describe("overrides in force", () => {
  it("are marked in the tree, in words too, and in a closed group", async () => {
    await openTargeted();
    await screen.findByTestId("row-ui.badges");
    const label = markOf("ui.badges")?.getAttribute("aria-label") ?? "";
    expect(label).toContain("shop: on until");
    expect(label).toContain("User user-42: off until");
    expect(markOf("calculator")).toBeNull();
    expect(markOf("ui")).toBeNull();
    await user.click(within(row("ui")).getByRole("button", { name: `${words.flags.collapse} ui` }));
    expect(markOf("ui")?.getAttribute("aria-label")).toContain("2 overrides");
  });

  it("are ended one by one by keys, each with undo", async () => {
    const host = await openTargeted();
    await user.click(await screen.findByTestId("row-ui.badges"));
    expect(entries()).toHaveLength(2);
    screen.getAllByTestId("end-targeted")[0]?.focus();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(entries()).toHaveLength(1));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("end-targeted")));
    expect(toast()).toContain("Override ended: ui.badges for shop");
    await user.click(screen.getByTestId("toast-action"));
    await waitFor(() => expect(entries()).toHaveLength(2));
    expect(targetedOf(host.targeted, "shop")[0]?.on).toBe(true);
  });

  it("of a component with many are listed on request, and ended together", async () => {
    const host = await openTargeted((host) => host.target(manyTargeted(Date.now())));
    await user.click(await screen.findByTestId("row-ui.badges"));
    expect(entries()).toHaveLength(20);
    await user.click(screen.getByTestId("all-targeted"));
    expect(entries()).toHaveLength(200);
    await user.click(screen.getByTestId("end-all-targeted"));
    await waitFor(() => expect(entries()).toEqual([]));
    expect(host.targeted.map(({ component }) => component)).toEqual([
      "a.component.that.was.removed",
    ]);
  });

  it("show no text of others as it came", async () => {
    await openTargeted((host) => host.target(manyTargeted(Date.now())));
    await user.click(await screen.findByTestId("row-ui.badges"));
    await user.click(screen.getByTestId("all-targeted"));
    expect(card().outerHTML).not.toMatch(/[\u200b\u202e\u2066]/);
    expect(card().textContent).toContain("x\\u{202e}gnp.exe");
    expect(card().textContent).toContain("\u2068متجر الكتب\u2069");
    expect(card().querySelector("img")).toBeNull();
  });

  it("are all in the details of the whole, with what has no component any more", async () => {
    await openTargeted((host) =>
      host.target([...fewTargeted(Date.now()), aTargeted({ source: "shop" }, "not.there")]),
    );
    await user.click(await screen.findByTestId("row-*"));
    expect(entries()).toHaveLength(5);
    expect(card().textContent).toContain("Does not act: there is no such component.");
    expect((await axe.run(card(), rules)).violations).toEqual([]);
  });

  it("are ended all together by one key, named, and brought back with undo", async () => {
    const host = await openTargeted();
    await screen.findByTestId("row-ui.badges");
    await user.keyboard("{Control>}{Shift>}A{/Shift}{/Control}");
    await waitFor(() => expect(host.targeted).toEqual([]));
    await waitFor(() => expect(toast()).toContain("4 overrides ended: "));
    expect(toast()).toContain("ui.badges for shop");
    await user.click(screen.getByTestId("toast-action"));
    await waitFor(() => expect(host.targeted).toHaveLength(4));
  });

  it("are brought back by undo although one of them is refused, which is said", async () => {
    const host = await openTargeted();
    await screen.findByTestId("row-ui.badges");
    await user.keyboard("{Control>}{Shift>}A{/Shift}{/Control}");
    await waitFor(() => expect(toast()).toContain("4 overrides ended: "));
    vi.spyOn(host, "overrideFor").mockRejectedValueOnce({
      code: "failed",
      message: "The disk is full.",
      problems: [],
    });
    await user.click(screen.getByTestId("toast-action"));
    await screen.findByText("The disk is full.");
    expect(host.targeted).toHaveLength(3);
  });

  it("are ended from the palette", async () => {
    const host = await openTargeted();
    await press(document.body, "k", { ctrlKey: true });
    await user.type(await screen.findByTestId("palette-input"), "end overrides single{Enter}");
    await waitFor(() => expect(host.targeted).toEqual([]));
  });

  it("that could not be ended stay, and it is said why", async () => {
    const host = await openTargeted();
    host.targetedRefusal = { code: "failed", message: "The disk is full.", problems: [] };
    await screen.findByTestId("row-ui.badges");
    await user.keyboard("{Control>}{Shift>}A{/Shift}{/Control}");
    await screen.findByText("The disk is full.");
    expect(host.targeted).toHaveLength(4);
  });

  it.each([
    [[{ source: "shop" }], "1 override for a single app"],
    [[{ user: "1" }], "1 override for a single user"],
    [[{ source: "shop" }, { source: "search" }], "2 overrides for single apps"],
    [[{ source: "shop" }, { user: "1" }], "2 overrides for single apps and users"],
  ])("for %j are counted on the dashboard, which leads to them", async (targets, said) => {
    const list = targets.map((target) => aTargeted(target, "ui.badges"));
    await openTargeted((host) => host.target(list), "dashboard");
    const link = await screen.findByTestId("card-targeted");
    expect(link.textContent).toBe(said);
    await user.click(link);
    await screen.findByTestId("row-ui.badges");
    expect(screen.queryByTestId("row-calculator")).toBeNull();
    expect(entries()).toHaveLength(targets.length);
  });

  it("are said of the connected applications that have any", async () => {
    await openTargeted(undefined, "settings");
    await user.click(screen.getByTestId("part-connect"));
    await waitFor(() => expect(screen.getAllByTestId("client").length).toBe(5));
    const marked = screen
      .getAllByTestId("client")
      .filter((client) => within(client).queryByTestId("client-overrides") !== null);
    expect(marked.map((client) => client.querySelector(".name")?.textContent.trim())).toEqual([
      "shop",
      "search",
    ]);
    expect(screen.getAllByTestId("client-overrides")[0]?.title).toContain("ui.badges on until");
  });

  it("are not in Activity", async () => {
    await openTargeted();
    await screen.findByTestId("row-ui.badges");
    await user.keyboard("{Control>}{Shift>}A{/Shift}{/Control}");
    await waitFor(() => expect(toast()).toContain("maria@example.com"));
    await user.click(screen.getByTestId("nav-activity"));
    expect(document.querySelector("main")?.textContent).not.toContain("maria@example.com");
  });
});
