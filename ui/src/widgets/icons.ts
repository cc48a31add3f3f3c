/** The pictures of the window, as paths. */

// Drawn on a grid of 16, lines 1.5 wide.
export const icons = {
  dashboard: "M2.2 11.5a6 6 0 1 1 11.6 0 M8 9.2 10.8 5.8",
  flag: "M3.5 14.2V2.2 M3.5 3h8.8l-2 3 2 3H3.5",
  undo: "M6 3 2.8 6.2 6 9.4 M3 6.2h6.2a3.9 3.9 0 0 1 0 7.8H6.5",
  redo: "M10 3l3.2 3.2L10 9.4 M13 6.2H6.8a3.9 3.9 0 0 0 0 7.8h2.7",
  power: "M8 1.8v5.7 M4.5 4.2a5.3 5.3 0 1 0 7 0",
  light:
    "M8 5.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6 M8 1.3v1.4 M8 13.3v1.4 M1.3 8h1.4 M13.3 8h1.4 M3.3 3.3l1 1 M11.7 11.7l1 1 M3.3 12.7l1-1 M11.7 4.3l1-1",
  dark: "M13.3 9.6A5.6 5.6 0 0 1 6.4 2.7a5.6 5.6 0 1 0 6.9 6.9Z",
  system: "M2 3h12v8H2Z M5.5 14h5 M8 11v3",
  good: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 1 0 8 1.8Z M5.2 8.2l2 2 3.6-4",
  warning: "M8 2.2 14.3 13.3H1.7Z M8 6.5v3.3 M8 11.5v.1",
  error: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 1 0 8 1.8Z M5.8 5.8l4.4 4.4 M10.2 5.8l-4.4 4.4",
  info: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 1 0 8 1.8Z M8 7.3v3.7 M8 5v.1",
  quiet: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 1 0 8 1.8Z M5.3 8h5.4",
  close: "M4 4l8 8 M12 4l-8 8",
  open: "M4 6l4 4 4-4",
  shut: "M6 4l4 4-4 4",
} as const;

export type IconName = keyof typeof icons;
