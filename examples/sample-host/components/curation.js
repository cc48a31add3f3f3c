/** `ui.curationPanel`: asks whether a result is right. */

import { element } from "../dom.js";

/** Returns the buttons for a result; `onanswer` is called with `true` for right. */
export function question(result, onanswer) {
  const choice = (label, answer) =>
    element(
      "button",
      {
        type: "button",
        className: "answer",
        aria: { pressed: String(result.feedback === answer), label: `${label}: ${result.name}` },
        onclick: () => onanswer(answer),
      },
      label,
    );
  return element(
    "div",
    { className: "question", role: "group" },
    choice("Right", true),
    choice("Wrong", false),
  );
}

/** Returns the share of answers that agree; 0 without any. */
export function agreement(results) {
  const answers = results.map(({ feedback }) => feedback).filter((it) => typeof it === "boolean");
  if (answers.length === 0) return 0;
  return answers.filter(Boolean).length / answers.length;
}
