/** Finding a person in a roster: who it is there, everything the person gets, and the way to why. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import type { Document } from "../src/bindings/wire";
import { words } from "../src/words";
import { extreme, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { ada, withRosters } from "./support/roster_samples";

let user: ReturnType<typeof userEvent.setup>;
let host: MemoryHost;

beforeEach(() => {
  user = userEvent.setup();
});

async function open(document: Document = typical(), name: "typical" | "extreme" = "typical") {
  host = new MemoryHost(document);
  withRosters(host, name);
  host.chosen = { ...host.chosen, view: "rosters" };
  await openOver(host);
  await screen.findByTestId("roster-details");
}

const get = (testid: string) => screen.getByTestId(testid);
const field = () => screen.getByTestId<HTMLInputElement>("person-id");
const outcome = () => get("person-outcome").textContent.trim();
const components = () => within(get("given")).getAllByRole("button");

async function find(id: string) {
  await user.clear(field());
  await user.type(field(), `${id}{Enter}`);
  await screen.findByTestId("given-count");
}

describe("a person in the roster", () => {
  it("is shown with groups, weight and attributes", async () => {
    await open();
    expect(outcome()).toBe("");
    await find(ada.id);
    expect(outcome()).toBe("ada@example.com is in Customers-EU");
    const facts = get("person-facts").textContent.replaceAll(/\s+/g, " ").trim();
    expect(facts).toBe("Groups betaeu Weight 2.5 country FR plan premium");
  });

  it("gets what their groups give, each with the reason", async () => {
    await open();
    await find(ada.id);
    expect(get("given-count").textContent).toBe("On for 4 of 9 components");
    expect(get("given-ui.badges").textContent).toMatch(
      /On\s*ui\.badges\s*The user is in the group beta/,
    );
    expect(get("given-orchestrator").textContent).toMatch(
      /Off\s*orchestrator\s*It is switched off\.$/,
    );
  });

  it("is filtered to what is on or off, and the count stays", async () => {
    await open();
    await find(ada.id);
    expect(components()).toHaveLength(9);
    await user.click(get("given-on"));
    expect(components()).toHaveLength(4);
    await user.click(get("given-off"));
    expect(components()).toHaveLength(5);
    expect(screen.queryByTestId("given-ui.badges")).toBeNull();
    expect(get("given-count").textContent).toBe("On for 4 of 9 components");
    await user.click(get("given-all"));
    expect(components()).toHaveLength(9);
  });

  it("is told again when the flags change", async () => {
    await open();
    await find(ada.id);
    host.changeElsewhere({ kind: "set_master", on: false });
    await waitFor(() => expect(get("given-count").textContent).toBe("On for 0 of 9 components"));
    await user.click(get("given-on"));
    expect(get("given-none").textContent).toBe(words.rosters.person.nothing.on);
  });

  it("is looked for in another roster when that is chosen", async () => {
    await open();
    await find(ada.id);
    await user.click(get("roster-everyone"));
    await waitFor(() => expect(outcome()).toBe("ada@example.com is in everyone"));
    expect(field().value).toBe(ada.id);
  });

  it("is walked through by arrow keys", async () => {
    await open();
    await find(ada.id);
    const [first, second] = components();
    first?.focus();
    await user.keyboard("{ArrowDown}");
    await waitFor(() => expect(document.activeElement).toBe(second));
    await user.keyboard("{End}");
    await waitFor(() => expect(document.activeElement).toBe(components().at(-1)));
    expect(components().filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
  });

  it("has the first of many groups, attributes and components until all are wanted", async () => {
    await open(extreme(), "extreme");
    await find("somebody");
    expect(within(get("person-groups")).getAllByRole("listitem")).toHaveLength(13);
    await user.click(get("person-groups-more"));
    expect(within(get("person-groups")).getAllByRole("listitem")).toHaveLength(61);
    expect(within(get("person-facts")).getAllByRole("term")).toHaveLength(8);
    await user.click(get("all-attributes"));
    expect(within(get("person-facts")).getAllByRole("term")).toHaveLength(204);
    expect(components()).toHaveLength(40);
    await user.click(get("all-given"));
    expect(components().length).toBeGreaterThan(400);
    expect(document.activeElement).toBe(get("given"));
  });
});

describe("a person who is not in the roster", () => {
  it("is checked as a user in no group", async () => {
    await open();
    const asked: unknown[] = [];
    const given = host.given.bind(host);
    host.given = (...of) => {
      asked.push(of);
      return given(...of);
    };
    await find("eve");
    expect(outcome()).toBe("eve is not in Customers-EU; as a user in no group:");
    expect(asked).toEqual([["eve", []]]);
    expect(screen.queryByTestId("person-facts")).toBeNull();
    expect(get("given-count").textContent).toBe("On for 3 of 9 components");
  });

  it("may be one by a blank, which is said", async () => {
    await open();
    await find(`${ada.id} `);
    expect(outcome()).toContain("is not in Customers-EU");
    expect(screen.getByText(words.rosters.person.hasBlanks)).toBeTruthy();
  });
});

describe("the search", () => {
  it("does nothing without an id, and waits for Enter", async () => {
    await open();
    await user.click(get("person-find"));
    await user.type(field(), ada.id);
    expect(outcome()).toBe("");
    await user.click(get("person-find"));
    await screen.findByTestId("person-facts");
  });

  it("is emptied by Escape, and by its button", async () => {
    await open();
    await find(ada.id);
    await user.type(field(), "{Escape}");
    expect(field().value).toBe("");
    expect(screen.queryByTestId("given")).toBeNull();
    await find(ada.id);
    await user.click(get("person-clear"));
    expect(document.activeElement).toBe(field());
    expect(outcome()).toBe("");
  });

  it("says why a person could not be looked for", async () => {
    await open();
    host.findPerson = () => Promise.reject(new Error("The disk is gone."));
    await user.type(field(), `${ada.id}{Enter}`);
    await screen.findByText("The person could not be looked for. The disk is gone.");
  });

  it("is reached from anywhere by its key", async () => {
    await open();
    await user.click(get("nav-dashboard"));
    await user.keyboard("{Control>}{Shift>}f{/Shift}{/Control}");
    await waitFor(() => expect(document.activeElement).toBe(field()));
    expect(host.chosen.view).toBe("rosters");
  });

  it("stands in no title and in no choice that is kept", async () => {
    await open();
    await find(ada.id);
    expect(document.title).not.toContain(ada.id);
    expect(JSON.stringify(host.chosen)).not.toContain(ada.id);
  });
});

describe("a component that a person gets", () => {
  it("leads to Flags, with the person checked there", async () => {
    await open();
    await find(ada.id);
    await user.click(get("given-search.ranking.neural"));
    const userField = await screen.findByTestId<HTMLInputElement>("explain-user");
    expect(host.chosen.view).toBe("flags");
    expect(userField.value).toBe(ada.id);
    expect(get("row-search.ranking.neural").ariaSelected).toBe("true");
    const card = within(get("explain"));
    for (const group of ada.groups) expect(card.getByText(group)).toBeTruthy();
    await waitFor(() => expect(document.activeElement).toBe(userField));
    await within(get("explain")).findByTestId("decision");
  });

  it("is shown also if a filter hid it, and the person is there on the way back", async () => {
    await open();
    await user.click(get("nav-flags"));
    await user.type(await screen.findByTestId("filter"), "badges");
    await user.click(get("nav-rosters"));
    await screen.findByTestId("roster-details");
    await find(ada.id);
    await user.click(get("given-tracker"));
    expect((await screen.findByTestId("row-tracker")).ariaSelected).toBe("true");
    await user.click(get("nav-rosters"));
    await screen.findByTestId("given-count");
    expect(field().value).toBe(ada.id);
  });
});
