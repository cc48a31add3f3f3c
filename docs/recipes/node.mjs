// npm install @openfeature/server-sdk @openfeature/ofrep-provider@0.1.3 @openfeature/ofrep-core@0.1.4
import { OpenFeature } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: "http://127.0.0.1:4680" }));
const client = OpenFeature.getClient();

const user = { targetingKey: "user42", groups: ["beta"], source: "shop" };
const isOn = await client.getBooleanValue("ui.badges", false, user);
console.log(`ui.badges is ${isOn ? "on" : "off"} for user42`);
