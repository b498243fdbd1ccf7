//! What counts as listed: expressions as crates.io has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use cargo_sequester::door::model::license::{LicenseFact, LicenseLack, LicensePolicy, LicenseStatement, Licenses};
use cargo_sequester::door::model::package::LockedChecksum;
use cargo_sequester::door::model::verdict::Reason;

use crate::support::facts::{Line, World, approval, checksum, date};

/// A world that locks one release which states this licence.
fn stating(expression: Option<&str>, allow: &[&str]) -> World {
    let mut world = World::new().publish(Line::new("foo", "1.0.0")).lock("foo", "1.0.0");
    let fact = LicenseFact::Read(Arc::new(LicenseStatement {
        expression: expression.map(Box::from),
        file: None,
        manifest: checksum("foo", "Cargo.toml"),
        files: BTreeMap::new(),
    }));
    let locked = world.packages[world.position("foo")].clone();
    world.licenses.learn(&locked, fact);
    let allow = allow.iter().map(|one| (*one).to_owned()).collect();
    world.policy.licenses = LicensePolicy { allow, ..LicensePolicy::default() };
    world
}

fn lack(expression: Option<&str>, allow: &[&str]) -> Option<LicenseLack> {
    let judgement = stating(expression, allow).judgement("foo");
    judgement
        .reasons()?
        .iter()
        .find_map(|reason| if let Reason::LicenseNotAllowed { lack, .. } = reason { Some(lack.clone()) } else { None })
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be nothing")]
fn unlisted(licenses: &[&str]) -> Option<LicenseLack> {
    Some(LicenseLack::Unlisted { licenses: licenses.iter().map(|one| (*one).to_owned()).collect() })
}

#[test]
fn one_side_of_or_will_do_and_each_side_of_and_must() {
    for allowed in [
        "MIT",
        "Apache-2.0 OR MIT",
        "MIT OR AGPL-3.0-only",
        "MIT AND Apache-2.0",
        "(MIT OR GPL-2.0-only) AND Apache-2.0",
        // As crates of before 2020 have it, and as cargo-deny takes it.
        "MIT/Apache-2.0",
        "Apache-2.0/MIT",
        "MIT / Apache-2.0",
        "Apache2",
    ] {
        assert_eq!(lack(Some(allowed), &["MIT", "Apache-2.0"]), None, "{allowed}");
    }
    assert_eq!(lack(Some("MIT AND ISC"), &["MIT"]), unlisted(&["ISC"]));
    assert_eq!(lack(Some("ISC OR MPL-2.0"), &["MIT"]), unlisted(&["ISC", "MPL-2.0"]));
    assert_eq!(lack(Some("MIT AND (MPL-2.0 OR ISC)"), &["MIT"]), unlisted(&["ISC", "MPL-2.0"]));
}

#[test]
fn an_exception_and_a_deprecated_id_are_what_they_are() {
    let with = "Apache-2.0 WITH LLVM-exception";
    assert_eq!(lack(Some(with), &["Apache-2.0"]), unlisted(&[with]));
    assert_eq!(lack(Some(with), &[with]), None);
    assert_eq!(lack(Some("Apache-2.0"), &[with]), unlisted(&["Apache-2.0"]));
    assert_eq!(lack(Some("GPL-2.0"), &["GPL-2.0"]), None);
    assert_eq!(lack(Some("GPL-3.0+"), &["MIT"]), unlisted(&["GPL-3.0-or-later"]));
    // A name of somebody's own is that name alone.
    assert_eq!(lack(Some("LicenseRef-foo"), &["LicenseRef-foo"]), None);
    assert_eq!(lack(Some("LicenseRef-foo"), &["MIT", "LicenseRef-bar"]), unlisted(&["LicenseRef-foo"]));
}

#[test]
fn what_is_no_expression_is_not_allowed() {
    assert_eq!(lack(None, &["MIT"]), Some(LicenseLack::Unstated));
    for none in ["", "Proprietary", "MIT OR", "MIT, Apache-2.0", "non-standard", "MIT OR OR MIT"] {
        assert!(matches!(lack(Some(none), &["MIT"]), Some(LicenseLack::Malformed { .. })), "{none}");
    }
    // Deep and long, and told all the same.
    let deep = format!("{}MIT{}", "(".repeat(1500), ")".repeat(1500));
    assert_eq!(lack(Some(&deep), &["MIT"]), None);
    assert_eq!(lack(Some(&["MPL-2.0"; 300].join(" OR ")), &["MIT"]), unlisted(&["MPL-2.0"]));
}

#[test]
fn only_a_dated_approval_lifts_a_licence_and_nothing_lifts_ignorance() {
    let mut world = stating(Some("MPL-2.0"), &["MIT"]);
    assert_eq!(world.outcome("foo"), "rejected license-not-allowed");
    let mut given = approval("foo", "1.0.0", &crate::support::rules::EVERY_CODE);
    world.approvals = vec![given.clone()];
    assert_eq!(world.outcome("foo"), "rejected license-not-allowed");
    given.until = Some(date("2026-12-31"));
    world.approvals = vec![given];
    assert_eq!(world.outcome("foo"), "approved by line 7");
    world.licenses = Licenses::default();
    assert_eq!(world.outcome("foo"), "rejected license-unknown");
}

#[test]
fn a_fact_is_of_bytes_and_not_of_a_name() {
    let mut world = stating(Some("MIT"), &["MIT"]);
    assert_eq!(world.outcome("foo"), "approved aged");
    // Somebody looked into other bytes of that name and version.
    let mut looked_into = world.packages[world.position("foo")].clone();
    let fact = world.licenses.of_package(&looked_into).unwrap().clone();
    looked_into.checksum = LockedChecksum::Known(checksum("foo", "other"));
    world.licenses = Licenses::default();
    world.licenses.learn(&looked_into, fact);
    assert_eq!(world.outcome("foo"), "rejected license-unknown");
}
