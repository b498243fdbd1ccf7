//! Where an answer turns: nothing led elsewhere and one thing, no stub and one, the last moment of a time; and what is shown of rules.

use jiff::SignedDuration;

use super::{Grounds, git_rule, is_over};
use crate::model::age::Age;
use crate::model::lock_proof::LockFact;
use crate::model::policy::{GitRule, Policy};
use crate::model::standard::{Automation, Committed, Evidence, Lack, Unseen, VendoredProof};
use crate::model::trail::Trail;
use crate::model::verdict::{Basis, Exemption, Verdict};
use crate::policy::by_hand::{World, judgement, now, package};
use crate::policy::evaluate;

fn asked<T>(world: &World, vendored: &VendoredProof, ask: impl Fn(&Grounds<'_>) -> T) -> T {
    let committed = Committed::Commit { id: "0123456789abcdef".to_owned(), gaps: std::collections::BTreeMap::new() };
    ask(&Grounds {
        facts: &world.facts,
        policy: &world.policy,
        evaluation: &evaluate(&world.facts, &world.policy, &world.approvals, now()),
        trail: &Trail::default(),
        policy_file: None,
        trail_folder: ".sequester",
        advisories_named: false,
        vendored,
        committed: &committed,
        outside: &[],
        automation: &Automation::default(),
    })
}

#[test]
fn sources_are_lacking_where_one_is_led_elsewhere() {
    let led = |elsewhere| {
        let proof = VendoredProof::NotVendored { elsewhere };
        let lacking = asked(&World::new(), &proof, |grounds| grounds.sources().lacking);
        lacking.into_iter().filter(|lack| matches!(lack, Lack::LedElsewhere(_))).collect::<Vec<_>>()
    };
    assert_eq!([led(0), led(1), led(2)], [vec![], vec![Lack::LedElsewhere(1)], vec![Lack::LedElsewhere(2)]]);
}

#[test]
fn stubs_leave_the_sources_unseen_for_which_they_stand() {
    let unseen = |stubs| {
        let folder = "vendor".into();
        let proof = VendoredProof::Proven { folder, derived: 0, underived: Vec::new(), stubs, ways: 0 };
        asked(&World::new(), &proof, |grounds| grounds.vendored().unseen)
    };
    assert_eq!([unseen(0), unseen(1), unseen(2)], [vec![], vec![Unseen::Stubs(1)], vec![Unseen::Stubs(2)]]);
}

#[test]
fn what_lasts_for_a_time_is_over_after_its_last_moment() {
    let since = now();
    let over = |seconds| is_over(since, Age::days(30), Age::days(30).after(since) + SignedDuration::from_secs(seconds));
    assert_eq!([over(-1), over(0), over(1)], [false, false, true]);
}

#[test]
fn a_rule_for_git_is_shown_with_its_commit_or_for_want_of_one() {
    let rule = |rev: Option<&str>| GitRule {
        url: "https://git.example.org/foo".to_owned(),
        rev: rev.map(str::to_owned),
        reason: None,
    };
    let texts = ["https://git.example.org/foo at any commit", "https://git.example.org/foo at 0123456"];
    assert_eq!([git_rule(&rule(None)), git_rule(&rule(Some("0123456")))], texts);
    let world = World::new().with(|world| world.policy.sources.allow_git = vec![rule(None), rule(Some("0123456"))]);
    let proof = VendoredProof::NotVendored { elsewhere: 0 };
    let shown = asked(&world, &proof, |grounds| grounds.sources().evidence);
    let key = || "sources.allow-git".to_owned();
    for text in texts {
        let rule = Evidence::Setting { key: key(), value: text.to_owned() };
        assert!(shown.contains(&rule), "{text}");
    }
}

#[test]
fn releases_that_a_person_alone_approved_are_counted_and_those_of_the_adoption_among_them() {
    let given = |adopted: &[bool]| {
        let by =
            |adopted: &bool| Exemption { adopted: *adopted, line: 1, by: None, lifted: Vec::new(), missed_after: None };
        Verdict::Approved(Basis::Approval { given: adopted.iter().map(by).collect() })
    };
    let counted = |verdicts: Vec<Verdict>| {
        let mut evaluation = evaluate(&World::new().facts, &Policy::default(), &Vec::new(), now());
        let of = |verdict| judgement(package("foo", "1.0.0").id, Some(verdict));
        evaluation.judgements = verdicts.into_iter().map(of).collect();
        asked(&World::new(), &not_vendored(), |grounds| Grounds { evaluation: &evaluation, ..*grounds }.exempted())
    };
    assert_eq!(counted(vec![Verdict::Local, Verdict::Approved(Basis::Aged)]), None);
    let verdicts = vec![given(&[true]), Verdict::Approved(Basis::Aged), given(&[true, false]), given(&[true, true])];
    assert_eq!(counted(verdicts), Some(Evidence::Exempted { releases: 3, adopted: 2 }));
}

/// The lock file answers the manifests as far as these are at hand, which is not said to be more.
#[test]
fn an_inventory_leaves_unseen_what_no_manifest_tells() {
    let unseen = |lock: LockFact| {
        let world = World::new().with(|world| world.facts.lock = lock);
        asked(&world, &not_vendored(), |grounds| {
            let found = grounds.inventory();
            (found.lacking.contains(&Lack::LockDoubtful), found.unseen)
        })
    };
    let elsewhere = || vec![package("foo", "1.0.0").id];
    assert_eq!(unseen(LockFact::Answered), (false, vec![]));
    assert_eq!(unseen(LockFact::Unseen(elsewhere())), (false, vec![Unseen::Manifests(elsewhere())]));
    assert_eq!(unseen(LockFact::NotChecked), (true, vec![]));
}

const fn not_vendored() -> VendoredProof {
    VendoredProof::NotVendored { elsewhere: 0 }
}
