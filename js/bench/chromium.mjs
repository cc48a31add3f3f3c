// Measures the modules in a real Chromium: what a call costs, what the exporter costs at 100 events
// a second, and what the state extension keeps in memory. Prints each beside its limit.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MEDIA = { ".js": "text/javascript", ".html": "text/html" };
const TICKS_PER_SECOND = 100;
const TOO_LATE_MS = 180_000;

const folder = mkdtempSync(join(tmpdir(), "flagdeck-bench-"));
let browser;

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  const json = (value) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(value));
  };
  if (pathname === "/cpu") return json(secondsOfRenderers());
  if (pathname === "/result") return read(request, (text) => finish(JSON.parse(text)));
  if (pathname.startsWith("/api/ml/flags/stream")) {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    return void response.write("retry: 2000\n\n");
  }
  if (pathname.startsWith("/api/")) return read(request, () => json({ accepted: 1, rejected: 0 }));
  try {
    response.setHeader("Content-Type", MEDIA[extname(pathname)] ?? "text/plain");
    response.end(readFileSync(join(ROOT, pathname)));
  } catch {
    response.writeHead(404).end();
  }
});

server.listen(0, "127.0.0.1", () => {
  const address = `http://127.0.0.1:${server.address().port}/bench/page.html`;
  browser = spawn(
    process.env.CHROMIUM ?? "chromium",
    [
      ..."--headless --no-sandbox --disable-gpu --disable-quic --no-first-run".split(" "),
      ..."--disable-background-networking --disable-component-update --disable-sync".split(" "),
      ...["--enable-precise-memory-info", "--js-flags=--expose-gc"],
      ...[`--user-data-dir=${folder}`, address],
    ],
    { stdio: "ignore" },
  );
  browser.on("error", (error) => end(`Chromium does not start: ${error.message}`));
  setTimeout(() => end("Chromium did not finish in time"), TOO_LATE_MS).unref();
});

function read(request, then) {
  let text = "";
  request.on("data", (part) => (text += part));
  request.on("end", () => then(text));
}

/** Returns the processor time that Chromium's pages have used, in seconds. */
function secondsOfRenderers() {
  const ticks = readdirSync("/proc").map((pid) => {
    try {
      const isOurs = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
      const isPage = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=renderer");
      if (!isPage || !(isOurs || isChild(pid))) return 0;
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      return Number(fields[11]) + Number(fields[12]);
    } catch {
      return 0;
    }
  });
  return ticks.reduce((sum, more) => sum + more, 0) / TICKS_PER_SECOND;
}

/** Returns whether a process is below the browser that was started here. */
function isChild(pid) {
  for (let at = pid; at > 1;) {
    at = Number(readFileSync(`/proc/${at}/stat`, "utf8").split(") ")[1].split(" ")[1]);
    if (at === browser.pid) return true;
  }
  return false;
}

function finish(results) {
  for (const { name, value, limit, unit } of results) {
    console.log(`${name.padEnd(52)} ${value.padStart(10)} ${unit.padEnd(14)} (at most ${limit})`);
  }
  end();
}

function end(problem) {
  browser?.once("exit", () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(problem ? 1 : 0);
  });
  if (problem) console.error(problem);
  browser?.kill();
  if (browser?.pid === undefined) process.exit(1);
}
