//! `/metrics`, or the path in the settings: what Prometheus reads.
//!
//! Negotiates as the official handler for Go does: the format by `Accept`, passing over wild
//! cards; an `escaping` that is asked for is echoed (no name here needs any); the body compressed
//! if that is welcome; and a scrape too many is told to come back.

use std::io::Write;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::client;
use super::problem::ProblemDetails;
use super::routes::Context;
use crate::app::App;
use crate::clients::Interface;
use crate::error::Code;
use crate::metrics::exposition::Format;

/// Scrapes answered at a time. A Prometheus sends one; more wait for nothing but each other.
const SCRAPES_MAX: usize = 8;

/// Below this, compressing costs more than it saves on one machine.
const COMPRESSED_FROM_BYTES: usize = 1024;

/// Lets so many scrapes in at a time.
#[derive(Debug, Clone)]
pub(super) struct Scrapes(Arc<Semaphore>);

impl Default for Scrapes {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SCRAPES_MAX)))
    }
}

/// Answers whatever no other address does: the metrics, at their address, or that nothing is there.
pub(super) async fn serve_or_not_found(
    State(context): State<Context>,
    request: Request,
) -> Response {
    if request.uri().path() != context.app().config().metrics.endpoint {
        return ProblemDetails::not_found().into_response();
    }
    match *request.method() {
        Method::GET | Method::HEAD => {
            let read = read(&context, request.headers()).await;
            let response = read.unwrap_or_else(IntoResponse::into_response);
            match *request.method() {
                Method::HEAD => without_body(response),
                _ => response,
            }
        }
        _ => ProblemDetails::method_not_allowed()
            .with(
                axum::http::header::ALLOW,
                HeaderValue::from_static("GET,HEAD"),
            )
            .into_response(),
    }
}

/// Takes the body away, and keeps its length (RFC 9110, section 8.6).
fn without_body(mut response: Response) -> Response {
    if let Some(bytes) = response.body().size_hint().exact() {
        response.headers_mut().insert(CONTENT_LENGTH, bytes.into());
    }
    response.map(|_| Body::empty())
}

async fn read(context: &Context, headers: &HeaderMap) -> Result<Response, ProblemDetails> {
    let scrapes = Arc::clone(&context.scrapes().0);
    let Ok(scrape) = scrapes.try_acquire_owned() else {
        let detail = "Too many scrapes are under way.";
        let busy = ProblemDetails::new(Code::Busy, detail);
        return Err(busy.with(RETRY_AFTER, 1));
    };
    let offer = Offer::choose(&all(headers, &ACCEPT));
    let coding = Coding::choose(&all(headers, &ACCEPT_ENCODING));
    let app: App = context.app().clone();
    let made = tokio::task::spawn_blocking(move || {
        // Until it is made, whether or not its client still waits.
        let _scrape = scrape;
        let text = app.metrics_text(offer.format)?;
        Ok::<_, crate::metrics::IntakeError>(coding.encode(text.into_bytes()))
    });
    let (body, encoding) = made.await.map_err(|_| ProblemDetails::internal())??;
    client::note(context, headers, None, Interface::Metrics);
    let mut response = Body::from(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, offer.content_type());
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok(response)
}

/// Joins what a header lists, however often it is given.
fn all(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter();
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    format: Format,
    version: &'static str,
    escaping: Option<&'static str>,
}

const ESCAPINGS: [&str; 4] = ["allow-utf-8", "underscores", "dots", "values"];

impl Offer {
    const CLASSIC: Self = Self {
        format: Format::Classic,
        version: "0.0.4",
        escaping: None,
    };

    /// Chooses the format that is wanted most; the classic one if none of ours is.
    fn choose(accept: &str) -> Self {
        let mut ranges: Vec<Range> = ranges(accept).filter(|range| range.quality > 0.0).collect();
        // Stable: of equals, the one that was named first.
        ranges.sort_by(|a, b| b.quality.total_cmp(&a.quality));
        ranges.iter().find_map(Self::of).unwrap_or(Self::CLASSIC)
    }

    fn of(range: &Range) -> Option<Self> {
        let wanted = range.parameter("escaping");
        let escaping = ESCAPINGS.into_iter().find(|known| wanted == Some(known));
        let offer = |format, version| Self {
            format,
            version,
            escaping,
        };
        let name = range.name.to_ascii_lowercase();
        match (name.as_str(), range.parameter("version")) {
            ("application/openmetrics-text", Some("1.0.0")) => {
                Some(offer(Format::OpenMetrics, "1.0.0"))
            }
            ("application/openmetrics-text", None | Some("0.0.1")) => {
                Some(offer(Format::OpenMetrics, "0.0.1"))
            }
            ("text/plain", None | Some("0.0.4")) => Some(offer(Format::Classic, "0.0.4")),
            _ => None,
        }
    }

    fn content_type(&self) -> HeaderValue {
        let name = match self.format {
            Format::OpenMetrics => "application/openmetrics-text",
            Format::Classic => "text/plain",
        };
        let mut text = format!("{name}; version={}; charset=utf-8", self.version);
        if let Some(escaping) = self.escaping {
            text += &format!("; escaping={escaping}");
        }
        HeaderValue::from_str(&text).expect("it is visible ASCII")
    }
}

/// How the body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    /// Chooses the coding that is wanted most; of equals, the one that saves most.
    fn choose(accept_encoding: &str) -> Self {
        let offered: Vec<Range> = ranges(accept_encoding).collect();
        let quality = |name: &str| {
            let named = offered.iter().find(|range| range.name == name);
            let any = offered.iter().find(|range| range.name == "*");
            named.or(any).map_or(0.0, |range| range.quality)
        };
        let (zstd, gzip) = (quality("zstd"), quality("gzip"));
        match () {
            () if zstd > 0.0 && zstd >= gzip => Self::Zstd,
            () if gzip > 0.0 => Self::Gzip,
            () => Self::Identity,
        }
    }

    /// Compresses a body that is worth it; returns what to call that.
    fn encode(self, body: Vec<u8>) -> (Vec<u8>, Option<&'static str>) {
        if body.len() < COMPRESSED_FROM_BYTES {
            return (body, None);
        }
        let encoded = match self {
            Self::Identity => return (body, None),
            Self::Gzip => gzip(&body).map(|bytes| (bytes, "gzip")),
            Self::Zstd => zstd::encode_all(&body[..], 1).map(|bytes| (bytes, "zstd")),
        };
        match encoded {
            Ok((bytes, name)) => (bytes, Some(name)),
            Err(error) => {
                tracing::warn!(%error, "metrics are sent uncompressed");
                (body, None)
            }
        }
    }
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let room = Vec::with_capacity(body.len() / 8);
    let mut encoder = flate2::write::GzEncoder::new(room, flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// One entry of `Accept` or `Accept-Encoding`.
#[derive(Debug)]
struct Range<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    /// 0.0 to 1.0.
    quality: f64,
}

impl Range<'_> {
    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }
}

fn ranges(list: &str) -> impl Iterator<Item = Range<'_>> {
    list.split(',').map(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let pairs = parts.filter_map(|part| part.split_once('='));
        let parameters: Vec<_> = pairs
            .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
            .collect();
        let quality = parameters.iter().find(|(name, _)| *name == "q");
        let quality = quality.map_or(Some(1.0), |(_, text)| text.parse().ok());
        Range {
            name,
            parameters,
            quality: quality.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, content_type: &str) {
        let chosen = Offer::choose(accept).content_type();
        assert_eq!(chosen, content_type, "{accept}");
    }

    const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";
    const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    #[test]
    fn the_format_is_the_one_that_is_wanted_most() {
        check("", CLASSIC);
        check("*/*", CLASSIC);
        check("text/html", CLASSIC);
        check("application/openmetrics-text;version=1.0.0", OPEN);
        // As Prometheus 2.42 and 3 ask.
        check(
            "application/openmetrics-text;version=1.0.0,\
             application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,\
             */*;q=0.1",
            OPEN,
        );
        check(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;\
             escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.3",
            &format!("{OPEN}; escaping=allow-utf-8"),
        );
        check(
            "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.9",
            CLASSIC,
        );
        check(
            "application/openmetrics-text; version=0.0.1",
            "application/openmetrics-text; version=0.0.1; charset=utf-8",
        );
        check("application/openmetrics-text; version=2.0.0", CLASSIC);
        check(
            "*/*, application/openmetrics-text;version=1.0.0;q=0.1",
            OPEN,
        );
        check("Application/OpenMetrics-Text;version=1.0.0", OPEN);
        check("application/openmetrics-text;version=1.0.0;q=0", CLASSIC);
        check(
            "application/openmetrics-text;version=1.0.0;q=x, ;;,",
            CLASSIC,
        );
    }

    #[test]
    fn the_coding_is_one_that_is_welcome() {
        for (accepted, coding) in [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("gzip, zstd", Coding::Zstd),
            ("gzip;q=1.0, zstd;q=0.5", Coding::Gzip),
            ("zstd;q=0, gzip", Coding::Gzip),
            ("deflate, br", Coding::Identity),
            ("*", Coding::Zstd),
            ("*;q=0", Coding::Identity),
            ("identity", Coding::Identity),
        ] {
            assert_eq!(Coding::choose(accepted), coding, "{accepted}");
        }
    }

    #[test]
    fn what_is_compressed_can_be_read_again() {
        use std::io::Read;
        let body = b"ml_calculations_total 1\n".repeat(100);
        let (zstd, name) = Coding::Zstd.encode(body.clone());
        assert_eq!(name, Some("zstd"));
        assert_eq!(zstd::decode_all(&zstd[..]).unwrap_or_default(), body);
        let (gzip, name) = Coding::Gzip.encode(body.clone());
        assert_eq!(name, Some("gzip"));
        let mut read = Vec::new();
        let decoded = flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut read);
        assert!(decoded.is_ok() && read == body);
        assert_eq!(Coding::Gzip.encode(b"short".to_vec()).1, None);
    }
}
