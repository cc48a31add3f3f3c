/** The page of help about following a document. */

import type { HelpPage } from "../help";

export const follow: HelpPage = {
  id: "follow",
  title: "Follow your team’s flags",
  blocks: [
    {
      kind: "text",
      text: "Flagdeck can follow a flag document that your team serves, such as that of another Flagdeck. It is fetched at a regular interval, and each change there becomes a revision here. What you change here stays on this machine until you publish it.",
    },
    { kind: "heading", text: "Set it up" },
    {
      kind: "steps",
      items: [
        "Enter the address in Settings under Where flags come from, or start Flagdeck with it in `ML_FLAGS_ENDPOINT`.",
        "If the address needs a credential, put it in `ML_FLAGS_TOKEN`, or in the file `flags-token` in the data folder, which only you may read (mode `0600`). It never belongs in `config.toml` or in the address.",
        "The line below the top bar says which document is followed, when it was confirmed, and when it is fetched next. Fetch now fetches it at once.",
      ],
    },
    { kind: "heading", text: "Overrides" },
    {
      kind: "text",
      text: "A change that you make while a document is followed is an override: a value of your own over the followed one. No fetch removes it, and it stays when the followed document comes to have the same value.",
    },
    {
      kind: "terms",
      items: [
        [
          "See them",
          "Overridden rows have a mark in the tree, and the state Overridden filters for them. The details show your value beside the followed one, who set it, and when.",
        ],
        [
          "Return",
          "Return to followed value ends an override. Return all overrides… in `Ctrl+K` ends several at once. You can undo both.",
        ],
        [
          "Publish",
          "Publish… writes the overrides you select into the followed document, for everyone who uses it. You see first what changes there and for whom. If the same was changed there in the meantime, you choose for each which value stays. Publishing cannot be undone here; publish the earlier value instead.",
        ],
        [
          "Does not act",
          "If the followed document no longer has a place for an override, such as a rollout of a component that was removed there, the override is kept and acts again once there is one.",
        ],
        [
          "All flags off",
          "This is an override too: all flags stay off on this machine until you turn them back on, whatever the followed document says.",
        ],
      ],
    },
    { kind: "heading", text: "What the line shows" },
    {
      kind: "terms",
      items: [
        ["Up to date", "The flags here are those of the latest fetch, with your overrides."],
        [
          "Retrying",
          "The latest fetch failed, and the copy here is still within the time that it counts as fresh.",
        ],
        [
          "Stale",
          "Fetching has failed for longer than that. The last good document stays in force, however long that takes; without one, the flags on this machine stay in force.",
        ],
        [
          "Held",
          "The document lost more than half of its components, which may be a mistake. It is not adopted until a person accepts it: Review… shows what would change. Turning all flags off there is never held.",
        ],
      ],
    },
    {
      kind: "text",
      text: "Removing the address ends following: the flags stay as they are, and nothing is an override any more.",
    },
  ],
};
