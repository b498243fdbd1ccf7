//! The pages for people: read only, of one team, each whole in one answer.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::lookup::{self, Found, Query};
use super::node::{Node, cargo_config};
use super::overview::{self, projects};
use super::response::text;
use super::team::Team;
use super::view::View;
use crate::report::team::page as pages;
use crate::report::team::{self, Search};

/// A page of a team, by the parts of its path behind the team.
pub(crate) async fn page(node: &Arc<Node>, team: &Team, path: &[&str], query: Option<&str>) -> Response<Body> {
    let query = Query::of(query);
    match path {
        [] => held(node, team, query.from).await,
        ["search"] => search(node, team, &query).await,
        ["crate", name] => of_crate(node, team, name, None, &query).await,
        ["crate", name, version] => of_crate(node, team, name, Some(version), &query).await,
        _ => nothing(node, team, StatusCode::NOT_FOUND, "No such page", "There is nothing here."),
    }
}

async fn held(node: &Arc<Node>, team: &Team, from: usize) -> Response<Body> {
    let made = overview::of(node, team).await;
    let view = View::of(node, team, &made.state);
    let (projects, cargo_config) = (projects(&made.state), cargo_config(node, team));
    let told = team::Overview {
        team: view.told(),
        releases: &made.releases,
        more: made.more,
        crates: made.crates,
        unread: made.unread,
        projects: &projects,
        cargo_config: &cargo_config,
    };
    html(StatusCode::OK, |out| pages::overview(&told, from, out))
}

async fn search(node: &Arc<Node>, team: &Team, query: &Query) -> Response<Body> {
    let found = lookup::search(node, team, &query.words).await;
    let view = View::of(node, team, &team.state());
    let told = Search {
        team: view.told(),
        words: &query.words,
        hits: &found.hits,
        more: found.more,
        away: found.away.as_deref(),
    };
    html(StatusCode::OK, |out| pages::search(&told, out))
}

async fn of_crate(node: &Arc<Node>, team: &Team, name: &str, version: Option<&str>, query: &Query) -> Response<Body> {
    let missing = |status, title: &str, words: &str| nothing(node, team, status, title, words);
    let (registry, decided) = match lookup::find(node, team, name, query.registry.as_deref()).await {
        Found::Crate(registry, decided) => (registry, decided),
        Found::Nowhere => return missing(StatusCode::NOT_FOUND, "No such crate", "No registry of this team has it."),
        Found::Away(cause) => return missing(StatusCode::SERVICE_UNAVAILABLE, "Not known at the moment", &cause),
    };
    let releases = overview::releases(node, &team.name, &registry, &decided);
    let view = View::of(node, team, &decided.state).at(decided.moment);
    let approvals = view.approvals(&decided);
    let told = view.of_crate(&registry, &decided, &releases, &approvals);
    let Some(version) = version else { return html(StatusCode::OK, |out| pages::crate_page(&told, out)) };
    match releases.iter().find(|release| release.id.version.to_string() == version) {
        Some(release) => html(StatusCode::OK, |out| pages::release_page(&told, release, out)),
        None => missing(StatusCode::NOT_FOUND, "No such release", "Its registry does not have it, or not readably."),
    }
}

fn nothing(node: &Arc<Node>, team: &Team, status: StatusCode, title: &str, words: &str) -> Response<Body> {
    let view = View::of(node, team, &team.state());
    html(status, |out| pages::nothing(&view.told(), title, words, out))
}

fn html(status: StatusCode, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Response<Body> {
    let mut page = Vec::new();
    if write(&mut page).is_err() {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made\n");
    }
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::VARY, "authorization"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    if let Ok(policy) = HeaderValue::from_str(&pages::security_policy()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
