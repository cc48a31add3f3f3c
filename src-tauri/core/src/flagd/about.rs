//! What people should know about a component, as metadata of its flag: texts, numbers and switches.

use std::str::FromStr;

use crate::document::{About, ComponentPath};
use crate::limits::{
    ABOUT_LINE_CHARS_MAX, ABOUT_TEXT_CHARS_MAX, REQUIRES_MAX, TAG_CHARS_MAX, TAGS_MAX,
};
use crate::problem::{Pointer, quote};
use crate::tree::{Object, Tree};

use super::REQUIRES;

/// The metadata with a meaning.
const KEYS: [&str; 6] = ["title", "description", "owner", "tags", "expires", REQUIRES];

/// What is between the entries of a list.
const BETWEEN: &str = ", ";

/// Writes what is said about a component, and what it requires.
pub(super) fn write(about: &About, requires: &[ComponentPath]) -> Object {
    let mut metadata = Object::default();
    let texts = [
        ("title", about.title.clone()),
        ("description", about.description.clone()),
        ("owner", about.owner.clone()),
        ("tags", tags(about)),
        ("expires", about.expires.map(|day| day.to_string())),
        (REQUIRES, required(requires)),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            metadata.insert(key, text.into());
        }
    }
    let others = about.unknown.iter();
    for (key, value) in others.filter(|(key, value)| is_metadata(key, value)) {
        metadata.insert(key, value.clone());
    }
    metadata
}

/// Returns whether a value that Flagdeck does not know can be metadata under its key.
pub(super) fn is_metadata(key: &str, value: &Tree) -> bool {
    let is_plain = matches!(value, Tree::String(_) | Tree::Number(_) | Tree::Bool(_));
    is_plain && !key.is_empty() && !KEYS.contains(&key)
}

/// Returns whether tags can be read again from one text.
pub(super) fn are_listable(tags: &[String]) -> bool {
    let is_listable = |tag: &String| !tag.contains(',') && tag.trim() == tag && !tag.is_empty();
    tags.iter().all(is_listable)
}

fn tags(about: &About) -> Option<String> {
    let is_said = !about.tags.is_empty() && are_listable(&about.tags);
    is_said.then(|| about.tags.join(BETWEEN))
}

fn required(requires: &[ComponentPath]) -> Option<String> {
    let names: Vec<&str> = requires.iter().map(ComponentPath::as_str).collect();
    (!names.is_empty()).then(|| names.join(BETWEEN))
}

/// What the metadata of a flag says.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) about: About,
    pub(super) requires: Vec<ComponentPath>,
    /// What has no meaning here: its place and a sentence.
    pub(super) left_out: Vec<(Pointer, String)>,
}

/// Reads the metadata of a flag.
pub(super) fn read(metadata: &Object, at: &Pointer) -> Said {
    let mut said = Said::default();
    for (key, value) in metadata.iter() {
        if let Err(wanted) = said.take(key, value) {
            let message = format!(
                "The metadata {} is left out: it is not {wanted}.",
                quote(key)
            );
            said.left_out.push((at.at(key), message));
        }
    }
    said
}

impl Said {
    /// Takes one entry, or returns what it would have to be.
    fn take(&mut self, key: &str, value: &Tree) -> Result<(), &'static str> {
        let about = &mut self.about;
        let line = || text(value, ABOUT_LINE_CHARS_MAX).ok_or("a text of 1 to 200 characters");
        match key {
            "title" => about.title = Some(line()?),
            "owner" => about.owner = Some(line()?),
            "description" => {
                let text = text(value, ABOUT_TEXT_CHARS_MAX);
                about.description = Some(text.ok_or("a text of 1 to 4000 characters")?);
            }
            "tags" => about.tags = listed_tags(value).ok_or("a list of up to 32 tags")?,
            "expires" => {
                let day = value.as_str().and_then(|day| day.parse().ok());
                about.expires = Some(day.ok_or("a day, as in 2027-01-31")?);
            }
            REQUIRES => self.requires = paths(value).ok_or("a list of components")?,
            key if is_metadata(key, value) => about.unknown.insert(key, value.clone()),
            _ => return Err("a text, a number, true or false"),
        }
        Ok(())
    }
}

fn text(value: &Tree, chars_max: usize) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    (text.chars().count() <= chars_max).then(|| text.to_owned())
}

fn listed(value: &Tree) -> Option<impl Iterator<Item = &str>> {
    Some(value.as_str()?.split(',').map(str::trim))
}

fn listed_tags(value: &Tree) -> Option<Vec<String>> {
    let tags: Vec<String> = listed(value)?.map(str::to_owned).collect();
    let is_tag = |tag: &String| (1..=TAG_CHARS_MAX).contains(&tag.chars().count());
    let mut distinct = tags.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let are_tags = tags.iter().all(is_tag) && distinct.len() == tags.len();
    (are_tags && tags.len() <= TAGS_MAX).then_some(tags)
}

fn paths(value: &Tree) -> Option<Vec<ComponentPath>> {
    let paths: Result<Vec<ComponentPath>, _> =
        listed(value)?.map(ComponentPath::from_str).collect();
    paths.ok().filter(|paths| paths.len() <= REQUIRES_MAX)
}
