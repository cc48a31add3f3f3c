// flagd's evaluator for JavaScript: decides for many users at once, and prints a line for each line.
//
//   {"definitions": "{…}"}                                       evaluates these from here on
//   {"users": [{"id": "user42", "groups": ["beta"]}], "keys": ["ui.badges"]}
//       answers with a text for each key: 1 for each user for whom it is on, 0 for the others

import { createInterface } from "node:readline";

import { FlagdCore, MemoryStorage } from "@openfeature/flagd-core";

const silent = { error() {}, warn() {}, info() {}, debug() {} };
const storage = new MemoryStorage(silent);
const core = new FlagdCore(storage, silent);

const context = ({ id, groups }) => ({
  ...(id !== "" && { targetingKey: id }),
  ...(groups.length > 0 && { groups }),
});

function decide(key, contexts) {
  const found = contexts.map((it) => core.resolveBooleanEvaluation(key, false, it, silent));
  const failed = found.find(({ errorCode }) => errorCode !== undefined);
  if (failed) throw new Error(`${key}: ${JSON.stringify(failed)}`);
  return found.map(({ value }) => (value ? "1" : "0")).join("");
}

function answer(asked) {
  if (asked.definitions) {
    // Held against the schemas of flagd.
    storage.setConfigurations(asked.definitions, true);
    return {};
  }
  const contexts = asked.users.map(context);
  return Object.fromEntries(asked.keys.map((key) => [key, decide(key, contexts)]));
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answer(JSON.parse(line))));
}
