import { expect, it } from "vitest";

import { words } from "../src/words";
import { dashboard } from "../src/words/dashboard";
import { flags } from "../src/words/flags";
import { frame } from "../src/words/frame";
import { inspector } from "../src/words/inspector";
import { pulse } from "../src/words/pulse";
import { reach } from "../src/words/reach";

it("keeps every sentence of the files that share one level of names", () => {
  const shared = [frame, dashboard, pulse, flags, inspector, reach];
  const names = shared.flatMap((file) => Object.keys(file));
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  expect(twice).toEqual([]);
  const lost = shared.flatMap((file) =>
    Object.entries(file).filter(([name, text]) => words[name as keyof typeof words] !== text),
  );
  expect(lost.map(([name]) => name)).toEqual([]);
});
