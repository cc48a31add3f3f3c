//! The address of a running Flagdeck: always on this machine, because the token is sent there.

use flagdeck::address::Address;
use flagdeck::loopback;

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

/// Reads the address of a Flagdeck on this machine. Each name of the machine stands for
/// 127.0.0.1, the only one it listens on: what listens on another is another program.
///
/// # Errors
/// [`AddressError`].
pub fn on_this_machine(text: &str) -> Result<Address, AddressError> {
    let address: Address = text.parse().map_err(|_| AddressError::Malformed)?;
    if address.is_secure() || !address.is_bare() {
        return Err(AddressError::Malformed);
    }
    match loopback::is_name(address.host()) {
        true => Ok(Address::of_port(address.port())),
        false => Err(AddressError::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, read: Result<&str, AddressError>) {
        let found = on_this_machine(text).map(|address| address.to_string());
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
