/** The page of help about watching rollouts and widening them step by step. */

import type { HelpPage } from "../help";

export const ramps: HelpPage = {
  id: "ramps",
  title: "Ramps and automatic rollback",
  blocks: [
    {
      kind: "text",
      text: "A rollout that is on for a part of users is watched: calculations of users with it on are compared with those of everyone else, and with the limits in Settings. If it does harm, it is switched off by itself. A ramp widens a rollout step by step.",
    },
    { kind: "heading", text: "How a rollout stands" },
    {
      kind: "terms",
      items: [
        ["Collecting", "Too few calculations to judge yet, or harm that is not certain."],
        ["Healthy", "Enough calculations, and no harm found."],
        ["Holding", "Its ramp waits for something other than time: the reason is beside it."],
        ["Rolled back", "It did harm and was switched off. The decision says why."],
        ["Not watched", "Automatic rollback is off for it."],
      ],
    },
    { kind: "heading", text: "Ramps" },
    {
      kind: "text",
      text: "Start a ramp in Rollouts, or beside a rollout in Flags. Choose a plan or type steps, how long each is watched at least, and how many calculations each has to see. Before you start it, Flagdeck counts whom each step affects. Steps at or below the present percentage are skipped, and a component that is off is switched on with the first step.",
    },
    {
      kind: "text",
      text: "A step is made once nothing is missing for it. While Flagdeck is closed, or hears nothing from applications, no step is made; after that, the present step is watched from the beginning. Changing the rollout by hand pauses its ramp until you resume or abort it.",
    },
    { kind: "heading", text: "Evidence" },
    {
      kind: "text",
      text: "Evidence of 20× means that harm explains what was seen 20 times better than chance does. Each test acts at the mark on its bar. It may be looked at as often as you like: that makes no false alarm more likely.",
    },
    {
      kind: "text",
      text: "“What it is held to” sets limits for one rollout alone. With strict thresholds, the bare limits decide instead of tests. Chance alone crosses them now and then, so that stops many healthy rollouts.",
    },
    { kind: "heading", text: "Decisions" },
    {
      kind: "text",
      text: "A rollback is a revision like any other: Activity shows it, and Undo takes it back. Open its decision to see the rule, the evidence and the counts, judged again from what was stored.",
    },
  ],
};
