//! Locked releases that their registry does not have any more: it removed them, or the whole crate.
//!
//! Cargo resolves nothing beside a locked release of which it finds no line, not even a removal. So one that may stay is shown to it as a
//! yanked release, by what the lock file knows: where its dependencies are, from there upwards within what is compatible; and as having
//! every feature that is asked of it.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde_json::json;

use super::graph::{Graph, asked_for, requirements_of};
use crate::model::evaluation::Evaluation;
use crate::model::facts::Facts;
use crate::model::package::{CrateId, LockedChecksum, Package};
use crate::model::resolution::{Hidden, HiddenBecause};
use crate::model::source::Registry;
use crate::model::verdict::{ReasonCode, Reasons};

/// A locked release without a line in its registry's index.
#[derive(Clone, Debug)]
pub(crate) struct Deleted {
    /// Why it is not approved.
    pub hidden: Hidden,
    /// The line by which cargo leaves it where it is, without its end.
    pub line: Vec<u8>,
}

/// The locked releases that their registry does not have any more, by their crate.
#[must_use]
pub(crate) fn deleted(facts: &Facts, evaluation: &Evaluation) -> BTreeMap<CrateId, Vec<Deleted>> {
    let graph = Graph::new(&facts.packages);
    let mut all: BTreeMap<CrateId, Vec<Deleted>> = BTreeMap::new();
    for (at, (package, judgement)) in facts.packages.iter().zip(&evaluation.judgements).enumerate() {
        let is_gone = |reasons: &&Reasons| reasons.iter().any(|reason| reason.code() == ReasonCode::NotInIndex);
        let (Some(id), Some(reasons)) = (package.id.crate_id(), judgement.reasons().filter(is_gone)) else { continue };
        let because = HiddenBecause::Reasons(reasons.clone());
        let hidden = Hidden { version: package.id.version.clone(), pubtime: None, because };
        if let Some(line) = line(facts, &graph, at, &id) {
            all.entry(id).or_default().push(Deleted { hidden, line });
        }
    }
    all
}

fn line(facts: &Facts, graph: &Graph, at: usize, id: &CrateId) -> Option<Vec<u8>> {
    let package = facts.packages.get(at)?;
    let LockedChecksum::Known(checksum) = &package.checksum else { return None };
    let dependencies = package.dependencies.iter().filter_map(|at| dependency(facts.packages.get(*at)?, &id.registry));
    let line = json!({
        "name": &*id.name,
        "vers": package.id.version.to_string(),
        "deps": dependencies.collect::<Vec<_>>(),
        "cksum": checksum.to_string(),
        "features": asked_features(facts, graph, at).into_iter().map(|name| (name, json!([]))).collect::<serde_json::Map<_, _>>(),
        "yanked": true,
    });
    Some(line.to_string().into_bytes())
}

/// `None` for a package that no release of a registry can depend on.
fn dependency(on: &Package, from: &Registry) -> Option<serde_json::Value> {
    let id = on.id.crate_id()?;
    let registry = match &id.registry {
        same if same == from => None,
        Registry::Sparse(url) => Some(format!("sparse+{url}")),
        Registry::CratesIo => Some(id.registry.to_string().trim_start_matches("registry+").to_owned()),
        Registry::Git(url) => Some(url.to_string()),
    };
    Some(json!({
        "name": &*id.name,
        "req": format!("^{}", without_build(&on.id.version)),
        "features": [],
        "optional": false,
        "default_features": true,
        "target": null,
        "kind": "normal",
        "registry": registry,
    }))
}

fn without_build(version: &Version) -> Version {
    Version { build: semver::BuildMetadata::EMPTY, ..version.clone() }
}

/// Every feature that a dependent in the lock file asks of it.
fn asked_features(facts: &Facts, graph: &Graph, at: usize) -> BTreeSet<String> {
    let Some(package) = facts.packages.get(at) else { return BTreeSet::new() };
    let mut features = BTreeSet::new();
    for dependent in graph.dependents(at) {
        let asked = requirements_of(facts, *dependent).unwrap_or_default();
        let of_it = asked.into_iter().filter(|requirement| asked_for(package, requirement) == package.id.crate_id());
        features.extend(of_it.flat_map(|requirement| requirement.features));
    }
    features
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::dependency;
    use crate::model::source::{Registry, Source};
    use crate::policy::by_hand::{elsewhere, package};

    /// As the index of a registry writes it: its own crates without an address.
    #[test]
    fn a_dependency_names_its_registry_where_that_is_another() {
        let registry = |on: &Registry, from: &Registry| {
            let mut foo = package("foo", "1.0.0");
            foo.id.source = Source::Registry(on.clone());
            dependency(&foo, from).map(|line| line["registry"].clone())
        };
        let (own, other) = (Registry::CratesIo, elsewhere("foo").registry);
        let git = Registry::Git("https://git.example.org/index".into());
        for same in [&own, &other, &git] {
            assert_eq!(registry(same, same), Some(Value::Null));
        }
        let address = |text: &str| Some(Value::from(text));
        assert_eq!(registry(&other, &own), address("sparse+https://crates.example.org/index/"));
        assert_eq!(registry(&own, &other), address("https://github.com/rust-lang/crates.io-index"));
        assert_eq!(registry(&git, &own), address("https://git.example.org/index"));
    }
}
