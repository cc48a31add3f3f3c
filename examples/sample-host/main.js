/**
 * The sample app: puts its parts together. Everything that is shown follows from the state, the
 * flags and who looks at it.
 */

import { randomOf } from "./analysis.js";
import { COMPONENTS, connect, connection } from "./flagdeck.js";
import { Files } from "./files.js";
import { AppState, EventBus } from "./host.js";
import { Panel } from "./panel.js";
import { Traffic } from "./traffic.js";

/** How often the connection is looked at, in milliseconds. */
const LOOK_MS = 250;

const state = new AppState();
const bus = new EventBus();
const flags = connect(state, bus);
const random = randomOf(Date.now());

/** Which components are on for the person. */
let now = new Map();
let isLoaded = false;

const panel = new Panel(flags, show);
const traffic = new Traffic(flags, bus, random);
const files = new Files({
  state,
  bus,
  random,
  person: () => panel.person,
  isOn: (path) => flags.evaluate(path, panel.person).value,
  failureShare: () => traffic.failureShare,
});

/** Shows everything by the flags in force, for the person who looks at it. */
function show() {
  now = positions();
  panel.show();
  files.show();
}

/** Says what changed for the person who looks at the page. */
function say(before) {
  const changed = COMPONENTS.filter(({ path }) => before.get(path) !== now.get(path));
  const said = changed.map(({ path }) => `${path} is ${now.get(path) ? "on" : "off"}`);
  if (said.length > 0) document.getElementById("said").textContent = said.join(", ");
  panel.mark(changed.map(({ path }) => path));
}

function positions() {
  return new Map(COMPONENTS.map(({ path }) => [path, flags.evaluate(path, panel.person).value]));
}

flags.onChange(() => {
  const before = now;
  show();
  // What the page begins with is no change.
  if (isLoaded) say(before);
});
void flags.load().then(() => (isLoaded = true));
bus.on("ml:state:restored", () => files.restored());

function showConnection() {
  const { tone, text } = connection(flags.status);
  const place = document.getElementById("connection");
  const shown = place.querySelector(".text");
  if (shown.textContent === text) return;
  place.dataset.tone = tone;
  shown.textContent = text;
}

setInterval(showConnection, LOOK_MS);
show();
