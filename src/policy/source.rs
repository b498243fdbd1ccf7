//! Whether a package may come from where it comes from.

use crate::model::policy::{Ban, GitRule, Policy};
use crate::model::source::{GitSource, Registry, Source};
use semver::Version;

/// Whether the policy allows the source. crates.io always; other registries and git repositories where it names them.
#[must_use]
pub fn is_allowed(policy: &Policy, source: &Source) -> bool {
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
fn allows_git(rule: &GitRule, git: &GitSource) -> bool {
    let Some(commit) = &git.commit else { return false };
    let (allowed, url) = (repository(&rule.url), repository(&git.url));
    if let Some(rev) = &rule.rev {
        return **rev == **commit && allowed == url;
    }
    // Dot segments could lead out of the allowed path again.
    let plain = !url.split('/').any(|segment| matches!(segment, "." | "..")) && !url.contains('%');
    plain && url.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An address without the endings that name the same repository.
fn repository(url: &str) -> &str {
    let url = url.strip_suffix('/').unwrap_or(url);
    url.strip_suffix(".git").unwrap_or(url)
}

/// The deny-list entry that a release falls under.
#[must_use]
pub fn denied<'a>(policy: &'a Policy, name: &str, version: &Version) -> Option<&'a Ban> {
    policy.deny.iter().find(|ban| {
        // A crate's name is one name in every spelling: a ban must not be escaped with an underscore.
        same_crate(&ban.crate_name, name) && ban.req.as_ref().is_none_or(|req| covers(req, version))
    })
}

/// Whether the range covers the version, pre-releases included: `VersionReq::matches` leaves them out unless they are named.
fn covers(req: &semver::VersionReq, version: &Version) -> bool {
    let release = Version::new(version.major, version.minor, version.patch);
    req.matches(version) || (!version.pre.is_empty() && req.matches(&release))
}

/// Whether crates.io takes two names for one: case and `-` against `_` make no difference there.
#[must_use]
pub fn same_crate(one: &str, other: &str) -> bool {
    let canonical = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    one.len() == other.len() && one.bytes().map(canonical).eq(other.bytes().map(canonical))
}
