/** Documents to look at and to test with: the safe default, a lived-in one, and the extreme. */

import type { Document } from "../../src/bindings/wire";

/** The safe default: the founding specification's document, all off. */
export function safeDefault(): Document {
  return {
    enabled: false,
    components: {
      calculator: false,
      tracker: false,
      orchestrator: false,
      ui: { badges: false, dashboard: false, curationPanel: false },
    },
    rollout: { percentage: 0, userGroups: [], strategy: "canary" },
  };
}

/** What a team has after a while. */
export function typical(): Document {
  return {
    enabled: true,
    components: {
      calculator: true,
      tracker: true,
      orchestrator: false,
      ui: { badges: true, dashboard: true, curationPanel: false },
      search: { ranking: { neural: true, feedback: false }, suggestions: true },
    },
    rollout: { percentage: 50, userGroups: [], strategy: "canary" },
    rollouts: {
      calculator: { percentage: 100, userGroups: [], strategy: "blue-green" },
      "ui.badges": { percentage: 12.5, userGroups: ["beta"], strategy: "canary" },
      "search.ranking.neural": {
        percentage: 25,
        userGroups: ["staff", "search team"],
        strategy: "feature",
      },
    },
    requires: {
      "ui.dashboard": ["tracker"],
      "search.suggestions": ["search.ranking.feedback", "tracker"],
    },
    about: {
      calculator: { title: "Confidence from content and use", owner: "search team" },
      tracker: { title: "Learns from feedback" },
      orchestrator: { title: "Schedules recalculation", expires: "2026-12-02" },
      ui: { title: "What people see" },
      "ui.badges": {
        title: "Confidence badges",
        description: "Shown next to each file once its confidence has converged.",
        owner: "search team",
        tags: ["ui", "confidence"],
        expires: "2027-01-31",
      },
      "ui.dashboard": { title: "Quality overview" },
      "ui.curationPanel": { title: "Review low confidence files by hand, in batches" },
    },
  };
}

/** Everything at once, and as long as the format allows. */
export function extreme(): Document {
  const long = "curationPanelWithAVeryLongNameThatGoesOnToTheLimitOfTheFormat_64".slice(0, 64);
  const groups = Array.from({ length: 10 }, (_, group) => [
    `area${group}`,
    Object.fromEntries(
      Array.from({ length: 48 }, (_, index) => [`component${index}`, (group + index) % 3 > 0]),
    ),
  ]);
  const deep = { [long]: { [long]: { [long]: { a: { b: { c: { [long]: true } } } } } } };
  const deepPath = [long, long, long, "a", "b", "c", long].join(".");
  return {
    enabled: true,
    components: {
      [`${long.slice(0, 60)}flat`]: true,
      ...deep,
      ...Object.fromEntries(groups),
    } as Document["components"],
    rollout: {
      percentage: 33.333,
      userGroups: Array.from({ length: 1000 }, (_, index) => `group ${index}`),
      strategy: "feature",
    },
    rollouts: {
      [deepPath]: {
        percentage: 99.999,
        userGroups: ["x".repeat(128), "Größe, 日本語 & <b>markup</b>"],
        strategy: "canary",
      },
      ...Object.fromEntries(
        Array.from({ length: 40 }, (_, index) => [
          `area0.component${index}`,
          { percentage: index * 2.501, userGroups: ["beta", "staff"], strategy: "canary" as const },
        ]),
      ),
    },
    requires: {
      [deepPath]: Array.from({ length: 48 }, (_, index) => `area1.component${index}`),
      "area1.component1": ["area1.component2", "area2.component1"],
    },
    about: {
      [deepPath]: {
        title: "A title of two hundred characters ".repeat(6).slice(0, 200),
        description: "A description that somebody wrote with much care and no paragraphs. ".repeat(
          58,
        ),
        owner: "The team that owns everything that nobody else wanted to own "
          .repeat(3)
          .slice(0, 200),
        tags: Array.from({ length: 32 }, (_, index) => `tag-${index}-${"long".repeat(index % 8)}`),
        expires: "2026-11-24",
      },
      "area0.component3": { title: "Title ".repeat(30), expires: "2020-01-01" },
    },
  };
}

/** As many components as a document may have: a hundred groups of a hundred, all described. */
export function huge(): Document {
  const inEach = Array.from({ length: 100 }, (_, index) => `component${index}`);
  const groups = Array.from({ length: 100 }, (_, index) => `area${index}`);
  const paths = groups.flatMap((group) => inEach.map((name) => `${group}.${name}`));
  return {
    enabled: true,
    components: Object.fromEntries(
      groups.map((group, g) => [
        group,
        Object.fromEntries(inEach.map((name, c) => [name, (g + c) % 3 > 0])),
      ]),
    ),
    rollout: {
      percentage: 33.333,
      userGroups: Array.from({ length: 1000 }, (_, index) => `group ${index}`),
      strategy: "feature",
    },
    rollouts: Object.fromEntries(
      paths
        .filter((_, index) => index % 10 === 0)
        .map((path, index) => [
          path,
          { percentage: index % 101, userGroups: ["beta"], strategy: "canary" as const },
        ]),
    ),
    requires: { "area99.component99": paths.slice(0, 9000) },
    about: Object.fromEntries(
      paths.map((path, index) => [
        path,
        { title: `What component ${index} is for`, owner: `team ${index % 40}`, tags: ["many"] },
      ]),
    ),
  };
}

const MAPS = ["rollouts", "requires", "about"];

/** A document without maps, and entries of `about`, that hold nothing: these are not written. */
export function written(document: Document): Document {
  const about = Object.entries(document.about ?? {});
  const said = about.filter(([, each]) => Object.keys(each).length > 0);
  const whole = { ...document, about: Object.fromEntries(said) };
  const isHeld = ([name, value]: [string, unknown]) =>
    !MAPS.includes(name) || Object.keys(value ?? {}).length > 0;
  return Object.fromEntries(Object.entries(whole).filter(isHeld)) as unknown as Document;
}
