//! What the address of a request names: the parts of its path and its query, decoded by axum. An
//! address that cannot be read is answered with a problem document.

use std::error::Error;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{self, FromRequestParts};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::problem::ProblemDetails;
use super::routes::Context;
use crate::error::Code;
use crate::state::SourceName;

/// Lets only requests with the token pass. What follows it in a handler's arguments is not looked
/// at without.
#[derive(Debug)]
pub(super) struct Authorized;

/// The parts of the path that the route names.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

/// The query.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

/// The name that a client gives itself with `?source=`.
#[derive(Debug)]
pub(super) struct Named(pub(super) Option<SourceName>);

/// What of the query names a client.
#[derive(Debug, Deserialize)]
struct Naming {
    source: Option<String>,
}

impl FromRequestParts<Context> for Named {
    type Rejection = ProblemDetails;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Context,
    ) -> Result<Self, Self::Rejection> {
        // Most requests have none.
        if parts.uri.query().is_none() {
            return Ok(Self(None));
        }
        let Query(Naming { source }) = Query::from_request_parts(parts, context).await?;
        let source = source.map(|name| name.parse()).transpose()?;
        Ok(Self(source))
    }
}

impl FromRequestParts<Context> for Authorized {
    type Rejection = ProblemDetails;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Context,
    ) -> Result<Self, Self::Rejection> {
        context.check_token(parts).await?;
        Ok(Self)
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Context> for Path<T> {
    type Rejection = ProblemDetails;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Context,
    ) -> Result<Self, Self::Rejection> {
        let extract::Path(path) = extract::Path::from_request_parts(parts, context).await?;
        Ok(Self(path))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Context> for Query<T> {
    type Rejection = ProblemDetails;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Context,
    ) -> Result<Self, Self::Rejection> {
        let extract::Query(query) = extract::Query::from_request_parts(parts, context).await?;
        Ok(Self(query))
    }
}

impl From<PathRejection> for ProblemDetails {
    fn from(rejection: PathRejection) -> Self {
        let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
            tracing::error!(%rejection, "a route and its handler differ");
            return Self::internal();
        };
        let detail = match failed.into_kind() {
            ErrorKind::InvalidUtf8InPathParam { key } => {
                format!("The {key} in the address is no UTF-8 text.")
            }
            kind => format!("The address cannot be read: {kind}."),
        };
        Self::new(Code::Malformed, detail)
    }
}

impl From<QueryRejection> for ProblemDetails {
    fn from(rejection: QueryRejection) -> Self {
        let detail = format!("The query cannot be read: {}.", first_cause(&rejection));
        Self::new(Code::Malformed, detail)
    }
}

/// Returns what began it; the errors around it name types.
fn first_cause(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => first_cause(cause),
        None => error.to_string(),
    }
}
