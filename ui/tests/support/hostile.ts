/** A backend whose texts of others are hostile, and a look at what the window makes of them. */

import type { Host } from "../../src/host/host";
import { visible } from "../../src/model/visible";

/**
 * Ends every text of others: an override, an isolate that stays open, a terminal's escape, controls
 * of C0 and C1, what has no width, letters from right to left, and a line that was not there.
 */
export const HOSTILE =
  "\u202e\u2067\u001b[31m\u0001\u009b\u200b\ufeff\u061c \u05d0\u05d1\u05d2\nFORGED";

/** Fields of the wire that hold a text of others, or a sentence in which there may be one. */
const FOREIGN = new Set(
  [
    ["name", "source", "note", "title", "description", "owner", "tags", "userGroups"],
    ["summary", "changes", "sentence", "message", "words", "phrase", "before", "after", "reach"],
    ["sees", "dataDir", "readOnly", "heldOffBecause", "unreadable", "unreachable", "file"],
    ["component", "gateway", "error", "prometheus", "place", "origin", "key", "path", "group"],
    ["pointer", "only", "except", "differing", "trouble"],
    ["what", "readable", "takes", "leaves", "taken", "left"],
    ["id", "groups", "attributes", "table", "roster", "overrides", "quarantined"],
    ["from", "address", "reason", "lost", "suspended", "theirs", "mine", "user"],
  ].flat(),
);

/** Answers of which these fields name what the page knows, or are JSON. */
const KNOWN: Partial<Record<keyof Host, readonly string[]>> = {
  flags: ["component", "path", "what", "place"],
  overrideFor: ["component"],
  endTargeted: ["component"],
  publishOverrides: ["component", "what", "place"],
  flagsAt: ["component", "path", "what", "place"],
  explain: ["component", "path"],
  widenings: ["path"],
  lastChanges: ["path", "component"],
  rollouts: ["component", "from"],
  rollout: ["component", "what", "from"],
  startRamp: ["component", "what", "from"],
  pauseRamp: ["component", "what", "from"],
  resumeRamp: ["component", "what", "from"],
  skipRamp: ["component", "what", "from"],
  abortRamp: ["component", "what", "from"],
  setGuardRules: ["component", "what", "from"],
  replayDecision: ["component"],
  rampPlans: ["name", "from"],
  settings: ["name"],
  changeSetting: ["name"],
  buildInfo: ["name"],
  preferences: ["recent"],
  review: ["pointer", "before", "after"],
  reviewFollowed: ["before", "after"],
  changedBy: ["before", "after"],
  difference: ["before", "after"],
  backupDifference: ["before", "after"],
};

const AS_IT_IS: ReadonlySet<PropertyKey> = new Set(["documentText", "token", "listen"]);

/** The same backend with hostile texts in every answer; what it is asked with is cleaned of them. */
export function hostile<Backend extends Host>(host: Backend): Backend {
  return new Proxy(host, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (AS_IT_IS.has(name)) return member.bind(target) as unknown;
      const known = new Set(KNOWN[name as keyof Host]);
      return (...asked: unknown[]) => {
        const answer: unknown = member.apply(target, asked.map(cleaned));
        if (!(answer instanceof Promise)) return answer;
        return name === "stateText"
          ? answer.then((json: string) => poisonedJson(json))
          : answer.then(
              (value: unknown) => poisoned(value, known),
              (reason: unknown) => Promise.reject(poisoned(reason, known) as Error),
            );
      };
    },
  });
}

function poisoned(value: unknown, known: ReadonlySet<string>, field = ""): unknown {
  if (typeof value === "string") {
    if (!FOREIGN.has(field) || known.has(field) || value === "") return value;
    return value + HOSTILE;
  }
  if (Array.isArray(value)) return value.map((each) => poisoned(each, known, field));
  if (typeof value !== "object" || value === null) return value;
  if ("text" in value && "isWhole" in value) {
    return { ...value, text: poisonedJson(String(value.text)) };
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, poisoned(inner, known, name)]),
  );
}

/** Hostile texts in JSON, which escapes control characters and no others. */
function poisonedJson(json: string): string {
  try {
    const value: unknown = JSON.parse(json, (_, inner: unknown) =>
      typeof inner === "string" ? inner + HOSTILE : inner,
    );
    const isHolder = typeof value === "object" && value !== null && !Array.isArray(value);
    return JSON.stringify(isHolder ? { ...value, [`key${HOSTILE}`]: 1 } : value);
  } catch {
    // An excerpt that is cut.
    return json + HOSTILE.replaceAll(/\p{Cc}/gu, "");
  }
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(HOSTILE, "");
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cleaned(inner)]));
}

/** What is said of an element apart from its texts. */
const SAID = ["title", "aria-label", "aria-valuetext", "aria-description", "alt", "placeholder"];

/** Where a text has a block of its own, in which its lines stay lines. */
const BLOCKS = "[data-testid=about-description], [data-testid=note], pre";

/** What has a note or a stack trace in its tooltip, which keeps its lines, too. */
const TOOLTIPS = ".note, .sign, .what, .by";

/** Every text that the window shows or says other than it should, with the reason. */
export function spoofed(root: HTMLElement): string[] {
  return textsOf(root).flatMap(({ text, hasLines }) => {
    const reason = faultOf(text, hasLines);
    return reason === null ? [] : [`${reason}: ${JSON.stringify(text)}`];
  });
}

/** How many of the texts came from the hostile backend. */
export function hostileTexts(root: HTMLElement): number {
  return textsOf(root).filter(({ text }) => text.includes("FORGED")).length;
}

interface Shown {
  text: string;
  hasLines: boolean;
}

function textsOf(root: HTMLElement): Shown[] {
  const found: Shown[] = [];
  for (const element of [root, ...root.querySelectorAll<HTMLElement>("*")]) {
    for (const name of SAID) {
      const text = element.getAttribute(name);
      const isTooltip = name === "title" && element.matches(TOOLTIPS);
      if (text !== null) found.push({ text, hasLines: isTooltip });
    }
    // What is edited is as it is.
    if (element.matches("textarea, style, script, .growing")) continue;
    const hasLines = element.closest(BLOCKS) !== null;
    for (const text of ownTextsOf(element)) {
      if (text.trim() !== "") found.push({ text, hasLines });
    }
  }
  return found;
}

/** A text with marks in it is one text. */
function ownTextsOf(element: HTMLElement): string[] {
  if (element.localName === "mark") return [];
  if (element.querySelector(":scope > mark") !== null) return [element.textContent];
  const nodes = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  return nodes.map((node) => node.textContent ?? "");
}

function faultOf(text: string, hasLines: boolean): string | null {
  if (/^\s*FORGED/m.test(text) && !hasLines) return "a line that was not there";
  const plain = text.replaceAll(/[\u2068\u2069]/g, "").replaceAll(/[\n\t]/g, " ");
  if (visible(plain) !== plain) return "a character that acts or is not seen";
  if (/\\u\{?206[89]/.test(text)) return "isolated twice";
  let depth = 0;
  for (const letter of text) {
    if (letter === "\u2068") depth += 1;
    else if (letter === "\u2069") depth -= 1;
    else if (/[\u0590-\u05ff]/.test(letter) && depth === 0) return "not isolated";
  }
  return depth === 0 ? null : "an isolate that stays open";
}
