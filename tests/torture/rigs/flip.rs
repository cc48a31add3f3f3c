//! Every file of a data folder damaged: all that is read afterwards is right, or the damage is
//! said.
//!
//! `config.toml` and the token are left alone: they are text without a checksum, and a digit that
//! changed there is another setting or another token.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use fastrand::Rng;
use serde_json::json;
use tempfile::TempDir;

use crate::program::{Answer, QUESTIONS, Serving, faults, run};
use crate::round::Round;

const PAGE: usize = 4096;

/// A folder with all kinds of content, and what it answers.
struct Template {
    folder: TempDir,
    files: Vec<PathBuf>,
    answers: Vec<Answer>,
}

pub fn round(round: &mut Round) {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    let template = TEMPLATE.get_or_init(Template::make);
    let folder = round.data();
    copy(template.folder.path(), &folder);
    if round.plants() {
        let mut answers = answers(&folder);
        answers[0].out.push_str("never said");
        compare(round, template, &answers, "nothing, nothing");
        return;
    }
    let file = &template.files[round.rng.usize(0..template.files.len())];
    let damage = damage(&mut round.rng, &folder.join(file));
    round.counts.flips += 1;
    let before = faults(&folder);
    let answers = answers(&folder);
    // Also what was found while the questions were answered.
    let after = faults(&folder);
    if !before.is_empty() || !after.is_empty() {
        round.counts.told += 1;
        return;
    }
    let damage = format!("{}, {damage}", file.to_string_lossy());
    compare(round, template, &answers, &damage);
}

/// Compares the answers of a folder that `doctor` finds nothing wrong with.
fn compare(round: &mut Round, template: &Template, answers: &[Answer], damage: &str) {
    let pairs = template.answers.iter().zip(answers).zip(QUESTIONS);
    let silent = pairs.filter(|((right, answer), _)| answer.is_silently_not(right));
    let silent: Vec<&str> = silent.map(|(_, question)| question).collect();
    if silent.is_empty() {
        round.counts.told += u64::from(answers.iter().any(|answer| answer.is_told));
        return;
    }
    round.silent(&format!("{damage}: {}", silent.join(", ")));
}

impl Template {
    /// Writes of everything, by a server that is killed, so that there are `-wal` files as well.
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let at = folder.path();
        // What is written first lies in the databases, what follows in their logs.
        write(at, 1..4);
        write(at, 4..6);
        let files = files(at, at);
        let copied = tempfile::tempdir().expect("a folder can be made");
        let copied = copied.path().join("data");
        copy(at, &copied);
        let answers = answers(&copied);
        let told = answers.iter().position(|answer| answer.is_told);
        assert_eq!(
            told.map(|at| QUESTIONS[at]),
            None,
            "a sound folder is sound"
        );
        assert_eq!(faults(&copied), Vec::<String>::new());
        Self {
            folder,
            files,
            answers,
        }
    }
}

fn write(folder: &Path, steps: std::ops::Range<usize>) {
    let serving = Serving::start(folder);
    let json_type = "Content-Type: application/json\r\n";
    for step in steps {
        let state = json!({ "n": step, "text": "kept ".repeat(200 * step) }).to_string();
        let sent = serving.send("PUT", "/api/ml/state/web", json_type, &state);
        sent.expect("a state is stored");
        let event = "{\"type\":\"ml:usage\",\"source\":\"web\"}\n";
        let lines = "Content-Type: application/x-ndjson\r\n";
        let sent = serving.send("POST", "/api/ml/events", lines, event);
        sent.expect("an event is stored");
        for command in [
            "master on".to_owned(),
            format!("rollout --percentage {step}.5"),
            "snapshot take".to_owned(),
            "backup make".to_owned(),
        ] {
            let output = run(folder, &command);
            assert!(output.status.success(), "{command}: {output:?}");
        }
    }
    let output = run(folder, "snapshot restore 1");
    assert!(output.status.success(), "{output:?}");
}

fn answers(folder: &Path) -> Vec<Answer> {
    let answers = QUESTIONS.map(|question| Answer::of(&run(folder, question)));
    answers.into()
}

/// Lists the files that hold content, by their paths in the folder.
fn files(folder: &Path, within: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let holds_content = path
            .extension()
            .is_some_and(|end| end == "db" || end == "db-wal");
        if path.is_dir() {
            files.extend(self::files(&path, within));
        } else if holds_content && fs::metadata(&path).is_ok_and(|file| file.len() > 0) {
            files.push(path.strip_prefix(within).expect("within").to_owned());
        }
    }
    files.sort();
    files
}

/// Damages a file, and says how.
fn damage(rng: &mut Rng, file: &Path) -> String {
    let mut bytes = fs::read(file).expect("the file can be read");
    let at = rng.usize(0..bytes.len());
    let page = at - at % PAGE;
    let end = bytes.len().min(page + PAGE);
    let said = match rng.u8(0..8) {
        0 => {
            bytes[page..end].fill(0);
            format!("zeros from {page}")
        }
        1 => {
            bytes.truncate(at);
            format!("cut at {at}")
        }
        2 if page > 0 && end - page == PAGE => {
            let (first, second) = bytes.split_at_mut(page);
            first[page - PAGE..].swap_with_slice(&mut second[..PAGE]);
            format!("pages swapped before {end}")
        }
        _ => {
            let bit = rng.u8(0..8);
            bytes[at] ^= 1 << bit;
            format!("bit {bit} of byte {at}")
        }
    };
    fs::write(file, bytes).expect("the file can be written");
    said
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|it| it.success()), "the folder is copied");
}
