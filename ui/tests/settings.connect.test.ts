/** Connecting an application: recipes that work here, who is connected, and the ways on. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { keyOf } from "../src/model/clients";
import { languages, recipe } from "../src/model/recipes";
import { PAUSE_MS } from "../src/state/clients.svelte";
import { words } from "../src/words";
import { aClient, extremeClients, typicalClients } from "./support/clients";
import { safeDefault, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, openWindow, press } from "./support/open";

const say = words.connect;
const copied: string[] = [];
const user = userEvent.setup();

beforeEach(() => {
  copied.length = 0;
  const writeText = (text: string) => Promise.resolve(void copied.push(text));
  Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
});

function settingsHost(): MemoryHost {
  const host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "settings" };
  return host;
}

async function openConnect(host = settingsHost()): Promise<MemoryHost> {
  await openOver(host);
  await fireEvent.click(screen.getByTestId("part-connect"));
  return host;
}

function allow(host: MemoryHost, origins: string[]): void {
  const setting = host.configuration.find(({ name }) => name === "http.allowedOrigins");
  if (setting) setting.value = origins;
}

const shown = () => screen.getByTestId("recipe").textContent;
const rows = () => screen.getAllByTestId("client").map((row) => row.textContent);

describe("the recipes", () => {
  it.each(languages)("%s holds the address that is in force, and no other", (language) => {
    const text = recipe(language, "http://127.0.0.1:5000");
    expect(text).toContain("http://127.0.0.1:5000");
    expect(text).not.toContain("4680");
    expect(text).toContain("shop");
  });

  it("are shown and copied one by one, as they work here", async () => {
    const host = settingsHost();
    host.state = { ...host.state, serving: "127.0.0.1:5000" };
    await openConnect(host);
    for (const language of languages) {
      await fireEvent.click(await screen.findByTestId(`recipe-of-${language}`));
      const text = recipe(language, "http://127.0.0.1:5000");
      expect(shown()).toBe(text);
      await fireEvent.click(screen.getByTestId("copy-recipe"));
      await waitFor(() => expect(copied.at(-1)).toBe(text));
    }
    await fireEvent.click(screen.getByTestId("copy-base"));
    await waitFor(() => expect(copied.at(-1)).toBe("http://127.0.0.1:5000"));
  });

  it("are chosen and copied by keys alone, and the choice is still there later", async () => {
    await openConnect();
    (await screen.findByTestId("recipe-of-browser")).focus();
    await user.keyboard("{ArrowRight}{ArrowRight} ");
    expect(shown()).toContain("pip install");
    await user.tab();
    expect(document.activeElement).toBe(screen.getByTestId("copy-recipe"));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(copied).toEqual([recipe("python", "http://127.0.0.1:4680")]));
    await fireEvent.click(screen.getByTestId("part-about"));
    await fireEvent.click(screen.getByTestId("part-connect"));
    expect(shown()).toContain("pip install");
  });

  it("of a page says which origins are allowed, and leads to that setting", async () => {
    const host = settingsHost();
    allow(host, ["http://localhost:5173", "tauri://localhost"]);
    await openConnect(host);
    await waitFor(() =>
      expect(screen.getByTestId("origins").textContent).toBe(
        "Allowed: http://localhost:5173, tauri://localhost",
      ),
    );
    await fireEvent.click(screen.getByTestId("allow-origin"));
    const field = await screen.findByTestId("field-http.allowedOrigins");
    await waitFor(() => expect(document.activeElement).toBe(field));
  });

  it("of a page says so if no origin is allowed", async () => {
    const host = settingsHost();
    allow(host, []);
    await openConnect(host);
    await screen.findByText("No origin is allowed yet.");
    await fireEvent.click(screen.getByTestId("recipe-of-node"));
    expect(screen.queryByTestId("origins")).toBeNull();
  });

  it("never show the token, which is one step away and still hidden", async () => {
    const host = await openConnect();
    await fireEvent.click(await screen.findByTestId("to-token"));
    await screen.findByTestId("token");
    expect(document.body.textContent).not.toContain(host.secret);
  });
});

describe("who is connected", () => {
  it("says what to do while nobody is", async () => {
    await openConnect();
    await screen.findByText(say.none);
    expect(screen.getByTestId("clients-line").textContent).toBe("Nothing connected yet");
    expect(screen.getByTestId("clients").textContent).toContain("Seen in the last 15 minutes");
  });

  it("appears by itself, with what it uses", async () => {
    const host = await openConnect();
    await screen.findByText(say.none);
    host.clientsNow = typicalClients(Date.now());
    await waitFor(() => expect(rows()).toHaveLength(5), { timeout: 10 * PAUSE_MS });
    expect(screen.getByTestId("clients-line").textContent).toBe(
      "Connected lately: shop, search, Prometheus +2",
    );
    expect(screen.getByTestId("clients-count").textContent).toBe(
      "5 clients, 1 with an open stream",
    );
    const row = (name: string) => {
      const found = screen.getAllByTestId("client").find((each) => each.textContent.includes(name));
      return within(found ?? document.body);
    };
    for (const part of ["shop", "Browser", "Document", "Stream", "Events", "State", "Connected"]) {
      row("shop").getByText(part);
    }
    row("Prometheus").getByText("Metrics");
    row("curl").getByText("4m ago");
    expect(row("curl").getByText("Document").title).toMatch(/^42 requests since /);
  });

  it("is not asked for while it is not shown", async () => {
    const host = await openConnect();
    await waitFor(() => expect(host.clientsAsked).toBeGreaterThan(0));
    vi.useFakeTimers();
    await fireEvent.click(screen.getByTestId("part-about"));
    const asked = host.clientsAsked;
    await vi.advanceTimersByTimeAsync(20 * PAUSE_MS);
    expect(host.clientsAsked).toBe(asked);
    vi.useRealTimers();
  });

  it("that cannot be read says why, and is read again", async () => {
    const host = settingsHost();
    host.refusals.connected = { code: "failed", message: "No answer.", problems: [] };
    await openConnect(host);
    await screen.findByText("No answer.");
    delete host.refusals.connected;
    await fireEvent.click(screen.getByTestId("read-again"));
    await screen.findByText(say.none);
  });

  it("are told apart by source and program, and all shown only on request", async () => {
    const host = settingsHost();
    host.clientsNow = extremeClients(Date.now());
    expect(new Set(host.clientsNow.map(keyOf)).size).toBe(309);
    await openConnect(host);
    await waitFor(() => expect(rows()).toHaveLength(50));
    await fireEvent.click(screen.getByTestId("all-clients"));
    expect(rows()).toHaveLength(309);
    expect(screen.queryByTestId("all-clients")).toBeNull();
    expect(document.activeElement?.tagName).toBe("TABLE");
  });

  it("are shown in their visible form, whatever they call themselves", async () => {
    const host = settingsHost();
    host.clientsNow = [
      aClient("x\u202egnp.exe", "node", ["document"], { nowMs: Date.now() }),
      aClient("<b>bold</b>", null, ["document"], { nowMs: Date.now() }),
      aClient(null, "http", ["document"], { nowMs: Date.now() }),
    ];
    await openConnect(host);
    await screen.findByText(String.raw`x\u{202e}gnp.exe`);
    screen.getByText("<b>bold</b>");
    screen.getByText("Another program");
    screen.getByText("Unnamed program");
    expect(document.querySelector("b")).toBeNull();
  });
});

describe("while flags are not served", () => {
  function unserved(owner: string | null): MemoryHost {
    const host = settingsHost();
    host.portTrouble = { port: 4680, owner, reason: "cannot listen on port 4680" };
    host.state = { ...host.state, serving: null, notServing: host.portTrouble };
    return host;
  }

  it.each([
    ["node (process 77)", "Close that program and try again"],
    ["flagctl (process 123)", "flagctl clients lists them"],
    [null, "Cannot listen on port 4680."],
  ])("because of %s, no address is shown that does not work", async (owner, told) => {
    await openConnect(unserved(owner));
    const card = await screen.findByTestId("not-serving");
    expect(card.textContent).toContain(told);
    if (owner !== null) expect(card.textContent).toContain(`Port 4680 is used by ${owner}.`);
    expect(screen.queryByTestId("recipe")).toBeNull();
    expect(screen.queryByTestId("clients")).toBeNull();
    expect(document.body.textContent).not.toContain("http://127.0.0.1");
  });

  it("it can be tried again, and the recipes appear once that succeeds", async () => {
    const host = await openConnect(unserved("node (process 77)"));
    await fireEvent.click(await screen.findByTestId("serve"));
    await screen.findByTestId("not-serving");
    host.portTrouble = null;
    await fireEvent.click(screen.getByTestId("serve"));
    await screen.findByTestId("recipe");
  });

  it("leads to the setting of the port", async () => {
    await openConnect(unserved("node (process 77)"));
    await fireEvent.click(await screen.findByTestId("change-port"));
    const port = await screen.findByTestId("field-http.port");
    await waitFor(() => expect(document.activeElement).toBe(port));
  });
});

describe("the ways to it", () => {
  it("are the empty dashboard, which has none once something reports", async () => {
    const host = await openWindow(safeDefault(), "dashboard");
    await fireEvent.click(await screen.findByTestId("connect-first"));
    await screen.findByTestId("connect");
    expect(host.chosen.view).toBe("settings");
    expect(screen.getByTestId("part-connect").getAttribute("aria-selected")).toBe("true");
  });

  it.each(["metrics", "snapshots"] as const)("are the empty view of %s", async (view) => {
    await openWindow(typical(), view);
    await fireEvent.click(await screen.findByTestId("connect-first"));
    await screen.findByTestId("connect");
  });

  it("are the palette", async () => {
    await openWindow(typical(), "flags");
    await user.keyboard("{Control>}k{/Control}");
    const field = screen.getByTestId("palette-input");
    await user.type(field, "connect app");
    await press(field, "Enter");
    await screen.findByTestId("connect");
  });

  it("are the address in Access", async () => {
    const host = settingsHost();
    await openOver(host);
    await fireEvent.click(screen.getByTestId("part-access"));
    await fireEvent.click(await screen.findByTestId("to-connect"));
    await screen.findByTestId("connect");
  });
});
