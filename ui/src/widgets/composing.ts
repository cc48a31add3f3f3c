/** Input methods: while one composes, its keys are its own. */

/** What browsers report for every key that an input method takes. */
const TAKEN_BY_INPUT_METHOD = 229;

/**
 * Whether a key belongs to an input method: Enter may choose a character, and saves nothing then.
 * WebKit ends the composition before it reports that Enter, which only the key code still tells.
 */
export function isComposing(event: KeyboardEvent): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells it in WebKit
  return event.isComposing || event.keyCode === TAKEN_BY_INPUT_METHOD;
}
