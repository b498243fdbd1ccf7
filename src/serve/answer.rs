//! What each request is answered with. Statuses are cargo's: 403 with words for what is refused, 404 for what does not exist, 503 for what
//! nobody knows at the moment, and never one of those for another.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use hyper::body::Incoming;

use super::decide::Decided;
use super::download::{DownloadError, Spooled};
use super::entries::Away;
use super::index::Encoded;
use super::node::Node;
use super::posting;
use super::response::{json, not_allowed, nowhere, text};
use super::route::{Inside, Route};
use super::ruling::Ruling;
use super::team::Team;
use super::tokens::{Token, bearer, password};
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::model::run::Invocation;
use crate::model::source::Source;
use crate::report::context::Context;
use crate::report::refusal::{Refusal, refusal};

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// By which requests are counted.
    pub(crate) client: String,
}

/// Somebody who may ask for something of a team.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'n> {
    /// `None` where the team asks for no token.
    pub(crate) token: Option<&'n Token>,
}

impl Member<'_> {
    fn may_post(self) -> bool {
        self.token.is_none_or(|token| token.may_post)
    }
}

/// Answers one request.
pub(crate) async fn answer(node: Arc<Node>, asker: Asker, request: axum::http::Request<Incoming>) -> Response<Body> {
    let (begun, method) = (Instant::now(), request.method().clone());
    // What stands behind a `?` may be anybody's secret.
    let path = tracing::enabled!(tracing::Level::DEBUG).then(|| request.uri().path().to_owned());
    let response = route(&node, &asker, request).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    node.counters.answered(status, took);
    if let Some(path) = path {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(client = asker.client, method = method.as_str(), path, status, microseconds, "a request");
    }
    response
}

async fn route(node: &Arc<Node>, asker: &Asker, request: axum::http::Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    let is_registry = |name: &str| node.config.registries.contains_key(name);
    let Some(route) = Route::of(parts.uri.path(), is_registry) else { return nowhere() };
    let (team, inside) = match route {
        Route::Health if reads => return text(StatusCode::OK, "ok\n"),
        Route::Ready if reads => {
            return if node.is_ready() {
                text(StatusCode::OK, "ready\n")
            } else {
                text(StatusCode::SERVICE_UNAVAILABLE, "the advisories are being read\n")
            };
        }
        Route::Metrics if reads => return super::machines::metrics(node),
        Route::Health | Route::Ready | Route::Metrics => return not_allowed(),
        Route::Team(team, inside) => (team, inside),
    };
    let Some(team) = node.teams.get(team) else { return nowhere() };
    // People come with browsers, which send a token as a password.
    let for_people = matches!(inside, Inside::Page(_) | Inside::Api(_));
    let member = match member(node, asker, team, &parts.headers, for_people) {
        Ok(member) => member,
        Err(refused) => return refused,
    };
    match (inside, reads) {
        (Inside::Config { registry }, true) if team.has(registry) => config(node, team, registry),
        (Inside::Index { registry, name }, true) if team.has(registry) => {
            index(node, team, registry, name, &parts.headers).await
        }
        (Inside::Download { registry, name, version, checksum }, true) if team.has(registry) => {
            let wanted = Wanted { registry, name, version: &version, checksum };
            download(node, team, member, wanted).await
        }
        (Inside::Lock { project }, _) if parts.method == Method::PUT => {
            if !member.may_post() {
                return text(StatusCode::FORBIDDEN, "this token may read, and may not post lock files\n");
            }
            posting::post(node, team, member.token, project, body).await
        }
        (Inside::Page(path), true) => super::pages::page(node, team, &path, parts.uri.query()).await,
        (Inside::Api(path), true) => super::machines::api(node, team, &path, parts.uri.query()).await,
        (Inside::Config { .. } | Inside::Index { .. } | Inside::Download { .. }, true) => nowhere(),
        _ => not_allowed(),
    }
}

/// Whoever asks for something of a team, by token and rate.
#[expect(clippy::result_large_err, reason = "the refusal is the answer, made once a request and moved once")]
fn member<'n>(
    node: &Node,
    asker: &Asker,
    team: &'n Team,
    headers: &HeaderMap,
    for_people: bool,
) -> Result<Member<'n>, Response<Body>> {
    let slower = || {
        let mut response = text(StatusCode::TOO_MANY_REQUESTS, "too many requests: try again in a moment\n");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        response
    };
    if team.config.tokens.is_empty() {
        return if node.rates.allow(&asker.client) { Ok(Member { token: None }) } else { Err(slower()) };
    }
    let sent = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let password = sent.filter(|_| for_people).and_then(password);
    match password.as_deref().or(sent).and_then(|sent| bearer(&team.config.tokens, sent)) {
        Some(token) if node.rates.allow(&format!("{}/{}", team.name, token.name)) => Ok(Member { token: Some(token) }),
        Some(_) => Err(slower()),
        // Guessing has a rate too.
        None if !node.rates.allow(&asker.client) => Err(slower()),
        None => {
            let (words, challenge) = if for_people {
                (
                    "this team asks for a token: give it as the password, with any name\n",
                    "Basic realm=\"cargo-sequester\", charset=\"UTF-8\"",
                )
            } else {
                ("this registry asks for a token\n", "Cargo")
            };
            let mut response = text(StatusCode::UNAUTHORIZED, words);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            Err(response)
        }
    }
}

fn config(node: &Node, team: &Team, registry: &str) -> Response<Body> {
    let dl = format!("{}/{}/{registry}/crates/{{crate}}/{{version}}/{{sha256-checksum}}", node.url, team.name);
    let mut config = serde_json::json!({ "dl": dl });
    if !team.config.tokens.is_empty()
        && let Some(config) = config.as_object_mut()
    {
        config.insert("auth-required".to_owned(), true.into());
    }
    json(StatusCode::OK, &config)
}

async fn index(node: &Node, team: &Team, registry: &str, name: &str, headers: &HeaderMap) -> Response<Body> {
    node.counters.index_files.fetch_add(1, Ordering::Relaxed);
    if let Some(refused) = reserved(node, team, registry, name) {
        return refused;
    }
    let shown = match node.decider.at_hand(team, registry, name) {
        Some(shown) => Some(shown),
        None => match node.decider.show(team, registry, name).await {
            Ok(shown) => shown,
            Err(away) => return unavailable(&away),
        },
    };
    let Some((decided, Some(file))) = shown else { return nowhere() };
    let gzips = headers.get(header::ACCEPT_ENCODING).is_some_and(accepts_gzip);
    let Encoded { body, etag } = if gzips { &file.gzip } else { &file.plain };
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|held| held.as_bytes() == etag.as_bytes());
    let (status, body) =
        if known { (StatusCode::NOT_MODIFIED, Body::empty()) } else { (StatusCode::OK, Body::from(body.clone())) };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, authorization"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if gzips {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if decided.entry.stale {
        headers.insert("x-sequester-stale", HeaderValue::from_static("1"));
    }
    response
}

/// A refusal where crates.io is asked for a name that is a private registry's.
fn reserved(node: &Node, team: &Team, registry: &str, name: &str) -> Option<Response<Body>> {
    let other = node.config.reserved_for(&team.config, registry, name)?;
    node.counters.refused.fetch_add(1, Ordering::Relaxed);
    let words = format!(
        "the name `{name}` is reserved for the registry `{other}` of the team `{}`: ask for it there, with `registry = \"…\"`\n",
        team.name
    );
    Some(text(StatusCode::FORBIDDEN, words))
}

/// Whether a client takes gzip: named, and not with a weight of nothing.
fn accepts_gzip(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    text.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
            && !words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[derive(Clone, Copy)]
struct Wanted<'w> {
    registry: &'w str,
    name: &'w str,
    version: &'w semver::Version,
    checksum: Checksum,
}

async fn download(node: &Node, team: &Team, member: Member<'_>, wanted: Wanted<'_>) -> Response<Body> {
    let Wanted { registry, name, version, checksum } = wanted;
    let Some(upstream) = node.entries.upstream(registry) else { return nowhere() };
    if let Some(refused) = reserved(node, team, registry, name) {
        return refused;
    }
    let mut decided = match node.decider.decide(team, registry, name).await {
        Ok(Some(decided)) => decided,
        Ok(None) => return nowhere(),
        Err(away) => return unavailable(&away),
    };
    let id = PackageId {
        name: Arc::clone(&decided.entry.crate_id.name),
        version: version.clone(),
        source: Source::Registry(upstream.rules.registry.clone()),
    };
    let is_served = |decided: &Decided| match decided.ruling_of(version, checksum) {
        Some(ruling) => ruling.is_served(),
        None => decided.ruling(version).is_some() && decided.keeps(version, checksum),
    };
    if !is_served(&decided) {
        // The lock file that keeps it may just have come to another node.
        node.look_at_locks_soon(team).await;
        decided = match node.decider.decide(team, registry, name).await {
            Ok(Some(decided)) => decided,
            Ok(None) => return nowhere(),
            Err(away) => return unavailable(&away),
        };
    }
    match decided.ruling_of(version, checksum) {
        _ if is_served(&decided) && !decided.entry.seen.is_anothers(version, checksum) => {}
        _ if is_served(&decided) => {
            node.counters.refused.fetch_add(1, Ordering::Relaxed);
            let words = format!(
                "{name} {version} has the checksum of another of its releases, which was there before: what it is nobody knows\n"
            );
            return text(StatusCode::FORBIDDEN, words);
        }
        Some(ruling) => return refused(node, team, member, &decided, &id, ruling, registry),
        None if decided.ruling(version).is_some() => {
            node.counters.refused.fetch_add(1, Ordering::Relaxed);
            let first = decided.entry.seen.releases.get(version).map(|seen| seen.checksum);
            let words = if first == Some(checksum) {
                format!(
                    "{name} {version}: the registry `{registry}` has changed it. The bytes with the checksum {checksum} are those that it had first; it now gives others under the same number, which are refused too.\n\
                     Whoever has the first ones in a lock file did nothing wrong. They are given to a team that has posted such a lock file before, and no posted lock file of the team `{}` has them.\n",
                    team.name
                )
            } else {
                format!(
                    "{name} {version}: these are other bytes (checksum {checksum}) than any that the registry `{registry}` gave it since this server looks. Either the registry changed it before that, or the lock file was changed: hold it against its history\n"
                )
            };
            return text(StatusCode::FORBIDDEN, words);
        }
        None => return nowhere(),
    }
    match node.downloads.get(upstream, &id, checksum).await {
        Ok(spooled) => {
            node.counters.downloads.fetch_add(1, Ordering::Relaxed);
            file(spooled, checksum)
        }
        Err(error) => {
            let mut response = text(StatusCode::SERVICE_UNAVAILABLE, format!("{name} {version}: {error}\n"));
            if matches!(error, DownloadError::Full) {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            response
        }
    }
}

fn file(spooled: Spooled, checksum: Checksum) -> Response<Body> {
    let length = spooled.len();
    let mut response = Response::new(Body::new(spooled));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{checksum}\"")) {
        headers.insert(header::ETAG, etag);
    }
    response
}

fn refused(
    node: &Node,
    team: &Team,
    member: Member<'_>,
    decided: &Decided,
    id: &PackageId,
    ruling: &Ruling,
    registry: &str,
) -> Response<Body> {
    node.counters.refused.fetch_add(1, Ordering::Relaxed);
    let by = member.token.map(|token| token.name.as_str());
    node.asks.note(&team.name, registry, &id.name, &id.version, by);
    tracing::info!(team = team.name, token = by, registry, release = %id, "a release was refused");
    let several = if team.config.registries.len() > 1 { format!("?registry={registry}") } else { String::new() };
    let page = format!("{}/{}/crate/{}/{}{several}", node.url, team.name, id.name, id.version);
    let advisories = decided.state.advisories.about([&id.name]);
    let situation = Invocation::default();
    let context = Context {
        now: decided.moment,
        advisories: &advisories,
        judged_by: decided.state.rules.judged_by(),
        situation: &situation,
    };
    let words = refusal(&Refusal {
        id,
        reasons: ruling.reasons(),
        newest_approved: decided.newest_approved(),
        page: &page,
        team: &team.name,
        context,
    });
    text(StatusCode::FORBIDDEN, words)
}

fn unavailable(away: &Away) -> Response<Body> {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, format!("{away}\n"));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}
