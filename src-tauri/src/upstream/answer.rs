//! What an answer to a fetch or a publication says.

use std::time::Duration;

use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use flagdeck_core::{Checked, Code, Problem, Severity, read_document};
use jiff::fmt::rfc2822;
use serde_json::Value;
use ureq::Body;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderName, Response};

use super::chain::Chain;
use super::error::{Complaint, FetchError, PublishError};
use super::limits::{ETAG_BYTES_MAX, REFUSAL_BYTES_MAX, REFUSAL_PROBLEMS_MAX};
use crate::outbound::{CallError, quoted, whole};

/// What a remote answered.
#[derive(Debug)]
pub enum Answer {
    /// The document is the one that is known.
    Unchanged {
        /// The Flagdecks that it came through.
        chain: Chain,
    },
    /// A valid document.
    Document(Box<Fetched>),
}

/// A document as it was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// The document as it was sent.
    pub bytes: Vec<u8>,
    /// The document, and what is worth knowing about it.
    pub checked: Checked,
    /// What names this version; `None` if the server sends nothing that does.
    pub etag: Option<String>,
    /// The Flagdecks that it came through; empty for a plain file.
    pub chain: Chain,
}

/// What a remote took.
#[derive(Debug)]
pub struct Published {
    /// What names the version that was made; `None` if the server does not say.
    pub etag: Option<String>,
}

/// Reads the answer to a fetch. `total` is the time that the whole fetch has.
pub(super) fn read(
    mut response: Response<Body>,
    is_conditional: bool,
    total: Duration,
) -> Result<Answer, FetchError> {
    let chain = Chain::read(response.headers());
    match response.status().as_u16() {
        200 => {}
        304 if is_conditional => return Ok(Answer::Unchanged { chain }),
        304 => return Err(FetchError::Unasked),
        status if is_misdirected(&mut response, total) => {
            return Err(FetchError::Misdirected { status });
        }
        status => return Err(refusal(status, response.headers())),
    }
    check_type(response.headers())?;
    let etag = etag(response.headers());
    let bytes = body(&mut response, total)?;
    let checked = read_document(&bytes).map_err(invalid)?;
    Ok(Answer::Document(Box::new(Fetched {
        bytes,
        checked,
        etag,
        chain,
    })))
}

fn refusal(status: u16, headers: &HeaderMap) -> FetchError {
    match status {
        401 | 403 | 407 => FetchError::Denied {
            status,
            withheld: None,
        },
        404 | 410 => FetchError::Missing { status, hint: "" },
        429 | 500.. => FetchError::Failing {
            status,
            retry_after: retry_after(headers),
        },
        status => FetchError::Unexpected { status },
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), FetchError> {
    let said = text(headers, &CONTENT_TYPE);
    let media = said.split(';').next().unwrap_or_default().trim();
    let media = media.to_ascii_lowercase();
    let found = match media.as_str() {
        "application/json" => "",
        "text/html" | "application/xhtml+xml" => return Err(FetchError::WebPage),
        media if media.ends_with("+json") => "",
        "" => "no media type",
        media => media,
    };
    // No encoding was asked for, so none is decoded: the bound on the bytes is that of the document.
    let encoding = text(headers, &CONTENT_ENCODING).trim().to_ascii_lowercase();
    match (found, encoding.as_str()) {
        ("", "" | "identity") => Ok(()),
        ("", encoding) => Err(FetchError::WrongType {
            found: format!("JSON compressed as {}", quoted(encoding)),
        }),
        (found, _) => Err(FetchError::WrongType {
            found: quoted(found),
        }),
    }
}

fn body(response: &mut Response<Body>, total: Duration) -> Result<Vec<u8>, FetchError> {
    let bytes_max = DOCUMENT_BYTES_MAX as u64;
    let declared = text(response.headers(), &CONTENT_LENGTH).parse::<u64>();
    if declared.is_ok_and(|bytes| bytes > bytes_max) {
        return Err(CallError::TooLarge { bytes_max }.into());
    }
    whole(response, bytes_max, total).map_err(|error| match error {
        CallError::Closed => FetchError::Truncated,
        error => error.into(),
    })
}

fn invalid(problems: Vec<Problem>) -> FetchError {
    let errors = |code: fn(Code) -> bool| {
        let mut errors = problems
            .iter()
            .filter(|one| one.severity == Severity::Error);
        errors.all(|one| code(one.code))
    };
    if errors(|code| matches!(code, Code::Syntax | Code::NotUtf8)) {
        return FetchError::NotJson { problems };
    }
    match errors(|code| code == Code::UnknownValue) {
        true => FetchError::LaterFormat { problems },
        false => FetchError::Invalid { problems },
    }
}

/// Reads the answer to a publication.
pub(super) fn read_published(
    mut response: Response<Body>,
    total: Duration,
) -> Result<Published, PublishError> {
    let status = response.status().as_u16();
    match status {
        200..300 => Ok(Published {
            etag: etag(response.headers()),
        }),
        412 => Err(PublishError::Conflict { status }),
        _ if is_misdirected(&mut response, total) => Err(PublishError::Misdirected { status }),
        401 | 403 | 407 => Err(PublishError::Denied { status }),
        404 | 405 | 410 | 501 => Err(PublishError::ReadOnly { status }),
        429 | 500.. => Err(PublishError::Failing {
            status,
            retry_after: retry_after(response.headers()),
        }),
        status => Err(refused(status, &said(&mut response, total))),
    }
}

/// Returns whether a Flagdeck refused the name that it was asked by. Reads the body of a refusal
/// that may be that, of which nothing else is told.
fn is_misdirected(response: &mut Response<Body>, total: Duration) -> bool {
    match response.status().as_u16() {
        421 => true,
        403 => said(response, total)["code"] == "foreign",
        _ => false,
    }
}

/// Reads a problem document (RFC 9457), or whatever JSON it is.
fn said(response: &mut Response<Body>, total: Duration) -> Value {
    let body = whole(response, REFUSAL_BYTES_MAX, total).unwrap_or_default();
    serde_json::from_slice(&body).unwrap_or_default()
}

fn refused(status: u16, said: &Value) -> PublishError {
    let detail = quoted(said["detail"].as_str().unwrap_or_default());
    match (status, said["code"].as_str()) {
        (409, Some("large_loss")) => PublishError::LargeLoss { detail },
        (409, _) => PublishError::Conflict { status },
        _ => PublishError::Refused {
            status,
            detail,
            problems: complaints(said),
        },
    }
}

fn complaints(said: &Value) -> Vec<Complaint> {
    let listed = said["problems"].as_array().into_iter().flatten();
    let complaint = |one: &Value| {
        Some(Complaint {
            pointer: quoted(one["pointer"].as_str()?),
            message: quoted(one["message"].as_str()?),
        })
    };
    listed
        .filter_map(complaint)
        .take(REFUSAL_PROBLEMS_MAX)
        .collect()
}

/// Returns whether a change can depend on a tag: a weak one stands for more than one text
/// (RFC 9110, section 8.8.1).
pub(super) fn is_strong(etag: &str) -> bool {
    etag.starts_with('"')
}

fn etag(headers: &HeaderMap) -> Option<String> {
    let tag = text(headers, &ETAG);
    let inside = tag.strip_prefix("W/").unwrap_or(tag);
    let inside = inside.strip_prefix('"')?.strip_suffix('"')?;
    let is_one = !inside.contains('"') && tag.len() <= ETAG_BYTES_MAX;
    is_one.then(|| tag.to_owned())
}

/// Reads seconds or a date, which is compared with the server's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, &RETRY_AFTER);
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = rfc2822::parse(asked).ok()?.timestamp();
    let now = rfc2822::parse(text(headers, &DATE)).ok()?.timestamp();
    until.duration_since(now).try_into().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    let value = headers.get(name);
    let text = value.and_then(|value| value.to_str().ok());
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            let name: HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_document_is_sent_as_json_and_as_it_is() {
        let check = |kind: &str, encoding: &str, said: Option<&str>| {
            let headers = headers(&[("content-type", kind), ("content-encoding", encoding)]);
            let told = check_type(&headers).err().map(|error| error.to_string());
            assert_eq!(told.as_deref(), said, "{kind} {encoding}");
        };
        check("application/json", "", None);
        check("Application/JSON; charset=utf-8", "identity", None);
        check("application/vnd.flags+json", "", None);
        let page = "it answered with a web page instead of a flag document";
        check("text/html; charset=utf-8", "", Some(page));
        check("text/html", "gzip", Some(page));
        check(
            "text/plain",
            "",
            Some("it answered with text/plain instead of JSON"),
        );
        check(
            "",
            "",
            Some("it answered with no media type instead of JSON"),
        );
        let gzip = "it answered with JSON compressed as gzip instead of JSON";
        check("application/json", "gzip", Some(gzip));
    }

    #[test]
    fn only_one_whole_tag_is_one() {
        let check = |sent: &str, tag: Option<&str>| {
            assert_eq!(etag(&headers(&[("etag", sent)])).as_deref(), tag, "{sent}");
        };
        check("\"r7\"", Some("\"r7\""));
        check("W/\"r7\"", Some("W/\"r7\""));
        for sent in ["r7", "\"r7", "*", "", "\"", "\"a\", \"b\"", "w/\"r7\""] {
            check(sent, None);
        }
        check(&format!("\"{}\"", "x".repeat(ETAG_BYTES_MAX)), None);
        assert!(is_strong("\"r7\"") && !is_strong("W/\"r7\""));
    }

    #[test]
    fn a_time_to_wait_is_a_number_or_a_date_of_the_server() {
        let check = |sent: &[(&str, &str)], seconds: Option<u64>| {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers(sent)), expected, "{sent:?}");
        };
        let now = ("date", "Mon, 30 Nov 2026 15:00:00 GMT");
        check(&[("retry-after", "120")], Some(120));
        check(
            &[now, ("retry-after", "Mon, 30 Nov 2026 15:01:30 GMT")],
            Some(90),
        );
        check(
            &[now, ("retry-after", "Mon, 30 Nov 2026 14:00:00 GMT")],
            None,
        );
        check(&[("retry-after", "Mon, 30 Nov 2026 15:01:30 GMT")], None);
        check(&[now, ("retry-after", "soon")], None);
        check(&[("retry-after", "-5")], None);
        check(&[], None);
    }
}
