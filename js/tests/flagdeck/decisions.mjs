// Reads lines of documents and questions, and prints what the modules make of each:
// tests/browser_modules.rs compares that with the core.
import { createInterface } from "node:readline";

import { FlagValidator, MLFeatureFlags } from "../../ml/MLFeatureFlags.js";

const validator = new FlagValidator();

for await (const line of createInterface({ input: process.stdin })) {
  const { document, questions } = JSON.parse(line);
  const isValid = validator.problems(document).length === 0;
  const flags = new MLFeatureFlags();
  if (isValid) flags.flags = validator.validate(document);
  const answers = (isValid ? questions : []).map(({ component, user, groups }) => {
    const {
      value,
      reason,
      bucket,
      failingPrerequisite = null,
    } = flags.evaluate(component, {
      user,
      groups,
    });
    const isEnabled = flags.isEnabled(component);
    const isShown = flags.shouldShowForUser(user, groups);
    return { value, reason, bucket, failingPrerequisite, isEnabled, isShown };
  });
  console.log(JSON.stringify({ isValid, answers }));
}
