//! What is looked for, as the command line or a list names it.

use camino::Utf8Path;
use semver::{Version, VersionReq};

use crate::command::outcome::CommandError;
use crate::files::regular::{self, Links};
use crate::gather::environment::Environment;
use crate::model::advisory::AdvisoryDb;
use crate::model::incident::{Affected, Cited, Suspect};

/// The most bytes of a list, and its most lines.
const MAX_LIST: u64 = 4 << 20;
const MAX_ASKED: usize = 10_000;
/// What the ids of advisory databases begin with.
const IDS: [&str; 4] = ["RUSTSEC-", "CVE-", "GHSA-", "OSV-"];

/// One thing that is asked about.
#[derive(Debug)]
pub(super) enum Asked {
    Spec(Box<Suspect>),
    /// An advisory's id, or an alias of it.
    Id(String),
}

/// Reads the words of a command line, and the lists that they name.
pub(super) fn read_asked(words: &[String], environment: &Environment) -> Result<Vec<Asked>, CommandError> {
    let mut asked = Vec::new();
    for word in words {
        if is_file(word) {
            let path = environment.current_dir().join(word);
            let unread = |cause: String| CommandError::ListUnread { path: word.into(), cause };
            let text = regular::text(&path, Links::Followed, MAX_LIST).map_err(|cause| unread(cause.to_string()))?;
            let before = asked.len();
            for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
                let line = without_comment(line).trim();
                if line.is_empty() {
                    continue;
                }
                let one = read_one(line);
                asked.push(one.ok_or_else(|| unread(format!("line {number}: `{line}` is neither a spec nor an id")))?);
                if asked.len() > MAX_ASKED {
                    return Err(unread(format!("it names more than {MAX_ASKED}")));
                }
            }
            if asked.len() == before {
                return Err(unread("it names nothing".to_owned()));
            }
        } else {
            asked.push(read_one(word).ok_or_else(|| CommandError::BadSuspect { spec: word.clone() })?);
        }
    }
    Ok(asked)
}

/// A path: neither a spec nor an id has a point or a slash before its version.
fn is_file(word: &str) -> bool {
    let before = word.split(['@', ':']).next().unwrap_or_default();
    purl(word).is_none() && !word.contains(" v") && !word.contains("://") && before.contains(['.', '/', '\\'])
        || Utf8Path::new(word).is_absolute()
}

/// A line up to its comment: a `#` within a word is a package id's.
fn without_comment(line: &str) -> &str {
    let begins = |at: usize| line.get(..at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']));
    let comment = line.match_indices('#').map(|(at, _)| at).find(|at| begins(*at));
    comment.and_then(|at| line.get(..at)).unwrap_or(line)
}

/// The name and version of a purl, as documents and the audit trail have it, without what may follow them.
fn purl(word: &str) -> Option<String> {
    let rest = word.strip_prefix("pkg:cargo/")?;
    Some(rest.split(['?', '#']).next().unwrap_or_default().replace("%2B", "+").replace("%2b", "+"))
}

/// The name, and the version where there is one: as a spec has them, as a purl, as `cargo pkgid` prints them today and did before, or as
/// `cargo tree` does.
fn name_and_version(word: &str) -> (String, Option<String>) {
    let word = match purl(word) {
        Some(release) => release,
        None if word.contains("://") => word.rsplit_once('#').map_or(word, |(_, release)| release).to_owned(),
        None => word.to_owned(),
    };
    if let Some((name, rest)) = word.split_once(" v") {
        return (name.to_owned(), rest.split(' ').next().map(str::to_owned));
    }
    match word.split_once(['@', ':']) {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
        None => (word, None),
    }
}

fn read_one(word: &str) -> Option<Asked> {
    let upper = word.to_ascii_uppercase();
    if IDS.iter().any(|prefix| upper.starts_with(prefix)) {
        return Some(Asked::Id(word.to_owned()));
    }
    let (name, version) = name_and_version(word);
    let (name, version) = (name.trim(), version.as_deref().map(str::trim));
    let is_name = !name.is_empty()
        && name.len() <= 256
        && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'));
    if !is_name {
        return None;
    }
    let affected = match version {
        None => Affected::All,
        Some(version) => affected(version)?,
    };
    let suspect = Suspect { asked: word.to_owned(), crate_name: name.into(), affected, advisory: None };
    Some(Asked::Spec(Box::new(suspect)))
}

/// A whole version is that one; a part of one stands, as in a package-id spec, for all that begin so; anything else is a requirement.
fn affected(text: &str) -> Option<Affected> {
    if let Ok(version) = Version::parse(text) {
        return Some(Affected::Exactly(version));
    }
    let is_part = !text.is_empty() && text.split('.').all(|part| part.parse::<u64>().is_ok());
    let requirement = if is_part { format!("={text}") } else { text.to_owned() };
    let parsed = VersionReq::parse(&requirement).ok()?;
    Some(if parsed.comparators.is_empty() { Affected::All } else { Affected::Within(parsed) })
}

/// What the advisories of this id, or with this alias, hit.
pub(super) fn cited(db: &AdvisoryDb, id: &str) -> Vec<Suspect> {
    let is_it = |one: &str| one.eq_ignore_ascii_case(id);
    let found = db.by_crate.values().flatten();
    let found = found.filter(|one| is_it(&one.id) || one.aliases.iter().any(|alias| is_it(alias)));
    let mut found: Vec<Suspect> = found
        .map(|one| Suspect {
            asked: id.to_owned(),
            crate_name: one.crate_name.clone(),
            affected: Affected::Hit(Box::new(one.versions.clone())),
            advisory: Some(Cited {
                id: one.id.clone(),
                title: one.title.clone(),
                url: one.url.clone(),
                aliases: one.aliases.clone(),
                date: one.date,
                withdrawn: one.withdrawn,
            }),
        })
        .collect();
    found.dedup_by(|one, other| {
        one.crate_name == other.crate_name
            && one.advisory.as_ref().map(|of| &of.id) == other.advisory.as_ref().map(|of| &of.id)
    });
    found
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    #[test]
    fn words_are_told_apart() {
        for word in ["./list", "bad.txt", "lists/bad", "/tmp/list"] {
            assert!(is_file(word), "{word}");
        }
        for word in ["serde", "serde@1.0.228", "time@<0.3.47", "RUSTSEC-2026-0009", "CVE-2026-1"] {
            assert!(!is_file(word), "{word}");
            assert!(read_one(word).is_some(), "{word}");
        }
        for word in ["", "@1", "a b", "serde@", "serde@!", "a/b@1"] {
            assert!(read_one(word).is_none(), "{word}");
        }
    }

    #[test]
    fn a_part_of_a_version_stands_for_all_that_begin_so() {
        let has = |text: &str, version: &str| affected(text).unwrap().has(&version.parse().unwrap());
        assert!(has("1.2", "1.2.9") && !has("1.2", "1.3.0") && has("1", "1.3.0") && !has("1", "2.0.0"));
        assert!(has("1.2.3", "1.2.3") && !has("1.2.3", "1.2.4"));
        assert!(has("*", "0.0.1"));
    }
}
