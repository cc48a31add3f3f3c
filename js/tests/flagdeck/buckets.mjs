// Prints a sum over the buckets of so many made-up users; tests/browser_modules.rs makes the same
// users and sums up what the core says.
import { MLFeatureFlags } from "../../ml/MLFeatureFlags.js";

const CHARACTERS = ["a", "é", "€", "用", "😀", "\0", "Z", " ", "\u0301", "7"];

let state = 0x2545f491;

function next() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

function user(n) {
  const random = next();
  const size = random >>> 8;
  if (random % 4 === 0) return `user${n}`;
  if (random % 4 === 1) return `${random.toString(16).padStart(8, "0")}-${n}`;
  if (random % 4 === 2) {
    return Array.from({ length: size % 40 }, () => CHARACTERS[next() % 10]).join("");
  }
  return "x".repeat(size % 300) + n;
}

const flags = new MLFeatureFlags();
let sum = 0;
for (let n = 0; n < Number(process.argv[2]); n++) {
  flags.flags.bucketing = n % 2 === 0 ? "flagd-3" : "flagd-2";
  const component = n % 4 < 2 ? undefined : "ui.badges";
  sum = Math.imul(sum ^ flags.bucket(user(n), component), 0x01000193) >>> 0;
}
console.log(sum);
