//! In what manifests and lock file disagree, and why that cannot be told, in words.

use super::duration::counted;
use super::{package_name, registry_name};
use crate::model::lock_proof::{Discord, Unproven};
use crate::model::manifest::{DependencySource, Unsupported};

/// How many packages one sentence names.
const NAMES: usize = 4;

/// One disagreement, without a full stop.
#[must_use]
pub fn discord(discord: &Discord) -> String {
    match discord {
        Discord::NotLocked { name, version, manifest } => format!("it does not have {name}@{version} of {manifest}"),
        Discord::Unanswered { by, name, req, from, instead } => {
            let asked = req.as_ref().map_or_else(|| name.to_string(), |req| format!("{name} {req}"));
            let there: Vec<String> = instead.iter().map(package_name).collect();
            let there =
                if there.is_empty() { String::new() } else { format!(" but {}", several_with(&there, NAMES, ", ")) };
            format!("{} asks {} for {asked}, and is not locked with it{there}", package_name(by), place(from))
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
            format!("it does not have {name} of {}, which the `[patch]` of {path} puts in", place(from))
        }
        Discord::PatchLeftOver(id) => {
            format!("it records {} as a `[patch]` without use, which it is not", package_name(id))
        }
    }
}

/// Why it cannot be told whether the lock file answers.
#[must_use]
pub fn unproven(why: &[Unproven], cause: Option<&str>) -> String {
    let why: Vec<String> = why.iter().map(reason).collect();
    let cause = cause.map(|cause| format!("; cargo was asked: {}", in_one_line(cause))).unwrap_or_default();
    format!("whether the lock file answers the manifests cannot be told: {}{cause}", several(&why, NAMES))
}

fn reason(why: &Unproven) -> String {
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

fn place(place: &DependencySource) -> String {
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
pub fn several(sentences: &[String], limit: usize) -> String {
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
pub fn in_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    lines.map(|line| line.strip_prefix("error: ").unwrap_or(line)).collect::<Vec<_>>().join(": ")
}
