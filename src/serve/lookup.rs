//! Which crate a person or a machine means by a name, and which crates have some words in their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::CRATES_IO;
use super::decide::Decided;
use super::node::Node;
use super::team::Team;
use crate::report::team::Hit;

/// The longest words that are looked for, in bytes.
const LONGEST: usize = 64;
/// The most crates that a search lists.
const MOST: usize = 200;

/// What stands behind the `?` of a path. What is not known is passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// What to look for, in lower case.
    pub(crate) words: String,
    /// The name of a registry.
    pub(crate) registry: Option<String>,
    /// How many to pass over.
    pub(crate) from: usize,
}

impl Query {
    pub(crate) fn of(query: Option<&str>) -> Self {
        let mut read = Self::default();
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()).take(8) {
            match &*key {
                "q" => {
                    let cut = value.char_indices().map(|(at, _)| at).find(|at| *at >= LONGEST);
                    read.words = value.get(..cut.unwrap_or(value.len())).unwrap_or_default().trim().to_lowercase();
                }
                "registry" => read.registry = Some(value.into_owned()),
                "from" => read.from = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        read
    }
}

/// Where a crate is.
pub(crate) enum Found {
    Crate(Arc<str>, Arc<Decided>),
    Nowhere,
    /// Nobody knows at the moment, and why.
    Away(String),
}

/// Finds a crate in the registries of a team, or in the one that is named. Private registries are asked first: what is theirs is no business
/// of crates.io.
pub(crate) async fn find(node: &Node, team: &Team, name: &str, registry: Option<&str>) -> Found {
    if !is_name(name) {
        return Found::Nowhere;
    }
    let mut away = None;
    let mut registries: Vec<&String> = team.config.registries.iter().collect();
    registries.sort_by_key(|one| one.as_str() == CRATES_IO);
    for one in registries.into_iter().filter(|one| registry.is_none_or(|named| named == one.as_str())) {
        if node.config.reserved_for(&team.config, one, name).is_some() {
            continue;
        }
        match node.decider.decide(team, one, name).await {
            Ok(Some(decided)) => return Found::Crate(Arc::from(one.as_str()), decided),
            Ok(None) => {}
            // Whether it is theirs is not known, so nobody else is asked.
            Err(cause) if one.as_str() != CRATES_IO => {
                away = Some(cause.to_string());
                break;
            }
            Err(cause) => away = Some(cause.to_string()),
        }
    }
    away.map_or(Found::Nowhere, Found::Away)
}

/// What a search found.
pub(crate) struct SearchResult {
    pub(crate) hits: Vec<Hit>,
    pub(crate) more: usize,
    pub(crate) away: Option<String>,
}

/// Crates that the team asked for and whose names have all words, and the crate that is called just so.
pub(crate) async fn search(node: &Node, team: &Team, words: &str) -> SearchResult {
    let mut hits: BTreeMap<(bool, Arc<str>, Arc<str>), Arc<Decided>> = BTreeMap::new();
    let mut away = None;
    let parts: Vec<&str> = words.split_whitespace().collect();
    if parts.is_empty() {
        return SearchResult { hits: Vec::new(), more: 0, away };
    }
    for asked in node.decider.asked(team) {
        if parts.iter().all(|part| asked.name.contains(part)) {
            hits.insert((*asked.name != *words, asked.name, asked.registry), asked.decided);
        }
    }
    if !hits.keys().any(|(is_other, ..)| !is_other) {
        match find(node, team, words, None).await {
            Found::Crate(registry, decided) => {
                hits.insert((false, Arc::from(words), registry), decided);
            }
            Found::Nowhere => {}
            Found::Away(cause) => away = Some(cause),
        }
    }
    let more = hits.len().saturating_sub(MOST);
    let hits = hits.into_iter().take(MOST).map(|((_, _, registry), decided)| Hit {
        registry,
        name: Arc::clone(&decided.entry.crate_id.name),
        releases: decided.rulings.len(),
        held: decided.rulings.iter().filter(|ruling| ruling.reasons().is_some()).count(),
        newest_approved: decided.newest_approved().cloned(),
    });
    SearchResult { hits: hits.collect(), more, away }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_within_bounds() {
        assert_eq!(Query::of(None), Query::default());
        let read = Query::of(Some("q=+Serde%20De%22&registry=corp&from=100&x=y"));
        assert_eq!((&*read.words, read.registry.as_deref(), read.from), ("serde de\"", Some("corp"), 100));
        assert_eq!(Query::of(Some(&format!("q={}", "%C3%A9".repeat(500)))).words.len(), LONGEST);
        assert_eq!(Query::of(Some("from=-1")).from, 0);
    }
}
