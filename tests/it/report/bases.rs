//! Everything that an approved release can stand on.

use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::model::verdict::{Basis, Exemption, FixNeed, FixRole, LockedBy, ReasonCode, Verdict};

use super::cases::git;
use super::scene::{Scene, aged, id};

pub fn every_basis() -> Scene {
    let mut scene = Scene::new();
    scene.release("aged", "1.0.0", aged());
    let trusted = Source::Registry(Registry::Sparse("https://registry.example.org/index/".into()));
    scene.add(id("ours", "9.0.0", trusted), Some(Verdict::Approved(Basis::TrustedRegistry)));
    scene.add(id("fork", "0.2.0", git()), Some(Verdict::Approved(Basis::AllowedSource)));
    let version = || "0.31.0".parse().unwrap();
    let vulnerable = || "0.30.1".parse().unwrap();
    let locked = |locked_by| FixNeed::Vulnerable { version: vulnerable(), locked_by };
    let roles = [
        ("h2", FixRole::Named, locked(LockedBy::LockFile)),
        ("h2-base", FixRole::Named, locked(LockedBy::Base)),
        ("h2-replaced", FixRole::Named, locked(LockedBy::ReplacedLockFile)),
        ("h2-trail", FixRole::Named, locked(LockedBy::Trail)),
        ("h2-new", FixRole::Named, FixNeed::NotLocked { instead_of: vulnerable() }),
        (
            "clap_derive",
            FixRole::Companion { of: "clap".into(), version: version() },
            FixNeed::Locked { instead_of: vulnerable() },
        ),
        ("aws-lc-rs", FixRole::Dependent { of: "aws-lc-sys".into(), version: version() }, locked(LockedBy::LockFile)),
    ];
    for (name, fix, need) in roles {
        let basis = Basis::SecurityFix { advisory: "RUSTSEC-2026-0401".into(), fix, need };
        scene.release(name, "0.4.16", Verdict::Approved(basis));
    }
    for by in [Some("ana@example.org".to_owned()), None] {
        let lifted = vec![ReasonCode::TooNew, ReasonCode::Signal];
        let first = Exemption { adopted: false, line: 40, by, lifted, missed_after: None };
        let second =
            Exemption { adopted: false, line: 48, by: None, lifted: vec![ReasonCode::Yanked], missed_after: None };
        let basis = Basis::Approval { given: vec![first, second] };
        scene.release("exempt", "1.0.0", Verdict::Approved(basis));
    }
    scene
}

/// A fix that the advisory names.
pub fn named_fix(advisory: &str) -> Basis {
    let need = FixNeed::Vulnerable { version: "1.0.0".parse().unwrap(), locked_by: LockedBy::LockFile };
    Basis::SecurityFix { advisory: advisory.into(), fix: FixRole::Named, need }
}
