//! `/sample/`: the sample page, `examples/sample-host/`, as it was when this was built.
//!
//! Static, and without a secret: the program that opens the page for a user hands the token over in
//! the fragment of its address, which no request carries. The page's policy lets it run its own
//! scripts only, talk to this server only, and turn no text into markup.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get};

use super::problem::ProblemDetails;
use super::routes::Context;

/// Where the page is.
pub(super) const ROOT: &str = "/sample/";

/// What the page may do.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

/// A file of the page.
struct File {
    /// Its path within the folder.
    name: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(File {
            name: $name,
            bytes: include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/examples/sample-host/",
                $name
            )),
        }),*]
    };
}

/// Every file of the page; the first is the page itself.
const FILES: [File; 19] = files![
    "index.html",
    "style.css",
    "icon.svg",
    "main.js",
    "analysis.js",
    "dom.js",
    "files.js",
    "flagdeck.js",
    "host.js",
    "panel.js",
    "people.js",
    "texts.js",
    "traffic.js",
    "components/badges.js",
    "components/calculator.js",
    "components/curation.js",
    "components/dashboard.js",
    "components/orchestrator.js",
    "components/tracker.js",
];

/// Serves the page.
pub(super) fn page_methods() -> MethodRouter<Context> {
    get(|| async { answer(&FILES[0]) })
}

/// Sends a browser that left the slash out to the page, so that its files are found.
pub(super) fn slash_methods() -> MethodRouter<Context> {
    get(|| async { Redirect::permanent(ROOT) })
}

/// Serves its files.
pub(super) fn file_methods() -> MethodRouter<Context> {
    get(file)
}

async fn file(Path(path): Path<String>) -> Result<Response, ProblemDetails> {
    let found = FILES.iter().find(|file| file.name == path);
    found.map(answer).ok_or_else(ProblemDetails::not_found)
}

fn answer(file: &'static File) -> Response {
    let described: [(HeaderName, &'static str); 4] = [
        (CONTENT_TYPE, media_type(file.name)),
        // The page of another version would call modules of this one.
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::OK, described, file.bytes).into_response()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sample-host");
        let mut found = Vec::new();
        list(&folder, "", &mut found);
        found.retain(|name| name != "README.md");
        let mut served: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        found.sort();
        served.sort_unstable();
        assert_eq!(found, served);
        let unknown = FILES.iter().map(|file| media_type(file.name));
        assert!(!unknown.into_iter().any(|media| media.contains("octet")));
    }

    fn list(folder: &Path, under: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{under}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => list(&entry.path(), &format!("{name}/"), found),
                false => found.push(name),
            }
        }
    }
}
