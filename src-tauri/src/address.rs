//! Addresses of servers, taken apart in one place: those that people configure, those that
//! `flagctl` is given, and the hosts and origins that requests name.
//!
//! Looks no name up. What an address shows never has the credentials in it, nor the query, which
//! may hold a token.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use thiserror::Error;
use ureq::http::Uri;

use crate::loopback;

/// The address of a server: `http[s]://[user[:password]@]host[:port][/path][?query]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    is_secure: bool,
    credentials: Option<String>,
    /// IPv6 in brackets.
    host: String,
    port: Option<u16>,
    /// Without closing slashes: what is asked for follows it.
    path: String,
    /// What comes after that: the closing slashes, and the query, which may hold a token.
    rest: String,
}

/// A text is no address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("its address cannot be used")]
pub struct NoAddress;

impl Address {
    /// Returns the address of a port of this machine.
    pub fn of_port(port: u16) -> Self {
        Self {
            is_secure: false,
            credentials: None,
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: Some(port),
            path: String::new(),
            rest: String::new(),
        }
    }

    /// Returns whether what it is asked is encrypted: `https`.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Returns what comes before the `@`, as it is written.
    pub fn credentials(&self) -> Option<&str> {
        self.credentials.as_deref()
    }

    /// Returns the host, IPv6 in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, that of the scheme if none is written.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.is_secure {
            true => 443,
            false => 80,
        })
    }

    /// Returns the path without closing slashes; empty if it has none.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns whether it names a server and nothing else.
    pub fn is_bare(&self) -> bool {
        self.credentials.is_none() && self.path.is_empty() && !self.rest.contains('?')
    }

    /// Returns the address of exactly what it names, its query included. Not to be shown.
    pub(crate) fn whole(&self) -> String {
        format!("{self}{}", self.rest)
    }

    /// Returns the part that names the server, as it may be shown.
    pub(crate) fn server(&self) -> String {
        let scheme = scheme(self.is_secure);
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}", self.host),
            None => format!("{scheme}://{}", self.host),
        }
    }

    /// Returns whether both name the same scheme, host and port: what is trusted with a credential.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        let is_same_host = self.host.eq_ignore_ascii_case(&other.host);
        is_same_host && self.is_secure == other.is_secure && self.port() == other.port()
    }

    /// Returns the address that a `Location` in an answer of this one names (RFC 3986, section
    /// 5.2). Steps such as `..` stay as they are: the server takes them.
    ///
    /// # Errors
    /// If it is none that can be used.
    pub(crate) fn leading_to(&self, location: &str) -> Result<Self, NoAddress> {
        let server = self.server();
        let closing = self.rest.split('?').next().unwrap_or_default();
        let path = format!("{}{closing}", self.path);
        let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
        let is_absolute = location
            .split(['/', '?', '#'])
            .next()
            .is_some_and(|first| first.contains(':'));
        match location {
            _ if is_absolute => location.parse(),
            _ if location.starts_with("//") => {
                format!("{}:{location}", scheme(self.is_secure)).parse()
            }
            _ if location.starts_with('/') => format!("{server}{location}").parse(),
            _ if location.starts_with('?') => format!("{server}{path}{location}").parse(),
            _ => format!("{server}{folder}{location}").parse(),
        }
    }

    /// Returns whether the server is on this machine for sure.
    pub fn is_on_this_machine(&self) -> bool {
        let ip = self.host.parse::<Ipv4Addr>();
        loopback::is_name(&self.host) || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let uri: Uri = text.parse().map_err(|_| NoAddress)?;
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(NoAddress),
        };
        let authority = uri.authority().ok_or(NoAddress)?.as_str();
        let (credentials, authority) = match authority.rsplit_once('@') {
            Some((credentials, rest)) => (Some(credentials.to_owned()), rest),
            None => (None, authority),
        };
        // A password with a slash in it makes a host of the user's name, and a port of its
        // beginning: both are refused here.
        let (host, port) = split_port(authority).ok_or(NoAddress)?;
        let port = port.map(|digits| number(digits).ok_or(NoAddress));
        let path = uri.path().trim_end_matches('/');
        let closing = &uri.path()[path.len()..];
        let query = uri.query().map(|query| format!("?{query}"));
        Ok(Self {
            is_secure,
            credentials,
            host: host.to_owned(),
            port: port.transpose()?,
            path: path.to_owned(),
            rest: format!("{closing}{}", query.unwrap_or_default()),
        })
    }
}

/// Writes it as it may be shown, and as paths are added to it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.server(), self.path)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn scheme(is_secure: bool) -> &'static str {
    match is_secure {
        true => "https",
        false => "http",
    }
}

/// Says whether a text begins as an address does. It may be none that can be used all the same:
/// that is said when it is used, without its credentials.
pub(crate) fn begins_as_one(text: &str) -> bool {
    let rest = text.strip_prefix("http://");
    let rest = rest.or_else(|| text.strip_prefix("https://"));
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    let begins = |first: char| first.is_ascii_alphanumeric() || first == '[';
    is_visible && rest.is_some_and(|rest| rest.starts_with(begins))
}

/// Returns whether a text that should be an address holds a user or password, whatever it is.
pub(crate) fn has_credentials(text: &str) -> bool {
    let address: Result<Address, _> = text.parse();
    address.map_or_else(
        |_| text.contains('@'),
        |address| address.credentials().is_some(),
    )
}

/// Returns a text that should be an address as it may be shown, whatever it is.
pub(crate) fn without_credentials(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    // Up to the last @: a password may hold a slash that makes the address unusable, and must
    // not be shown even then.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    match scheme {
        Some(scheme) => format!("{scheme}://{rest}"),
        None => rest.to_owned(),
    }
}

/// What stands for a part of an address that is not shown.
const HIDDEN: &str = "***";

/// Returns an address as a setting is shown: with a mark for its user and password, and for its
/// query, which may hold a token. The text need not be an address.
pub(crate) fn redacted(text: &str) -> String {
    let shown = without_credentials(text);
    let (scheme, rest) = match shown.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), shown.as_str()),
    };
    let user = match text.contains('@') {
        true => format!("{HIDDEN}@"),
        false => String::new(),
    };
    let query = match text.contains(['?', '#']) {
        true => format!("?{HIDDEN}"),
        false => String::new(),
    };
    format!("{scheme}{user}{rest}{query}")
}

/// Returns a text that may hold an address, such as `KEY=VALUE` of a command line, as it may be
/// shown. One that holds neither `://` nor a password before an `@` stays as it is.
pub(crate) fn redacted_in(text: &str) -> Cow<'_, str> {
    let begin = match text.split_once('=') {
        Some((name, _)) if !name.contains([':', '@', '?']) => name.len() + 1,
        _ => 0,
    };
    let (name, value) = text.split_at(begin);
    let has_password = value
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'));
    match has_password || value.contains("://") {
        true => Cow::Owned(format!("{name}{}", redacted(value))),
        false => Cow::Borrowed(text),
    }
}

/// Returns whether a text is an address that was shown without its secret parts, which is not the
/// address any more.
pub(crate) fn is_redacted(text: &str) -> bool {
    text.contains(&format!("//{HIDDEN}@")) || text.ends_with(&format!("?{HIDDEN}"))
}

/// Separates `host[:port]`; `None` if something else follows the host, or there is none.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let host_end = match authority.starts_with('[') {
        true => authority.find(']')? + 1,
        false => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(host_end);
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        None => return None,
        digits => digits,
    };
    (!host.is_empty()).then_some((host, port))
}

/// Reads a port as browsers write it, without zeros before it.
pub(crate) fn plain_port(digits: &str) -> Option<u16> {
    number(digits).filter(|_| !digits.starts_with('0'))
}

/// Reads digits and nothing else: `parse` alone would take `+80`.
fn number(digits: &str) -> Option<u16> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let check = |text: &str, shown: &str, port: u16, credentials: Option<&str>| {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!((address.port(), address.credentials()), (port, credentials));
        };
        check("http://gate:9091", "http://gate:9091", 9091, None);
        check("HTTPS://Gate/push/", "https://Gate/push", 443, None);
        check("http://[::1]:9091//", "http://[::1]:9091", 9091, None);
        check("http://gate/a?b=c", "http://gate/a", 80, None);
        check(
            "http://user:pass@gate",
            "http://gate",
            80,
            Some("user:pass"),
        );
        check("http://a@b@gate", "http://gate", 80, Some("a@b"));
    }

    #[test]
    fn an_address_names_what_is_behind_its_path_too() {
        let check = |text: &str, shown: &str, whole: &str| {
            let address: Address = text.parse().unwrap();
            assert_eq!(
                (address.to_string(), address.whole()),
                (shown.into(), whole.into())
            );
        };
        check(
            "http://a/x?ref=main#top",
            "http://a/x",
            "http://a/x?ref=main",
        );
        check("http://user:pass@a/x/", "http://a/x", "http://a/x/");
        check("http://a", "http://a", "http://a/");
        check("http://a?b", "http://a", "http://a/?b");
    }

    #[test]
    fn a_location_leads_from_the_address_that_answered() {
        let check = |location: &str, to: &str| {
            let from: Address = "https://user:pass@a:8/team/flags?x=1".parse().unwrap();
            let found = from.leading_to(location).map(|to| to.whole());
            assert_eq!(found.as_deref(), Ok(to), "{location}");
        };
        check("http://b/flags?y=2#z", "http://b/flags?y=2");
        check("//b:9/flags", "https://b:9/flags");
        check("/other/", "https://a:8/other/");
        check("/other?at=b:9", "https://a:8/other?at=b:9");
        check("?y=2", "https://a:8/team/flags?y=2");
        check("latest.json", "https://a:8/team/latest.json");
        let from: Address = "http://a/team/".parse().unwrap();
        assert_eq!(from.leading_to("x").unwrap().whole(), "http://a/team/x");
        for location in [
            "ftp://b",
            "file:///etc/passwd",
            "data:,x",
            "http://",
            "\u{7f}",
        ] {
            assert_eq!(from.leading_to(location), Err(NoAddress), "{location}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        let check = |one: &str, other: &str, expected| {
            let [one, other] = [one, other].map(|text| text.parse::<Address>().unwrap());
            assert_eq!(one.is_same_origin(&other), expected, "{one} {other}");
        };
        check("https://a/x", "https://A:443/y?z", true);
        check("https://a", "http://a:443", false);
        check("https://a", "https://a:444", false);
        check("https://a", "https://b", false);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "gate:9091",
            "/metrics",
            "ftp://gate",
            "http://",
            "http://:80",
            "http://a b",
            "http://gate:",
            "http://gate:+80",
            "http://gate:99999",
            "http://[::1]9091",
            "http://user:pa/ss@gate",
        ] {
            assert_eq!(text.parse::<Address>(), Err(NoAddress), "{text}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let check = |text, shown| assert_eq!(without_credentials(text), shown);
        check("http://gate:9091/x", "http://gate:9091/x");
        check("https://user:pass@gate/x", "https://gate/x");
        check("http://user:p/ss@gate/x", "http://gate/x");
        check("http://user:p@ss@gate", "http://gate");
        check("http://gate/x?token=secret#t", "http://gate/x");
        check("http://user:p?ss@gate", "http://gate");
        check("user:pass@gate:9091", "gate:9091");
        let address: Address = "http://user:pass@gate?token=secret".parse().unwrap();
        assert_eq!(
            format!("{address} {address:?}"),
            "http://gate Address(http://gate)"
        );
    }

    #[test]
    fn a_redacted_address_shows_that_something_is_hidden() {
        let check = |text: &str, shown: &str| {
            assert_eq!(redacted(text), shown);
            assert_eq!(is_redacted(shown), text != shown, "{shown}");
        };
        check("http://gate:9091/x", "http://gate:9091/x");
        check("http://user:p@ss@gate/x", "http://***@gate/x");
        check("http://user@gate?token=secret#t", "http://***@gate?***");
        check("https://gate/x?token=secret", "https://gate/x?***");
        check("http://user:p/a@ss@gate", "http://***@gate");
        // A mistyped one is shown, too.
        assert_eq!(redacted("user:pass@gate:9091"), "***@gate:9091");
        assert_eq!(redacted("htp:/user:pass@gate"), "***@gate");
    }

    #[test]
    fn an_address_in_an_argument_is_redacted_and_nothing_else() {
        let check = |text, shown| assert_eq!(redacted_in(text), shown);
        check(
            "metrics.pushGateway=http://user:pass@gate",
            "metrics.pushGateway=http://***@gate",
        );
        check("user:pass@gate", "***@gate");
        check("--url=http://gate?token=x", "--url=http://gate?***");
        for text in ["--user=ada@example.com", "a=b?c", "ui.badges", "--at=12:30"] {
            check(text, text);
        }
    }

    #[test]
    fn only_loopback_addresses_are_on_this_machine_for_sure() {
        let check = |host: &str, expected| {
            let address: Address = format!("http://{host}").parse().unwrap();
            assert_eq!(address.is_on_this_machine(), expected, "{host}");
        };
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "[::1]"] {
            check(host, true);
        }
        for host in [
            "127.0.0.1.example",
            "localhost.example",
            "10.0.0.1",
            "[::2]",
        ] {
            check(host, false);
        }
    }

    #[test]
    fn a_port_follows_the_host() {
        let check = |text, parts| assert_eq!(split_port(text), parts, "{text}");
        check("localhost:4680", Some(("localhost", Some("4680"))));
        check("[::1]:4680", Some(("[::1]", Some("4680"))));
        check("[::1]", Some(("[::1]", None)));
        check("a:b:c", Some(("a", Some("b:c"))));
        for text in ["", ":80", "[::1", "[::1]80"] {
            check(text, None);
        }
        let ports = ["80", "080", "+80", "0", "", "65536"].map(plain_port);
        assert_eq!(ports, [Some(80), None, None, None, None, None]);
    }
}
