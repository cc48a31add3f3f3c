/** Who looks at the page, which components are on for them and why, and for whom else. */

import { element, fill } from "./dom.js";
import { COMPONENTS, why } from "./flagdeck.js";
import { CROWD, GROUPS, neighbour } from "./people.js";

/** How long a component that changed stands out, in milliseconds. */
const MARKED_MS = 1600;

const place = (id) => document.getElementById(id);

export class Panel {
  #flags;
  #onchange;
  #groups = new Set();
  /** The component that the crowd is shown for. */
  #chosen = "ui.badges";

  /** `onchange` is called for another person. */
  constructor(flags, onchange) {
    this.#flags = flags;
    this.#onchange = onchange;
    place("user").oninput = onchange;
    place("previous").onclick = () => this.#become(neighbour(place("user").value, -1));
    place("next").onclick = () => this.#become(neighbour(place("user").value, 1));
    fill(place("groups"), ...GROUPS.map((group) => this.#groupButton(group)));
    fill(place("component-list"), ...COMPONENTS.map((component) => this.#row(component)));
    fill(place("crowd-grid"), ...CROWD.map((user) => this.#figure(user)));
  }

  /** Who looks at the page, as an evaluation needs it. */
  get person() {
    return { user: place("user").value, groups: [...this.#groups] };
  }

  show() {
    for (const { path } of COMPONENTS) this.#showComponent(path);
    this.#showCrowd();
  }

  /** Has components stand out that have just changed. */
  mark(paths) {
    for (const path of paths) {
      const row = this.#rowOf(path);
      row.classList.remove("changed");
      // Read once, so that the animation starts from its beginning.
      void row.offsetWidth;
      row.classList.add("changed");
      setTimeout(() => row.classList.remove("changed"), MARKED_MS);
    }
  }

  #become(user) {
    place("user").value = user;
    this.#onchange();
  }

  #groupButton(group) {
    const button = element(
      "button",
      { type: "button", dataset: { testid: `group-${group}` } },
      group,
    );
    button.setAttribute("aria-pressed", "false");
    button.onclick = () => {
      if (!this.#groups.delete(group)) this.#groups.add(group);
      button.setAttribute("aria-pressed", String(this.#groups.has(group)));
      this.#onchange();
    };
    return button;
  }

  #row({ path, does }) {
    const button = element(
      "button",
      { type: "button", title: "Show for whom it is on", onclick: () => this.#choose(path) },
      element("span", { className: "dot" }),
      element("span", { className: "path" }, path),
      element("span", { className: "why" }),
      element("span", { className: "does" }, does),
    );
    return element("li", { dataset: { path, testid: `component-${path}` } }, button);
  }

  #choose(path) {
    this.#chosen = path;
    this.show();
  }

  #rowOf(path) {
    return place("component-list").querySelector(`[data-path="${path}"]`);
  }

  #showComponent(path) {
    const evaluation = this.#flags.evaluate(path, this.person);
    const row = this.#rowOf(path);
    row.dataset.on = String(evaluation.value);
    row.querySelector(".why").textContent = why(evaluation);
    row.querySelector("button").setAttribute("aria-pressed", String(path === this.#chosen));
  }

  #figure(user) {
    return element("span", { title: user, dataset: { user }, onclick: () => this.#become(user) });
  }

  #showCrowd() {
    const { user: me } = this.person;
    let on = 0;
    for (const figure of place("crowd-grid").children) {
      const { user } = figure.dataset;
      const { value } = this.#flags.evaluate(this.#chosen, { user, groups: [] });
      figure.dataset.on = String(value);
      figure.classList.toggle("me", user === me);
      on += Number(value);
    }
    place("crowd-title").textContent = `${this.#chosen} is on for ${on} of ${CROWD.length} users`;
  }
}
