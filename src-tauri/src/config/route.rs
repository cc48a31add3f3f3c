//! Paths of this server that a setting may choose: those that a client asks for as they are
//! written, and that nothing else is served at.

/// Bytes of a path: what a client sends before its headers stays far below their bound.
const ROUTE_BYTES_MAX: usize = 1024;

/// Where Flagdeck serves something itself: there, and below.
const TAKEN: [&str; 5] = ["/api", "/healthz", "/js", "/ofrep", "/sample"];

/// Characters beside letters and digits that no client escapes in a path (RFC 3986, section 3.3).
const PLAIN: &[u8] = b"-._~!$&'()*+,;=:@";

/// Checks a path.
///
/// # Errors
/// What it must be, to follow "must be".
pub(crate) fn check(path: &str) -> Result<(), String> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let is_plain = |byte: u8| byte == b'/' || byte.is_ascii_alphanumeric() || PLAIN.contains(&byte);
    let said = match () {
        () if !path.starts_with('/') => "a path that begins with /",
        () if path.contains(['?', '#']) => "a path without ? and #",
        () if path.contains('%') => "a path without %, which clients escape in different ways",
        () if !path.bytes().all(is_plain) => {
            "a path of letters from a to z, digits and -._~!$&'()*+,;=:@"
        }
        () if path.contains("//") => "a path without //",
        () if path.len() > 1 && path.ends_with('/') => "a path that does not end in /",
        () if parts.iter().any(|part| matches!(*part, "." | "..")) => {
            "a path without . and .. as parts, which clients resolve"
        }
        () if path.len() > ROUTE_BYTES_MAX => {
            return Err(format!("a path of at most {ROUTE_BYTES_MAX} characters"));
        }
        () if is_taken(path) => {
            let taken = TAKEN.join(", ");
            return Err(format!(
                "a path outside {taken}, where Flagdeck serves other data"
            ));
        }
        () => return Ok(()),
    };
    Err(said.into())
}

fn is_taken(path: &str) -> bool {
    TAKEN.iter().any(|taken| {
        path.strip_prefix(taken)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_client_would_ask_for_is_refused_with_the_reason() {
        for (path, said) in [
            ("", "begins with /"),
            ("metrics", "begins with /"),
            ("http://a/metrics", "begins with /"),
            ("/metrics?x=1", "? and #"),
            ("/metrics#top", "? and #"),
            ("/m%65trics", "without %"),
            ("/metrics%2f", "without %"),
            ("/a b", "letters"),
            ("/métriques", "letters"),
            ("/a\"b", "letters"),
            ("/a\\b", "letters"),
            ("/a{b}", "letters"),
            ("/a\u{7f}", "letters"),
            ("//metrics", "without //"),
            ("/a//b", "without //"),
            ("/metrics/", "end in /"),
            ("/.", "as parts"),
            ("/a/../metrics", "as parts"),
            ("/api", "outside /api"),
            ("/api/ml/flags", "outside /api"),
            ("/api/metrics", "outside /api"),
            ("/healthz", "outside /api, /healthz"),
            ("/healthz/x", "outside /api, /healthz"),
            ("/js/ml/MLConfig.js", "outside /api, /healthz"),
            ("/ofrep/v1", "outside /api, /healthz"),
            ("/sample/x", "outside /api, /healthz"),
        ] {
            let refused = check(path).unwrap_err();
            assert!(refused.contains(said), "{path}: {refused}");
        }
        assert!(check(&format!("/{}", "a".repeat(ROUTE_BYTES_MAX))).is_err());
    }

    #[test]
    fn what_clients_leave_as_it_is_is_taken() {
        for path in [
            "/",
            "/metrics",
            "/a/b/c",
            "/apis",
            "/healthz2",
            "/API",
            "/.well-known/m",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
        assert_eq!(
            check(&format!("/{}", String::from_utf8_lossy(PLAIN))),
            Ok(())
        );
    }
}
