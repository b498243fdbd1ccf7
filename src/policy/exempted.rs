//! The approvals and ignores of which events of the audit trail say that they were given, and whether they were.

use std::collections::BTreeSet;

use semver::Version;

use crate::model::approval::Approval;
use crate::model::crate_name::canonical;
use crate::model::facts::Exemptions;
use crate::model::policy::Ignore;
use crate::model::trail::{Event, EventFileName, Kind, ReleaseRecord, Trail};

/// The approvals and ignores that the trail knows of.
#[derive(Default)]
pub(super) struct Exempted<'a> {
    pub(super) approvals: Vec<Approval>,
    pub(super) ignores: Vec<Ignore>,
    /// Entries that an event told of, without their checksums.
    pub(super) told: BTreeSet<(&'a str, Option<&'a str>)>,
}

impl<'a> Exempted<'a> {
    pub(super) fn of(trail: &'a Trail) -> Self {
        let mut exempted = Self::default();
        for (_, event) in trail.newest_first().into_iter().rev() {
            let entries = event
                .loosened
                .iter()
                .filter(|change| change.key.starts_with("approval ") || change.key.starts_with("advisories.ignore "));
            exempted.told.extend(entries.map(|change| (change.key.as_str(), change.now.as_deref())));
            for record in &event.releases {
                if takes_back(event.kind) {
                    exempted.take_back(record);
                } else {
                    exempted.add(record);
                }
            }
        }
        exempted
    }

    fn add(&mut self, record: &ReleaseRecord) {
        let Some(given) = &record.approval else { return };
        if let (Some(checksum), false) = (record.checksum, given.lifts.is_empty()) {
            self.approvals.push(Approval {
                crate_name: record.crate_id.name.clone().into(),
                registry: record.crate_id.registry.clone(),
                version: record.version.clone(),
                checksum,
                lifts: given.lifts.clone(),
                reason: String::new(),
                by: None,
                at: None,
                until: given.until,
                line: 0,
            });
        }
        let Some(until) = given.until else { return };
        self.ignores.extend(given.ignores.iter().map(|id| Ignore {
            id: id.as_str().into(),
            crate_name: Some(record.crate_id.name.clone().into()),
            reason: String::new(),
            until,
            justification: None,
            line: 0,
        }));
    }

    fn take_back(&mut self, record: &ReleaseRecord) {
        let name = &record.crate_id.name;
        match &record.approval {
            Some(taken) if !taken.ignores.is_empty() => {
                self.ignores.retain(|ignore| {
                    !ignore.crate_name.as_ref().is_some_and(|one| one.names(name))
                        || !taken.ignores.iter().any(|id| **id == *ignore.id)
                });
                for id in &taken.ignores {
                    self.told.retain(|(key, _)| *key != format!("advisories.ignore {id}"));
                }
            }
            Some(_) | None => {
                self.approvals.retain(|one| !one.crate_name.names(name) || one.version != record.version);
                self.told.retain(|(key, _)| *key != format!("approval {name}@{}", record.version));
            }
        }
    }
}

/// The releases for which these events, as their last word, have something lifted or ignored that the policy beside them does not lift or
/// ignore.
pub(super) fn unfounded<'e>(
    events: &'e [(EventFileName, Event)],
    written: &Exemptions,
) -> Vec<(&'e EventFileName, &'e ReleaseRecord)> {
    let all = events.iter().map(|(name, event)| (name.id, event.clone())).collect();
    let trail = Trail { events: all, ..Trail::default() };
    let newest_first = trail.newest_first().into_iter().filter_map(|(id, _)| {
        let (name, event) = events.iter().find(|(name, _)| name.id == id)?;
        Some((name, event))
    });
    let mut settled = BTreeSet::new();
    let mut found = Vec::new();
    for (name, event) in newest_first {
        let is_taken = takes_back(event.kind);
        let words: Vec<_> = event.releases.iter().map(|record| (record, subjects(record, is_taken))).collect();
        for (record, subjects) in &words {
            // An approval of nothing was none.
            let is_empty = event.kind == Kind::Approved && subjects.is_empty();
            let mut open = subjects.iter().filter(|subject| !is_taken && !settled.contains(*subject));
            if is_empty || open.any(|subject| !is_written(subject, record, written)) {
                found.push((name, *record));
            }
        }
        settled.extend(words.into_iter().flat_map(|(_, subjects)| subjects));
    }
    found
}

/// Whether an event of this kind tells of what counts no more.
const fn takes_back(kind: Kind) -> bool {
    match kind {
        Kind::Revoked | Kind::PolicyChanged => true,
        Kind::Init | Kind::Approved | Kind::Vendored | Kind::Updated | Kind::PolicyLoosened => false,
    }
}

/// What is given or taken back, each of the crate of this name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Given<'e> {
    Release(String, &'e Version),
    Advisory(String, &'e str),
}

/// What a record is about; a release whose approval is taken back has nothing more about it.
fn subjects(record: &ReleaseRecord, is_taken: bool) -> Vec<Given<'_>> {
    let name = || canonical(&record.crate_id.name);
    let (ignores, lifts) =
        record.approval.as_ref().map_or((&[][..], false), |given| (&given.ignores, !given.lifts.is_empty()));
    let release = lifts || (is_taken && ignores.is_empty());
    let release = release.then(|| Given::Release(name(), &record.version));
    release.into_iter().chain(ignores.iter().map(|id| Given::Advisory(name(), id))).collect()
}

/// Whether the policy has it, for as long and as much.
fn is_written(subject: &Given<'_>, record: &ReleaseRecord, written: &Exemptions) -> bool {
    let Some(given) = &record.approval else { return false };
    let name = &*record.crate_id.name;
    match subject {
        Given::Release(..) => written.approvals.iter().any(|one| {
            one.crate_name.names(name)
                && one.registry == record.crate_id.registry
                && one.version == record.version
                && Some(one.checksum) == record.checksum
                && given.lifts.iter().all(|code| one.lifts.contains(code))
                && one.until.is_none_or(|until| given.until.is_some_and(|said| said <= until))
        }),
        Given::Advisory(_, id) => written.ignores.iter().any(|one| {
            one.id.eq_ignore_ascii_case(id)
                && one.crate_name.as_ref().is_none_or(|one| one.names(name))
                && given.until.is_some_and(|said| said <= one.until)
        }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::unfounded;
    use crate::model::approval::Approval;
    use crate::model::facts::Exemptions;
    use crate::model::policy::Ignore;
    use crate::model::trail::release::ApprovalRecord;
    use crate::model::trail::{Event, EventFileName, EventId, Kind, ReleaseRecord};
    use crate::model::verdict::ReasonCode;
    use crate::policy::by_hand::{checksum, crates_io, days_ago, event, version};

    const UNTIL: &str = "2026-12-31";

    fn record(name: &str, approval: impl Into<Option<ApprovalRecord>>) -> ReleaseRecord {
        let approval = approval.into();
        let checksum = Some(checksum(name));
        ReleaseRecord { checksum, approval, ..ReleaseRecord::new(crates_io(name), version("1.0.0")) }
    }

    fn lifting(lifts: &[ReasonCode], until: Option<&str>) -> ApprovalRecord {
        let until = until.map(|day| day.parse().unwrap());
        ApprovalRecord { lifts: lifts.to_vec(), until, ..ApprovalRecord::default() }
    }

    fn ignoring(id: &str, until: Option<&str>) -> ApprovalRecord {
        let until = until.map(|day| day.parse().unwrap());
        ApprovalRecord { ignores: vec![id.to_owned()], until, ..ApprovalRecord::default() }
    }

    /// An approval of `foo` and an ignore of `A` for `bar`.
    fn written() -> Exemptions {
        let approval = Approval {
            crate_name: "Foo".into(),
            registry: crates_io("foo").registry,
            version: version("1.0.0"),
            checksum: checksum("foo"),
            lifts: vec![ReasonCode::TooNew, ReasonCode::Yanked],
            reason: String::new(),
            by: None,
            at: None,
            until: UNTIL.parse().ok(),
            line: 1,
        };
        let ignore = Ignore {
            id: "A".into(),
            crate_name: Some("bar".into()),
            reason: String::new(),
            until: UNTIL.parse().unwrap(),
            justification: None,
            line: 9,
        };
        Exemptions { approvals: vec![approval], ignores: vec![ignore] }
    }

    /// The names of what is unfounded in these events, of one day after the other.
    fn told(events: Vec<(Kind, ReleaseRecord)>, written: &Exemptions) -> Vec<String> {
        let mut parent = None;
        let mut named: Vec<(EventFileName, Event)> = Vec::new();
        for (day, (kind, record)) in (1_u8..).zip(events) {
            let parents = parent.into_iter().collect();
            let event = Event { parents, ..event(kind, days_ago(60 - i64::from(day)), vec![record]) };
            let id = EventId::of(&[day]);
            parent = Some(id);
            named.push((EventFileName::new(event.written(), id), event));
        }
        // In whatever order they are read.
        named.reverse();
        unfounded(&named, written).into_iter().map(|(_, record)| record.crate_id.name.to_string()).collect()
    }

    #[test]
    fn what_is_given_is_held_against_the_policy() {
        use ReasonCode::{Malicious, TooNew, Yanked};
        let of = |record| told(vec![(Kind::Approved, record)], &written());
        let none: [&str; 0] = [];
        for (lifts, until) in [(&[TooNew][..], Some("2026-12-30")), (&[TooNew, Yanked], Some(UNTIL))] {
            assert_eq!(of(record("foo", lifting(lifts, until))), none);
        }
        for (lifts, until) in
            [(&[TooNew][..], Some("2027-01-01")), (&[TooNew], None), (&[TooNew, Malicious], Some(UNTIL))]
        {
            assert_eq!(of(record("foo", lifting(lifts, until))), ["foo"]);
        }
        let other_bytes =
            ReleaseRecord { checksum: Some(checksum("other")), ..record("foo", lifting(&[TooNew], Some(UNTIL))) };
        assert_eq!(of(other_bytes), ["foo"]);
        let other_version =
            ReleaseRecord { version: version("1.0.1"), ..record("foo", lifting(&[TooNew], Some(UNTIL))) };
        assert_eq!(of(other_version), ["foo"]);
        assert_eq!(of(record("foo", None)), ["foo"]);
        assert_eq!(of(record("bar", ignoring("a", Some(UNTIL)))), none);
        assert_eq!(of(record("bar", ignoring("B", Some(UNTIL)))), ["bar"]);
        assert_eq!(of(record("foo", ignoring("A", Some(UNTIL)))), ["foo"]);
        assert_eq!(of(record("bar", ignoring("A", Some("2027-01-01")))), ["bar"]);
        assert_eq!(of(record("bar", ignoring("A", None))), ["bar"]);
        // What was vendored or updated without a person's word gives nothing.
        assert_eq!(told(vec![(Kind::Updated, record("baz", None))], &written()), none);
    }

    #[test]
    fn the_last_word_of_each_counts() {
        let given = || record("baz", lifting(&[ReasonCode::TooNew], Some(UNTIL)));
        let ignored = || record("baz", ignoring("A", Some(UNTIL)));
        let nothing = Exemptions::default();
        let none: [&str; 0] = [];
        assert_eq!(told(vec![(Kind::Approved, given()), (Kind::Revoked, record("baz", None))], &nothing), none);
        assert_eq!(told(vec![(Kind::Approved, ignored()), (Kind::PolicyChanged, ignored())], &nothing), none);
        // An approval is not taken back with an ignore, nor the other way round; nor before it is given.
        assert_eq!(told(vec![(Kind::Approved, given()), (Kind::Revoked, ignored())], &nothing), ["baz"]);
        assert_eq!(told(vec![(Kind::Approved, ignored()), (Kind::Revoked, record("baz", None))], &nothing), ["baz"]);
        assert_eq!(told(vec![(Kind::Revoked, record("baz", None)), (Kind::Approved, given())], &nothing), ["baz"]);
        // Of two for the same release, the policy has the later.
        let longer = || record("foo", lifting(&[ReasonCode::TooNew], Some("2027-06-01")));
        let as_written = || record("foo", lifting(&[ReasonCode::TooNew], Some(UNTIL)));
        assert_eq!(told(vec![(Kind::Approved, longer()), (Kind::Approved, as_written())], &written()), none);
        assert_eq!(told(vec![(Kind::Approved, as_written()), (Kind::Approved, longer())], &written()), ["foo"]);
    }
}
