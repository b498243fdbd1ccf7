//! What machines ask: counters, and the same as the pages say as JSON.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::alarms::Raised;
use super::counters::family;
use super::lookup::{self, Found, Query};
use super::node::{Node, cargo_config};
use super::overview::{self, projects};
use super::response::{json, text};
use super::team::Team;
use super::view::View;
use crate::model::facts::AdvisoryFact;
use crate::report::team::json as documents;
use crate::report::team::{self, Search};

/// `/metrics`: no name of a team, a project, a private registry or a crate, since nobody is asked for a token here.
pub(crate) fn metrics(node: &Node) -> Response<Body> {
    let mut lines = String::new();
    if write_metrics(node, &mut lines).is_err() {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "the counters could not be written\n");
    }
    let mut response = text(StatusCode::OK, lines);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn write_metrics(node: &Node, out: &mut String) -> fmt::Result {
    family(out, "sequester_build_info", "gauge", "The version of this program.")?;
    writeln!(out, "sequester_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
    node.counters.write(out)?;
    let (entries, bytes) = node.entries.size();
    let states: Vec<_> = node.teams.values().map(Team::state).collect();
    let locks: usize = states.iter().map(|state| state.locks.projects.len()).sum();
    let now = node.moment.now();
    let oldest = states.iter().filter_map(|state| match state.advisories.fact() {
        AdvisoryFact::Read(db) => Some(now.duration_since(db.confirmed.or(db.committed)?).as_secs().max(0)),
        AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => None,
    });
    for (name, help, value) in [
        ("sequester_ready", "Whether every team has advisories to be judged by.", Some(i128::from(node.is_ready()))),
        ("sequester_teams", "Teams that are served.", i128::try_from(node.teams.len()).ok()),
        ("sequester_posted_locks", "Lock files that count.", i128::try_from(locks).ok()),
        ("sequester_index_files", "Index files in memory.", i128::try_from(entries).ok()),
        ("sequester_index_files_bytes", "What they take.", Some(bytes.into())),
        ("sequester_spool_free_bytes", "Room for archives on their way.", Some(i128::from(node.downloads.free()))),
        (
            "sequester_advisories_age_seconds",
            "Since the oldest advisories in use were confirmed at their origin.",
            oldest.max().map(i128::from),
        ),
    ] {
        if let Some(value) = value {
            family(out, name, "gauge", help)?;
            writeln!(out, "{name} {value}")?;
        }
    }
    let mut kinds: BTreeMap<&str, Raised> = BTreeMap::new();
    for (alarm, raised) in node.alarms.all() {
        let kind = kinds.entry(alarm.kind()).or_insert_with(|| Raised { times: 0, ..raised.clone() });
        kind.times += raised.times;
        kind.last = kind.last.max(raised.last);
    }
    family(out, "sequester_alarms_total", "counter", "Alarms of each kind.")?;
    for kind in documents::ALARMS {
        writeln!(
            out,
            "sequester_alarms_total{{kind=\"{kind}\"}} {}",
            kinds.get(kind).map_or(0, |raised| raised.times)
        )?;
    }
    family(out, "sequester_alarm_timestamp_seconds", "gauge", "When an alarm of each kind was last raised.")?;
    for (kind, raised) in kinds {
        writeln!(out, "sequester_alarm_timestamp_seconds{{kind=\"{kind}\"}} {}", raised.last.as_second())?;
    }
    Ok(())
}

/// `/TEAM/api/v1/…`.
pub(crate) async fn api(node: &Arc<Node>, team: &Team, path: &[&str], query: Option<&str>) -> Response<Body> {
    let query = Query::of(query);
    match path {
        ["held"] => held(node, team).await,
        ["search"] => search(node, team, &query).await,
        ["crate", name] => of_crate(node, team, name, None, &query).await,
        ["crate", name, version] => of_crate(node, team, name, Some(version), &query).await,
        _ => fault(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}

async fn held(node: &Arc<Node>, team: &Team) -> Response<Body> {
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
    document(|out| documents::held(&told, out))
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
    document(|out| documents::search(&told, out))
}

async fn of_crate(node: &Arc<Node>, team: &Team, name: &str, version: Option<&str>, query: &Query) -> Response<Body> {
    let (registry, decided) = match lookup::find(node, team, name, query.registry.as_deref()).await {
        Found::Crate(registry, decided) => (registry, decided),
        Found::Nowhere => return fault(StatusCode::NOT_FOUND, "no registry of this team has this crate"),
        Found::Away(cause) => return fault(StatusCode::SERVICE_UNAVAILABLE, &cause),
    };
    let mut releases = overview::releases(node, &team.name, &registry, &decided);
    if let Some(version) = version {
        releases.retain(|release| release.id.version.to_string() == version);
        if releases.is_empty() {
            return fault(StatusCode::NOT_FOUND, "its registry does not have this release, or not readably");
        }
    }
    let view = View::of(node, team, &decided.state).at(decided.moment);
    let told = view.of_crate(&registry, &decided, &releases, &[]);
    document(|out| documents::of_crate(&told, out))
}

fn document(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Response<Body> {
    let mut document = Vec::new();
    if write(&mut document).is_err() {
        return fault(StatusCode::INTERNAL_SERVER_ERROR, "the document could not be written");
    }
    let mut response = json(StatusCode::OK, &serde_json::Value::Null);
    *response.body_mut() = Body::from(document);
    headers(response)
}

fn fault(status: StatusCode, words: &str) -> Response<Body> {
    headers(json(status, &serde_json::json!({ "error": words })))
}

fn headers(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization"));
    response
}
