//! What machines ask: counters, and the same as the pages say as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::node::Node;
use super::response::{nowhere, text};
use super::team::Team;

/// `/metrics`.
pub(crate) fn metrics(node: &Node) -> Response<Body> {
    let mut lines = String::new();
    for (at, count) in node.counters.statuses().into_iter().enumerate() {
        let _ = writeln!(lines, "sequester_answers_total{{status=\"{}xx\"}} {count}", at + 1);
    }
    let (entries, bytes) = node.entries.size();
    let _ = writeln!(lines, "sequester_entries {entries}\nsequester_entries_bytes {bytes}");
    let _ = writeln!(lines, "sequester_spool_free_bytes {}", node.downloads.free());
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for (alarm, raised) in node.alarms.all() {
        *kinds.entry(alarm.kind()).or_default() += raised.times;
    }
    for (kind, times) in kinds {
        let _ = writeln!(lines, "sequester_alarms_total{{kind=\"{kind}\"}} {times}");
    }
    text(StatusCode::OK, lines)
}

/// `/TEAM/api/v1/…`.
#[expect(clippy::unused_async, reason = "it will ask the decider")]
pub(crate) async fn api(_node: &Node, _team: &Team, _path: &[&str], _query: Option<&str>) -> Response<Body> {
    nowhere()
}
