//! The names of this machine, decided once for every face: `127.0.0.1`, `localhost` and `[::1]`.
//!
//! Flagdeck listens on 127.0.0.1 alone, and each name stands for that. They are the hosts that a
//! request may name, the origins of its own pages, and where `flagctl demo --url` sends the token.
//! No name is looked up: what `localhost` or `127.1` resolve to is settled elsewhere.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Says whether a host, IPv6 in brackets, is a name of this machine.
pub fn is_name(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match address {
        Some(address) => address.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => host.parse() == Ok(Ipv4Addr::LOCALHOST) || host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_three_names_however_they_are_written() {
        for name in [
            "127.0.0.1",
            "localhost",
            "LocalHost",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
        ] {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "",
            "::1",
            "[::2]",
            "[::1",
            "[]",
            "127.0.0.2",
            "127.1",
            "2130706433",
            "0.0.0.0",
            "localhost.",
            "[::ffff:127.0.0.1]",
            "[localhost]",
            "localhost.example",
        ] {
            assert!(!is_name(other), "{other}");
        }
    }
}
