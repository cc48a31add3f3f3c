/** What a component requires and what requires it: chosen, taken off, and never in a circle. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { huge, typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent } from "./support/open";

const user = userEvent.setup();

const card = () => within(screen.getByTestId("requires"));
const field = () => screen.getByTestId<HTMLInputElement>("requires-input");
const requiresOf = (host: MemoryHost, path: string) => host.document.requires?.[path];

async function find(query: string): Promise<HTMLElement[]> {
  await user.click(field());
  await user.paste(query);
  return [...document.querySelectorAll<HTMLElement>("[data-testid=requires] [role=option]")];
}

describe("what a component requires", () => {
  it("is found by path or title and taken by Enter, as one revision", async () => {
    const host = await openComponent(typical(), "tracker");
    const found = await find("confidence badges");
    expect(found.map((option) => option.textContent)).toEqual(["ui.badges Confidence badges"]);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(requiresOf(host, "tracker")).toEqual(["ui.badges"]));
    expect(host.edits).toHaveLength(1);
    await waitFor(() =>
      expect(card().getByTestId("requires-met").textContent).toContain(
        "Met for beta, and 12.5 % of everyone else.",
      ),
    );
    expect(field().value).toBe("");
  });

  it("is chosen by pointer too", async () => {
    const host = await openComponent(typical(), "ui.dashboard");
    await user.click(field());
    await user.click(card().getByRole("option", { name: /^calculator/ }));
    await waitFor(() =>
      expect(requiresOf(host, "ui.dashboard")).toEqual(["tracker", "calculator"]),
    );
  });

  it("is never what requires it already, which says so and cannot be taken", async () => {
    const host = await openComponent(typical(), "tracker");
    const [barred] = await find("dashboard");
    expect(barred?.textContent).toBe("ui.dashboard requires it already");
    expect(barred?.getAttribute("aria-disabled")).toBe("true");
    await user.keyboard("{Enter}");
    await user.click(barred ?? document.body);
    expect(host.edits).toEqual([]);
  });

  it("is never what needs it through others either, which are named", async () => {
    const document = typical();
    const requires = { ...document.requires, tracker: ["calculator"] };
    await openComponent({ ...document, requires }, "calculator");
    const found = await find("dashboard");
    expect(found.map((option) => option.textContent)).toEqual([
      "ui.dashboard requires it already, through tracker",
    ]);
  });

  it("follows a change from elsewhere in what may be chosen", async () => {
    const host = await openComponent(typical(), "tracker");
    host.changeElsewhere({ kind: "set_requires", component: "calculator", requires: ["tracker"] });
    await card().findByTitle("calculator");
    const [barred] = await find("calculator");
    expect(barred?.textContent).toBe("calculator requires it already");
  });

  it("says where nothing is found", async () => {
    await openComponent(typical(), "tracker");
    expect(await find("no such thing")).toEqual([]);
    card().getByText("No other component has that name or title.");
  });

  it("is taken off by its cross, and nothing else with it", async () => {
    const host = await openComponent(typical(), "search.suggestions");
    await user.click(card().getByLabelText("Stop requiring search.ranking.feedback"));
    // It is off, so without it more users see the component.
    await user.click(await screen.findByTestId("widening-confirm"));
    await waitFor(() => expect(requiresOf(host, "search.suggestions")).toEqual(["tracker"]));
    await waitFor(() => expect(document.activeElement).toBe(field()));
    await user.click(card().getByLabelText("Stop requiring tracker"));
    await waitFor(() => expect(requiresOf(host, "search.suggestions")).toBeUndefined());
    card().getByText("Requires nothing else.");
  });

  it("names what is off and holds it back, until it is on", async () => {
    const host = await openComponent(typical(), "search.suggestions");
    card().getByText("Blocked: off for everyone while search.ranking.feedback is off.");
    host.changeElsewhere({
      kind: "set_components",
      paths: ["search.ranking.feedback"],
      on: true,
    });
    await card().findByText("Met for 50 % of everyone.");
  });

  it("added elsewhere in the meantime is kept", async () => {
    const host = await openComponent(typical(), "ui.dashboard");
    const answer = host.hold();
    await find("calculator");
    await user.keyboard("{Enter}");
    host.changeElsewhere({
      kind: "set_requires",
      component: "ui.dashboard",
      requires: ["tracker", "orchestrator"],
    });
    answer();
    await waitFor(() =>
      expect(requiresOf(host, "ui.dashboard")).toEqual(["tracker", "orchestrator", "calculator"]),
    );
  });

  it("is found among ten thousand, of which fifty are listed", async () => {
    await openComponent(huge(), "area0.component1");
    await user.click(field());
    expect(card().getAllByRole("option")).toHaveLength(50);
    card().getByText("and 9,949 more: type to narrow them down");
    await user.paste("area99.component98");
    expect(card().getAllByRole("option")).toHaveLength(1);
  });
});

describe("what needs a component", () => {
  it("is listed, and each leads to what it names", async () => {
    await openComponent(typical(), "tracker");
    card().getByText("Required by");
    await user.click(card().getByTitle("ui.dashboard"));
    expect(screen.getByTestId("row-ui.dashboard").ariaSelected).toBe("true");
    expect(screen.getByTestId("about-title").textContent).toBe("Quality overview");
  });

  it("is not mentioned where nothing does", async () => {
    await openComponent(typical(), "ui.badges");
    expect(card().queryByText("Required by")).toBeNull();
  });
});
