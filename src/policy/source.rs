//! Whether a package may come from where it comes from.

use crate::model::policy::{Ban, GitRule, Policy};
use crate::model::source::{GitSource, Registry, Source};
use semver::{Comparator, Op, Version, VersionReq};

/// Whether the policy allows the source. crates.io always; other registries and git repositories where it names them.
#[must_use]
pub(crate) fn is_allowed(policy: &Policy, source: &Source) -> bool {
    match source {
        Source::Local | Source::Registry(Registry::CratesIo) => true,
        Source::Registry(registry) => {
            policy.registries.contains_key(registry) || policy.sources.allow_registries.contains(registry)
        }
        Source::Git(git) => policy.sources.allow_git.iter().any(|rule| allows_git(rule, git)),
        Source::Other(_) => false,
    }
}

/// A rule with a `rev` allows one commit of one repository; one without allows every repository below its address. Either way the
/// lock file must pin a commit.
#[must_use]
pub(crate) fn allows_git(rule: &GitRule, git: &GitSource) -> bool {
    let Some(commit) = git.commit.as_deref().filter(|commit| is_commit(commit)) else { return false };
    match &rule.rev {
        Some(rev) => rev == commit && repository(&rule.url) == repository(&git.url),
        None => lies_below(&git.url, &rule.url),
    }
}

/// Whether a repository's address is another's or lies below it, by whole path segments.
#[must_use]
pub(crate) fn lies_below(url: &str, allowed: &str) -> bool {
    let (allowed, url) = (repository(allowed), repository(url));
    // Dot segments could lead out of the allowed path again, also those that only become one when the address is read: readers
    // decode `%2e`, take `\` for `/`, and drop tabs and line ends.
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\' | b'?' | b'#'))
        && !url.split('/').any(|segment| matches!(segment, "." | ".."));
    // `https://` alone is not an address of anything.
    let names_host = allowed.split_once("://").is_some_and(|(_, rest)| !rest.is_empty());
    plain && names_host && url.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A full object id of git, of either of its hashes: a branch or a shortened id can come to mean something else.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// An address without the endings that name the same repository.
fn repository(url: &str) -> &str {
    let url = url.strip_suffix('/').unwrap_or(url);
    url.strip_suffix(".git").unwrap_or(url)
}

/// The deny-list entry that a release falls under.
#[must_use]
pub(crate) fn denied<'a>(policy: &'a Policy, name: &str, version: &Version) -> Option<&'a Ban> {
    policy.deny.iter().find(|ban| bans(ban, name, version))
}

/// Whether an entry of the deny list is about a release.
#[must_use]
pub(crate) fn bans(ban: &Ban, name: &str, version: &Version) -> bool {
    ban.crate_name.names(name) && ban.req.as_ref().is_none_or(|req| covers(req, version))
}

/// Whether the range covers the version, pre-releases included: `VersionReq::matches` leaves them out unless they are named. A
/// pre-release counts as the release that it leads to, and below an upper end also by precedence: `1.2.0-rc.1` is below `1.2`.
fn covers(req: &VersionReq, version: &Version) -> bool {
    let release = Version::new(version.major, version.minor, version.patch);
    let one_covers = |one: &Comparator| {
        let end = (one.major, one.minor.unwrap_or(0), one.patch.unwrap_or(0));
        let leads_to_end =
            one.op == Op::Less && one.pre.is_empty() && end == (release.major, release.minor, release.patch);
        leads_to_end || VersionReq { comparators: vec![one.clone()] }.matches(&release)
    };
    req.matches(version) || (!version.pre.is_empty() && req.comparators.iter().all(one_covers))
}
