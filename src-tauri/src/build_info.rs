//! What Flagdeck is made of: its version, what it is built on, and every package built into it.
//!
//! The packages are listed in `build_info/packages.json`, which is generated from what cargo and
//! npm build; a test keeps it fresh (`UPDATE_PACKAGES=1 cargo test packages` writes it).

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use crate::store::sqlite;

const PACKAGES: &str = include_str!("build_info/packages.json");

/// What Flagdeck is made of.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct BuildInfo {
    /// The version of Flagdeck.
    pub version: String,
    /// Versions of what it is built on: the engine that shows the page, the store, the system.
    pub parts: Vec<Part>,
    /// Every package that is built into it.
    pub packages: Vec<Package>,
}

/// Something Flagdeck is built on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A package that is built into Flagdeck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX expression.
    pub license: String,
}

impl BuildInfo {
    /// Tells what this build is made of; `parts` are those that its face adds.
    pub fn with_parts(mut parts: Vec<Part>) -> Self {
        let part = |name: &str, version: String| Part {
            name: name.to_owned(),
            version,
        };
        let (processor, system) = (std::env::consts::ARCH, std::env::consts::OS);
        parts.extend([
            part("SQLite", sqlite::version().to_owned()),
            part("Built for", format!("{processor}-{system}")),
            part("Running on", system_name()),
        ]);
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            parts,
            packages: packages(),
        }
    }
}

/// Lists every package that is built into the window, its page or `flagctl`, by name.
fn packages() -> Vec<Package> {
    serde_json::from_str(PACKAGES).expect("the list is generated")
}

/// Returns what this machine's system calls itself: `Debian GNU/Linux 12 (bookworm)`.
fn system_name() -> String {
    let described = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let mut names = described.lines().filter_map(|line| {
        let name = line.strip_prefix("PRETTY_NAME=")?;
        Some(name.trim_matches(['"', '\'']).to_owned())
    });
    names
        .next()
        .unwrap_or_else(|| std::env::consts::OS.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use serde_json::Value;

    use super::*;

    const ROOT: &str = env!("CARGO_MANIFEST_DIR");

    /// What a page built by Svelte has of it at run time; the rest of Svelte is a compiler.
    const SVELTE_AT_RUN_TIME: [&str; 3] = ["svelte", "clsx", "esm-env"];

    fn package(name: &str, version: &str, license: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            license: spdx(license),
        }
    }

    /// Reads a slash as `OR`, as cargo did before it adopted SPDX.
    fn spdx(license: &str) -> String {
        let choices: Vec<&str> = license.split('/').map(str::trim).collect();
        choices.join(" OR ")
    }

    /// Lists what cargo builds into the two programs, without what only helps building.
    fn crates() -> Vec<Package> {
        let listed = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "--no-dedupe"])
            .args(["--edges", "normal,no-proc-macro"])
            .args(["--target", "x86_64-unknown-linux-gnu"])
            .args(["--prefix", "none", "--format", "{p}|{l}"])
            .current_dir(ROOT)
            .output()
            .expect("cargo starts");
        let said = String::from_utf8_lossy(&listed.stderr);
        assert!(listed.status.success(), "cargo cannot list them: {said}");
        let listed = String::from_utf8(listed.stdout).expect("names are plain");
        let foreign = listed.lines().filter(|line| !line.contains(ROOT));
        foreign
            .map(|line| {
                let (named, license) = line.split_once('|').expect("the format asked for");
                let (name, version) = named.split_once(" v").expect("a name and a version");
                package(name, version, license)
            })
            .collect()
    }

    /// Lists what npm's packages have in the page.
    fn modules() -> Vec<Package> {
        let read = |path: &str| -> Value {
            let text = std::fs::read_to_string(format!("{ROOT}/ui/{path}")).expect("it is there");
            serde_json::from_str(&text).expect("npm wrote it")
        };
        let (manifest, lock) = (read("package.json"), read("package-lock.json"));
        let wanted = manifest["dependencies"].as_object().expect("an object");
        let names = wanted.keys().map(String::as_str).chain(SVELTE_AT_RUN_TIME);
        names
            .map(|name| {
                let locked = &lock["packages"][format!("node_modules/{name}")];
                let text = |field: &str| locked[field].as_str().unwrap_or_default();
                package(name, text("version"), text("license"))
            })
            .collect()
    }

    /// Writes one package a line, so that the difference of two versions is readable.
    fn generate() -> String {
        let found = crates().into_iter().chain(modules());
        let lines: BTreeSet<String> = found
            .map(|package| serde_json::to_string(&package).expect("plain data"))
            .collect();
        let lines: Vec<String> = lines.into_iter().collect();
        format!("[\n  {}\n]\n", lines.join(",\n  "))
    }

    #[test]
    fn the_list_of_packages_is_fresh() {
        let path = format!("{ROOT}/src-tauri/src/build_info/packages.json");
        let fresh = generate();
        if std::env::var_os("UPDATE_PACKAGES").is_some() {
            std::fs::write(&path, &fresh).expect("the folder is writable");
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == fresh,
            "src-tauri/src/build_info/packages.json is stale: run UPDATE_PACKAGES=1 cargo test packages"
        );
    }

    #[test]
    fn every_package_has_a_name_a_version_and_a_licence() {
        let packages = packages();
        for name in ["serde", "tauri", "rusqlite", "svelte", "@tauri-apps/api"] {
            assert!(
                packages.iter().any(|package| package.name == name),
                "{name}"
            );
        }
        for package in packages {
            let is_said = |text: &str| !text.is_empty() && !text.contains('/');
            let is_complete = is_said(&package.version) && is_said(&package.license);
            assert!(is_complete, "{package:?}");
        }
    }

    #[test]
    fn build_info_names_the_face_the_store_and_the_machine() {
        let face = Part {
            name: "Tauri".into(),
            version: "2".into(),
        };
        let info = BuildInfo::with_parts(vec![face]);
        let names: Vec<&str> = info.parts.iter().map(|part| &*part.name).collect();
        assert_eq!(names, ["Tauri", "SQLite", "Built for", "Running on"]);
        assert!(info.parts.iter().all(|part| !part.version.is_empty()));
        assert_eq!(info.version, env!("CARGO_PKG_VERSION"));
    }
}
