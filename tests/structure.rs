//! The invariants of the tree itself: what ARCHITECTURE.md promises and no compiler checks.

use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const CORE: &str = "src-tauri/core/src/";

#[test]
fn the_core_depends_on_nothing_that_does_io() {
    const PURE: [&str; 11] = [
        "blake3",
        "foldhash",
        "hashbrown",
        "icu_normalizer",
        "indexmap",
        "jiff",
        "memchr",
        "serde",
        "serde_json",
        "thiserror",
        "zstd",
    ];
    let manifest: toml::Table =
        toml::from_str(&text("src-tauri/core/Cargo.toml")).expect("the core's manifest is TOML");
    for key in ["build-dependencies", "target"] {
        assert!(!manifest.contains_key(key), "the core has [{key}]");
    }
    let dependencies = manifest["dependencies"].as_table().expect("a table");
    let features = manifest["features"].as_table().expect("a table");
    assert!(!features.contains_key("default"), "a feature is on");
    // What is optional is for tests of the application, which turn its feature on.
    let is_optional = |entry: &toml::Value| entry.get("optional").is_some();
    let others = dependencies
        .iter()
        .filter(|(name, entry)| !PURE.contains(&name.as_str()) && !is_optional(entry));
    none(others, "the core depends on what is not known to be pure");
}

/// `tools/test.sh` names targets, because some run beside the others.
#[test]
fn every_target_with_tests_is_run() {
    let script = text("tools/test.sh");
    for manifest in ["Cargo.toml", "src-tauri/core/Cargo.toml"] {
        let manifest: toml::Table = toml::from_str(&text(manifest)).expect("a manifest is TOML");
        let targets = manifest["test"].as_array().expect("a list");
        let names = targets
            .iter()
            .map(|target| target["name"].as_str().unwrap());
        let others = names.filter(|name| !script.contains(&format!("--test {name}")));
        none(others, "a target whose tests nothing runs");
    }
}

#[test]
fn the_core_knows_no_disk_clock_network_thread_or_environment() {
    const IMPURE: [&str; 10] = [
        "std::env",
        "std::fs",
        "std::io",
        "std::net",
        "std::process",
        "std::thread",
        "Instant",
        "SystemTime",
        "Timestamp::now",
        "Zoned::now",
    ];
    let uses = lines_of_code(CORE, &["rs"])
        .into_iter()
        .filter(|line| IMPURE.iter().any(|name| line.code.contains(name)));
    none(uses, "the core reaches outside itself");
}

#[test]
fn the_core_keeps_its_bounds_in_one_file() {
    let bounds = lines_of_code(CORE, &["rs"])
        .into_iter()
        .filter(|line| line.path != "src-tauri/core/src/limits.rs")
        .filter(|line| constant(&line.code).is_some_and(is_bound));
    none(bounds, "bounds outside limits.rs");
}

/// A test can set the time of day only if all of the application asks one clock.
#[test]
fn one_file_asks_the_time_of_day() {
    const NOW: [&str; 4] = [
        "Timestamp::now",
        "SystemTime::now",
        "Zoned::now",
        "clock_gettime",
    ];
    let asking = lines_of_code("src-tauri/src", &["rs"])
        .into_iter()
        .filter(|line| line.path != "src-tauri/src/clock.rs")
        .filter(|line| NOW.iter().any(|name| line.code.contains(name)));
    none(asking, "the time of day is asked past the clock");
}

/// No other user of the machine can use a file of Flagdeck if one module creates them all. SQLite
/// gives its files the mode of the database, which exists by then; for the file of the window's
/// preferences, the process's umask holds.
#[test]
fn one_module_creates_files_and_folders() {
    const CREATE: [&str; 12] = [
        "File::create",
        "File::options",
        "OpenOptions",
        "create_dir",
        "DirBuilder",
        "fs::write(",
        "fs::copy(",
        "NamedTempFile::",
        "tempfile::",
        "UnixListener::bind",
        "set_permissions",
        "umask(",
    ];
    const EXCEPTIONS: [(&str, &str); 3] = [
        // Types of what the module creates.
        ("src-tauri/src/", "use tempfile::"),
        // A file that the user named gets the mode of the one that it replaces.
        ("src-tauri/src/durable.rs", "set_permissions(before"),
        // Run by a test alone.
        ("src-tauri/src/wire/bindings.rs", "fs::write("),
    ];
    let is_allowed = |line: &Line| {
        EXCEPTIONS
            .iter()
            .any(|(path, code)| line.path.starts_with(path) && line.code.contains(code))
    };
    let creators = lines_of_program("src-tauri/src")
        .into_iter()
        .filter(|line| !line.path.starts_with("src-tauri/src/private"))
        .filter(|line| !is_allowed(line))
        .filter(|line| CREATE.iter().any(|name| line.code.contains(name)));
    none(creators, "files are created past private.rs");
}

/// `Path::exists` takes a file that cannot be looked at for a missing one, and a failing disk for an
/// empty folder: `try_exists` does not.
#[test]
fn a_file_that_cannot_be_looked_at_is_not_missing() {
    let uses = lines_of_program("src-tauri/src")
        .into_iter()
        .filter(|line| line.code.contains(".exists()"));
    none(uses, "a failure is taken for a missing file");
}

/// What `flagctl` runs may write to standard error itself, which is handed to it as it is.
#[test]
fn one_file_of_flagctl_writes_to_the_terminal() {
    const STREAMS: [&str; 3] = ["stdout()", "stderr()", "/dev/tty"];
    let writers = lines_of_code("src-tauri/src/cli", &["rs"])
        .into_iter()
        .filter(|line| line.path != "src-tauri/src/cli/output.rs")
        .filter(|line| !line.code.contains("Stdio::from(io::stderr())"))
        .filter(|line| STREAMS.iter().any(|name| line.code.contains(name)));
    none(writers, "flagctl writes past its output");
}

#[test]
fn only_the_desktop_names_tauri() {
    let names = lines_of_code("src-tauri", &["rs"])
        .into_iter()
        .filter(|line| !line.path.starts_with("src-tauri/src/desktop/"))
        .filter(|line| line.path != "src-tauri/build.rs")
        .filter(|line| {
            ["tauri::", "tauri_"]
                .iter()
                .any(|name| line.code.contains(name))
        });
    none(names, "tauri is named outside the desktop");
}

/// The modules of the library, each after all that it may import.
const UPWARDS: &[&str] = &[
    "lock",
    "source",
    "private",
    "serving",
    "clock",
    "chores",
    "durable",
    "trusted_time",
    "chosen",
    "format",
    "csv",
    "leader",
    "load",
    "clients",
    "logging",
    "loopback",
    "address",
    "arguments",
    "outbound",
    "webhook",
    "runner",
    "config",
    "browser",
    "token",
    "upstream",
    "store",
    "actor",
    "events",
    "build_info",
    "metrics",
    "state",
    "rosters",
    "rollouts",
    "workspace",
    "error",
    "flags",
    "app",
    "demo",
    "wire",
    "http",
    "fuzzing",
];

/// Modules beside each other, which know nothing of one another: the application joins them.
const BESIDE: [&str; 6] = ["flags", "metrics", "state", "rosters", "rollouts", "config"];

#[test]
fn nothing_imports_what_is_above_it() {
    let rank = |name: &str| UPWARDS.iter().position(|known| *known == name);
    let imports = lines_of_code("src-tauri/src", &["rs"])
        .into_iter()
        .filter(|line| {
            let module = line.path["src-tauri/src/".len()..].split(['/', '.']).next();
            let module = module.expect("a path has a beginning");
            // Of the faces that are programs, `crate` is another one.
            if matches!(module, "lib" | "cli" | "desktop") {
                return false;
            }
            let own = rank(module).unwrap_or_else(|| panic!("{module} has no place in UPWARDS"));
            imported(&line.code).any(|name| {
                let is_beside =
                    name != module && BESIDE.contains(&module) && BESIDE.contains(&name);
                is_beside || rank(name).is_none_or(|of| of > own)
            })
        });
    none(imports, "a module imports one above it, or beside it");
}

/// Names the modules of the library that a line refers to.
fn imported(code: &str) -> impl Iterator<Item = &str> {
    let after = code.split("crate::").skip(1);
    let names = after.map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        rest.split_at(end.unwrap_or(rest.len()))
    });
    // A type that is exported from the root begins with a capital, and a macro ends in a mark.
    names
        .filter(|(name, rest)| name.starts_with(char::is_lowercase) && !rest.starts_with('!'))
        .map(|(name, _)| name)
}

#[test]
fn no_source_asks_for_the_desktop_feature() {
    let questions = lines_of_code("src-tauri", &["rs"])
        .into_iter()
        .filter(|line| line.path != "src-tauri/build.rs")
        .filter(|line| line.code.contains("feature = \"desktop\""));
    none(
        questions,
        "the feature is named outside Cargo.toml and build.rs",
    );
}

#[test]
fn one_file_of_the_page_imports_tauri() {
    let mut importers: Vec<String> = lines_of_code("ui/src", &["ts", "js", "svelte"])
        .into_iter()
        .filter(|line| line.code.contains("\"@tauri-apps/"))
        .map(|line| line.path)
        .collect();
    importers.dedup();
    assert_eq!(importers.len(), 1, "{importers:#?}");
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent = files("src-tauri", &["rs"])
        .into_iter()
        .filter(|path| !text(path).starts_with("//! "));
    none(silent, "files without a module doc");
}

#[test]
fn every_path_named_in_the_architecture_exists() {
    for page in ["ARCHITECTURE.md", "docs/decisions.md"] {
        let text = text(page);
        let mut paths = quoted(&text)
            .filter(|word| looks_like_a_path(word))
            .peekable();
        assert!(paths.peek().is_some(), "{page} names no path at all");
        let gone = paths.filter(|path| !Path::new(ROOT).join(path).exists());
        none(gone, &format!("{page} names what does not exist"));
    }
}

#[test]
fn the_changelog_has_room_for_what_comes_next() {
    let changelog = text("CHANGELOG.md");
    assert!(changelog.lines().any(|line| line == "## [Unreleased]"));
}

#[test]
fn the_readme_names_the_two_commands() {
    let readme = text("README.md");
    for command in ["make run", "make test"] {
        assert!(
            readme.contains(command),
            "README.md does not name {command}"
        );
    }
}

#[derive(Debug)]
struct Line {
    path: String,
    #[expect(dead_code, reason = "read by people, in a failure")]
    number: usize,
    code: String,
}

/// Lists the lines of all files beneath a folder, without those that are comments.
fn lines_of_code(folder: &str, endings: &[&str]) -> Vec<Line> {
    let mut lines = Vec::new();
    for path in files(folder, endings) {
        let text = text(&path);
        let code = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"));
        lines.extend(code.map(|(index, line)| Line {
            path: path.clone(),
            number: index + 1,
            code: line.trim().to_owned(),
        }));
    }
    lines
}

/// Lists the lines of code of all files of Rust in a folder, without those of their tests.
fn lines_of_program(folder: &str) -> Vec<Line> {
    let mut lines = lines_of_code(folder, &["rs"]);
    let mut tests = String::new();
    lines.retain(|line| {
        if line.code == "mod tests {" {
            tests.clone_from(&line.path);
        }
        line.path != tests && !line.path.ends_with("/tests.rs")
    });
    lines
}

/// Lists the files beneath a folder, as paths from the root.
fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(ROOT).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| endings.iter().any(|e| end == *e))
            {
                let path = path.strip_prefix(ROOT).expect("beneath the root");
                found.push(path.to_str().expect("names are UTF-8").to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no {endings:?}");
    found.sort();
    found
}

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the name of the constant that a line declares.
fn constant(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("const ")?;
    let declares = before.is_empty() || before.starts_with("pub");
    declares.then(|| after.split(':').next().unwrap_or_default())
}

fn is_bound(name: &str) -> bool {
    name.ends_with("_MAX") || name.ends_with("_MIN")
}

/// Lists what stands in single backticks, leaving fenced blocks out.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    let prose = page.lines().filter(move |line| {
        let fence = line.starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    prose.flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Tells `src-tauri/core` and `ui/gone.ts` from `application/json` and `/api/ml/flags`.
fn looks_like_a_path(word: &str) -> bool {
    const BUILT: [&str; 3] = ["target", "ui/dist", "ui/node_modules"];
    const SOURCES: [&str; 6] = [".css", ".json", ".md", ".rs", ".svelte", ".ts"];
    let Some((first, _)) = word.split_once('/') else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    word.chars().all(plain)
        && !first.is_empty()
        && !BUILT.iter().any(|built| word.starts_with(built))
        && (Path::new(ROOT).join(first).exists() || SOURCES.iter().any(|end| word.ends_with(end)))
}

fn none<T: std::fmt::Debug>(offenders: impl Iterator<Item = T>, what: &str) {
    let offenders: Vec<T> = offenders.collect();
    assert!(offenders.is_empty(), "{what}: {offenders:#?}");
}
