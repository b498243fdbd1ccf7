//! Reports of changes: what they loosen, and what they decide themselves.

use cargo_sequester::door::model::approval::Approval;
use cargo_sequester::door::model::loosening::{Loosening, LooseningKind};
use cargo_sequester::door::model::package::LockedChecksum;
use cargo_sequester::door::model::policy::Ignore;
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::verdict::{Basis, Exemption, Reason, ReasonCode, Verdict};

use super::cases::{event_file, too_new};
use super::scene::{Scene, aged, by_base, crates_io, id, quarantined};

fn rule(key: &str, base: &str, head: &str) -> Loosening {
    let (base, head) = (Some(base.to_owned()), Some(head.to_owned()));
    Loosening { kind: LooseningKind::Rule, key: key.to_owned(), base, head, reason: None }
}

fn approval(scene: &Scene, name: &str, lifts: &[ReasonCode]) -> Loosening {
    let package = scene.packages.iter().find(|package| *package.id.name == *name).unwrap();
    let LockedChecksum::Known(checksum) = package.checksum else { panic!("no checksum") };
    let approval = Approval {
        crate_name: name.into(),
        registry: Registry::CratesIo,
        version: package.id.version.clone(),
        checksum,
        lifts: lifts.to_vec(),
        reason: "read the diff".to_owned(),
        by: Some("ana@example.org".to_owned()),
        at: None,
        until: Some("2026-12-01".parse().unwrap()),
        line: 12,
    };
    let key = format!("approval {name}@{}", package.id.version);
    Loosening {
        kind: LooseningKind::Approval(Box::new(approval)),
        key,
        base: None,
        head: Some("too-new".to_owned()),
        reason: None,
    }
}

fn ignore(id: &str) -> Loosening {
    let until = "2026-12-01".parse().unwrap();
    let ignore = Ignore {
        id: id.into(),
        crate_name: Some("h2".into()),
        reason: "not reached".to_owned(),
        until,
        justification: None,
        line: 20,
    };
    let (key, head) = (format!("advisories.ignore {id}"), Some(format!("until {until}")));
    Loosening { kind: LooseningKind::Ignore(Box::new(ignore)), key, base: None, head, reason: None }
}

/// Rules, an approval and events of the trail, where none of it may be decided in a change.
pub fn base_and_loosened() -> Scene {
    let mut scene = Scene::new();
    scene.judged_by = by_base(Some("sequester.toml"));
    scene.add(id("cc", "1.2.0", crates_io()), None);
    scene.release("ring", "0.17.0", aged());
    scene.evaluation.truncated = vec![event_file(1), event_file(2)];
    scene.loosened =
        vec![rule("quarantine.min-publish-age", "7 days", "1 day"), approval(&scene, "ring", &[ReasonCode::TooNew])];
    scene
}

/// A change that adopts the tool, approves and ignores, where that is let count.
pub fn decides() -> Scene {
    let mut scene = Scene::new();
    scene.judged_by = by_base(None);
    let by = Some("ana@example.org".to_owned());
    let given = vec![Exemption { adopted: false, line: 12, by, lifted: vec![ReasonCode::TooNew], missed_after: None }];
    let basis = Basis::Approval { given };
    scene.release("ring", "0.17.0", Verdict::Approved(basis));
    let adoption = Loosening {
        kind: LooseningKind::Adoption,
        key: "policy file".to_owned(),
        base: None,
        head: Some("sequester.toml".to_owned()),
        reason: None,
    };
    scene.decided = vec![adoption, approval(&scene, "ring", &[ReasonCode::TooNew]), ignore("RUSTSEC-2026-0501")];
    scene
}

/// Approvals of the change where none counts: only what they do not cover is advised.
pub fn approves_in_vain() -> Scene {
    let mut scene = Scene::new();
    scene.judged_by = by_base(Some("sequester.toml"));
    scene.release("ring", "0.17.0", quarantined(vec![too_new()]));
    scene.release("cc", "1.11.3", quarantined(vec![too_new(), Reason::Yanked]));
    let of = |name| approval(&scene, name, &[ReasonCode::TooNew]);
    scene.loosened = vec![of("ring"), of("cc")];
    scene
}
