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
