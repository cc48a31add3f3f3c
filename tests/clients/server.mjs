// The provider for servers: evaluates every line of input, and prints a line for each.
//
//   {"url": "http://127.0.0.1:4680"}                  connects
//   {"context": {"targetingKey": "user42"}}           evaluates for this user from here on
//   {"key": "ui.badges"}                              evaluates

import { createInterface } from "node:readline";

import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";

const client = OpenFeature.getClient();
let context = {};

async function answer(asked) {
  if (asked.url) {
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: asked.url }));
    return {};
  }
  if (asked.context) {
    context = asked.context;
    return {};
  }
  const { value, reason, variant, errorCode } = await client.getBooleanDetails(
    asked.key,
    false,
    context,
  );
  return { value, reason, variant, error: errorCode ?? null };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
