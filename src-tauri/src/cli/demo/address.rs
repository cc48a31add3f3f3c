//! Where a running Flagdeck is: always on this machine, because the token goes there.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use flagdeck::loopback;
use ureq::http::Uri;

const HTTP_PORT: u16 = 80;

/// An address of this machine. Each of its names stands for 127.0.0.1, where Flagdeck listens:
/// what listens on another address is another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(SocketAddr);

/// Why a text is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not of the form.
    #[error("it must be like http://127.0.0.1:4680, with nothing behind the port")]
    Malformed,
    /// Another machine, or a name that may stand for one.
    #[error(
        "only 127.0.0.1, [::1] and localhost are accepted: the token must not leave this machine"
    )]
    Foreign,
}

impl Address {
    /// A port of 127.0.0.1, where Flagdeck listens.
    pub fn of_port(port: u16) -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let uri: Uri = text.parse().map_err(|_| AddressError::Malformed)?;
        let authority = uri.authority().ok_or(AddressError::Malformed)?;
        let is_plain = uri.scheme_str() == Some("http")
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
            && !authority.as_str().contains('@');
        if !is_plain {
            return Err(AddressError::Malformed);
        }
        let host = authority.host();
        // Not asked of the authority, which takes a port that is none for none at all.
        let port = port(&authority.as_str()[host.len()..]).ok_or(AddressError::Malformed)?;
        match loopback::is_name(host) {
            true => Ok(Self::of_port(port)),
            false => Err(AddressError::Foreign),
        }
    }
}

/// Reads what stands behind the host.
fn port(text: &str) -> Option<u16> {
    match text.strip_prefix(':') {
        None => text.is_empty().then_some(HTTP_PORT),
        // `parse` alone would take `+4680`.
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        Some(_) => None,
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, read: Result<&str, AddressError>) {
        let found = text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(found, read.map(str::to_owned), "{text}");
    }

    #[test]
    fn addresses_of_this_machine_are_read() {
        check("http://127.0.0.1:4680", Ok("http://127.0.0.1:4680"));
        check("http://localhost:4680/", Ok("http://127.0.0.1:4680"));
        check("HTTP://LOCALHOST:1", Ok("http://127.0.0.1:1"));
        check("http://[::1]:4680", Ok("http://127.0.0.1:4680"));
        check("http://127.0.0.1", Ok("http://127.0.0.1:80"));
    }

    #[test]
    fn other_machines_are_refused_however_they_are_written() {
        for text in [
            "http://example.com:4680",
            "http://192.168.0.1:4680",
            "http://0.0.0.0:4680",
            "http://127.0.0.2:4680",
            "http://[::2]:4680",
            "http://127.0.0.1.evil.com:4680",
            "http://localhost.:4680",
            "http://2130706433:4680",
            "http://[::ffff:10.0.0.1]:4680",
        ] {
            check(text, Err(AddressError::Foreign));
        }
    }

    #[test]
    fn what_is_more_or_less_than_an_address_is_refused() {
        for text in [
            "",
            "4680",
            "127.0.0.1:4680",
            "https://127.0.0.1:4680",
            "http://127.0.0.1@evil.com:4680",
            "http://evil.com@127.0.0.1:4680",
            "http://127.0.0.1:4680/api",
            "http://127.0.0.1:4680?x",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:",
            "http://",
        ] {
            check(text, Err(AddressError::Malformed));
        }
    }
}
