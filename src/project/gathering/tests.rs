//! Which entries are doubted.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::checksum::{Checksum, Hashed};
use crate::model::facts::IndexFact;
use crate::model::history::{History, Standing};
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::source::{Registry, Source};
use crate::project::gathering::contradicting;

#[test]
fn a_confirmed_entry_is_doubted_where_it_lacks_what_is_locked_or_has_other_bytes_for_it() {
    let bytes = |of: &str| -> Checksum { Hashed::of(of.as_bytes().to_vec()).checksum() };
    let crate_id = CrateId { registry: Registry::CratesIo, name: "bar".into() };
    let is_doubted = |version: &str, locked: LockedChecksum, standing: Standing| {
        let line = format!(
            r#"{{"name":"bar","vers":"1.0.0","deps":[],"cksum":"{}","features":{{}},"yanked":false}}"#,
            bytes("published")
        );
        let entry = IndexFact::Read(Arc::new(History::from_lines("bar", line, standing)));
        let source = Source::Registry(Registry::CratesIo);
        let id = PackageId { name: "bar".into(), version: version.parse().unwrap(), source };
        let package = Package { id, checksum: locked, dependencies: Vec::new(), local: None };
        let doubted = contradicting(&[package], &BTreeMap::from([(crate_id.clone(), entry)]));
        assert!(doubted.is_empty() || doubted == BTreeSet::from([crate_id.clone()]));
        !doubted.is_empty()
    };
    let known = |of| LockedChecksum::Known(bytes(of));
    assert!(!is_doubted("1.0.0", known("published"), Standing::Confirmed));
    assert!(is_doubted("1.0.0", known("other"), Standing::Confirmed));
    assert!(is_doubted("1.0.1", known("published"), Standing::Confirmed));
    assert!(is_doubted("1.0.1", LockedChecksum::Missing, Standing::Confirmed));
    assert!(!is_doubted("1.0.0", LockedChecksum::Missing, Standing::Confirmed));
    assert!(!is_doubted("1.0.1", known("published"), Standing::Cached(None)), "nobody vouched for it");
}
