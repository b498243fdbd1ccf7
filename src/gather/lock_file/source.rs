//! Reads the text of a `source`, each spelling once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::model::source::{GitSource, Registry, Source};

/// Stands for all spellings of one source, a git reference's encoded and plain ones included. Like cargo's own comparison of sources it disregards the locked git commit: dependencies
/// name a git package without it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SourceKey(usize);

/// The sources of one lock file; there are few, and thousands of packages share them.
#[derive(Default)]
pub(super) struct Sources<'a> {
    spellings: HashMap<&'a str, Option<(SourceKey, Source)>>,
    keys: HashMap<Source, SourceKey>,
}

impl<'a> Sources<'a> {
    /// The source behind a text, `None` for no text at all being a local package; the outer `None` is a text that is no address.
    pub(super) fn read(&mut self, text: Option<&'a str>) -> Option<(SourceKey, Source)> {
        let Some(text) = text else { return Some((self.key(&Source::Local), Source::Local)) };
        if let Some(known) = self.spellings.get(text) {
            return known.clone();
        }
        let read = parse(text).map(|source| (self.key(&source), source));
        self.spellings.insert(text, read.clone());
        read
    }

    fn key(&mut self, source: &Source) -> SourceKey {
        let without_commit = match source {
            Source::Git(git) => {
                let reference = git.wanted().setting().map(|(key, value)| format!("{key}={value}").into());
                Source::Git(GitSource { commit: None, reference, url: git.url.clone() })
            }
            Source::Local | Source::Registry(_) | Source::Other(_) => source.clone(),
        };
        let next = SourceKey(self.keys.len());
        match self.keys.entry(without_commit) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => *new.insert(next),
        }
    }
}

fn parse(text: &str) -> Option<Source> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    match text.split_once('+') {
        Some(("registry" | "sparse", _)) => Registry::parse(text).ok().map(Source::Registry),
        Some(("git", url)) => git(url),
        _ => Some(Source::Other(text.into())),
    }
}

fn git(text: &str) -> Option<Source> {
    let (rest, commit) = text.split_once('#').unwrap_or((text, ""));
    let (url, reference) = rest.split_once('?').unwrap_or((rest, ""));
    // Anything but a whole SHA-1 or SHA-256 object name pins nothing.
    let pins = matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    url.contains("://").then(|| {
        Source::Git(GitSource {
            url: url.into(),
            reference: (!reference.is_empty()).then(|| reference.into()),
            commit: pins.then(|| commit.into()),
        })
    })
}
