/** What a sentence about a change is about, so that it can stand out. */

/**
 * Splits a sentence after the component it begins with; the first part is empty if there is none.
 */
export function subjectOf(
  sentence: string,
  isComponent: (path: string) => boolean,
): readonly [subject: string, rest: string] {
  const subject = /^[^\s:,]+/.exec(sentence)?.[0] ?? "";
  return isComponent(subject) ? [subject, sentence.slice(subject.length)] : ["", sentence];
}
