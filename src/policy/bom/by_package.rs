//! What a bill of materials says of one package: its licence, the decision, and by which requirement it is there.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;

use super::{Content, Events, Known, decision, edges, stated};
use crate::model::approval::Approval;
use crate::model::bom::{Decision, License};
use crate::model::checksum::Checksum;
use crate::model::evaluation::{Blocker, Evaluation};
use crate::model::index_line::DependencyKind;
use crate::model::license::{Clarification, LicenseFile, LicensePolicy, LicenseStatement, ReleasesOf};
use crate::model::manifest::About;
use crate::model::source::{Registry, Source};
use crate::model::trail::Trail;
use crate::model::verdict::{Basis, Exemption, Verdict};
use crate::policy::by_hand::{World, checksum, days_ago, elsewhere, judgement, line, now, package, version};
use crate::policy::evaluate;

fn known<T>(world: &World, evaluation: &Evaluation, ask: impl Fn(&Known<'_>) -> T) -> T {
    ask(&Known {
        facts: &world.facts,
        evaluation,
        fixes: evaluation,
        approvals: &world.approvals,
        licenses: &world.policy.licenses,
        trail: &Trail::default(),
        contents: &[],
        own: &BTreeMap::new(),
        by_default: None,
        downloads: &BTreeMap::new(),
    })
}

#[test]
fn a_licence_is_stated_in_the_words_of_the_specification_beside_its_own() {
    let stated = |text: &str| {
        let about = About { license: Some(text.to_owned()), ..About::default() };
        let content = Content { about, statement: None, sha512: None, manifest: None };
        stated(&LicensePolicy::default(), &package("foo", "1.0.0"), Some(&content))
    };
    let declared = |expression: &str, written: Option<&str>| License::Declared {
        expression: expression.to_owned(),
        written: written.map(str::to_owned),
    };
    assert_eq!(stated("MIT"), declared("MIT", None));
    assert_eq!(stated("MIT/Apache-2.0"), declared("MIT OR Apache-2.0", Some("MIT/Apache-2.0")));
    // Deprecated ids are ids of the specification too.
    assert_eq!(stated("GPL-2.0"), declared("GPL-2.0-only", Some("GPL-2.0")));
    assert_eq!(stated("eCos-2.0"), declared("eCos-2.0", None));
    assert_eq!(stated("eCos-2.0/MIT"), declared("eCos-2.0 OR MIT", Some("eCos-2.0/MIT")));
    assert_eq!(stated("see LICENSE"), License::Other("see LICENSE".to_owned()));
}

#[test]
fn what_a_person_read_goes_before_the_manifests_words_and_a_file_alone_is_named() {
    let licence = checksum("a text");
    let read_as = |expression: &str| LicensePolicy {
        allow: vec!["MIT".to_owned()],
        clarify: vec![Clarification {
            releases: ReleasesOf { crate_name: "foo".into(), version: None },
            expression: expression.to_owned(),
            files: vec![LicenseFile { path: "LICENSE".into(), digest: licence }],
            line: 1,
        }],
        ..LicensePolicy::default()
    };
    let told = |policy: &LicensePolicy, license: Option<&str>, digest: Checksum| {
        let file = || Some("LICENSE".to_owned());
        let about = About { license: license.map(str::to_owned), license_file: file(), ..About::default() };
        let statement = LicenseStatement {
            expression: license.map(Into::into),
            file: file().map(Into::into),
            manifest: checksum("manifest"),
            files: [("LICENSE".into(), digest)].into(),
        };
        let content = Content { about, statement: Some(statement), sha512: None, manifest: None };
        stated(policy, &package("foo", "1.0.0"), Some(&content))
    };
    let clarified = |declared: Option<&str>| License::Clarified {
        expression: "MIT".to_owned(),
        declared: declared.map(str::to_owned),
    };
    let declared = |text: &str| License::Declared { expression: text.to_owned(), written: None };
    assert_eq!(told(&read_as("MIT"), None, licence), clarified(None));
    assert_eq!(told(&read_as("MIT"), Some("ISC"), licence), clarified(Some("ISC")));
    // What says the same clarifies nothing, and neither does what is about other files.
    assert_eq!(told(&read_as("ISC"), Some("ISC"), licence), declared("ISC"));
    assert_eq!(told(&read_as("MIT"), Some("ISC"), checksum("another text")), declared("ISC"));
    assert_eq!(told(&read_as("MIT"), None, checksum("another text")), License::File("LICENSE".to_owned()));
}

#[test]
fn a_decision_is_told_only_where_it_was_made_and_an_approval_ends_with_the_first_that_it_stands_on() {
    let approval = |line: u32, until: &str| Approval {
        crate_name: "foo".into(),
        registry: Registry::CratesIo,
        version: version("1.0.0"),
        checksum: checksum("foo@1.0.0"),
        lifts: Vec::new(),
        reason: String::new(),
        by: None,
        at: None,
        until: until.parse().ok(),
        line,
    };
    let world = World::new().lock("foo", "1.0.0", &["app"]).with(|world| {
        world.approvals = vec![approval(5, "2026-11-30"), approval(3, "2026-12-31"), approval(9, "2026-12-15")];
    });
    let undecided = Blocker::AdvisoriesUnavailable { source: String::new(), cause: String::new() };
    let told = |verdict: Option<Verdict>, blockers: Vec<Blocker>| {
        let evaluation = Evaluation { blockers, ..evaluate(&world.facts, &world.policy, &Vec::new(), now()) };
        let package = &world.facts.packages[world.at("foo")];
        let judgement = judgement(package.id.clone(), verdict);
        let Decision { verdict, basis, approved_until, .. } =
            known(&world, &evaluation, |known| decision(known, &Events::new(), package, &judgement));
        (verdict, basis, approved_until)
    };
    let by = |line| Exemption { adopted: false, line, by: None, lifted: Vec::new(), missed_after: None };
    let approved = || Some(Verdict::Approved(Basis::Approval { given: vec![by(3), by(9)] }));
    assert_eq!(told(approved(), Vec::new()), ("approved", Some("approval"), "2026-12-15".parse().ok()));
    assert_eq!(told(Some(Verdict::Approved(Basis::Aged)), Vec::new()), ("approved", Some("aged"), None));
    let (verdict, basis, _) = told(approved(), vec![undecided.clone()]);
    assert_eq!((verdict, basis), ("undecided", None));
    assert_eq!(told(None, Vec::new()), ("not-judged", None, None));
    assert_eq!(told(None, vec![undecided]), ("undecided", None, None));
}

#[test]
fn of_two_registries_crates_of_one_name_each_is_asked_for_by_its_own_requirement() {
    let mut asking = line("foo", "1.0.0", days_ago(90), &[("dep", "^1.0"), ("dep", "^1.0")]);
    asking["deps"][1]["registry"] = elsewhere("dep").registry.to_string().into();
    asking["deps"][1]["kind"] = "build".into();
    let world = World::new().publish_line(&asking).lock("foo", "1.0.0", &["app"]).lock("dep", "1.0.0", &["foo"]);
    let world = world.lock("other", "1.0.0", &["foo"]).with(|world| {
        let other = world.at("other");
        world.facts.packages[other].id.name = "dep".into();
        world.facts.packages[other].id.source = Source::Registry(elsewhere("dep").registry);
    });
    let evaluation = evaluate(&world.facts, &world.policy, &Vec::new(), now());
    let edges = known(&world, &evaluation, edges);
    let kinds = |to: usize| {
        let edge = edges.iter().find(|edge| (edge.from, edge.to) == (world.at("foo"), to)).unwrap();
        edge.asks.iter().map(|ask| ask.kind).collect::<Vec<_>>()
    };
    assert_eq!([kinds(2), kinds(3)], [[DependencyKind::Normal], [DependencyKind::Build]]);
}
