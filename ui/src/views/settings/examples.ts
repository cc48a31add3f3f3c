/** Commands that show how to reach the flags from a terminal. */

/** Returns the URL of the flags; `serving` is a host with its port. */
export function serviceAddress(serving: string): string {
  return `http://${serving}/api/ml/flags`;
}

export function readExample(address: string): string {
  return `curl -s ${address}`;
}

/** Reads the token from its file, so that the command can be shown without giving it away. */
export function writeExample(address: string, dataDir: string): string {
  return [
    `curl -X PATCH ${address} \\`,
    `  -H "Authorization: Bearer $(cat ${quoted(`${dataDir}/token`)})" \\`,
    `  -H 'If-Match: *' -H 'Content-Type: application/merge-patch+json' \\`,
    `  -d '{"rollout":{"percentage":50}}'`,
  ].join("\n");
}

/** Quotes a path as one word of a shell. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
