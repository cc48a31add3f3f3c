//! Origins of web pages, as browsers send them: scheme, host and port (RFC 6454).
//!
//! Packaged web applications have a scheme of their own, `tauri://localhost` or
//! `chrome-extension://<id>`; what has no origin of its own (`null`, as pages of files and
//! sandboxes send it) is none that could be told from others.

use std::net::Ipv6Addr;

use crate::address;

/// An origin that can be compared with another: scheme and host in lower case, no default port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

/// Schemes whose pages browsers give no origin of their own.
const OPAQUE: [&str; 6] = ["about", "blob", "data", "file", "filesystem", "javascript"];

impl Origin {
    /// Reads `scheme://host[:port]`; `None` if the text is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        if !is_scheme(&scheme) || OPAQUE.contains(&scheme.as_str()) {
            return None;
        }
        let (host, digits) = address::split_port(authority)?;
        let port = match digits {
            Some(digits) => Some(address::plain_port(digits)?),
            None => None,
        };
        let port = port.filter(|port| Some(*port) != default_port(&scheme));
        let host = host_of(host)?;
        Some(Self { scheme, host, port })
    }
}

fn is_scheme(text: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(rest)
}

fn host_of(text: &str) -> Option<String> {
    if let Some(address) = text.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_host = !text.is_empty() && text.bytes().all(is_plain);
    is_host.then(|| text.to_ascii_lowercase())
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::Origin;

    /// Read by the tests of the page, too.
    const VECTORS: &str = include_str!("../../../tests/fixtures/origins.json");

    #[derive(Deserialize)]
    struct Vectors {
        taken: Vec<String>,
        refused: Vec<String>,
        equal: Vec<[String; 2]>,
        different: Vec<[String; 2]>,
    }

    #[test]
    fn origins_are_told_from_what_is_none_and_from_each_other() {
        let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
        for text in &vectors.taken {
            assert!(Origin::parse(text).is_some(), "{text}");
        }
        for text in &vectors.refused {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
        let read = |text: &String| Origin::parse(text).expect(text);
        for [a, b] in &vectors.equal {
            assert_eq!(read(a), read(b), "{a} and {b}");
        }
        for [a, b] in &vectors.different {
            assert_ne!(read(a), read(b), "{a} and {b}");
        }
    }
}
