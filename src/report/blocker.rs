//! Why a run could not decide, in words, and what can be done about it.

use super::context::{Context, package_name, registry_name};
use super::notice::{trail_finding, trail_problem, whole_trail_help};
use super::way_out::WayOut;
use super::words::{counted, distance, few, moment, span};
use crate::model::evaluation::{Blocker, IndexGap};
use crate::model::lock_proof::{Discord, Unproven};
use crate::model::manifest::{DependencySource, Unsupported};
use crate::model::package::PackageId;
use crate::model::policy::{JudgedBy, RUSTSEC_DB};
use crate::model::source::{Registry, Source};
use crate::model::trail::TrailFinding;

/// Blockers that say the same of several packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// What stands in the way, without its full stop.
    pub message: String,
    /// What can be done.
    pub help: WayOut,
}

/// How many packages one line names before it counts the rest.
const NAMES: usize = 8;

/// Every blocker, those about the index of several packages joined: a machine without a network would have one for each package.
#[must_use]
pub(crate) fn groups(blockers: &[Blocker], context: &Context<'_>) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut gaps: Vec<(&IndexGap, usize, Vec<String>)> = Vec::new();
    let mut discords: Vec<String> = Vec::new();
    for blocker in blockers {
        if let Blocker::LockOutdated(discord) = blocker {
            if discords.is_empty() {
                groups.push(Group { message: message(blocker, context), help: help(blocker, context) });
            }
            discords.push(disagreement(discord));
            continue;
        }
        let Blocker::IndexUnavailable { package, cause } = blocker else {
            groups.push(Group { message: message(blocker, context), help: help(blocker, context) });
            continue;
        };
        if let Some((_, _, names)) = gaps.iter_mut().find(|(known, ..)| *known == cause) {
            names.push(package_name(package));
            continue;
        }
        gaps.push((cause, groups.len(), vec![package_name(package)]));
        groups.push(Group { message: message(blocker, context), help: help(blocker, context) });
    }
    let outdated = "the lock file does not answer the manifests: ";
    if let Some(group) = groups.iter_mut().find(|group| group.message.starts_with(outdated)) {
        group.message = format!("{outdated}{}", several(&discords, NAMES));
    }
    for (cause, position, names) in gaps {
        if let (2.., Some(group)) = (names.len(), groups.get_mut(position)) {
            group.message = format!(
                "the index entries of {} packages {}: {}",
                names.len(),
                gap(cause, names.len()),
                few(&names, NAMES)
            );
        }
    }
    groups
}

/// Whether cargo refuses for something that no other lock file mends, such as a folder that a manifest names and that is not there.
pub(super) fn is_amiss(words: &str) -> bool {
    words.contains("failed to load source for dependency")
}

/// What there is to do then.
pub(super) const MEND_AMISS: &str = "mend what cargo names";

/// What there is to do where cargo does not describe the workspace.
pub(super) const MEND_WORKSPACE: &str = "mend what cargo names (`cargo metadata --no-deps` must succeed)";

/// That cargo does not describe the workspace, in cargo's words.
pub(super) fn workspace_unread(cause: &str) -> String {
    format!("cargo cannot describe the workspace: {}", cause.strip_prefix("error: ").unwrap_or(cause))
}

/// One blocker in a sentence.
#[must_use]
pub(crate) fn message(blocker: &Blocker, context: &Context<'_>) -> String {
    let now = context.now;
    match blocker {
        Blocker::WorkspaceUnread { cause } => workspace_unread(cause),
        // Most causes name the source themselves.
        Blocker::AdvisoriesUnavailable { source, cause } if cause.contains(source.as_str()) => {
            format!("there are no advisories to judge by: {cause}")
        }
        Blocker::AdvisoriesUnavailable { source, cause } => {
            format!("there are no advisories to judge by: {source}: {cause}")
        }
        Blocker::AdvisoriesStale { source, since: Some(since), limit, confirmed: true } => format!(
            "the advisories of {source} were last confirmed at their origin {} ({}); {limit} is the limit",
            distance(now, *since),
            moment(*since)
        ),
        Blocker::AdvisoriesStale { source, since: Some(since), limit, confirmed: false } => format!(
            "nobody confirmed the copy of the advisories in {source}, and it dates from {} ({}); {limit} is the limit",
            moment(*since),
            distance(now, *since)
        ),
        Blocker::AdvisoriesStale { source, since: None, .. } => {
            format!("how old the advisories in {source} are cannot be told")
        }
        Blocker::AdvisoriesRolledBack { source, commit, seen } => {
            let commit =
                commit.as_ref().map_or_else(|| "the copy read now".to_owned(), |commit| format!("commit {commit}"));
            format!(
                "the advisories of {source} went back in time: {commit} is older than {seen}, which was seen before"
            )
        }
        Blocker::IndexUnavailable { package, cause } => {
            format!("the index entry of {} {}", package_name(package), gap(cause, 1))
        }
        Blocker::MirrorNotAllowed { registry, by, origin } => {
            format!("{} is replaced by {by} ({origin}), which the policy does not allow", registry_name(registry))
        }
        Blocker::ClockSkew { machine, registry } => format!(
            "the machine's clock says {}, the registry's {}: {} apart",
            moment(*machine),
            moment(*registry),
            span(machine.as_second().abs_diff(registry.as_second()))
        ),
        Blocker::TrailBroken(problem) => {
            format!("the audit trail is not whole: {}: {}", problem.file, trail_problem(&problem.kind))
        }
        Blocker::LockOutdated(discord) => {
            format!("the lock file does not answer the manifests: {}", disagreement(discord))
        }
        Blocker::LockRefused { words } => {
            format!("cargo does not take the lock file as it is: {}", in_one_line(words))
        }
        Blocker::LockUnproven { why, cause } => unproven(why, cause.as_deref()),
        Blocker::Trail(finding) => trail_finding(finding),
    }
}

/// The package that a blocker is about.
#[must_use]
pub(crate) const fn package(blocker: &Blocker) -> Option<&PackageId> {
    match blocker {
        Blocker::IndexUnavailable { package, .. } => Some(package),
        Blocker::LockOutdated(discord) => discord.package(),
        Blocker::WorkspaceUnread { .. }
        | Blocker::AdvisoriesUnavailable { .. }
        | Blocker::LockRefused { .. }
        | Blocker::LockUnproven { .. }
        | Blocker::AdvisoriesStale { .. }
        | Blocker::AdvisoriesRolledBack { .. }
        | Blocker::MirrorNotAllowed { .. }
        | Blocker::ClockSkew { .. }
        | Blocker::TrailBroken(_)
        | Blocker::Trail(_) => None,
    }
}

/// What can be done about it, in one line.
#[must_use]
pub(crate) fn help(blocker: &Blocker, context: &Context<'_>) -> WayOut {
    match blocker {
        Blocker::WorkspaceUnread { .. } => {
            // Only what looks can do with a lock file alone.
            let looks = matches!(context.situation.verb.as_str(), "audit" | "status" | "explain");
            let alone = if looks { context.command(&context.situation.verb, "--lockfile Cargo.lock") } else { None };
            match alone.filter(|_| context.situation.verb != "explain") {
                Some(command) => WayOut::to(format!("{MEND_WORKSPACE}, or judge a lock file alone"), command),
                None => WayOut::words(MEND_WORKSPACE),
            }
        }
        Blocker::AdvisoriesUnavailable { .. } | Blocker::AdvisoriesStale { confirmed: true, .. }
            if context.situation.is_offline() =>
        {
            online(context)
        }
        Blocker::AdvisoriesUnavailable { .. } if context.situation.gave("advisory-db") => {
            WayOut::words("check what --advisory-db names, and the network")
        }
        Blocker::AdvisoriesUnavailable { .. } => WayOut::words(
            "check the network, and `db` under [advisories] of the policy; or give a copy by --advisory-db PATH",
        ),
        Blocker::AdvisoriesStale { confirmed: true, source, .. } => {
            WayOut::words(format!("run again when {source} can be reached, so that they can be confirmed"))
        }
        Blocker::AdvisoriesStale { confirmed: false, .. } => WayOut::to(
            "take them from their origin",
            context.again(&["advisory-db", "offline", "frozen"], &format!("--advisory-db {RUSTSEC_DB}")),
        ),
        Blocker::AdvisoriesRolledBack { .. } => {
            WayOut::words("find out why the origin serves an older state before trusting it; a newer one ends this")
        }
        Blocker::IndexUnavailable { package, cause } => gap_help(cause, package, context),
        // There is none to add it to, and what `init` writes has it.
        Blocker::MirrorNotAllowed { .. } if matches!(context.judged_by, JudgedBy::Defaults) => WayOut::to_or(
            "remove that setting; or, to allow the mirror, write a policy that has it",
            context.command("init", ""),
        ),
        Blocker::MirrorNotAllowed { by, .. } => {
            let by = Registry::meant(by).map_or_else(|_| by.clone(), |registry| registry.to_string());
            WayOut::edit(
                "remove that setting; or, to allow the mirror, add to `mirrors` under [sources] of the policy",
                super::cure::toml_string(&by),
            )
        }
        Blocker::ClockSkew { .. } | Blocker::Trail(TrailFinding::ClockBehindTrail { .. }) => {
            WayOut::words("set the machine's clock right and run again")
        }
        Blocker::LockRefused { words } if is_amiss(words) => WayOut::words(MEND_AMISS),
        Blocker::LockOutdated(_) | Blocker::LockRefused { .. } => match context.command("update", "--workspace") {
            Some(command) => WayOut::run(command),
            None => WayOut::words("have cargo complete the lock file"),
        },
        Blocker::LockUnproven { .. } => WayOut::words("see whether `cargo update --workspace --locked` takes it"),
        Blocker::TrailBroken(_) => WayOut::words(whole_trail_help()),
        Blocker::Trail(_) => {
            WayOut::words("run again; if it stays, ask the registry's operators why releases that were there are gone")
        }
    }
}

/// The same run with the network, which it was told to leave alone.
fn online(context: &Context<'_>) -> WayOut {
    WayOut::to("ask the network", context.again(&["offline", "frozen"], ""))
}

/// Why there is no index entry, or why there are not so many, in words that follow "the index entry" or "entries".
#[must_use]
pub(crate) fn gap(gap: &IndexGap, entries: usize) -> String {
    let (was, copy) = if entries == 1 { ("was", "is a copy") } else { ("were", "are copies") };
    match gap {
        IndexGap::NotCached => "could not be had: offline, and not in cargo's cache".to_owned(),
        IndexGap::NotInCachedEntry => {
            "could not be had: offline, and cargo's cache does not have the version".to_owned()
        }
        IndexGap::Unconfirmed => format!("{copy} in cargo's cache that the registry did not send in this run"),
        IndexGap::GitIndex => "could not be had: a git index that is not in cargo's cache".to_owned(),
        IndexGap::BadName => "cannot exist: no registry allows such a name".to_owned(),
        IndexGap::Failed(cause) | IndexGap::Denied(cause) | IndexGap::Forbidden(cause) => {
            format!("could not be had: {cause}")
        }
        IndexGap::Refused => {
            format!("{was} not asked for: the registry is replaced by one that the policy does not allow")
        }
        IndexGap::NotNamed => format!("{was} not asked for: the policy does not name the registry"),
    }
}

fn gap_help(gap: &IndexGap, package: &PackageId, context: &Context<'_>) -> WayOut {
    match gap {
        IndexGap::NotCached | IndexGap::NotInCachedEntry | IndexGap::Unconfirmed if context.situation.is_offline() => {
            online(context)
        }
        IndexGap::NotCached | IndexGap::NotInCachedEntry => WayOut::words("run again where its registry can be asked"),
        IndexGap::Unconfirmed => WayOut::words("where the registry has a git index, name its sparse index instead"),
        IndexGap::GitIndex => WayOut::to("let cargo fill its cache of that index", "cargo update --dry-run".to_owned()),
        IndexGap::BadName => WayOut::words("restore the lock file from a state that you trust"),
        IndexGap::Failed(_) => WayOut::words("check the network and the registry, and run again"),
        IndexGap::Forbidden(_) => WayOut::words("ask who runs the registry, or what stands before it: it said why"),
        IndexGap::Denied(_) => WayOut::words(
            "give cargo a token for it (`cargo login`, with `--registry` and its name), or ask who runs the registry",
        ),
        IndexGap::Refused => WayOut::words("mend what is said of the registry that is replaced"),
        IndexGap::NotNamed => match &package.source {
            Source::Registry(registry) => super::cure::named_registry(registry, "the policy"),
            Source::Local | Source::Git(_) | Source::Other(_) => WayOut::words("name the registry in the policy"),
        },
    }
}

/// How many packages one sentence names.
const PACKAGES: usize = 4;

/// One disagreement, without a full stop.
#[must_use]
pub(crate) fn disagreement(discord: &Discord) -> String {
    match discord {
        Discord::NotLocked { name, version, manifest } => format!("it does not have {name}@{version} of {manifest}"),
        Discord::Unanswered { by, name, req, from, instead } => {
            let asked = req.as_ref().map_or_else(|| name.to_string(), |req| format!("{name} {req}"));
            let there: Vec<String> = instead.iter().map(package_name).collect();
            let there =
                if there.is_empty() { String::new() } else { format!(" but {}", several_with(&there, PACKAGES, ", ")) };
            format!(
                "{} asks {} for {asked}, and is not locked with it{there}",
                package_name(by),
                dependency_source(from)
            )
        }
        Discord::Unasked { by, on } => {
            format!("{} is locked with {}, which it does not ask for", package_name(by), package_name(on))
        }
        Discord::Unreached(id) => format!("nothing asks for {}", package_name(id)),
        Discord::Unexplained(id) => format!("{} has no source, and no manifest is its own", package_name(id)),
        Discord::NoFeature { by, of, feature } if by == of => {
            format!("the feature `{feature}` of {} is not there, or turns itself on", package_name(of))
        }
        Discord::NoFeature { by, of, feature } => {
            format!(
                "{} asks {} for the feature `{feature}`, which it does not have",
                package_name(by),
                package_name(of)
            )
        }
        Discord::SameLine { one, other } => {
            format!("{} and {} cannot both be built: they are compatible", package_name(one), package_name(other))
        }
        Discord::SameLinks { links, one, other } => {
            format!("{} and {} cannot both be built: they link `{links}`", package_name(one), package_name(other))
        }
        Discord::Circle(id) => format!("{} depends on itself", package_name(id)),
        Discord::PatchNotLocked { name, from, path } => {
            format!("it does not have {name} of {}, which the `[patch]` of {path} puts in", dependency_source(from))
        }
        Discord::PatchLeftOver(id) => {
            format!("it records {} as a `[patch]` without use, which it is not", package_name(id))
        }
        Discord::ChecksumsDropped => String::from(
            "it has checksums in `[metadata]`, as format 1 has them, and is of a later format, so that cargo drops all of its checksums",
        ),
    }
}

/// Why it cannot be told whether the lock file answers.
#[must_use]
pub(crate) fn unproven(why: &[Unproven], cause: Option<&str>) -> String {
    let why: Vec<String> = why.iter().map(cannot_prove).collect();
    let cause = cause.map(|cause| format!("; cargo was asked: {}", in_one_line(cause))).unwrap_or_default();
    format!("whether the lock file answers the manifests cannot be told: {}{cause}", several(&why, PACKAGES))
}

fn cannot_prove(why: &Unproven) -> String {
    match why {
        Unproven::Unfollowed(one) => format!("{}: {}", one.path, unsupported(one.what, &one.key)),
        Unproven::Unread { path, problem } => format!("{path}: {problem}"),
        Unproven::TwoManifests { name, one, other } => format!("{one} and {other} are both {name} of one version"),
        Unproven::NoLine(id) => format!("the index line of {} could not be had", package_name(id)),
        Unproven::NoManifest(id) => format!("the manifest of {} is not at hand", package_name(id)),
        Unproven::OddFeature { of, feature } => {
            format!("the feature `{feature}` of {} turns on what the package does not have", package_name(of))
        }
        Unproven::OddPatch { name, path } => format!("{path}: cargo does not take the `[patch]` of {name}"),
    }
}

fn unsupported(what: Unsupported, key: &str) -> String {
    match what {
        Unsupported::CargoFeatures => format!("`{key}` is for nightly cargo"),
        Unsupported::Artifact => format!("`{key}` is a dependency on an artifact"),
        Unsupported::PathBase => format!("`{key}` has a named base folder"),
        Unsupported::Replace | Unsupported::PathOverrides => format!("`{key}` puts other packages in"),
        Unsupported::SamePatches => format!("`{key}` patches a source that another table patches too"),
        Unsupported::Address => format!("`{key}` has an address that is not compared"),
        Unsupported::TooMany => "more manifests than are read".to_owned(),
    }
}

fn dependency_source(place: &DependencySource) -> String {
    match place {
        DependencySource::Registry(registry) => registry_name(registry),
        DependencySource::Git { url, reference } => match reference.setting() {
            Some((key, value)) => format!("{url} ({key} {value})"),
            None => url.clone(),
        },
        DependencySource::Path(folder) => folder.to_string(),
    }
}

/// The first of several sentences, and how many more there are.
#[must_use]
pub(crate) fn several(sentences: &[String], limit: usize) -> String {
    several_with(sentences, limit, "; ")
}

fn several_with(sentences: &[String], limit: usize, separator: &str) -> String {
    let shown = sentences.get(..limit.min(sentences.len())).unwrap_or_default().join(separator);
    match sentences.len().saturating_sub(limit) {
        0 => shown,
        more => format!("{shown}{separator}and {}", counted(more, "other")),
    }
}

/// Cargo's error and its causes, as one sentence.
#[must_use]
pub(crate) fn in_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    lines.map(|line| line.strip_prefix("error: ").unwrap_or(line)).collect::<Vec<_>>().join(": ")
}
