//! Answers of a few words.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

/// There is nothing here.
pub(crate) fn nowhere() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "there is nothing here\n")
}

/// The method is none for this path.
pub(crate) fn not_allowed() -> Response<Body> {
    text(StatusCode::METHOD_NOT_ALLOWED, "this cannot be done here\n")
}

/// An answer in plain words.
pub(crate) fn text(status: StatusCode, words: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(words.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An answer for a machine.
pub(crate) fn json(status: StatusCode, document: &serde_json::Value) -> Response<Body> {
    let mut response = text(status, document.to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
