//! What is said of entries of the quarantine: what can be read, what is taken back, what is not.

use std::collections::BTreeMap;

use flagdeck_core::diff::documents::thousands;

use crate::error::sentence;
use crate::metrics::store::salvage::FoundFrames;
use crate::store::{FoundRevisions, RevisionSpan};

/// Said of an entry that can be read and holds nothing that is missing in the database in use.
pub(super) const NONE_MISSING: &str = "Nothing in it is missing here.";

/// Says what can be read: `parts` are what is sound, in a few words each.
pub(super) fn readable(parts: &[String], kind: &str, damaged: u64) -> String {
    match (parts, damaged) {
        ([], 0) => format!("It can be read, and holds no {kind}."),
        ([], damaged) => format!("None of its {} {kind} can be read.", number(damaged)),
        (parts, 0) => format!("{} can be read.", parts.join(", ")),
        (parts, damaged) => {
            format!(
                "{} can be read; {} cannot.",
                parts.join(", "),
                number(damaged)
            )
        }
    }
}

/// Says what the snapshots of sources are called whose names are not certain.
pub(super) fn renamed(sources: &BTreeMap<String, Option<String>>) -> String {
    let sentences = sources.iter().map(|(name, stored)| match stored {
        Some(stored) => format!(
            " The record of {stored} is damaged, and its name may be wrong: its snapshots are \
             called those of {name}."
        ),
        None => format!(
            " The name of a source cannot be read: its snapshots are called those of {name}."
        ),
    });
    sentences.collect()
}

/// Says why nothing can be read.
pub(super) fn unreadable(what: &str) -> String {
    sentence(&format!("nothing in it can be read: {what}"))
}

/// Says which revisions can be read.
pub(super) fn readable_revisions(found: &FoundRevisions) -> String {
    let which = match (&found.first, &found.last) {
        (Some(first), Some(last)) if first.number < last.number => {
            format!(" ({} to {})", first.number, last.number)
        }
        (Some(only), _) => format!(" ({})", only.number),
        _ => String::new(),
    };
    let sound = (found.sound > 0).then(|| counted(found.sound, "revision") + &which);
    readable(sound.as_slice(), "revisions", found.damaged)
}

/// `revision 27`, `revisions 27 to 31`.
pub(super) fn revisions(span: RevisionSpan) -> String {
    match span.first == span.last {
        true => format!("revision {}", span.first),
        false => format!("revisions {} to {}", span.first, span.last),
    }
}

/// Says which sound revisions are not taken back, and why.
pub(super) fn left_revisions(found: &FoundRevisions) -> Option<String> {
    let others = counted(found.others, "revision");
    let (is, their) = match found.others {
        1 => ("is", "its number"),
        _ => ("are", "their numbers"),
    };
    match (found.others, found.is_forked, found.continuing) {
        (0, _, None) if found.sound > 0 => Some(NONE_MISSING.into()),
        (0, ..) => None,
        (_, true, _) => Some(format!(
            "{others} {is} not taken back: other changes were saved under {their} since. Export \
             the latest document to see what it holds."
        )),
        (_, false, _) => Some(format!(
            "{others} {is} not taken back: a revision before cannot be read. Export the latest \
             document to see what it holds."
        )),
    }
}

/// Sources that are named, each with its snapshots; more of them are counted.
const SOURCES_NAMED_MAX: usize = 5;

/// `4 snapshots of web` for each source that has some, `512 snapshots of 64 sources` for many.
pub(super) fn snapshots<'a>(sources: impl Iterator<Item = (&'a String, u64)>) -> Vec<String> {
    let sources: Vec<_> = sources.filter(|(_, count)| *count > 0).collect();
    if sources.len() > SOURCES_NAMED_MAX {
        let all = sources.iter().map(|(_, count)| count).sum();
        let of = counted(sources.len() as u64, "source");
        return vec![format!("{} of {of}", counted(all, "snapshot"))];
    }
    sources
        .iter()
        .map(|(source, count)| format!("{} of {source}", counted(*count, "snapshot")))
        .collect()
}

/// Says what is in a bundle.
pub(super) fn exported_snapshots(count: usize, left_out: usize) -> String {
    let snapshots = counted(count as u64, "snapshot");
    match left_out {
        0 => snapshots,
        more => format!(
            "the latest {snapshots}, without {} for which a bundle has no room",
            thousands(more)
        ),
    }
}

/// Says what is in a table of frames.
pub(super) fn exported_frames(count: u64, left_out: u64) -> String {
    let frames = counted(count, "frame");
    match left_out {
        0 => frames,
        more => format!(
            "{frames}, without {} for which it has no room",
            number(more)
        ),
    }
}

/// `312 frames`, if there is any.
pub(super) fn sound_frames(found: &FoundFrames) -> Vec<String> {
    let frames = (found.sound > 0).then(|| counted(found.sound, "frame"));
    frames.into_iter().collect()
}

/// `312 frames of 2 days`, if there is any.
pub(super) fn frames(found: &FoundFrames) -> Vec<String> {
    let frames = (found.missing > 0).then(|| {
        let days = counted(found.missing_days.len() as u64, "day");
        format!("{} of {days}", counted(found.missing, "frame"))
    });
    frames.into_iter().collect()
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{} {what}s", number(count)),
    }
}

fn number(count: u64) -> String {
    thousands(usize::try_from(count).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_sources_are_counted_and_few_are_named() {
        let names: Vec<String> = (0..6).map(|n| format!("app{n}")).collect();
        let of = |some: usize| snapshots(names[..some].iter().zip([2, 1, 0, 1, 1, 7]));
        assert_eq!(of(3), ["2 snapshots of app0", "1 snapshot of app1"]);
        assert_eq!(of(6).len(), 5, "one has none");
        let all = snapshots(names.iter().map(|name| (name, 2000)));
        assert_eq!(all, ["12,000 snapshots of 6 sources"]);
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let parts = ["2 frames".to_owned()];
        assert_eq!(readable(&parts, "frames", 0), "2 frames can be read.");
        let some = readable(&parts, "frames", 1234);
        assert_eq!(some, "2 frames can be read; 1,234 cannot.");
        assert_eq!(
            readable(&[], "frames", 3),
            "None of its 3 frames can be read."
        );
        let none = readable(&[], "frames", 0);
        assert_eq!(none, "It can be read, and holds no frames.");
        let why = unreadable("the file is not a database");
        assert_eq!(
            why,
            "Nothing in it can be read: the file is not a database."
        );
    }
}
