// The provider for pages, in a page of its own in Chromium: node web.mjs polling|sse
//
// Prints {"origin": …} of the page first. Then it evaluates every line of input, and prints a line
// for each:
//
//   {"url": "http://127.0.0.1:4680"}                  connects
//   {"context": {"targetingKey": "user42"}}           evaluates for this user from here on
//   {"key": "ui.badges"}                              evaluates

import { createInterface } from "node:readline";

import { Chromium } from "./chromium.mjs";
import { serve } from "./pages.mjs";

const CHANGE_DETECTIONS = ["polling", "sse"];
const changeDetection = process.argv[2];
if (!CHANGE_DETECTIONS.includes(changeDetection)) {
  throw new Error(`node web.mjs ${CHANGE_DETECTIONS.join("|")}`);
}

// What the page of an application would have bundled.
const PAGE = `<!doctype html>
<meta charset="utf-8" />
<title>Released client</title>
<script type="importmap">
  { "imports": {
    "@openfeature/core": "/node_modules/@openfeature/core/dist/esm/index.js",
    "@openfeature/ofrep-core": "/node_modules/@openfeature/ofrep-web-provider/node_modules/@openfeature/ofrep-core/index.esm.js",
    "@openfeature/ofrep-web-provider": "/node_modules/@openfeature/ofrep-web-provider/index.esm.js",
    "@openfeature/web-sdk": "/node_modules/@openfeature/web-sdk/dist/esm/index.js"
  } }
</script>
<script type="module">
  import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
  import { OpenFeature } from "@openfeature/web-sdk";

  const client = OpenFeature.getClient();

  async function answer(asked) {
    if (asked.url) {
      // Nothing but the way under test may notice a change.
      const provider = new OFREPWebProvider({
        baseUrl: asked.url,
        cacheMode: "disabled",
        changeDetection: ${JSON.stringify(changeDetection)},
        disableVisibilityRefresh: true,
        pollInterval: ${changeDetection === "polling" ? 100 : 0},
      });
      await OpenFeature.setProviderAndWait(provider);
      return {};
    }
    if (asked.context) {
      await OpenFeature.setContext(asked.context);
      return {};
    }
    const { value, reason, variant, errorCode } = client.getBooleanDetails(asked.key, false);
    return { value, reason, variant, error: errorCode ?? null };
  }

  window.answer = answer;
</script>
`;

const pages = await serve({ "/": PAGE });
console.log(JSON.stringify({ origin: pages.origin }));
const chromium = await Chromium.open(pages.origin);
await chromium.until("typeof window.answer === 'function'");
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await chromium.evaluate(`answer(${line})`)));
}
await chromium.close();
pages.close();
