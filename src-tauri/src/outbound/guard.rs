//! Network addresses that an answer may not lead to: those of this machine, of its link, and of
//! the metadata services of clouds, which hand out credentials to every caller.
//!
//! A server elsewhere could make this program ask there on its behalf (server-side request
//! forgery), by a redirect or by a name that resolves to such an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::address::Address;
use crate::loopback;

/// Services of clouds at addresses that are not link-local: AWS, Google, Alibaba, Oracle, Azure.
const METADATA: [IpAddr; 5] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// What a network address is reserved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// This machine: loopback, or no address at all, which Linux takes for loopback.
    ThisMachine,
    /// The link that this machine is on. Most clouds have their metadata service there.
    Link,
    /// The metadata service of a cloud.
    Metadata,
}

/// A host is at a network address that only a configured address may name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{host} is {}, which only the configured address itself may name", .what.described())]
pub struct Forbidden {
    /// The host as it is named.
    pub host: String,
    /// What it is.
    pub what: Reserved,
}

impl Reserved {
    /// Returns what an address is reserved for as it is written; `None` for a name, which may be
    /// any, but for the names of this machine.
    pub fn named_by(address: &Address) -> Option<Self> {
        let host = address.host();
        match bare(host).parse() {
            Ok(ip) => Self::of(ip),
            Err(_) => loopback::is_name(host).then_some(Self::ThisMachine),
        }
    }

    fn of(ip: IpAddr) -> Option<Self> {
        match ip {
            _ if METADATA.contains(&ip) => Some(Self::Metadata),
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => Self::of_v6(ip),
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Option<Self> {
        let is_unspecified = ip.octets()[0] == 0;
        match ip {
            _ if is_unspecified || ip.is_loopback() => Some(Self::ThisMachine),
            _ if ip.is_link_local() => Some(Self::Link),
            _ => None,
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Option<Self> {
        match ip {
            _ if ip.is_unspecified() || ip.is_loopback() => Some(Self::ThisMachine),
            _ if ip.is_unicast_link_local() => Some(Self::Link),
            _ => Self::of(IpAddr::V4(inside(ip)?)),
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::ThisMachine => "this machine",
            Self::Link => "a link-local address",
            Self::Metadata => "the metadata service of a cloud",
        }
    }
}

/// Returns the IPv4 address that one of IPv6 leads to: mapped and compatible (RFC 4291), NAT64
/// (RFC 6052) and 6to4 (RFC 3056).
fn inside(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

fn bare(host: &str) -> &str {
    let inside = host.strip_prefix('[');
    inside.and_then(|it| it.strip_suffix(']')).unwrap_or(host)
}

/// Looks names up, and refuses those that lead to what they may not.
#[derive(Debug)]
pub(super) struct Guard {
    /// The host of the server. Other names are those of proxies, which may be anywhere.
    host: String,
    allowed: Option<Reserved>,
}

impl Guard {
    pub(super) fn new(address: &Address, allowed: Option<Reserved>) -> Self {
        Self {
            host: address.host().to_owned(),
            allowed,
        }
    }

    pub(super) fn check(&self, found: Option<Reserved>) -> Result<(), Forbidden> {
        match found {
            Some(what) if self.allowed != found => Err(Forbidden {
                host: self.host.clone(),
                what,
            }),
            _ => Ok(()),
        }
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        if uri
            .host()
            .is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
        {
            for address in &found {
                let checked = self.check(Reserved::of(address.ip()));
                checked.map_err(|forbidden| ureq::Error::Other(Box::new(forbidden)))?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_addresses_are_known_however_they_are_written() {
        let check = |ip: &str, expected| {
            assert_eq!(Reserved::of(ip.parse().unwrap()), expected, "{ip}");
        };
        for ip in [
            "127.0.0.1",
            "127.255.0.9",
            "0.0.0.0",
            "0.1.2.3",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            check(ip, Some(Reserved::ThisMachine));
        }
        for ip in [
            "169.254.169.254",
            "169.254.0.1",
            "fe80::1",
            "febf::1",
            "::ffff:169.254.1.1",
        ] {
            check(ip, Some(Reserved::Link));
        }
        for ip in ["fd00:ec2::254", "100.100.100.200", "::ffff:168.63.129.16"] {
            check(ip, Some(Reserved::Metadata));
        }
        for ip in [
            "10.0.0.1",
            "192.168.1.1",
            "93.184.216.34",
            "fd00::1",
            "2606::1",
            "fec0::1",
        ] {
            check(ip, None);
        }
    }

    #[test]
    fn only_what_is_allowed_is_let_through() {
        let check = |url: &str, allowed, refused: Option<&str>| {
            let address = url.parse().unwrap();
            let checked = Guard::new(&address, allowed).check(Reserved::named_by(&address));
            let said = checked.err().map(|forbidden| forbidden.to_string());
            assert_eq!(said.as_deref(), refused, "{url}");
        };
        let here = "127.0.0.1 is this machine, which only the configured address itself may name";
        check("http://127.0.0.1:80", None, Some(here));
        check("http://127.0.0.1", Some(Reserved::Link), Some(here));
        check("http://127.0.0.1", Some(Reserved::ThisMachine), None);
        check("http://flags.example", None, None);
        let named_by = |url: &str| Reserved::named_by(&url.parse().unwrap());
        for url in [
            "http://localhost/x",
            "http://[::1]",
            "http://[::ffff:7f00:1]",
        ] {
            assert_eq!(named_by(url), Some(Reserved::ThisMachine), "{url}");
        }
        assert_eq!(named_by("http://169.254.169.254"), Some(Reserved::Link));
    }
}
