//! Who sends a request: the program it calls itself, beside the source that its query, path or body
//! names. Handlers note both once a request succeeded.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

use super::routes::Context;
use crate::app::App;
use crate::clients::Interface;
use crate::source::SourceName;

/// Characters of a program's name.
const PROGRAM_CHARS_MAX: usize = 64;

/// Returns the product that a client calls itself: `curl/8.5.0` is `curl`.
pub(super) fn program(headers: &HeaderMap) -> &str {
    let user_agent = headers.get(USER_AGENT);
    let text = user_agent.and_then(|value| value.to_str().ok());
    let product = text.and_then(|text| text.split(['/', ' ', '\t']).next());
    match product {
        // A header that is text is ASCII.
        Some(product) if !product.is_empty() => &product[..product.len().min(PROGRAM_CHARS_MAX)],
        _ => "http",
    }
}

/// Notes a request that succeeded.
pub(super) fn note(
    context: &Context,
    headers: &HeaderMap,
    source: Option<&SourceName>,
    over: Interface,
) {
    let app = context.app();
    let now_ms = app.now_ms();
    app.clients().note(source, program(headers), over, now_ms);
}

/// An open stream of a client, whose end is noted when this is dropped.
#[derive(Debug)]
pub(super) struct Following {
    app: App,
    source: Option<SourceName>,
    program: Box<str>,
}

impl Following {
    /// Notes that a client opened a stream.
    pub(super) fn begin(
        context: &Context,
        headers: &HeaderMap,
        source: Option<SourceName>,
    ) -> Self {
        let app = context.app().clone();
        let program: Box<str> = program(headers).into();
        let now_ms = app.now_ms();
        app.clients().note_opened(source.as_ref(), &program, now_ms);
        Self {
            app,
            source,
            program,
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let (source, now_ms) = (self.source.as_ref(), self.app.now_ms());
        let clients = self.app.clients();
        clients.note_closed(source, &self.program, now_ms);
    }
}
