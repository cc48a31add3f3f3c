/** Copies text to the desktop's clipboard. */

/**
 * Resolves to whether it was copied; rejects if the text cannot be read. To be called at once when a
 * person asks for it: a text that has to be read first would come too late, because engines let a
 * page write only then.
 */
export async function copyText(text: string | Promise<string>): Promise<boolean> {
  try {
    await (typeof text === "string" ? navigator.clipboard.writeText(text) : write(text));
    return true;
  } catch {
    return copyFromField(await text);
  }
}

/** Begins to write now what is known later. */
function write(text: Promise<string>): Promise<void> {
  if (typeof ClipboardItem === "undefined") {
    return text.then((known) => navigator.clipboard.writeText(known));
  }
  const type = "text/plain";
  const blob = text.then((known) => new Blob([known], { type }));
  return navigator.clipboard.write([new ClipboardItem({ [type]: blob })]);
}

/** For engines that keep the clipboard to themselves. */
function copyFromField(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "said";
  // Inside an open dialog, since nothing outside it can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  try {
    // The engine offers no other way.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
