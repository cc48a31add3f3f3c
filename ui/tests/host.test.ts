import { invoke } from "@tauri-apps/api/core";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { CALLS } from "../src/bindings/calls";
import { CODES } from "../src/bindings/wire";
import { asFailure } from "../src/host/host";
import { tauri } from "../src/host/tauri";

vi.mock("@tauri-apps/api/core", () => ({ invoke: vi.fn(() => Promise.resolve(null)) }));
vi.mock("@tauri-apps/api/event", () => ({ listen: vi.fn() }));

describe("the backend over IPC", () => {
  beforeEach(() => vi.mocked(invoke).mockClear());

  it("is called by the names that the backend has, with values for every parameter", async () => {
    await tauri.setUnsaved(false);
    await tauri.labelSnapshot(7, { name: "before" });
    await tauri.change({ kind: "set_master", on: true });
    await tauri.emergencyOff();
    expect(vi.mocked(invoke).mock.calls).toEqual([
      ["set_unsaved", { isUnsaved: false }],
      ["label_snapshot", { id: 7, label: { name: "before" } }],
      ["change", { edit: { kind: "set_master", on: true }, base: null, confirmsLoss: null }],
      ["emergency_off", {}],
    ]);
  });

  it.each(CODES)("keeps a failure of the code %s as it is", (code) => {
    const failure = { code, message: "Refused.", problems: [] };
    expect(asFailure(failure)).toBe(failure);
  });

  it("has every call there is", () => {
    expect(Object.keys(tauri).sort()).toEqual([...Object.keys(CALLS), "listen"].sort());
  });
});
