//! What a base tells of a package that nobody can see: for each rule of [`stand_as_before`] a change in which nothing else stands in the way.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;

use semver::Version;

use super::{Question, Told, stand_as_before};
use crate::model::index_line::DependencyKind;
use crate::model::manifest::{Declared, DependencySource, Manifest, Manifests, Patch};
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::source::{GitReference, GitSource, Registry, Source};

const TOOL: &str = "tool 0.1.0";

/// One state of a project: `app`, what its lock file has, and what is told of that. Nothing is told of `tool`, which git has; `leaf` can
/// need `under`, and nothing else needs anything but `app`.
#[derive(Clone)]
struct State {
    manifests: Manifests,
    packages: Vec<Package>,
    told: Vec<Told>,
}

impl State {
    /// Packages by name and version, each with those that it is locked with; the first is `app`, which asks for what it is locked with.
    fn new(locked: &[(&str, &[&str])]) -> Self {
        let at = |text: &&str| locked.iter().position(|(other, _)| other == text).unwrap();
        let packages: Vec<Package> = locked
            .iter()
            .map(|(text, on)| Package {
                id: id(text),
                checksum: LockedChecksum::Missing,
                dependencies: on.iter().map(at).collect(),
                local: None,
            })
            .collect();
        let needs = locked[0].1.iter().map(|text| declared(text)).collect();
        let app = Manifest { member: true, ..manifest("app", needs) };
        let told = locked.iter().map(|(text, _)| match *text {
            TOOL => Told::Nothing,
            _ if text.starts_with("leaf") => {
                let under = Declared { optional: true, ..declared("under 1.0.0") };
                Told::Manifest(Box::new(manifest("leaf", vec![under])))
            }
            _ => Told::Manifest(Box::new(manifest("any", Vec::new()))),
        });
        Self { manifests: Manifests { packages: vec![app], ..Manifests::default() }, packages, told: told.collect() }
    }

    fn question(&self) -> Question<'_> {
        let Self { manifests, packages, told } = self;
        Question { manifests, packages, unused_patches: &[], version: 4, told }
    }

    fn stands_as(&self, base: &Self) -> bool {
        stand_as_before(&self.question(), &base.question(), &[id(TOOL)])
    }

    /// What `app` asks for, from the first on.
    fn needs(&mut self) -> &mut Vec<Declared> {
        &mut self.manifests.packages[0].dependencies
    }
}

fn git() -> GitSource {
    GitSource { url: "https://git.example/tool".into(), reference: None, commit: Some("0123456789abcdef".into()) }
}

fn id(text: &str) -> PackageId {
    let (name, version) = text.split_once(' ').unwrap();
    let source = match name {
        "app" => Source::Local,
        "tool" => Source::Git(git()),
        _ => Source::Registry(Registry::CratesIo),
    };
    PackageId { name: name.into(), version: Version::parse(version).unwrap(), source }
}

fn declared(text: &str) -> Declared {
    let PackageId { name, version, source } = id(text);
    let from = match source {
        Source::Git(git) => DependencySource::Git { url: git.url.to_string(), reference: GitReference::DefaultBranch },
        Source::Local | Source::Registry(_) | Source::Other(_) => DependencySource::Registry(Registry::CratesIo),
    };
    Declared {
        key: name.to_string(),
        name,
        req: Some(format!("={version}").parse().unwrap()),
        from,
        kind: DependencyKind::Normal,
        optional: false,
        features: Vec::new(),
        default_features: true,
    }
}

fn manifest(name: &str, dependencies: Vec<Declared>) -> Manifest {
    Manifest {
        path: format!("/project/{name}/Cargo.toml").into(),
        name: name.into(),
        version: Version::new(0, 1, 0),
        member: false,
        links: None,
        dependencies,
        lines: Vec::new(),
        features: BTreeMap::new(),
        unfollowed: Vec::new(),
    }
}

/// `tool` leads to `leaf`, which it can make need `under`; `app` asks for `other` itself.
fn base() -> State {
    State::new(&[
        ("app 0.1.0", &[TOOL, "other 1.0.0"]),
        (TOOL, &["leaf 1.0.0"]),
        ("leaf 1.0.0", &["under 1.0.0"]),
        ("under 1.0.0", &[]),
        ("other 1.0.0", &[]),
    ])
}

#[test]
fn what_is_as_it_was_stands() {
    assert!(base().stands_as(&base()));
}

#[test]
fn what_only_known_manifests_ask_may_differ() {
    let mut head = base();
    head.needs().pop();
    assert!(head.stands_as(&base()));
}

#[test]
fn folders_must_be_those_of_the_base() {
    let mut head = base();
    head.manifests.packages.push(manifest("in", Vec::new()));
    assert!(!head.stands_as(&base()));
    // One that a member was made of.
    let mut member = head.clone();
    member.manifests.packages[1].member = true;
    assert!(!member.stands_as(&head));
    // A way to one where there was none.
    let mut way = head.clone();
    way.needs()[1].from = DependencySource::Path("/project/in".into());
    assert!(!way.stands_as(&head));
}

#[test]
fn patches_must_be_those_of_the_base() {
    let mut head = base();
    head.manifests.patches.push(Patch {
        of: "https://git.example/another".to_owned(),
        with: declared("other 1.0.0"),
        path: "/project/Cargo.toml".into(),
    });
    assert!(!head.stands_as(&base()));
}

#[test]
fn the_unseen_leads_to_what_it_led_to() {
    let mut head = base();
    head.packages[1].dependencies.push(4);
    assert!(!head.stands_as(&base()), "to a package more that the base has too");
    let mut head = base();
    head.packages[1].dependencies.clear();
    assert!(!head.stands_as(&base()), "to one less");
}

#[test]
fn the_unseen_is_asked_for_what_it_was_asked_for() {
    let mut head = base();
    head.needs()[0].features.push("more".to_owned());
    assert!(!head.stands_as(&base()));
    // For nothing at all where nobody asked, though it was locked: what it needs is then not known from there either.
    let mut before = base();
    before.needs().remove(0);
    let mut head = base();
    head.needs()[0].default_features = false;
    assert!(!head.stands_as(&before));
}

#[test]
fn below_the_unseen_each_release_keeps_what_that_release_had() {
    let with = |leaf: &'static [&'static str]| {
        State::new(&[
            ("app 0.1.0", &[TOOL]),
            (TOOL, &["leaf 1.0.0", "leaf 2.0.0"]),
            ("leaf 1.0.0", leaf),
            ("leaf 2.0.0", &[]),
            ("under 1.0.0", &[]),
        ])
    };
    let base = with(&["under 1.0.0"]);
    assert!(base.stands_as(&base), "the other release never had it");
    assert!(!with(&[]).stands_as(&base), "that the other release does not have it says nothing of this one");
    assert!(base.stands_as(&with(&[])), "more than before was judged as any other");
}
