/** The calculation and the parts of `examples/sample-host/` that need no page. */

import { describe, expect, test } from "vitest";

import {
  AnalysisError,
  converge,
  difficulty,
  ITERATIONS_MAX,
  ITERATIONS_MIN,
  measure,
  randomOf,
  readingEase,
  syllablesOf,
} from "../../examples/sample-host/analysis.js";
import {
  calculateAtOnce,
  FailedOnPurpose,
} from "../../examples/sample-host/components/calculator.js";
import { agreement } from "../../examples/sample-host/components/curation.js";
import { figuresOf } from "../../examples/sample-host/components/dashboard.js";
import { Orchestrator } from "../../examples/sample-host/components/orchestrator.js";
import { kept } from "../../examples/sample-host/components/tracker.js";
import { AppState, EventBus } from "../../examples/sample-host/host.js";
import { neighbour, visitor } from "../../examples/sample-host/people.js";
import { TEXTS } from "../../examples/sample-host/texts.js";

const stepsOf = (text, seed) => [...converge(measure(text).eases, randomOf(seed))];

describe("the analysis", () => {
  test.each([
    ["make", 1],
    ["banana", 3],
    ["the", 1],
    ["Über", 2],
    ["rhythm", 1],
    ["漢字", 1],
  ])("%s has %i syllables", (word, syllables) => {
    expect(syllablesOf(word)).toBe(syllables);
  });

  test("the reading ease is Flesch's", () => {
    expect(readingEase(["The", "cat", "sat"])).toBeCloseTo(206.835 - 1.015 * 3 - 84.6, 6);
  });

  test("it converges from little confidence to more, and ends once that is settled", () => {
    for (const { text } of TEXTS) {
      for (let seed = 1; seed <= 20; seed += 1) {
        const steps = stepsOf(text, seed);
        expect(steps.length).toBeGreaterThanOrEqual(ITERATIONS_MIN);
        expect(steps.length).toBeLessThanOrEqual(ITERATIONS_MAX);
        expect(steps.map(({ isSettled }) => isSettled).lastIndexOf(false)).toBe(steps.length - 2);
        expect(steps.at(-1).confidence).toBeGreaterThan(steps[0].confidence);
        expect(steps.at(-1).confidence).toBeLessThan(1);
      }
    }
  });

  test("a seed says everything", () => {
    expect(stepsOf(TEXTS[1].text, 7)).toEqual(stepsOf(TEXTS[1].text, 7));
    expect(stepsOf(TEXTS[1].text, 7)).not.toEqual(stepsOf(TEXTS[1].text, 8));
  });

  test("the estimate is near the mean of all sentences", () => {
    const { eases } = measure(TEXTS[1].text);
    const mean = eases.reduce((sum, ease) => sum + ease, 0) / eases.length;
    const estimates = Array.from({ length: 50 }, (_, seed) => stepsOf(TEXTS[1].text, seed).at(-1));
    const average = estimates.reduce((sum, { ease }) => sum + ease, 0) / estimates.length;
    expect(Math.abs(average - mean)).toBeLessThan(2);
  });

  test("a longer text is surer than a short one of the same kind", () => {
    const sentence = "We saw the sea and we sat down. ";
    const short = stepsOf(sentence, 1).at(-1).confidence;
    expect(stepsOf(sentence.repeat(50), 1).at(-1).confidence).toBeGreaterThan(short + 0.2);
  });

  test("texts of different kinds are told apart", () => {
    const [story, , contract] = TEXTS.map(({ text }) => stepsOf(text, 3).at(-1).ease);
    expect([difficulty(story), difficulty(contract)]).toEqual(["easy", "very hard"]);
  });

  test.each(["", " \n ", "123 456", "\0\u0001text"])("%j is no text", (text) => {
    expect(() => measure(text)).toThrow(AnalysisError);
  });
});

describe("the components", () => {
  const options = (failureShare) => ({ random: randomOf(5), failureShare });

  test("calculations fail as often as they are made to", () => {
    expect(() => calculateAtOnce(TEXTS[0].text, options(1))).toThrow(FailedOnPurpose);
    const found = calculateAtOnce(TEXTS[0].text, options(0));
    expect(found.confidence).toBeGreaterThan(0.5);
    expect(found.curve).toHaveLength(found.iterations);
    const random = randomOf(9);
    let failed = 0;
    for (let visit = 0; visit < 400; visit += 1) {
      try {
        calculateAtOnce(TEXTS[0].text, { random, failureShare: 0.25 });
      } catch {
        failed += 1;
      }
    }
    expect(failed).toBeGreaterThan(60);
    expect(failed).toBeLessThan(140);
  });

  test("the orchestrator does three jobs at a time, the shortest first, and else one", async () => {
    for (const [isOn, most, order] of [
      [true, 3, [9, 5, 2, 1, 8]],
      [false, 1, [9, 5, 2, 8, 1]],
    ]) {
      const orchestrator = new Orchestrator(() => isOn);
      const begun = [];
      let working = 0;
      let busiest = 0;
      const ends = [9, 5, 2, 8, 1].map((size) => {
        const end = deferred();
        orchestrator.add(size, async () => {
          begun.push(size);
          busiest = Math.max(busiest, (working += 1));
          await end.promise;
          working -= 1;
        });
        return end;
      });
      for (const end of ends) end.resolve();
      while (begun.length < 5 || working > 0) await new Promise((resolve) => setTimeout(resolve));
      expect(busiest).toBe(most);
      expect(begun).toEqual(order);
    }
  });

  test("a curve is kept in few points, with its end", () => {
    const shares = Array.from({ length: 150 }, (_, at) => at / 150);
    expect(kept(shares).length).toBeLessThanOrEqual(41);
    expect(kept(shares).at(-1)).toBe(shares.at(-1));
    expect(kept([0.1, 0.2])).toEqual([0.1, 0.2]);
  });

  test("figures leave out what failed", () => {
    const results = [{ confidence: 0.8, iterations: 20, ease: 60 }, { error: "Failed on purpose" }];
    expect(figuresOf(results).map(({ value }) => value)).toEqual(["1", "80 %", "20", "plain"]);
    expect(figuresOf([]).map(({ value }) => value)).toEqual(["0", "–", "–", "–"]);
  });

  test("agreement is the share of answers that agree", () => {
    expect(
      agreement([{ feedback: true }, { feedback: false }, {}, { feedback: true }]),
    ).toBeCloseTo(2 / 3);
    expect(agreement([{}])).toBe(0);
  });
});

describe("the host", () => {
  test("a state has values under dotted keys, and no member of an object for one", () => {
    const state = new AppState();
    state.set("ml.results.f1", { name: "a" });
    expect(state.get("ml.results.f1.name")).toBe("a");
    expect(state.get("ml.results.f2.name")).toBeUndefined();
    expect(state.get("ml.constructor")).toBeUndefined();
  });

  test("a bus tells listeners until they leave", () => {
    const bus = new EventBus();
    const heard = [];
    const listener = (data) => heard.push(data);
    bus.on("a", listener);
    bus.emit("a", 1);
    bus.off("a", listener);
    bus.emit("a", 2);
    bus.emit("b", 3);
    expect(heard).toEqual([1]);
  });

  test("users have neighbours, and visitors groups", () => {
    expect(neighbour("user42", 1)).toBe("user43");
    expect(neighbour("user0", -1)).toBe("user0");
    expect(neighbour("ada", 1)).toBe("ada1");
    const random = randomOf(1);
    const visitors = Array.from({ length: 5000 }, () => visitor(random));
    const share = (group) => visitors.filter(({ groups }) => groups.includes(group)).length / 5000;
    expect(share("beta")).toBeGreaterThan(0.07);
    expect(share("beta")).toBeLessThan(0.13);
    expect(share("staff")).toBeLessThan(0.03);
  });
});

function deferred() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}
