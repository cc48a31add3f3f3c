//! Whom a change of a setting brings Flagdeck into contact with.
//!
//! The window asks about such a change in a dialog of the desktop, which its page cannot answer: a
//! page that was taken over could otherwise send data to any address, and learn what a server
//! answers that only this machine reaches. So an address on this machine is no exception.

use serde_json::Value;

use super::Kind;
use crate::address;

/// Whom a change of a setting brings Flagdeck into contact with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// Flagdeck connects to a server; its address, without credentials and query.
    Server(String),
    /// Web pages may read the flags; their origins.
    Pages(Vec<String>),
}

impl Contact {
    /// Returns the contact that a valid value makes, if the value before did not.
    ///
    /// Without a value of its own a setting has one that the user gave elsewhere, or its default:
    /// `Null` makes no contact.
    pub(super) fn made(kind: Kind, before: &Value, after: &Value) -> Option<Self> {
        if before == after {
            return None;
        }
        match kind {
            Kind::Address => after.as_str().map(address::redacted).map(Self::Server),
            Kind::Origins => {
                let added: Vec<String> = texts(after)
                    .filter(|origin| !texts(before).any(|known| known == *origin))
                    .map(str::to_owned)
                    .collect();
                (!added.is_empty()).then_some(Self::Pages(added))
            }
            Kind::Switch | Kind::Integer { .. } | Kind::Share | Kind::Route => None,
        }
    }
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_address_is_a_contact_but_the_one_that_is_set() {
        let check = |before: Value, after: Value, server: Option<&str>| {
            let contact = Contact::made(Kind::Address, &before, &after);
            let wanted = server.map(|server| Contact::Server(server.to_owned()));
            assert_eq!(contact, wanted, "{before} → {after}");
        };
        let gate = || json!("http://gate:9091");
        check(Value::Null, gate(), Some("http://gate:9091"));
        check(gate(), gate(), None);
        check(gate(), Value::Null, None);
        check(
            gate(),
            json!("http://127.0.0.1:9091"),
            Some("http://127.0.0.1:9091"),
        );
        // What is to be read as the host is in front of the @.
        check(
            gate(),
            json!("http://gate:9091@evil.example/push?to=me"),
            Some("http://***@evil.example/push?***"),
        );
    }

    #[test]
    fn only_pages_that_are_added_are_a_contact() {
        let check = |before: Value, after: Value, pages: &[&str]| {
            let contact = Contact::made(Kind::Origins, &before, &after);
            let pages: Vec<String> = pages.iter().map(ToString::to_string).collect();
            let wanted = (!pages.is_empty()).then_some(Contact::Pages(pages));
            assert_eq!(contact, wanted, "{before} → {after}");
        };
        let (one, two) = ("http://localhost:5173", "tauri://localhost");
        check(json!([]), json!([one]), &[one]);
        check(json!([one]), json!([two, one]), &[two]);
        check(json!([one, two]), json!([two]), &[]);
        check(json!([one]), Value::Null, &[]);
    }

    #[test]
    fn no_other_setting_makes_a_contact() {
        assert_eq!(
            Contact::made(Kind::Switch, &json!(false), &json!(true)),
            None
        );
        let route = Contact::made(Kind::Route, &json!("/metrics"), &json!("/m"));
        assert_eq!(route, None);
    }
}
