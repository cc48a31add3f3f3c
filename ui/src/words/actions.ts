/** What buttons say in any view. */

export const actions = {
  undo: "Undo",
  redo: "Redo",
  save: "Save",
  cancel: "Cancel",
  close: "Close",
  dismiss: "Dismiss",
  retry: "Try again",
} as const;
