//! `/js/ml/…`: the modules for web pages, to pages of any origin.
//!
//! They are the same on every machine and tell nothing of this one, so the list of origins does not
//! count for them: a page can try them with one `import`. What they then ask for, it does.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use super::etag;
use super::problem::ProblemDetails;
use super::routes::Context;

/// A file that is served as it is.
struct Module {
    path: &'static str,
    text: &'static str,
    etag: String,
}

static MODULES: LazyLock<[Module; 4]> = LazyLock::new(|| {
    FILES.map(|(path, text)| Module {
        path,
        text,
        etag: format!("\"{}\"", blake3::hash(text.as_bytes()).to_hex()),
    })
});

const FILES: [(&str, &str); 4] = [
    (
        "/js/ml/MLConfig.js",
        include_str!("../../../js/ml/MLConfig.js"),
    ),
    (
        "/js/ml/MLFeatureFlags.js",
        include_str!("../../../js/ml/MLFeatureFlags.js"),
    ),
    (
        "/js/ml/MLStateExtension.js",
        include_str!("../../../js/ml/MLStateExtension.js"),
    ),
    (
        "/js/ml/PrometheusExporter.js",
        include_str!("../../../js/ml/PrometheusExporter.js"),
    ),
];

/// Serves the addresses of the modules.
pub(super) fn methods() -> MethodRouter<Context> {
    get(read)
}

/// Returns whether pages of any origin may read what is at a path.
pub(super) fn is_public(path: &str) -> bool {
    FILES.iter().any(|(known, _)| *known == path)
}

async fn read(uri: Uri, headers: HeaderMap) -> Result<Response, ProblemDetails> {
    let module = MODULES.iter().find(|module| module.path == uri.path());
    let module = module.ok_or_else(ProblemDetails::not_found)?;
    let described = [
        (ETAG, HeaderValue::from_str(&module.etag)),
        (CACHE_CONTROL, Ok(HeaderValue::from_static("no-cache"))),
    ];
    let described = described.map(|(name, value)| (name, value.expect("a hash is plain ASCII")));
    if etag::client_has(&headers, &module.etag) {
        return Ok((StatusCode::NOT_MODIFIED, described).into_response());
    }
    let media = [(CONTENT_TYPE, "text/javascript; charset=utf-8")];
    Ok((described, media, module.text).into_response())
}
