//! What is known of a release, for the person who is about to exempt it, and what was then written.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::civil::Date;
use semver::Version;

use super::context::{Context, package_name};
use super::notice;
use super::print::{Tone, detail, help, line};
use super::reason::{cited, sentence};
use super::way_out::WayOut;
use super::words::{distance, eligible, few, moment};
use crate::model::package::PackageId;
use crate::model::verdict::{Basis, Reason, Reasons, Warning};

/// Everything that is shown of a release.
#[derive(Debug)]
pub(crate) struct ReleaseFacts<'a> {
    /// The release.
    pub id: &'a PackageId,
    /// Whether the lock file has it.
    pub locked: bool,
    /// When it was published.
    pub pubtime: Option<Timestamp>,
    /// What stands against it, approvals aside.
    pub reasons: Option<&'a Reasons>,
    /// What it stands on where nothing does.
    pub basis: Option<&'a Basis>,
    /// What is worth knowing.
    pub warnings: &'a [Warning],
    /// Every advisory that hits it.
    pub advisories: &'a [std::sync::Arc<str>],
    /// The shortest way to it from a workspace member.
    pub path: Vec<&'a str>,
    /// The packages that depend on it.
    pub dependents: Vec<String>,
    /// How its dependencies differ from an older release's.
    pub dependencies: Option<DependencyChange>,
}

/// How a release's dependencies differ from those of an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DependencyChange {
    /// The older release.
    pub since: Version,
    /// Dependencies that it did not have.
    pub added: Vec<String>,
    /// Dependencies that it had.
    pub removed: Vec<String>,
    /// Dependencies that it had with another requirement.
    pub changed: Vec<String>,
}

/// How many names one line holds before it counts the rest.
const NAMES: usize = 8;

/// Writes the facts.
///
/// # Errors
/// The writer's.
pub(crate) fn facts(facts: &ReleaseFacts<'_>, context: &Context<'_>, out: &mut impl Write) -> io::Result<()> {
    let place = if facts.locked { "" } else { ", which the lock file does not have" };
    line(out, Tone::Plain, "Release", &format!("{}{place}", package_name(facts.id)))?;
    if let Some(pubtime) = facts.pubtime {
        detail(out, Tone::Plain, "published", &format!("{} ({})", distance(context.now, pubtime), moment(pubtime)))?;
    }
    for reason in facts.reasons.into_iter().flatten() {
        detail(out, Tone::Bad, reason.code().as_str(), &sentence(reason, facts.id, context))?;
    }
    if let Some(basis) = facts.basis {
        detail(out, Tone::Good, "approved", &notice::basis(basis, context))?;
    }
    for warning in facts.warnings {
        detail(out, Tone::Caution, "warning", &notice::warning(warning, facts.id, context))?;
    }
    // What stands against it was told.
    let told = |id: &str| {
        let mut reasons = facts.reasons.into_iter().flatten();
        reasons.any(|reason| matches!(reason, Reason::Advisory { advisory, .. } if **advisory == *id))
    };
    for advisory in facts.advisories.iter().filter(|id| !told(id)) {
        detail(out, Tone::Plain, "advisory", &cited(advisory, facts.id, context))?;
    }
    if let Some(at) = facts.reasons.and_then(Reasons::eligible_at) {
        detail(out, Tone::Plain, "eligible", &eligible(context.now, at))?;
    }
    if facts.path.len() > 1 {
        detail(out, Tone::Plain, "path", &facts.path.join(" → "))?;
    }
    if !facts.dependents.is_empty() {
        detail(out, Tone::Plain, "needed by", &few(&facts.dependents, NAMES))?;
    }
    facts.dependencies.as_ref().map_or(Ok(()), |change| dependencies(change, out))
}

fn dependencies(change: &DependencyChange, out: &mut impl Write) -> io::Result<()> {
    let parts = [("adds", &change.added), ("drops", &change.removed), ("changed requirement:", &change.changed)];
    let told: Vec<_> = parts
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {}", few(names, NAMES)))
        .collect();
    let told = if told.is_empty() { "the same".to_owned() } else { told.join("; ") };
    detail(out, Tone::Plain, "dependencies", &format!("since {}: {told}", change.since))
}

/// Writes that no approval lifts some of the reasons.
///
/// # Errors
/// The writer's.
pub(crate) fn refused(what: &str, why: &str, way: &WayOut, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Bad, "Refused", &format!("{what}: {why}"))?;
    help(out, way)
}

/// Writes what was written into the policy: `Approved cc@1.2.3 in sequester.toml: lifts too-new, through 2026-12-22`.
///
/// # Errors
/// The writer's.
pub(crate) fn written(title: &str, text: &str, until: Option<Date>, out: &mut impl Write) -> io::Result<()> {
    let until = until.map(|until| format!(", through {until}")).unwrap_or_default();
    line(out, Tone::Good, title, &format!("{text}{until}"))
}

/// Writes under it what was said before and no longer counts: `replaces: through 2026-12-22: read the diff`.
///
/// # Errors
/// The writer's.
pub(crate) fn replaced(reason: &str, until: Option<Date>, out: &mut impl Write) -> io::Result<()> {
    let until = until.map(|until| format!("through {until}: ")).unwrap_or_default();
    detail(out, Tone::Plain, "replaces", &format!("{until}{reason}"))
}

/// Writes a remark in the same look.
///
/// # Errors
/// The writer's.
pub(crate) fn note(title: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Caution, title, text)
}
