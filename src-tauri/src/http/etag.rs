//! Entity tags in conditional requests (RFC 9110, sections 8.8.3 and 13.1).

use axum::http::HeaderMap;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};

/// What `If-Match` says about a resource that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// The header is missing.
    Missing,
    /// `*`: whatever is there.
    Any,
    /// A tag in it is the current one.
    Current,
    /// No tag in it is.
    Stale,
}

/// Returns whether the client has what `current` stands for: weak comparison.
pub(super) fn client_has(headers: &HeaderMap, current: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|value| {
        value.as_bytes() == b"*"
            || tags(value.to_str().unwrap_or_default())
                .any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == current)
    })
}

/// Compares `If-Match` with the current tag: strong comparison, a weak tag never matches.
pub(super) fn if_match(headers: &HeaderMap, current: &str) -> IfMatch {
    let mut found = IfMatch::Missing;
    for value in headers.get_all(IF_MATCH) {
        if value.as_bytes() == b"*" {
            return IfMatch::Any;
        }
        if tags(value.to_str().unwrap_or_default()).any(|tag| tag == current) {
            return IfMatch::Current;
        }
        found = IfMatch::Stale;
    }
    found
}

/// Splits a list of tags at the commas outside of quotes, and ends where it is malformed.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let open = if rest.starts_with("W/") { 2 } else { 0 };
        let inside = rest[open..].strip_prefix('"')?;
        let close = open + 1 + inside.find('"')?;
        let (tag, after) = rest.split_at(close + 1);
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::HeaderName;

    use super::*;

    fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        let values = values.iter().copied().map(HeaderValue::from_static);
        values.map(|value| (name.clone(), value)).collect()
    }

    #[test]
    fn if_none_match_finds_the_tag_in_lists_weak_or_behind_a_star() {
        let has = |values: &[&'static str]| client_has(&headers(&IF_NONE_MATCH, values), "\"r7\"");
        assert!(has(&["\"r7\""]));
        assert!(has(&["W/\"r7\""]));
        assert!(has(&["\"a,b\", \"r6\" ,W/\"r7\""]));
        assert!(has(&["\"r6\"", "\"r7\""]));
        assert!(has(&["*"]));
        assert!(!has(&[]));
        assert!(!has(&["\"r6\""]));
        assert!(!has(&["r7"]));
        assert!(!has(&["\"a\"r7\""]));
        assert!(!has(&["\"r7"]));
    }

    #[test]
    fn if_match_never_takes_a_weak_tag() {
        let compare = |values: &[&'static str]| if_match(&headers(&IF_MATCH, values), "\"r7\"");
        assert_eq!(compare(&[]), IfMatch::Missing);
        assert_eq!(compare(&["*"]), IfMatch::Any);
        assert_eq!(compare(&["\"r6\", \"r7\""]), IfMatch::Current);
        assert_eq!(compare(&["\"r6\"", "\"r7\""]), IfMatch::Current);
        assert_eq!(compare(&["W/\"r7\""]), IfMatch::Stale);
        assert_eq!(compare(&["\"r6\""]), IfMatch::Stale);
        assert_eq!(compare(&[""]), IfMatch::Stale);
    }
}
