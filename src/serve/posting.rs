//! `PUT /TEAM/locks/PROJECT`: the lock file that a project has merged. What it locks may stay, and what it lacks may be mended early.
//!
//! The first lock file of a project is taken as it is: that is adoption. From then on only what is approved is taken up: a release that is
//! held, and that the last lock file did not have, is not given to anybody for being locked now.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::json;

use super::alarms::Alarm;
use super::locks::{self, LocksHead, Posted, PostedHead, new_in};
use super::node::Node;
use super::record::{Event, record};
use super::response::{json, text};
use super::ruling::Ruling;
use super::store::{Key, Put, StoreError, digest_of};
use super::team::Team;
use super::tokens::Token;
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::report::escape;

/// So often the list is written again after another node was faster.
const TRIES: usize = 16;
/// Crates that are asked for at one time.
const AT_ONCE: usize = 32;

/// Takes a lock file.
pub(crate) async fn post(
    node: &Node,
    team: &Team,
    token: Option<&Token>,
    project: &str,
    body: Incoming,
) -> Response<Body> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if project.len() > 100 || !project.bytes().all(plain) {
        return text(StatusCode::BAD_REQUEST, "a project is called by letters, digits, `-`, `_` and `.`\n");
    }
    let limit = node.config.limits.largest_lock;
    let limited = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX));
    let bytes = match tokio::time::timeout(node.config.limits.patience(), limited.collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return text(StatusCode::PAYLOAD_TOO_LARGE, format!("a lock file has at most {limit} bytes here\n"));
        }
        Ok(Err(_)) => return text(StatusCode::BAD_REQUEST, "the lock file did not come whole\n"),
        Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the lock file came too slowly\n"),
    };
    let for_parser = bytes.clone();
    let packages = match tokio::task::spawn_blocking(move || locks::packages_of(&for_parser)).await {
        Ok(Ok(packages)) => packages,
        Ok(Err(error)) => {
            let words = error.to_string();
            let line = words.lines().next().unwrap_or_default();
            return text(StatusCode::BAD_REQUEST, format!("{}\n", escape::terminal(line)));
        }
        Err(_) => return text(StatusCode::BAD_REQUEST, "this is no lock file\n"),
    };
    if let Err(error) = node.try_look_at_locks(team).await {
        // What is taken for a project's first lock file is adopted whole.
        return text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n"));
    }
    let state = team.state();
    let last = state.locks.projects.get(project);
    if last.is_none() && state.locks.projects.len() >= node.config.limits.locks {
        return text(StatusCode::FORBIDDEN, "the team has as many lock files here as it may have\n");
    }
    let digest = digest_of(&bytes);
    // The same text again is the last one, also where the store has lost that.
    let same = last
        .filter(|last| last.head.digest == digest)
        .map(|last| Posted { head: last.head.clone(), packages: packages.clone() });
    let new = new_in(&packages, same.as_ref().or(last.map(AsRef::as_ref)));
    let mut refused = match not_approved(node, team, new).await {
        Ok(refused) => refused,
        Err(words) => return text(StatusCode::SERVICE_UNAVAILABLE, format!("{words}\n")),
    };
    if last.is_none() {
        // What is adopted may be held, but not be what its registry contradicts itself about.
        let all = locks::registry_packages(&packages).map(|(id, checksum)| (id.clone(), checksum)).collect();
        refused.extend(contradicted(node, team, all).await);
    }
    let head = PostedHead {
        digest,
        at: node.moment.now(),
        by: token.map(|token| token.name.clone()),
        refused: refused.iter().map(|(id, checksum)| (id.to_string(), id.version.clone(), *checksum)).collect(),
    };
    match write(node, team, project, bytes, (last.map(|last| &last.head), head)).await {
        Ok(true) => {}
        Ok(false) => return text(StatusCode::CONFLICT, "too many lock files came at once: try again\n"),
        Err(error) => return text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
    node.look_at_locks(team).await;
    let by = token.map(|token| &*token.name);
    let event = Event::LockPosted { team: &team.name, project, digest, by, refused: refused.len() };
    if let Err(error) = record(&node.store, node.moment.now(), &event).await {
        node.alarms.raise(Alarm::StoreAway { cause: error.to_string() });
    }
    node.counters.locks_posted.fetch_add(1, Ordering::Relaxed);
    // On the ground of what is locked now, some may be fixes that come early: those are given at once.
    let refused = match not_approved(node, team, refused.iter().cloned().collect()).await {
        Ok(still) => still,
        Err(_) => refused,
    };
    let refused: Vec<String> = refused.iter().map(|(id, _)| id.to_string()).collect();
    tracing::info!(team = team.name, project, packages = packages.len(), refused = refused.len(), "a lock file came");
    json(StatusCode::OK, &json!({ "project": project, "packages": packages.len(), "refused": refused }))
}

/// Those of these releases that the team may not take up. An error where that cannot be told of one.
async fn not_approved(
    node: &Node,
    team: &Team,
    new: Vec<(PackageId, Checksum)>,
) -> Result<BTreeSet<(PackageId, Checksum)>, String> {
    let mut refused = BTreeSet::new();
    for some in new.chunks(AT_ONCE) {
        let asked = some.iter().map(|(id, checksum)| async move {
            let crate_id = id.crate_id()?;
            let registry = node.entries.name_of(&crate_id).filter(|name| team.has(name))?;
            Some(node.decider.decide(team, registry, &id.name).await.map(|decided| {
                decided
                    .is_some_and(|decided| decided.ruling_of(&id.version, *checksum).is_some_and(Ruling::is_approved))
            }))
        });
        for (one, approved) in some.iter().zip(futures_util::future::join_all(asked).await) {
            match approved {
                Some(Ok(true)) => {}
                // What comes from a registry that is not the team's is never asked for here.
                None | Some(Ok(false)) => {
                    refused.insert(one.clone());
                }
                Some(Err(away)) => return Err(away.to_string()),
            }
        }
    }
    Ok(refused)
}

/// Those of these releases of which the registry says otherwise than before, as far as that can be told.
async fn contradicted(node: &Node, team: &Team, all: Vec<(PackageId, Checksum)>) -> BTreeSet<(PackageId, Checksum)> {
    let mut found = BTreeSet::new();
    for some in all.chunks(AT_ONCE) {
        let asked = some.iter().map(|(id, checksum)| async move {
            let crate_id = id.crate_id()?;
            let registry = node.entries.name_of(&crate_id).filter(|name| team.has(name))?;
            let decided = node.decider.decide(team, registry, &id.name).await.ok()??;
            let ruling = decided.ruling_of(&id.version, *checksum)?;
            (ruling.is_contradicted() || decided.entry.seen.is_anothers(&id.version, *checksum))
                .then(|| (id.clone(), *checksum))
        });
        found.extend(futures_util::future::join_all(asked).await.into_iter().flatten());
    }
    found
}

/// Writes text and list; `false` where others were faster every time, or the project has another lock file by now than it was judged by.
async fn write(
    node: &Node,
    team: &Team,
    project: &str,
    text: Bytes,
    (last, head): (Option<&PostedHead>, PostedHead),
) -> Result<bool, StoreError> {
    node.store.ensure(&Key::lock(&team.name, head.digest), text).await?;
    let key = Key::locks_head(&team.name);
    for _ in 0..TRIES {
        let stored = node.store.get(&key, locks::LARGEST_HEAD).await?;
        let unusable = |error: serde_json::Error| StoreError::Away { key: key.clone(), cause: error.to_string() };
        let mut all: LocksHead = match &stored {
            Some(stored) => serde_json::from_slice(&stored.bytes).map_err(unusable)?,
            None => LocksHead::default(),
        };
        if stored.is_some() && all.projects.get(project) != last {
            return Ok(false);
        }
        all.projects.insert(project.to_owned(), head.clone());
        let bytes = serde_json::to_vec(&all).map_err(unusable)?;
        if let Put::Done(_) = node.store.replace(&key, bytes.into(), stored.as_ref().map(|stored| &stored.tag)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
