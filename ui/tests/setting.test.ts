/** The values of settings: read from what is typed, and put into words. */

import { describe, expect, it } from "vitest";

import type { Setting, SettingKind } from "../src/bindings/wire";
import { formatBytes, formatDuration } from "../src/format";
import originVectors from "../../tests/fixtures/origins.json";
import typedVectors from "../../tests/fixtures/typed_percentages.json";
import { entryText, groupOf, isOrigin, parseEntry, wantedValue } from "../src/model/setting";
import { words } from "../src/words";
import { sampleSettings } from "./support/settings";

const integer = (unit: string, min = 0, max = 1e15): SettingKind => ({
  kind: "integer",
  min,
  max,
  unit,
});

const read = (kind: SettingKind, text: string) => {
  const entry = parseEntry(kind, text);
  return entry.ok ? entry.value : "refused";
};

const named = (name: string, rest: Partial<Setting> = {}): Setting => {
  const setting = sampleSettings().find((each) => each.name === name);
  if (!setting) throw new Error(`${name} is no setting`);
  return { ...setting, ...rest };
};

describe("what is typed for a setting", () => {
  it.each([
    ["300000", 300_000],
    [" 300,000 ", 300_000],
    ["300 000", 300_000],
    ["5 min", 300_000],
    ["1.5s", 1500],
    ["2 hours", 7_200_000],
    ["1 day", 86_400_000],
    ["0", 0],
  ])("may be a time such as %s", (text, value) => {
    expect(read(integer("milliseconds"), text)).toBe(value);
  });

  it.each(["", "five", "-1", "1e3", "30,00", "1.2.3", "0.5 ms", "5 parsecs", "5 MiB"])(
    "is refused as a time where it is %j",
    (text) => {
      expect(read(integer("milliseconds"), text)).toBe("refused");
    },
  );

  it("may be a size in larger units, but only whole bytes", () => {
    expect(read(integer("bytes"), "150 MiB")).toBe(157_286_400);
    expect(read(integer("bytes"), "1.5 KiB")).toBe(1536);
    expect(read(integer("bytes"), "0.3 KiB")).toBe("refused");
  });

  it("is refused beyond its range, and taken at its ends", () => {
    const port = integer("port", 1, 65_535);
    expect(["0", "1", "65535", "65536"].map((text) => read(port, text))).toEqual([
      "refused",
      1,
      65_535,
      "refused",
    ]);
  });

  it("may be a share, also in per cent", () => {
    const share: SettingKind = { kind: "share" };
    const texts = ["0.05", ".5", "5 %", "100%", "1", "1.01", "101 %", "", "x"];
    expect(texts.map((text) => read(share, text))).toEqual([
      0.05,
      0.5,
      0.05,
      1,
      1,
      "refused",
      "refused",
      "refused",
      "refused",
    ]);
  });

  it("may be an address, or empty for none", () => {
    const address: SettingKind = { kind: "address" };
    expect(read(address, "https://flags.example/f?x=1")).toBe("https://flags.example/f?x=1");
    expect(read(address, "http://[::1]:4000")).toBe("http://[::1]:4000");
    expect(read(address, " ")).toBeNull();
    for (const text of ["flags.example", "ftp://x", "http://", "http://a b"]) {
      expect(read(address, text)).toBe("refused");
    }
  });

  it("may be a path of this server", () => {
    for (const text of ["/metrics", "/metrics/"]) {
      expect(read({ kind: "route" }, text)).toBe(text);
    }
    for (const text of ["metrics", "", "http://a/metrics"]) {
      expect(read({ kind: "route" }, text)).toBe("refused");
    }
  });

  it("is a share with a point or a comma, as flagctl reads it", () => {
    for (const [text, share] of typedVectors.shares as [string, number | null][]) {
      expect([text, read({ kind: "share" }, text)]).toEqual([text, share ?? "refused"]);
    }
  });

  it("is an origin exactly when the backend takes it as one", () => {
    for (const text of originVectors.taken) expect(isOrigin(text), text).toBe(true);
    for (const text of originVectors.refused) expect(isOrigin(text), text).toBe(false);
  });

  it("may be several origins, each once, without paths", () => {
    const origins: SettingKind = { kind: "origins" };
    expect(read(origins, "http://a:1, https://b http://a:1")).toEqual(["http://a:1", "https://b"]);
    for (const text of ["http://a/path", "http://u@a", "a:1", "http://a http://b/"]) {
      expect(read(origins, text)).toBe("refused");
    }
  });

  it("is what the field shows of any stored value", () => {
    for (const { kind, value } of sampleSettings()) {
      if (kind.kind !== "switch") expect(read(kind, entryText(value))).toEqual(value);
    }
  });
});

describe("a setting", () => {
  it("shows what its file says while that waits for a restart", () => {
    const port = named("http.port", { source: { kind: "default" }, value: 4680 });
    expect(wantedValue(port)).toBe(4690);
    expect(wantedValue({ ...port, inFile: null })).toBe(4680);
    expect(wantedValue({ ...port, isWaiting: false })).toBe(4680);
  });

  it("shows what is in force where the environment decides", () => {
    expect(wantedValue(named("http.port"))).toBe(4700);
  });

  it("has a name in words, a group and a sentence for what does not fit", () => {
    for (const { name, kind } of sampleSettings()) {
      expect(words.settings.label(name)).not.toBe(name);
      expect(groupOf(name)).not.toBe("other");
      const problem = words.settings.problem(name, kind);
      expect(problem).toMatch(/^[A-Z].*: enter .*\.$/);
      expect(problem).toContain(words.settings.label(name));
    }
  });

  it("that nobody named goes by its own name, in a group of its own", () => {
    expect(words.settings.label("lab.runs")).toBe("lab.runs");
    expect(groupOf("lab.runs")).toBe("other");
  });

  it("tells when it goes back to its default, even where that is the same value", () => {
    const port = named("http.port", { inFile: null });
    expect(words.settings.changed(port, 4690, 4680)).toBe(
      "Port: 4690 → 4680, the default, once Flagdeck starts again",
    );
    const origins = named("http.allowedOrigins", { inFile: null });
    expect(words.settings.changed(origins, [], [])).toBe("Allowed web pages: none, the default");
  });

  it("tells of a change in words people use", () => {
    const tell = (name: string, before: Setting["value"], after: Setting["value"]) =>
      words.settings.changed(named(name, { inFile: after }), before, after);
    expect(tell("featureFlags.cache.ttl", 300_000, 90_000)).toBe(
      "Time a copy is fresh: 5 minutes → 1 minute 30 seconds",
    );
    expect(tell("rollback.triggers.memoryThreshold", 157_286_400, 2 ** 30)).toBe(
      "Memory threshold: 150 MiB → 1 GiB",
    );
    expect(tell("rollback.triggers.errorRate", 0.05, 0.1)).toBe("Error share: 5 % → 10 %");
    expect(tell("metrics.enabled", true, false)).toBe("Collect metrics: on → off");
    expect(tell("featureFlags.endpoint", null, "http://a")).toBe(
      "Address to follow: none → http://a",
    );
    expect(tell("http.allowedOrigins", ["http://a"], ["http://b"])).toBe(
      "Allowed web pages: http://b added, http://a removed",
    );
    expect(tell("http.port", 4680, 4690)).toBe("Port: 4680 → 4690, once Flagdeck starts again");
  });
});

describe("times and sizes in words", () => {
  it("say all of a time", () => {
    expect([0, 1, 999, 1000, 61_000, 86_400_000, 90_061_001].map(formatDuration)).toEqual([
      "0 seconds",
      "1 millisecond",
      "999 milliseconds",
      "1 second",
      "1 minute 1 second",
      "1 day",
      "1 day 1 hour 1 minute 1 second 1 millisecond",
    ]);
  });

  it("say a size in the unit that suits it", () => {
    expect([0, 1, 1023, 1024, 182_272, 157_286_400, 2 ** 50].map(formatBytes)).toEqual([
      "0 bytes",
      "1 byte",
      "1,023 bytes",
      "1 KiB",
      "178 KiB",
      "150 MiB",
      "1,024 TiB",
    ]);
  });
});
