// Writes the licence texts of every package that is built into Flagdeck: node tools/licences.mjs FILE.
// The packages are those that Settings lists; the texts are the files that their authors ship. Of a
// package that ships none it is that of another one of its repository, or the standard text of MIT
// with its authors; else this fails.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const IS_TEXT = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;
const LINE = "=".repeat(80);

/** What cargo knows of each package, by name and version. */
function crates() {
  const command = ["metadata", "--format-version", "1", "--offline", "--locked"];
  const told = execFileSync("cargo", command, { cwd: ROOT, maxBuffer: 1 << 28, encoding: "utf8" });
  return new Map(JSON.parse(told).packages.map((crate) => [`${crate.name} ${crate.version}`, crate]));
}

/** The texts in a folder, as they were written. */
function textsIn(folder) {
  const files = readdirSync(folder, { withFileTypes: true });
  const names = files.filter((file) => file.isFile() && IS_TEXT.test(file.name));
  return names
    .map(({ name }) => readFileSync(join(folder, name), "utf8"))
    .map((text) => text.replaceAll("\r\n", "\n").trim());
}

/** The texts of a package that ships none. */
function textsBeside({ name, license }, crate, all) {
  const beside = all
    .filter(({ repository }) => repository !== null && repository === crate?.repository)
    .map((other) => textsIn(dirname(other.manifest_path)))
    .find((texts) => texts.length > 0);
  if (beside) return beside;
  if (!crate || !license.split(/[ ()]+/).includes("MIT")) {
    throw new Error(`${name} (${license}) has no licence text`);
  }
  const standard = readFileSync(join(ROOT, "LICENSE-MIT"), "utf8").trim();
  return [standard.replace(/^Copyright .*$/m, `Copyright (c) ${crate.authors.join(", ")}`)];
}

/** Every text once, with the packages that it is of. */
function ownersOf(packages) {
  const known = crates();
  const owners = new Map();
  for (const each of packages) {
    const crate = known.get(`${each.name} ${each.version}`);
    const folder = crate ? dirname(crate.manifest_path) : join(ROOT, "ui/node_modules", each.name);
    const own = textsIn(folder);
    const texts = own.length > 0 ? own : textsBeside(each, crate, [...known.values()]);
    for (const text of texts) owners.set(text, [...(owners.get(text) ?? []), each]);
  }
  return owners;
}

function written(packages) {
  const own = ["LICENSE", "LICENSE-APACHE", "LICENSE-MIT"];
  const ours = own.map((file) => readFileSync(join(ROOT, file), "utf8").trim()).join("\n\n");
  const parts = [...ownersOf(packages)].map(([text, of]) => {
    const names = of.map(({ name, version, license }) => `${name} ${version} (${license})`);
    return `${LINE}\n${names.join("\n")}\n${LINE}\n\n${text}\n`;
  });
  return [ours, "The licences of the packages that are built into Flagdeck:", ...parts].join("\n\n");
}

const [to] = process.argv.slice(2);
if (to === undefined) throw new Error("usage: node tools/licences.mjs FILE");
const list = readFileSync(join(ROOT, "src-tauri/src/build_info/packages.json"), "utf8");
const packages = JSON.parse(list);
const text = written(packages);
mkdirSync(dirname(to), { recursive: true });
writeFileSync(to, text);
process.stdout.write(`${to}: the licences of ${packages.length} packages\n`);
