// Serves pages, and the packages that they import, at a free port of http://localhost.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGES = "/node_modules/";

/** Serves pages by their paths. Returns their origin, and what ends serving. */
export async function serve(pages) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    // Browsers ask for it unasked.
    if (pathname === "/favicon.ico") return response.writeHead(204).end();
    try {
      const [type, body] = await find(pages, pathname);
      response.writeHead(200, { "Content-Type": type }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://localhost:${server.address().port}`, close };
}

async function find(pages, path) {
  if (Object.hasOwn(pages, path)) return ["text/html", pages[path]];
  const file = normalize(path);
  if (!file.startsWith(PACKAGES)) throw new Error(`nothing at ${path}`);
  return ["text/javascript", await readFile(join(HERE, file))];
}
