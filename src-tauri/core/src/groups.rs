//! Lists of groups as people write them: blanks around a name are trimmed, and blank names are
//! dropped.

/// Reads names separated by commas.
pub fn split(list: &str) -> Vec<&str> {
    trimmed(list.split(','))
}

/// Trims names, and leaves out the empty ones.
pub fn trimmed<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let names = names.into_iter().map(str::trim);
    names.filter(|name| !name.is_empty()).collect()
}

/// The same, returning owned names.
pub fn owned(names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let names = names.into_iter();
    let names = names.map(|name| name.as_ref().trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}
