/** The configuration in the window: every key is shown, and changed by pointer and by keyboard. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Failure, SettingValue } from "../src/bindings/wire";
import { words } from "../src/words";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, openWindow, press } from "./support/open";

const user = userEvent.setup();

async function openSettings(): Promise<MemoryHost> {
  const host = await openWindow(typical(), "settings");
  await screen.findByTestId("find-setting");
  return host;
}

const field = (name: string) => screen.getByTestId<HTMLInputElement>(`field-${name}`);
const row = (name: string) => screen.getByTestId(`setting-${name}`);
const note = (name: string) => screen.getByTestId(`note-${name}`).textContent.trim();
const inFile = (host: MemoryHost, name: string): SettingValue | undefined =>
  host.configuration.find((setting) => setting.name === name)?.inFile;

async function type(name: string, text: string): Promise<void> {
  await fireEvent.input(field(name), { target: { value: text } });
}

async function enter(name: string, text: string): Promise<void> {
  await type(name, text);
  await press(field(name), "Enter");
}

const refusal: Failure = {
  code: "failed",
  message: "config.toml cannot be written: the disk is full.",
  problems: [],
};

const TTL = "featureFlags.cache.ttl";
const REFRESH = "featureFlags.refreshInterval";
const ORIGINS = "http.allowedOrigins";
const GATEWAY = "metrics.pushGateway";

describe("the parts of the settings", () => {
  it("are tabs that the arrow keys walk and show", async () => {
    await openSettings();
    const tab = (part: string) => screen.getByTestId(`part-${part}`);
    expect(tab("configuration").getAttribute("aria-selected")).toBe("true");

    await press(tab("configuration"), "ArrowDown");
    await press(tab("connect"), "ArrowDown");
    expect(document.activeElement).toBe(tab("access"));
    expect(tab("access").getAttribute("aria-selected")).toBe("true");
    expect(screen.getByRole("tabpanel", { name: "Access" })).toBeTruthy();
    expect(tab("configuration").tabIndex).toBe(-1);

    await press(tab("access"), "End");
    expect(document.activeElement).toBe(tab("about"));
    await press(tab("about"), "ArrowRight");
    expect(document.activeElement).toBe(tab("configuration"));
    await press(tab("configuration"), "ArrowUp");
    await press(tab("about"), "Home");
    expect(tab("configuration").getAttribute("aria-selected")).toBe("true");
  });
});

describe("the configuration", () => {
  it("shows every key with its exact name, meaning, range and where its value is from", async () => {
    const host = await openSettings();
    for (const { name, meaning, source } of host.configuration) {
      const text = row(name).textContent;
      expect(text).toContain(words.settings.label(name));
      expect(text).toContain(name);
      expect(text).toContain(meaning);
      expect(text).toContain(words.settings.source(source));
    }
    expect(note(TTL)).toContain("5 minutes");
    expect(note(TTL)).toContain("0 seconds to 365 days");
    expect(row("http.port").textContent).toContain("Environment: FLAGDECK_HTTP_PORT");
    expect(row("rollback.triggers.errorRate").textContent).toContain("Command line");
    expect(note("rollback.triggers.errorRate")).toContain("2 %");
  });

  it("that does nothing yet says so, and cannot be switched", async () => {
    const host = new MemoryHost(typical());
    const setting = host.configuration.find(({ name }) => name === "rollback.strict");
    if (!setting) throw new Error("there is no such setting");
    setting.unavailable = "Not available yet.";
    host.chosen = { ...host.chosen, view: "settings" };
    await openOver(host);
    await screen.findByTestId("find-setting");
    expect(row(setting.name).textContent).toContain("Not available yet");
    const toggle = screen.getByTestId(`switch-${setting.name}`);
    expect(toggle.ariaDisabled === "true" || toggle.hasAttribute("disabled")).toBe(true);
  });

  it("is searched by label, exact name, meaning and variable", async () => {
    await openSettings();
    const search = screen.getByTestId<HTMLInputElement>("find-setting");
    const shown = () => screen.queryAllByTestId(/^setting-/).map((each) => each.dataset.setting);
    const find = (value: string) => fireEvent.input(search, { target: { value } });

    await find("allowed pages");
    expect(shown()).toEqual([ORIGINS]);
    await find("HTTP.PORT");
    expect(shown()).toEqual(["http.port"]);
    await find("ML_FLAGS");
    expect(shown()).toEqual(["featureFlags.endpoint"]);
    await find("colours");
    expect(shown()).toEqual([]);
    screen.getByTestId("settings-appearance");

    await find("nothing like it");
    screen.getByText("No setting matches “nothing like it”.");
    await fireEvent.click(screen.getByText("Show all settings"));
    expect(shown()).toHaveLength(25);
    await find("port");
    await press(search, "Escape");
    expect(search.value).toBe("");
  });

  it("that cannot be read says why, and is read again on request", async () => {
    const host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, view: "settings" };
    const settings = host.settings.bind(host);
    host.settings = () => Promise.reject(refusal);
    await openOver(host);
    expect((await screen.findByTestId("not-read")).textContent).toContain(refusal.message);
    host.settings = settings;
    await fireEvent.click(screen.getByTestId("read-again"));
    await screen.findByTestId("find-setting");
  });
});

describe("a setting that is typed", () => {
  it("is saved by Enter and told of, and Undo puts back what the file had", async () => {
    const host = await openSettings();
    await enter(REFRESH, "2 min");
    await waitFor(() => expect(inFile(host, REFRESH)).toBe(120_000));
    await waitFor(() => expect(field(REFRESH).value).toBe("120000"));
    expect(note(REFRESH)).toContain("Saved");
    const toast = screen.getByTestId("toast");
    expect(toast.textContent).toContain("Fetch interval: 30 seconds → 2 minutes");
    await fireEvent.click(within(toast).getByText("Undo"));
    await waitFor(() => expect(inFile(host, REFRESH)).toBe(30_000));
  });

  it("is taken out of the file again by Undo where the file did not have it", async () => {
    const host = await openSettings();
    await enter(TTL, "60000");
    await waitFor(() => expect(inFile(host, TTL)).toBe(60_000));
    await fireEvent.click(await screen.findByText("Undo"));
    await waitFor(() => expect(inFile(host, TTL)).toBeNull());
  });

  it("is kept as a draft on leaving, and says that it is not saved", async () => {
    const host = await openSettings();
    field(TTL).focus();
    await type(TTL, "60000");
    expect(note(TTL)).toContain("1 minute");
    expect(note(TTL)).toContain(words.frame.drafts.enterSaves);
    expect(inFile(host, TTL)).toBeNull();
    field(TTL).blur();
    await user.click(screen.getByTestId("nav-dashboard"));
    await user.click(screen.getByTestId("nav-settings"));
    await screen.findByTestId(`field-${TTL}`);
    expect(field(TTL).value).toBe("60000");
    expect(inFile(host, TTL)).toBeNull();
    await user.click(screen.getByTestId(`draft-${TTL}-save`));
    await waitFor(() => expect(inFile(host, TTL)).toBe(60_000));
  });

  it("beyond its range is refused in a sentence that names field and range", async () => {
    const host = await openSettings();
    await enter(REFRESH, "500");
    const alert = screen.getByText(/^Fetch interval: enter/);
    expect(alert.getAttribute("role")).toBe("alert");
    expect(note(REFRESH)).toBe(
      "Fetch interval: enter a whole number of milliseconds from 1,000 to 86,400,000.",
    );
    expect(field(REFRESH).getAttribute("aria-invalid")).toBe("true");
    expect(field(REFRESH).value).toBe("500");
    expect(inFile(host, REFRESH)).toBe(30_000);

    await press(field(REFRESH), "Escape");
    expect(field(REFRESH).value).toBe("30000");
    expect(field(REFRESH).getAttribute("aria-invalid")).toBe("false");
  });

  it("that the backend refuses stays to be put right, with the reason at the field", async () => {
    const host = await openSettings();
    host.refusal = refusal;
    await enter(TTL, "60000");
    await waitFor(() => expect(note(TTL)).toContain(refusal.message));
    expect(field(TTL).value).toBe("60000");
    host.refusal = null;
    await press(field(TTL), "Enter");
    await waitFor(() => expect(inFile(host, TTL)).toBe(60_000));
    await waitFor(() => expect(note(TTL)).not.toContain(refusal.message));
  });

  it("that the user does not confirm in the desktop's dialog is not saved, and stays typed", async () => {
    const host = await openSettings();
    host.isConfirming = false;
    await enter(GATEWAY, "http://gate.example:9091");
    await waitFor(() => expect(note(GATEWAY)).toContain(words.settings.unconfirmed(GATEWAY)));
    expect(field(GATEWAY).value).toBe("http://gate.example:9091");
    expect(inFile(host, GATEWAY)).toBeNull();
    host.isConfirming = true;
    await press(field(GATEWAY), "Enter");
    await waitFor(() => expect(inFile(host, GATEWAY)).toBe("http://gate.example:9091"));
  });

  it("counts as unsaved, and is still there after a look elsewhere", async () => {
    const host = await openSettings();
    await enter(TTL, "soon");
    await waitFor(() => expect(host.isUnsaved).toBe(true));
    await fireEvent.click(screen.getByTestId("part-about"));
    await fireEvent.click(screen.getByTestId("nav-dashboard"));
    await fireEvent.click(screen.getByTestId("nav-settings"));
    await fireEvent.click(screen.getByTestId("part-configuration"));
    await screen.findByTestId(`field-${TTL}`);
    expect(field(TTL).value).toBe("soon");
    expect(host.isUnsaved).toBe(true);
    await press(field(TTL), "Escape");
    await waitFor(() => expect(host.isUnsaved).toBe(false));
  });

  it("as it is already sends nothing", async () => {
    const host = await openSettings();
    await enter(TTL, "5 min");
    expect(inFile(host, TTL)).toBeNull();
    expect(field(TTL).value).toBe("300000");
  });
});

describe("a setting", () => {
  it("that is a switch is changed at once, or says why not", async () => {
    const host = await openSettings();
    const control = screen.getByTestId("switch-metrics.enabled");
    await fireEvent.click(control);
    await waitFor(() => expect(control.getAttribute("aria-checked")).toBe("false"));
    expect(inFile(host, "metrics.enabled")).toBe(false);
    host.refusal = refusal;
    await fireEvent.click(control);
    await waitFor(() => expect(note("metrics.enabled")).toContain(refusal.message));
    expect(control.getAttribute("aria-checked")).toBe("false");
  });

  it("can be reset where the file has it, and only there", async () => {
    const host = await openSettings();
    expect(screen.queryByTestId(`reset-${TTL}`)).toBeNull();
    const reset = screen.getByTestId(`reset-${REFRESH}`);
    expect(reset.getAttribute("aria-label")).toContain("1 minute");
    await fireEvent.click(reset);
    await waitFor(() => expect(screen.queryByTestId(`reset-${REFRESH}`)).toBeNull());
    expect(inFile(host, REFRESH)).toBeNull();
    expect(field(REFRESH).value).toBe("60000");
    await waitFor(() => expect(document.activeElement).toBe(field(REFRESH)));
  });

  it("that the environment decides is locked, with the reason and what the file has", async () => {
    const host = await openSettings();
    expect(field("http.port").value).toBe("4700");
    expect(field("http.port").readOnly).toBe(true);
    const locked = within(row("http.port")).getByTestId("locked").textContent;
    expect(locked).toContain("FLAGDECK_HTTP_PORT decides");
    expect(locked).toContain("config.toml has 4690, which is not in force");
    expect(screen.queryByTestId("reset-http.port")).toBeNull();
    await press(field("http.port"), "Enter");
    expect(inFile(host, "http.port")).toBe(4690);
  });

  it("that waits for a restart shows the file's value, and says which is in force", async () => {
    const host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, view: "settings" };
    const port = host.configuration.find(({ name }) => name === "http.port");
    Object.assign(port ?? {}, { source: { kind: "default" }, value: 4680, inFile: null });
    Object.assign(port ?? {}, { isWaiting: false });
    await openOver(host);
    await screen.findByTestId("field-http.port");
    expect(row("http.port").textContent).toContain(words.settings.needsRestart);
    await enter("http.port", "4690");
    const waiting = await within(row("http.port")).findByTestId("waiting");
    expect(waiting.textContent).toContain("4680 is in force until Flagdeck starts again");
    expect(field("http.port").value).toBe("4690");
    expect(screen.getByTestId("toast").textContent).toContain("once Flagdeck starts again");
  });
});

describe("the list of allowed web pages", () => {
  it("takes origins one by one and lets them go, each saved at once", async () => {
    const host = await openSettings();
    await enter(ORIGINS, "http://localhost:8080");
    await waitFor(() =>
      expect(inFile(host, ORIGINS)).toEqual(["http://localhost:5173", "http://localhost:8080"]),
    );
    await waitFor(() => expect(field(ORIGINS).value).toBe(""));
    await fireEvent.click(await screen.findByLabelText("Remove http://localhost:5173"));
    await waitFor(() => expect(inFile(host, ORIGINS)).toEqual(["http://localhost:8080"]));
  });

  it("refuses what is no origin, and keeps it to be put right", async () => {
    const host = await openSettings();
    await enter(ORIGINS, "localhost:8080/app");
    expect(note(ORIGINS)).toContain("Allowed web pages: enter origins such as");
    expect(field(ORIGINS).value).toBe("localhost:8080/app");
    expect(inFile(host, ORIGINS)).toEqual(["http://localhost:5173"]);
  });
});

describe("the appearance", () => {
  it("takes colours and size, which are kept with the choices", async () => {
    const host = await openSettings();
    await fireEvent.click(screen.getByTestId("appearance-dark"));
    expect(document.documentElement.dataset.theme).toBe("dark");
    await fireEvent.click(screen.getByTestId("larger"));
    await fireEvent.click(screen.getByTestId("larger"));
    expect(screen.getByTestId("zoom").textContent).toBe("120 %");
    await fireEvent.click(screen.getByTestId("smaller"));
    expect(host.chosen).toMatchObject({ theme: "dark", zoom: 110 });
    expect(screen.getByTestId("smaller").getAttribute("aria-disabled")).toBeNull();
    await fireEvent.click(screen.getByText("Normal size"));
    expect(screen.getByTestId("smaller").getAttribute("aria-disabled")).toBe("true");
  });

  it("shows that a part of an address is hidden, and offers no way back to what it does not know", async () => {
    const host = new MemoryHost(typical());
    const gateway = host.configuration.find(({ name }) => name === "metrics.pushGateway");
    if (!gateway) throw new Error("there is no such setting");
    gateway.value = gateway.inFile = "http://***@gate.example";
    host.chosen = { ...host.chosen, view: "settings" };
    await openOver(host);
    await screen.findByTestId("find-setting");
    const shown = within(row(gateway.name));
    expect(field(gateway.name).value).toBe("http://***@gate.example");
    shown.getByText(words.settings.hidden);
    await enter(gateway.name, "http://other.example");
    await waitFor(() => expect(gateway.inFile).toBe("http://other.example"));
    await waitFor(() => expect(shown.queryByText(words.settings.hidden)).toBeNull());
    await screen.findByTestId("toast");
    expect(screen.queryByTestId("toast-action")).toBeNull();
  });
});
