//! Many changes in one line, for people: `6 components removed: calculator, tracker and 4 more`.
//!
//! One rule for every place that has no room for a list. What is left out is counted in the unit
//! of what is shown, and what concerns the most components comes first. Works on sentences, as
//! the history keeps them, so that it holds for every revision that was ever saved.

use std::collections::HashMap;

use crate::document::ComponentPath;
use crate::limits;

/// Sums up what changed in one line, from the sentences of the changes.
pub fn summary<T: AsRef<str>>(sentences: &[T]) -> String {
    let kinds = by_kind(sentences);
    let shown = kinds.iter().take(limits::SUMMARY_KINDS_MAX).enumerate();
    let mut parts: Vec<String> = shown
        .map(|(place, many)| match place {
            0 => many.say(),
            _ => many.continued(),
        })
        .collect();
    let left_out = kinds
        .iter()
        .skip(limits::SUMMARY_KINDS_MAX)
        .map(Many::count);
    match left_out.sum() {
        0 => {}
        1 => parts.push("and 1 more change".into()),
        more => parts.push(format!("and {} more changes", thousands(more))),
    }
    match parts.is_empty() {
        true => "No change".into(),
        false => parts.join("; "),
    }
}

/// Writes a count with commas: `1,981`.
pub fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// What changes of one kind have in common. Of equally many, the first ones here come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Master,
    Removed,
    DefaultRollout,
    Off,
    On,
    Added,
    Rollout,
    Requires,
    Renamed,
    GroupRemoved,
    GroupAdded,
    Described,
    Other,
}

impl Kind {
    /// Returns what one and several of it are called, and the verb for what happened to them.
    fn noun(self) -> (&'static str, &'static str) {
        match self {
            Self::Master | Self::DefaultRollout | Self::Other => ("changes", ""),
            Self::Removed => ("components", " removed"),
            Self::Added => ("components", " added"),
            Self::Off => ("components", " off"),
            Self::On => ("components", " on"),
            Self::Rollout => ("rollouts", " changed"),
            Self::Requires => ("requirements", " changed"),
            Self::Renamed => ("components and groups", " renamed or moved"),
            Self::GroupRemoved => ("empty groups", " removed"),
            Self::GroupAdded => ("empty groups", " added"),
            Self::Described => ("descriptions", " changed"),
        }
    }
}

/// What a sentence says, as far as that is needed to sum it up.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    kind: Kind,
    /// What it is about, as it is listed.
    name: &'a str,
    /// How many components it is about, at least 1.
    count: usize,
}

/// Changes of one kind.
#[derive(Debug)]
struct Many<'a> {
    kind: Kind,
    /// What they are about, each once, in order of appearance.
    about: Vec<About<'a>>,
}

/// The changes of one kind to one thing.
#[derive(Debug)]
struct About<'a> {
    name: &'a str,
    count: usize,
    sentences: Vec<&'a str>,
}

/// Sorts changes by kind, the weightiest first.
fn by_kind<T: AsRef<str>>(sentences: &[T]) -> Vec<Many<'_>> {
    let mut kinds: Vec<Many<'_>> = Vec::new();
    let mut places: HashMap<(Kind, &str), (usize, usize)> = HashMap::new();
    for sentence in sentences.iter().map(AsRef::as_ref) {
        let Said { kind, name, count } = read(sentence);
        if let Some(&(of_kind, about)) = places.get(&(kind, name)) {
            kinds[of_kind].about[about].sentences.push(sentence);
            continue;
        }
        let known = kinds.iter().position(|many| many.kind == kind);
        let of_kind = known.unwrap_or_else(|| {
            kinds.push(Many {
                kind,
                about: Vec::new(),
            });
            kinds.len() - 1
        });
        places.insert((kind, name), (of_kind, kinds[of_kind].about.len()));
        kinds[of_kind].about.push(About {
            name,
            count,
            sentences: vec![sentence],
        });
    }
    kinds.sort_by_key(|many| (std::cmp::Reverse(many.count()), many.kind));
    kinds
}

impl Many<'_> {
    fn count(&self) -> usize {
        self.about.iter().map(|about| about.count).sum()
    }

    fn say(&self) -> String {
        if let [only] = self.about.as_slice() {
            return only.say();
        }
        let count = self.count();
        let (nouns, verb) = self.kind.noun();
        let total = thousands(count);
        // Sentences of any form have no name to list: the first one stands for them.
        if self.kind == Kind::Other {
            let more = thousands(count - 1);
            return format!("{} and {more} more", self.about[0].sentences[0]);
        }
        let shown = match self.about.len() {
            few if few <= limits::SUMMARY_NAMES_MAX => few,
            _ => limits::SUMMARY_NAMES_OF_MANY,
        };
        let names: Vec<&str> = self.about[..shown].iter().map(|about| about.name).collect();
        let named: usize = self.about[..shown].iter().map(|about| about.count).sum();
        let names = names.join(", ");
        match count - named {
            0 => format!("{total} {nouns}{verb}: {names}"),
            more => format!(
                "{total} {nouns}{verb}: {names} and {} more",
                thousands(more)
            ),
        }
    }
}

impl Many<'_> {
    /// Writes it as a continuation of a sentence. A path is written as it is, so only a leading
    /// word changes case.
    fn continued(&self) -> String {
        const WORDS: [&str; 3] = ["Bucketing: ", "The whole ", "Order changed"];
        let said = self.say();
        let begins_with_word = match self.kind {
            Kind::Master | Kind::DefaultRollout => true,
            Kind::Other => WORDS.iter().any(|word| said.starts_with(word)),
            _ => !said.starts_with(self.about[0].name) || self.about[0].name.contains(' '),
        };
        match begins_with_word {
            true => said[..1].to_ascii_lowercase() + &said[1..],
            false => said,
        }
    }
}

impl About<'_> {
    /// Says every change to one thing: `ui.badges: 10 % → 25 %, groups +beta`.
    fn say(&self) -> String {
        let (first, rest) = self.sentences.split_first().expect("a sentence was read");
        let shown = limits::SUMMARY_NAMES_MAX.min(self.sentences.len()) - 1;
        let rest_shown = rest[..shown].iter();
        let rest_shown =
            rest_shown.map(|each| each.split_once(": ").map_or(*each, |(_, what)| what));
        let said: Vec<&str> = std::iter::once(*first).chain(rest_shown).collect();
        let said = said.join(", ");
        match rest.len() - shown {
            0 => said,
            more => format!("{said} and {more} more"),
        }
    }
}

/// Reads a sentence that `diff/words.rs` made, of this version or an earlier one.
fn read(sentence: &str) -> Said<'_> {
    if matches!(sentence, "Master switch on" | "Master switch off") {
        return said(Kind::Master, "Master switch");
    }
    if let Some((whose, what)) = sentence.split_once(": ") {
        return match whose {
            "Default rollout" | "Everyone" => said(Kind::DefaultRollout, whose),
            path if is_path(path) => said(kind_of_detail(what), path),
            _ => said(Kind::Other, sentence),
        };
    }
    if let Some(said) = read_group(sentence) {
        return said;
    }
    let Some((path, what)) = sentence.split_once(' ').filter(|(path, _)| is_path(path)) else {
        return said(Kind::Other, sentence);
    };
    match what {
        "on" => said(Kind::On, path),
        "off" => said(Kind::Off, path),
        "removed" => said(Kind::Removed, path),
        "added, on" | "added, off" => said(Kind::Added, path),
        _ if what.starts_with("requires ") => said(Kind::Requires, path),
        _ if what.starts_with("follows the ") => said(Kind::Rollout, path),
        _ if is_rename(what) => said(Kind::Renamed, path),
        _ => said(Kind::Other, sentence),
    }
}

/// Reads a sentence about a whole group; `None` if it is none, as of a component called `Group`.
fn read_group(sentence: &str) -> Option<Said<'_>> {
    let rest = sentence.strip_prefix("Group ")?;
    let (path, what) = rest.split_once(' ').filter(|(path, _)| is_path(path))?;
    let whole = &sentence[..sentence.len() - what.len() - 1];
    let (verb, with) = what.split_once(" with ").unwrap_or((what, ""));
    let held = with.split(' ').next().and_then(|count| count.parse().ok());
    let of = |kind, count| Said {
        kind,
        name: whole,
        count,
    };
    match (verb, held) {
        ("added", Some(count)) => Some(of(Kind::Added, count)),
        ("removed", Some(count)) => Some(of(Kind::Removed, count)),
        ("added", None) => Some(said(Kind::GroupAdded, path)),
        ("removed", None) => Some(said(Kind::GroupRemoved, path)),
        _ => is_rename(what).then(|| said(Kind::Renamed, path)),
    }
}

fn said(kind: Kind, name: &str) -> Said<'_> {
    Said {
        kind,
        name,
        count: 1,
    }
}

/// Tells a change of a component's rollout from one of what is said about it.
fn kind_of_detail(what: &str) -> Kind {
    const ABOUT: [&str; 6] = ["title ", "owner ", "expires ", "tags ", "descri", "\""];
    match ABOUT.iter().any(|about| what.starts_with(about)) {
        true => Kind::Described,
        false => Kind::Rollout,
    }
}

fn is_rename(what: &str) -> bool {
    what.starts_with("renamed to ") || what.starts_with("moved to ")
}

fn is_path(text: &str) -> bool {
    text.parse::<ComponentPath>().is_ok()
}
