/** Connecting an application, and who is connected. */

import type { Client, ClientUse, NotServing } from "../bindings/wire";
import { formatAgoBriefly, formatCount, formatMoment } from "../format";
import { isFlagdeck, isFollowing } from "../model/clients";
import { isolated, isolatedWithin } from "../model/isolated";
import type { Language } from "../model/recipes";
import { capital, listed, plural } from "./shared";

const languages: Record<Language, string> = {
  browser: "Browser",
  node: "Node",
  python: "Python",
  rust: "Rust",
  curl: "curl",
};

const interfaces: Record<ClientUse["over"], string> = {
  document: "Document",
  stream: "Stream",
  ofrep: "OFREP",
  events: "Events",
  state: "State",
  metrics: "Metrics",
};

/** Every browser calls itself that. */
const BROWSER = "Mozilla";
/** What a program is called that does not say. */
const UNKNOWN = "http";

const PROVIDER = "The OpenFeature provider asks Flagdeck at each evaluation, over OFREP.";

const programName = (program: string | null): string => {
  if (program === null) return "Another program";
  if (program === BROWSER) return languages.browser;
  return program === UNKNOWN ? "Unnamed program" : isolated(program);
};

const clientName = ({ source, program }: Client): string =>
  source === null ? programName(program) : isolated(source);

export const connect = {
  title: "Connect an application",
  meaning:
    "Copy a recipe and run it. Replace shop with the name of your application, ui.badges with a component, user42 with a user.",
  address: "Base address",
  language: "Language",
  languages,
  recipe: (language: Language) => `Recipe: ${languages[language]}`,
  notes: {
    browser: "A page may read the flags if its origin is allowed.",
    node: PROVIDER,
    python: PROVIDER,
    rust: PROVIDER,
    curl: "The answer has the value and the reason.",
  } satisfies Record<Language, string>,
  origins: (origins: readonly string[]) =>
    origins.length === 0
      ? "No origin is allowed yet."
      : `Allowed: ${origins.map((origin) => isolated(origin)).join(", ")}`,
  allowOrigin: "Allow an origin…",
  token: "Reading flags needs no token. Changing them, and reporting events and states, does.",
  showAccess: "Go to the token",
  help: "Read more",

  clients: "Connected clients",
  seenFor: (seenForS: number) => `Seen in the last ${formatCount(seenForS / 60)} minutes`,
  count: (clients: readonly Client[]) => {
    const following = clients.filter(isFollowing).length;
    const count = plural(clients.length, "client");
    return following === 0 ? count : `${count}, ${formatCount(following)} with an open stream`;
  },
  /** The latest newcomers, in one line. */
  line: (clients: readonly Client[]) =>
    clients.length === 0
      ? "Nothing connected yet"
      : `Connected lately: ${listed(clients.map(clientName), 3)}`,
  none: "No client yet. Run a recipe: the client appears here by itself.",
  notRead: "The clients could not be read.",
  columns: { client: "Client", uses: "Uses", seen: "Last seen" },
  client: clientName,
  program: ({ source, program }: Client) => (source === null ? "" : programName(program)),
  noSource: "Gives no source name",
  use: ({ over, open }: ClientUse) =>
    open > 1 ? `${interfaces[over]} × ${formatCount(open)}` : interfaces[over],
  useMeaning: ({ requests, open, firstMs, lastMs }: ClientUse) => {
    const count = plural(requests, "request");
    const span = `since ${formatMoment(firstMs)}, last ${formatMoment(lastMs)}`;
    return open === 0 ? `${count} ${span}` : `${formatCount(open)} open; ${count} ${span}`;
  },
  seen: (client: Client, nowMs: number) =>
    isFollowing(client) ? "Connected" : capital(formatAgoBriefly(client.lastMs, nowMs)),
  showAll: (count: number) => `Show all ${formatCount(count)}`,

  notServing: "This window does not serve the flags",
  notServingBecause: (why: NotServing | null) => {
    if (why === null) return "Its server was not started.";
    if (why.owner === null) return `${capital(isolatedWithin(why.reason))}.`;
    const taken = `Port ${why.port} is used by ${isolatedWithin(why.owner)}.`;
    return isFlagdeck(why.owner)
      ? `${taken} Applications reach that program. Its clients are not shown here: flagctl clients lists them.`
      : `${taken} Close that program and try again, or choose another port.`;
  },
} as const;
