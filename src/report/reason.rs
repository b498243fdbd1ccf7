//! Every reason in one plain sentence, without its full stop and with its facts.

use super::context::{Context, registry_name};
use super::finding;
use super::signal::{signal, subject};
use super::words::{distance, moment};
use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::finding::Alarm;
use crate::model::license::{LicenseGap, LicenseLack};
use crate::model::package::PackageId;
use crate::model::policy::Origin;
use crate::model::source::Source;
use crate::model::verdict::{Reason, ReasonCode, Witness};

/// What stands against the package `id`.
#[must_use]
pub(crate) fn sentence(reason: &Reason, id: &PackageId, context: &Context<'_>) -> String {
    let now = context.now;
    match reason {
        Reason::TooNew { pubtime, min_age, rule, fix, .. } => {
            let fix = fix.as_ref().map(|fix| format!(", for the security fix of {} {}", fix.advisory, fix.min_age));
            format!(
                "{} {} ({}); {} are held for {min_age} ({rule}){}",
                if *pubtime > now { "to be published" } else { "published" },
                distance(now, *pubtime),
                moment(*pubtime),
                held_releases(id, rule),
                fix.unwrap_or_default()
            )
        }
        Reason::NewCrate { first_published: Some(first), min_age, .. } => format!(
            "the crate itself is new: first published {} ({}); new crates are held for {min_age}",
            distance(now, *first),
            moment(*first)
        ),
        Reason::NewCrate { first_published: None, min_age, .. } => format!(
            "when the crate was first published cannot be told, so it counts as new; new crates are held for {min_age}"
        ),
        Reason::Signal { signal: found, eligible_at: Some(_) } => {
            format!("{}; such releases are held longer", signal(found, context))
        }
        Reason::Signal { signal: found, eligible_at: None } => {
            format!("{}; time does not lift this", signal(found, context))
        }
        Reason::Inspection { alarm, .. } => format!("{}; such releases are held longer", seen(alarm)),
        Reason::PubtimeUnknown { found: None } => "the index does not say when it was published".to_owned(),
        Reason::PubtimeUnknown { found: Some(found) } => {
            format!("the index gives a publication time that cannot be read: \"{found}\"")
        }
        Reason::PubtimeInFuture { pubtime, .. } => {
            format!("the index says that it will be published {}, at {}", distance(now, *pubtime), moment(*pubtime))
        }
        Reason::PubtimeChanged { recorded, found } => {
            let found = found.map_or_else(
                || "the index no longer says when it was published".to_owned(),
                |found| format!("the index now says that it was published at {}", moment(found)),
            );
            format!("{found}; the audit trail recorded {}", moment(*recorded))
        }
        Reason::ChecksumMismatch { locked, expected, witness } => {
            format!("the lock file has checksum {locked}, but the {} has {expected}", witness_name(*witness))
        }
        Reason::ChecksumMissing => "the lock file has no checksum for it, so its bytes cannot be checked".to_owned(),
        Reason::NotInIndex => "the registry does not have this release: it was removed, or never existed".to_owned(),
        Reason::IndexUnavailable => {
            "its index entry could not be had in this run, so nothing is known of it".to_owned()
        }
        Reason::IndexEntryUnreadable { cause } => format!("its index entry cannot be used: {cause}"),
        Reason::AdvisoryUnreadable { file, cause, .. } => {
            format!("an advisory about this crate cannot be read, so this release may be hit: {file}: {cause}")
        }
        Reason::Malicious { advisory } => {
            format!("made to do harm, says {}", cited(advisory, id, context))
        }
        Reason::Advisory { advisory, kind } => format!("{}: {}", kind_words(*kind), cited(advisory, id, context)),
        Reason::Yanked => "yanked from its registry, and the policy rejects yanked releases".to_owned(),
        Reason::SourceNotAllowed => source_not_allowed(&id.source),
        Reason::Denied { entry } => format!("on the policy's deny list: `{entry}`"),
        Reason::LicenseNotAllowed { expression, lack } => license(expression.as_deref(), lack),
        Reason::LicenseUnknown { gap } => match gap {
            LicenseGap::NotAtHand => "its licence is not known: no verified archive of it is at hand".to_owned(),
            LicenseGap::NotFetched(cause) => {
                format!("its licence is not known, because its archive could not be had: {cause}")
            }
            LicenseGap::Unreadable(cause) => {
                format!("its licence is not known, because its archive cannot be used: {cause}")
            }
        },
    }
}

/// What inside an archive holds its release: the first finding, and how many more there are.
fn seen(alarm: &Alarm) -> String {
    match alarm {
        Alarm::Findings { first, more } => {
            let (worst, rest) =
                (first.first().map(finding::line).unwrap_or_default(), first.len().saturating_sub(1) + more);
            let others = if rest == 0 { String::new() } else { format!(", and {rest} more") };
            format!("inside it stands out what honest releases hardly ever have: {worst}{others}")
        }
        Alarm::Unreadable { cause } => {
            format!("its archive is at hand and cannot be looked into: {cause}")
        }
    }
}

/// Why a licence is not allowed.
fn license(expression: Option<&str>, lack: &LicenseLack) -> String {
    match (lack, expression) {
        (LicenseLack::Unlisted { licenses }, Some(expression)) if *licenses == [expression] => {
            format!("its licence is not on the policy's list: `{expression}`")
        }
        (LicenseLack::Unlisted { licenses }, expression) => format!(
            "its licence `{}` asks for what is not on the policy's list: {}",
            expression.unwrap_or_default(),
            licenses.join(", ")
        ),
        (LicenseLack::Malformed { cause }, expression) => {
            format!("its licence is no SPDX expression: `{}`: {cause}", expression.unwrap_or_default())
        }
        (LicenseLack::FileAlone { path, digest: Some(_) }, _) => {
            format!("its manifest names no licence but a file, `{path}`, which only a person can judge")
        }
        (LicenseLack::FileAlone { path, digest: None }, _) => {
            format!("its manifest names no licence but a file, `{path}`, which the archive does not have")
        }
        (LicenseLack::Unstated, _) => {
            "its manifest states no licence, and the policy has a list of licences".to_owned()
        }
    }
}

/// The same as a clause: `it has a vulnerability: …`, to stand behind "because".
#[must_use]
pub(crate) fn clause(reason: &Reason, id: &PackageId, context: &Context<'_>) -> String {
    let begin = match reason {
        Reason::TooNew { .. } | Reason::Malicious { .. } | Reason::Yanked => "it was ",
        Reason::Denied { .. } => "it is ",
        Reason::Advisory { kind, .. } => match kind {
            AdvisoryKind::Vulnerability | AdvisoryKind::Notice => "it ",
            AdvisoryKind::Malicious => "it was ",
            AdvisoryKind::Unsound | AdvisoryKind::Unmaintained => "it is ",
        },
        Reason::Signal { signal, .. } => subject(signal),
        Reason::SourceNotAllowed
        | Reason::NewCrate { .. }
        | Reason::Inspection { .. }
        | Reason::PubtimeUnknown { .. }
        | Reason::PubtimeInFuture { .. }
        | Reason::PubtimeChanged { .. }
        | Reason::ChecksumMismatch { .. }
        | Reason::ChecksumMissing
        | Reason::NotInIndex
        | Reason::IndexUnavailable
        | Reason::IndexEntryUnreadable { .. }
        | Reason::AdvisoryUnreadable { .. }
        | Reason::LicenseNotAllowed { .. }
        | Reason::LicenseUnknown { .. } => "",
    };
    format!("{begin}{}", sentence(reason, id, context))
}

/// A reason as a rule: what it is, and what to do about it.
#[must_use]
pub(crate) const fn rule(code: ReasonCode) -> (&'static str, &'static str) {
    match code {
        ReasonCode::TooNew => (
            "The release was published too recently.",
            "Wait until it is eligible, use the newest approved release, or approve it after looking inside.",
        ),
        ReasonCode::NewCrate => (
            "The crate itself is too young.",
            "Wait until it is eligible, do without it, or approve the release after looking inside.",
        ),
        ReasonCode::Signal => (
            "Something about the release is known from takeovers and imitations of crates.",
            "Compare it with the release before it. Wait until it is eligible, or approve it after looking inside. What resembles another name no time lifts: use the crate that is meant, or approve it until a day.",
        ),
        ReasonCode::Inspection => (
            "Something inside the release stands out as honest releases hardly ever do.",
            "Look inside with `cargo sequester inspect`. Wait until it is eligible, or approve it after looking.",
        ),
        ReasonCode::PubtimeUnknown => (
            "The index does not say when the release was published, or not readably.",
            "Use another release, or approve this one after looking inside.",
        ),
        ReasonCode::PubtimeInFuture => (
            "The index says that the release will be published later than now.",
            "Check the machine's clock and the registry; no approval lifts this.",
        ),
        ReasonCode::PubtimeChanged => (
            "The publication time is not the one that the audit trail recorded.",
            "Ask the registry's operators; nothing lifts this.",
        ),
        ReasonCode::ChecksumMismatch => (
            "The lock file's checksum is not the one of the index or of the audit trail.",
            "Find out which change brought the checksum before building anything; nothing lifts this.",
        ),
        ReasonCode::ChecksumMissing => (
            "The lock file has no checksum for a package of a registry.",
            "Restore the checksum from a lock file that you trust.",
        ),
        ReasonCode::NotInIndex => {
            ("The registry does not have the release.", "Find out why it was removed, and use another release.")
        }
        ReasonCode::IndexUnavailable => {
            ("The release's index entry could not be had in this run.", "Run again with a network.")
        }
        ReasonCode::IndexEntryUnreadable => (
            "The release's index entry cannot be used.",
            "Use another release, or a version of this tool that reads the entry.",
        ),
        ReasonCode::AdvisoryUnreadable => (
            "An advisory about the crate could not be read, so the release may be hit.",
            "Get the advisory database anew.",
        ),
        ReasonCode::Malicious => (
            "An advisory says that the release was made to do harm.",
            "Remove it. Where it was built, its code may have run. Nothing lifts this.",
        ),
        ReasonCode::Advisory => (
            "An advisory hits the release.",
            "Move to a release that mends it. The policy can ignore an advisory until a date, with a reason.",
        ),
        ReasonCode::Yanked => (
            "The release is yanked from its registry.",
            "Look for an approved release. Do not move to one that is not approved: yanks have been used to push users to harm.",
        ),
        ReasonCode::SourceNotAllowed => (
            "The package comes from a place that the policy does not allow.",
            "Name the source in the policy, or take the package from an allowed one.",
        ),
        ReasonCode::Denied => ("The policy denies the package.", "Remove the package, or change the policy."),
        ReasonCode::LicenseNotAllowed => (
            "The package's licence is not on the policy's list.",
            "Replace the package, allow its licence in the policy, or approve the release.",
        ),
        ReasonCode::LicenseUnknown => (
            "The policy judges licences, and that of the package is not known.",
            "Let the audit look into the package's archive: cargo sequester audit --fetch",
        ),
    }
}

/// An advisory with its title and address, where they are known: `RUSTSEC-2026-0001 "title" (https://…)`.
#[must_use]
pub(crate) fn cited(advisory: &str, id: &PackageId, context: &Context<'_>) -> String {
    match context.advisory(&id.name, advisory) {
        None => advisory.to_owned(),
        Some(known) => {
            let url = known.url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
            let platforms = platforms(known).map(|only| format!(", {only}")).unwrap_or_default();
            format!("{advisory} \"{}\"{url}{platforms}", known.title.trim_end_matches('.'))
        }
    }
}

/// The platforms that an advisory is limited to: `only on windows, linux; only on x86`. `None` where it is not.
#[must_use]
pub(crate) fn platforms(advisory: &Advisory) -> Option<String> {
    let lists = [&advisory.os, &advisory.arch].into_iter().filter(|list| !list.is_empty());
    let only: Vec<String> = lists.map(|list| format!("only on {}", list.join(" or "))).collect();
    (!only.is_empty()).then(|| only.join(", "))
}

/// What an advisory of this kind says of the release.
#[must_use]
pub(crate) const fn kind_words(kind: AdvisoryKind) -> &'static str {
    match kind {
        AdvisoryKind::Malicious => "made to do harm",
        AdvisoryKind::Vulnerability => "has a vulnerability",
        AdvisoryKind::Unsound => "unsound",
        AdvisoryKind::Unmaintained => "unmaintained",
        AdvisoryKind::Notice => "has a notice",
    }
}

const fn witness_name(witness: Witness) -> &'static str {
    match witness {
        Witness::Index => "index",
        Witness::Trail => "audit trail",
    }
}

/// Whose releases an age is about: an override names crates, everything else holds for a whole registry.
fn held_releases(id: &PackageId, rule: &Origin) -> String {
    match (rule, &id.source) {
        (Origin::File { key, .. }, _) if key.starts_with("override") => format!("releases of {}", id.name),
        (_, Source::Registry(registry)) => format!("releases of {}", registry_name(registry)),
        (_, Source::Local | Source::Git(_) | Source::Other(_)) => "releases".to_owned(),
    }
}

fn source_not_allowed(source: &Source) -> String {
    match source {
        Source::Git(git) => {
            let commit = git
                .commit
                .as_ref()
                .map_or_else(|| ", at no locked commit".to_owned(), |commit| format!(", commit {commit}"));
            format!("from a git repository that the policy does not allow: {}{commit}", git.url)
        }
        Source::Registry(registry) => {
            format!("from a registry that the policy does not name, and that was not asked about it: {registry}")
        }
        Source::Other(text) => format!("from a kind of source that is never approved: {text}"),
        Source::Local => "from a folder that the policy does not allow".to_owned(),
    }
}
