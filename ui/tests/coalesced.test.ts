/** A reading that many ask for: one is under way, one waits, and none fails with another. */

import { expect, it } from "vitest";

import { coalesced } from "../src/model/coalesced";

/** A reading that ends when the test says how. */
function reading() {
  const ends: { end: () => void; fail: (reason: Error) => void }[] = [];
  const ask = coalesced(
    () => new Promise<void>((resolve, reject) => ends.push({ end: resolve, fail: reject })),
  );
  return { ask, ends };
}

it("is begun once for all who ask while it is under way, and once more after it", async () => {
  const { ask, ends } = reading();
  const first = ask();
  const [second, third] = [ask(), ask()];
  expect(ends).toHaveLength(1);
  ends[0]?.end();
  await first;
  await Promise.resolve();
  expect(ends).toHaveLength(2);
  ends[1]?.end();
  await Promise.all([second, third]);
  expect(ends).toHaveLength(2);
});

it("fails only for those who waited for that one", async () => {
  const { ask, ends } = reading();
  const first = ask();
  const second = ask();
  ends[0]?.fail(new Error("it is away"));
  await expect(first).rejects.toThrow("it is away");
  await Promise.resolve();
  ends[1]?.end();
  await second;
  const third = ask();
  const fourth = ask();
  ends[2]?.end();
  await third;
  await Promise.resolve();
  ends[3]?.end();
  await fourth;
});
