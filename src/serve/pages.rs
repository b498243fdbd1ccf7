//! The pages for people: read only.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::node::{Node, cargo_config};
use super::response::{nowhere, text};
use super::team::Team;

/// A page of a team, by the parts of its path behind the team.
#[expect(clippy::unused_async, reason = "it will ask the decider")]
pub(crate) async fn page(node: &Node, team: &Team, path: &[&str], _query: Option<&str>) -> Response<Body> {
    match path {
        [] => text(StatusCode::OK, cargo_config(node, team)),
        _ => nowhere(),
    }
}
