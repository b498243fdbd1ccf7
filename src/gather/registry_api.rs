//! Asks the registry's web API how releases were published: `/api/v1/crates/NAME/versions`, as crates.io describes it.
//!
//! The API is not made for machines that want much: one request a second, one after the other, and no more crates than a run needs. What
//! does not answer, or answers in another shape, leaves a gap that says so; nothing is concluded from what is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use semver::Version;
use serde::Deserialize;

use super::http::{Answer, Http, HttpError, Request};
use super::index::{IndexOrigin, RegistryAccess, RegistryConfig, crate_name};
use crate::model::crate_name::is_same;
use crate::model::package::CrateId;
use crate::model::policy::RegistryPolicy;
use crate::model::publication::{ApiGap, Publication, PublicationFact, Publications, TrustedPublisher, YankAction};
use crate::model::source::Registry;

/// What crates.io allows a program.
const PACE: Duration = Duration::from_secs(1);
/// The most crates that one run asks about: five minutes.
pub(crate) const MOST_CRATES: usize = 300;
/// The most bytes of one page. The crates with the most releases have a few megabytes.
const LARGEST_PAGE: u64 = 32 << 20;
/// The most pages of one crate.
const MOST_PAGES: usize = 50;
/// The longest text that is taken for a login, a repository, a run or a commit.
const LONGEST: usize = 300;
/// The most yanks of one release that are kept.
const MOST_ACTIONS: usize = 200;

/// How the registries' web APIs are reached.
#[derive(Debug)]
pub(crate) struct Apis<'a> {
    /// Whom to ask for each registry.
    pub(crate) access: &'a BTreeMap<Registry, RegistryAccess>,
    /// What the registries say of themselves.
    pub(crate) configs: &'a BTreeMap<Registry, RegistryConfig>,
    /// What the policy says of them.
    pub(crate) policies: &'a BTreeMap<Registry, RegistryPolicy>,
    /// `None` where no registry may be asked.
    pub(crate) http: Option<&'a Http>,
}

/// Asks about every one of `crates`, in order. `progress` hears how many are done, of how many.
pub(crate) fn read(
    crates: &BTreeSet<CrateId>,
    apis: &Apis<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> BTreeMap<CrateId, PublicationFact> {
    let of = crates.len().min(MOST_CRATES);
    // A host that does not answer would not answer the next question either, and each takes its time to fail.
    let mut silent: BTreeMap<&Registry, String> = BTreeMap::new();
    let mut read = BTreeMap::new();
    for (done, id) in crates.iter().enumerate() {
        progress(done.min(of), of);
        let fact = if done >= MOST_CRATES {
            Err(ApiGap::TooMany)
        } else if let Some(cause) = silent.get(&id.registry) {
            Err(ApiGap::Failed(cause.clone()))
        } else {
            apis.publications(id)
        };
        if let Err(ApiGap::Failed(cause)) = &fact {
            silent.insert(&id.registry, cause.clone());
        }
        read.insert(id.clone(), fact.map_or_else(PublicationFact::Unavailable, PublicationFact::Read));
    }
    read
}

impl Apis<'_> {
    fn publications(&self, id: &CrateId) -> Result<Publications, ApiGap> {
        let http = self.http.ok_or(ApiGap::Offline)?;
        let access = self.access.get(&id.registry).cloned().unwrap_or_else(|| RegistryAccess::direct(&id.registry));
        if matches!(access.from, IndexOrigin::Refused | IndexOrigin::NotNamed) {
            return Err(ApiGap::NotAsked);
        }
        let name = crate_name(&id.name).ok_or(ApiGap::NotAsked)?;
        let config = self.configs.get(&id.registry);
        let own = config.and_then(|config| config.api.as_deref());
        let named = self.policies.get(&id.registry).and_then(|policy| policy.api.as_deref());
        let api = named.or(own).map(|api| api.trim_end_matches('/')).filter(|api| !api.is_empty());
        let api = api.ok_or(ApiGap::NoApi)?;
        let page = format!("{api}/api/v1/crates/{name}/versions");
        // A policy comes with the repository, and a repository must not say to whom this machine's tokens go.
        let asks = config.is_some_and(|config| config.auth_required) && is_own_host(api, own, &access.from);
        let authorization = match asks.then(|| access.credentials.token()) {
            None => None,
            Some(Ok(token)) => Some(token.expose().to_owned()),
            Some(Err(lack)) => {
                return Err(ApiGap::Failed(format!("{}: the registry asks for a token, and {lack}", id.registry)));
            }
        };
        let mut publications = Publications::default();
        let mut query = String::new();
        for _ in 0..MOST_PAGES {
            let url = format!("{page}{query}");
            let authorization = authorization.clone();
            let request = Request { url, authorization, limit: LARGEST_PAGE, pause: PACE, ..Request::default() };
            let next = add_page(&mut publications, &id.name, &body(http.get_paced(&request))?)?;
            match next {
                Some(next) if next != query => query = next,
                Some(_) => return Err(ApiGap::Unreadable(String::from("its next page is the same page again"))),
                None => return Ok(publications),
            }
        }
        Err(ApiGap::Unreadable(format!("it has more than {MOST_PAGES} pages")))
    }
}

/// Whether an address is of the host that serves the index, or that the registry itself names for its API.
fn is_own_host(api: &str, own: Option<&str>, index: &IndexOrigin) -> bool {
    let host = |url: &str| {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        Some(format!("{scheme}://{authority}").to_ascii_lowercase())
    };
    let index = match index {
        IndexOrigin::Sparse(url) | IndexOrigin::Git(url) => Some(&**url),
        IndexOrigin::Refused | IndexOrigin::NotNamed => None,
    };
    let api = host(api);
    api.is_some() && [own, index].into_iter().flatten().any(|known| host(known) == api)
}

fn body(answer: Result<Answer, HttpError>) -> Result<Vec<u8>, ApiGap> {
    match answer {
        Ok(Answer { status: 200, body, .. }) => Ok(body),
        Ok(Answer { status, body, .. }) => {
            Err(ApiGap::Absent { status, words: String::from_utf8_lossy(&body).into_owned() })
        }
        Err(error @ (HttpError::Large { .. } | HttpError::Broken { .. })) => {
            Err(ApiGap::Unreadable(error.first_line()))
        }
        Err(error) => Err(ApiGap::Failed(error.first_line())),
    }
}

#[derive(Deserialize)]
struct Page {
    versions: Vec<Line>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    num: String,
    #[serde(default, rename = "crate")]
    of: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    published_by: Option<User>,
    #[serde(default)]
    audit_actions: Option<Vec<Action>>,
    #[serde(default)]
    trustpub_data: Option<Trusted>,
    #[serde(default)]
    repository: Option<String>,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the registry's own word")]
struct Action {
    action: String,
    time: String,
    #[serde(default)]
    user: Option<User>,
}

/// GitHub's runs have `repository` and `run_id`, GitLab's jobs `project_path` and `job_id`.
#[derive(Deserialize)]
struct Trusted {
    provider: String,
    #[serde(default, alias = "project_path")]
    repository: Option<String>,
    #[serde(default, alias = "job_id")]
    run_id: Option<String>,
    #[serde(default)]
    sha: Option<String>,
}

/// Adds the releases of one page, and returns the query that leads to the next one.
fn add_page(publications: &mut Publications, name: &str, page: &[u8]) -> Result<Option<String>, ApiGap> {
    // Serde would take a list for the fields in their order.
    if page.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiGap::Unreadable(String::from("it is no JSON object")));
    }
    let page: Page = serde_json::from_slice(page).map_err(|error| ApiGap::Unreadable(error.to_string()))?;
    for line in page.versions {
        if line.of.as_deref().is_some_and(|of| !is_same(of, name)) {
            return Err(ApiGap::Unreadable(String::from("it is about another crate")));
        }
        // What is no version for cargo is no release that could be locked.
        let Ok(version) = line.num.parse::<Version>() else { continue };
        if publications.releases.insert(version, publication(line)?).is_some() {
            return Err(ApiGap::Unreadable(String::from("it names a version twice")));
        }
    }
    match page.meta.and_then(|meta| meta.next_page) {
        None => Ok(None),
        // Another page of the same address, and no other address: the token goes there as well.
        Some(query) if query.starts_with('?') && query.len() <= LONGEST && query.is_ascii() => Ok(Some(query)),
        Some(_) => Err(ApiGap::Unreadable(String::from("its next page is no query"))),
    }
}

fn publication(line: Line) -> Result<Publication, ApiGap> {
    let trusted = line.trustpub_data.map(|one| {
        Ok(TrustedPublisher {
            provider: short(one.provider)?,
            repository: one.repository.map(short).transpose()?,
            run: one.run_id.map(short).transpose()?,
            commit: one.sha.map(short).transpose()?,
        })
    });
    let mut yanks = Vec::new();
    for Action { action, time, user } in line.audit_actions.into_iter().flatten().take(MOST_ACTIONS) {
        let undone = match action.as_str() {
            "yank" => false,
            "unyank" => true,
            _ => continue,
        };
        let at = time.parse().map_err(|_| ApiGap::Unreadable(format!("`{action}` has no time that can be read")))?;
        yanks.push(YankAction { at, undone, by: user.map(|user| short(user.login)).transpose()? });
    }
    yanks.sort();
    Ok(Publication {
        created_at: line.created_at.and_then(|time| time.parse::<Timestamp>().ok()),
        by: line.published_by.map(|user| short(user.login)).transpose()?,
        trusted: trusted.transpose()?,
        repository: line.repository.filter(|url| url.len() <= LONGEST).map(String::into_boxed_str),
        yanks,
    })
}

fn short(text: String) -> Result<Box<str>, ApiGap> {
    if text.is_empty() || text.len() > LONGEST {
        return Err(ApiGap::Unreadable(String::from("a name in it is empty or longer than any")));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    fn page(text: &str) -> Result<(Publications, Option<String>), ApiGap> {
        let mut publications = Publications::default();
        let next = add_page(&mut publications, "bar", text.as_bytes())?;
        Ok((publications, next))
    }

    #[test]
    fn a_release_is_read_with_what_the_registry_says_of_it() {
        let text = r#"{"versions":[{"num":"1.0.0","crate":"bar","created_at":"2026-01-01T00:00:00.123456Z","published_by":null,
            "audit_actions":[{"action":"publish","time":"2026-01-01T00:00:00Z","user":{"login":"ann"}},
                {"action":"unyank","time":"2026-03-01T00:00:00Z","user":null},
                {"action":"yank","time":"2026-02-01T00:00:00Z","user":{"login":"bob","id":2}},
                {"action":"tomorrow","time":"whenever"}],
            "trustpub_data":{"provider":"gitlab","project_path":"a/b","job_id":"7","sha":"00ff","more":1},
            "repository":"https://example.org/a/b","features":{}}],"meta":{"total":1,"next_page":"?seek=x"}}"#;
        let (publications, next) = page(text).unwrap();
        assert_eq!(next.as_deref(), Some("?seek=x"));
        let release = &publications.releases[&Version::new(1, 0, 0)];
        let trusted = release.trusted.as_ref().unwrap();
        assert_eq!((trusted.repository.as_deref(), trusted.run.as_deref()), (Some("a/b"), Some("7")));
        assert_eq!((release.by.as_deref(), trusted.commit.as_deref()), (None, Some("00ff")));
        let yanks: Vec<_> = release.yanks.iter().map(|yank| (yank.undone, yank.by.as_deref())).collect();
        assert_eq!(yanks, [(false, Some("bob")), (true, None)]);
        assert_eq!(release.created_at.unwrap().as_second(), 1_767_225_600);
    }

    #[test]
    fn a_registry_that_says_less_is_taken_at_its_word() {
        let (publications, next) = page(r#"{"versions":[{"num":"1.0.0"},{"num":"not one"}]}"#).unwrap();
        assert_eq!((publications.releases.len(), next), (1, None));
        assert_eq!(publications.releases[&Version::new(1, 0, 0)], Publication::default());
    }

    #[test]
    fn other_shapes_are_gaps_and_never_facts() {
        let long = "x".repeat(LONGEST + 1);
        for text in [
            "",
            "[]",
            "{}",
            r#"{"versions":{}}"#,
            r#"{"versions":[{"num":1}]}"#,
            r#"{"versions":[{"num":"1.0.0","published_by":"ann"}]}"#,
            r#"{"versions":[{"num":"1.0.0","crate":"foo"}]}"#,
            r#"{"versions":[{"num":"1.0.0"},{"num":"1.0.0"}]}"#,
            r#"{"versions":[{"num":"1.0.0","trustpub_data":{"repository":"a/b"}}]}"#,
            r#"{"versions":[{"num":"1.0.0","audit_actions":[{"action":"yank","time":"once"}]}]}"#,
            r#"{"versions":[],"meta":{"next_page":"https://elsewhere.example/"}}"#,
            r#"{"versions":[],"meta":{"next_page":"//elsewhere.example/"}}"#,
            &format!(r#"{{"versions":[{{"num":"1.0.0","published_by":{{"login":"{long}"}}}}]}}"#),
            r#"{"versions":[{"num":"1.0.0","published_by":{"login":""}}]}"#,
        ] {
            assert!(matches!(page(text), Err(ApiGap::Unreadable(_))), "{text}");
        }
    }
}
