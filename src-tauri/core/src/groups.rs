//! Lists of groups as people write them: blanks around a name are no part of it, and a name of
//! nothing but blanks is none.

/// Reads names separated by commas.
pub fn split(list: &str) -> Vec<&str> {
    trimmed(list.split(','))
}

/// Takes the blanks off names, and leaves out those of which nothing is left.
pub fn trimmed<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let names = names.into_iter().map(str::trim);
    names.filter(|name| !name.is_empty()).collect()
}

/// The same for names that are to be kept.
pub fn owned(names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let names = names.into_iter();
    let names = names.map(|name| name.as_ref().trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}
