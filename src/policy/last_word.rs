//! The audit trail's last word on a release, and whether what it leans on still counts.
//!
//! The word is judged by the approvals and ignores that counted when it was said. What ended since, or what a person took out of the policy,
//! counts no longer; what was made stricter since takes nothing back.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::publish_age::own_minimum;
use crate::model::last_word::{Against, LastWord, NoWord, Today};
use crate::model::package::CrateId;
use crate::model::policy::{Ignore, Policy};
use crate::model::trail::release::{ApprovalRecord, ReleaseRecord};
use crate::model::trail::{Event, EventId, Kind, Trail};
use crate::model::verdict::{BasisCode, ReasonCode, VerdictCode};

/// What the ids of RustSec's advisories begin with.
const RUSTSEC: &str = "RUSTSEC-";

/// The id of the event that has the last word; `None` where the trail decided nothing.
#[must_use]
pub(crate) fn event_of(trail: &Trail, crate_id: &CrateId, version: &Version) -> Option<EventId> {
    let touches = touches(trail, crate_id, version);
    touches.iter().find(|touch| touch.passed().is_some()).map(|touch| touch.id)
}

/// The last word.
///
/// # Errors
/// The trail is not whole, has no verdict on the release, or not its checksum.
pub fn last_word<'a>(
    trail: &'a Trail,
    crate_id: &CrateId,
    version: &Version,
    today: &Today<'_>,
) -> Result<LastWord<'a>, NoWord> {
    if let Some(problem) = trail.problems.first() {
        return Err(NoWord::NotWhole { file: problem.file.clone(), code: problem.kind.code() });
    }
    let touches = touches(trail, crate_id, version);
    let latest = touches.iter().find(|touch| touch.passed().is_some()).ok_or(NoWord::NotInTrail)?;
    let known = || touches.iter().find_map(|touch| touch.record.checksum);
    let checksum = latest.record.checksum.or_else(known).ok_or(NoWord::NoChecksum)?;
    let mut word = LastWord {
        id: latest.id,
        event: latest.event,
        record: latest.record,
        checksum,
        against: Vec::new(),
        ignored: Vec::new(),
        given: Vec::new(),
        shortened: is_shortened(latest, crate_id, today.then),
    };
    match (latest.event.kind, latest.record.verdict) {
        (Kind::Revoked, _) => word.against.push(Against::Revoked),
        (_, Some(verdict)) if verdict != VerdictCode::Approved => word.against.push(Against::Held(verdict)),
        (_, _) => {
            let day = today.now.to_zoned(TimeZone::UTC).date();
            approvals(&touches, today, day, &mut word);
            ignores(&touches, crate_id, today, day, &mut word);
        }
    }
    Ok(word)
}

/// The approvals that it stands on.
fn approvals<'a>(touches: &[Touch<'a>], today: &Today<'_>, day: Date, word: &mut LastWord<'a>) {
    let Some(basis) = word.record.basis.as_ref().filter(|basis| basis.code == BasisCode::Approval) else { return };
    let given = touches.iter().filter_map(|touch| Some((touch, touch.approval()?)));
    let given: Vec<_> = given.filter(|(_, approval)| !approval.lifts.is_empty()).collect();
    let ends = given.iter().map(|(_, approval)| approval.until);
    let counts = |until: Option<Date>| until.is_none_or(|until| until >= day);
    if let Some(latest) = ends.clone().flatten().max().filter(|_| !ends.clone().any(counts)) {
        word.against.push(Against::ApprovalOver(latest));
    } else if let Some((_, written)) = today.rules {
        let same = written.iter().filter(|one| {
            one.crate_name.names(&word.record.crate_id.name)
                && one.registry == word.record.crate_id.registry
                && one.version == word.record.version
                && one.checksum == word.checksum
        });
        let same: Vec<_> = same.collect();
        let lifted = |code: &ReasonCode| same.iter().any(|one| counts(one.until) && one.lifts.contains(code));
        if same.is_empty() || !basis.lifted.iter().all(lifted) {
            let ended = same.iter().filter_map(|one| one.until).filter(|until| *until < day).max();
            word.against.push(ended.map_or(Against::ApprovalGone, Against::ApprovalOver));
        }
    }
    word.given.extend(given.into_iter().map(|(touch, _)| (touch.id, touch.event)));
}

/// The ignores by which advisories that hit it were passed over: those that the event names, and those that persons gave for the release.
fn ignores<'a>(touches: &[Touch<'a>], crate_id: &CrateId, today: &Today<'_>, day: Date, word: &mut LastWord<'a>) {
    let named = word.record.reasons.iter().filter(|reason| reason.code == ReasonCode::Advisory);
    let mut ends: Vec<(String, Option<Date>)> = Vec::new();
    for reason in named {
        let until = reason.until.and_then(|end| end.to_zoned(TimeZone::UTC).date().yesterday().ok());
        ends.extend(reason.about.clone().map(|id| (id, until)));
    }
    for (touch, approval) in touches.iter().filter_map(|touch| Some((touch, touch.approval()?))) {
        for id in &approval.ignores {
            match ends.iter_mut().find(|(known, _)| known == id) {
                Some((_, until)) => *until = (*until).max(approval.until),
                None => ends.push((id.clone(), approval.until)),
            }
        }
        if !approval.ignores.is_empty() && !word.given.iter().any(|(id, _)| *id == touch.id) {
            word.given.push((touch.id, touch.event));
        }
    }
    for (advisory, until) in &ends {
        let advisory = advisory.clone();
        match until {
            Some(until) if *until < day => word.against.push(Against::IgnoreOver { advisory, until: *until }),
            Some(_) | None => {
                if today.rules.is_some_and(|(policy, _)| !is_ignored(policy, crate_id, &advisory, day)) {
                    word.against.push(Against::IgnoreGone { advisory });
                }
            }
        }
    }
    word.ignored = ends;
}

/// Whether a policy still ignores an advisory for a crate. By the id of another database one may be meant, which no advisory is read to tell.
fn is_ignored(policy: &Policy, crate_id: &CrateId, advisory: &str, day: Date) -> bool {
    let is_meant = |ignore: &Ignore| ignore.id.eq_ignore_ascii_case(advisory) || !ignore.id.starts_with(RUSTSEC);
    let fits = |ignore: &Ignore| ignore.crate_name.as_ref().is_none_or(|name| name.names(&crate_id.name));
    policy.advisories.ignore.iter().any(|ignore| is_meant(ignore) && fits(ignore) && ignore.until >= day)
}

/// Whether the age that it had to have was shorter than the usual one: by an override, by its registry's own, or by the command line.
fn is_shortened(latest: &Touch<'_>, crate_id: &CrateId, then: Option<&Policy>) -> bool {
    let usual = Policy::default().quarantine.min_publish_age.value;
    let usual = then.map_or(usual, |policy| policy.quarantine.min_publish_age.value);
    let of_run = latest.event.min_publish_age_seconds;
    let of_policy = then.map(|policy| own_minimum(policy, crate_id).value.as_secs());
    of_run.or(of_policy).is_some_and(|age| age < usual.as_secs())
}

/// An event and what it says of the release.
struct Touch<'a> {
    id: EventId,
    event: &'a Event,
    record: &'a ReleaseRecord,
}

impl<'a> Touch<'a> {
    /// Whether the release passed; `None` where the event decides nothing about it.
    fn passed(&self) -> Option<bool> {
        match (self.event.kind, self.record.verdict) {
            (Kind::Revoked, _) => Some(false),
            (_, verdict) => verdict.map(|verdict| verdict == VerdictCode::Approved),
        }
    }

    /// What a person gave by it.
    fn approval(&self) -> Option<&'a ApprovalRecord> {
        self.record.approval.as_ref()
    }
}

/// Newest first.
fn touches<'a>(trail: &'a Trail, crate_id: &CrateId, version: &Version) -> Vec<Touch<'a>> {
    let touched = |(id, event): (EventId, &'a Event)| {
        let mut records = event.releases.iter();
        let record = records.find(|record| record.crate_id == *crate_id && record.version == *version)?;
        Some(Touch { id, event, record })
    };
    trail.newest_first().into_iter().filter_map(touched).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::{event_of, last_word};
    use crate::model::approval::Approval;
    use crate::model::last_word::{Against, NoWord, Today};
    use crate::model::policy::{Ignore, Policy};
    use crate::model::trail::release::{ApprovalRecord, BasisRecord, ReasonRecord};
    use crate::model::trail::{Event, Kind, ReleaseRecord};
    use crate::model::verdict::{BasisCode, ReasonCode, VerdictCode};
    use crate::policy::by_hand::{checksum, crates_io, days_ago, elsewhere, event, now, trail, version};

    fn passed() -> ReleaseRecord {
        let mut record = ReleaseRecord::new(crates_io("foo"), version("1.0.0"));
        (record.checksum, record.verdict) = (Some(checksum("foo")), Some(VerdictCode::Approved));
        record
    }

    /// Approved by a person until the end of the year, because it was too new.
    fn given() -> Event {
        let (lifts, until) = (vec![ReasonCode::TooNew], "2026-12-31".parse().ok());
        let (lifted, code) = (lifts.clone(), BasisCode::Approval);
        let basis = Some(BasisRecord { advisory: None, by: None, code, lifted, of: None });
        let approval = Some(ApprovalRecord { lifts, until, ..ApprovalRecord::default() });
        event(Kind::Approved, days_ago(5), vec![ReleaseRecord { basis, approval, ..passed() }])
    }

    /// The same as the policy file has it.
    fn written() -> Approval {
        Approval {
            crate_name: "foo".into(),
            registry: crates_io("foo").registry,
            version: version("1.0.0"),
            checksum: checksum("foo"),
            lifts: vec![ReasonCode::TooNew],
            reason: String::new(),
            by: None,
            at: None,
            until: "2026-12-31".parse().ok(),
            line: 1,
        }
    }

    fn against(event: Event, policy: &Policy, approvals: &[Approval]) -> Vec<Against> {
        let (trail, today) = (trail(vec![event]), Today { now: now(), rules: Some((policy, approvals)), then: None });
        last_word(&trail, &crates_io("foo"), &version("1.0.0"), &today).unwrap().against
    }

    #[test]
    fn an_approval_counts_as_long_as_the_policy_has_it_for_this_very_release() {
        let against = |one: Approval| against(given(), &Policy::default(), &[one]);
        assert_eq!(against(written()), []);
        for other in [
            Approval { crate_name: "bar".into(), ..written() },
            Approval { registry: elsewhere("foo").registry, ..written() },
            Approval { version: version("1.0.1"), ..written() },
            Approval { checksum: checksum("bar"), ..written() },
            Approval { lifts: vec![ReasonCode::NewCrate], ..written() },
        ] {
            assert_eq!(against(other.clone()), [Against::ApprovalGone], "{other:?}");
        }
        let today = Approval { lifts: Vec::new(), until: "2026-11-22".parse().ok(), ..written() };
        assert_eq!(against(today), [Against::ApprovalGone]);
        // A person shortened it by hand: it ended before the day of which the trail knows.
        let yesterday = "2026-11-21".parse().unwrap();
        assert_eq!(against(Approval { until: Some(yesterday), ..written() }), [Against::ApprovalOver(yesterday)]);
        assert_eq!(against(Approval { until: "2026-11-22".parse().ok(), ..written() }), []);
    }

    #[test]
    fn an_ignore_counts_as_long_as_the_policy_has_it_for_this_crate() {
        let hit = || {
            let about = Some("RUSTSEC-2026-0001".to_owned());
            let reason = ReasonRecord { about, code: ReasonCode::Advisory, signal: None, until: None };
            event(Kind::Updated, days_ago(5), vec![ReleaseRecord { reasons: vec![reason], ..passed() }])
        };
        let ignore = |id: &str, crate_name: Option<&str>, until: &str| Ignore {
            id: id.into(),
            crate_name: crate_name.map(Into::into),
            reason: String::new(),
            until: until.parse().unwrap(),
            justification: None,
            line: 1,
        };
        let against = |ignores: Vec<Ignore>| {
            let mut policy = Policy::default();
            policy.advisories.ignore = ignores;
            against(hit(), &policy, &[])
        };
        let gone = [Against::IgnoreGone { advisory: "RUSTSEC-2026-0001".to_owned() }];
        let today = "2026-11-22";
        assert_eq!(against(Vec::new()), gone);
        assert_eq!(against(vec![ignore("RUSTSEC-2026-0001", Some("foo"), today)]), []);
        assert_eq!(against(vec![ignore("rustsec-2026-0001", None, "2027-01-01")]), []);
        // Of another database's id nobody can tell from here.
        assert_eq!(against(vec![ignore("CVE-2026-0001", None, today)]), []);
        for other in [
            ignore("RUSTSEC-2026-0001", Some("foo"), "2026-11-21"),
            ignore("RUSTSEC-2026-0001", Some("bar"), today),
            ignore("RUSTSEC-2026-0002", Some("foo"), today),
        ] {
            assert_eq!(against(vec![other]), gone);
        }
    }

    #[test]
    fn what_passed_by_a_shorter_age_than_the_usual_one_says_so() {
        let shortened = |days: Option<u64>| {
            let mut event = event(Kind::Updated, days_ago(5), vec![passed()]);
            event.min_publish_age_seconds = days.map(|days| days * 86_400);
            let today = Today { now: now(), rules: None, then: Some(&Policy::default()) };
            last_word(&trail(vec![event]), &crates_io("foo"), &version("1.0.0"), &today).unwrap().shortened
        };
        assert_eq!([None, Some(1), Some(7), Some(8)].map(shortened), [false, true, false, false]);
    }

    #[test]
    fn the_newest_event_with_a_verdict_on_this_very_release_has_the_last_word() {
        let of = |days, kind, record| event(kind, days_ago(days), vec![record]);
        let held = || ReleaseRecord { verdict: Some(VerdictCode::Quarantined), ..passed() };
        let silent = || ReleaseRecord { verdict: None, ..passed() };
        let word = |events: Vec<Event>| {
            let (trail, today) = (trail(events), Today { now: now(), rules: None, then: None });
            let word = last_word(&trail, &crates_io("foo"), &version("1.0.0"), &today);
            let id = event_of(&trail, &crates_io("foo"), &version("1.0.0"));
            assert_eq!(word.as_ref().ok().map(|word| word.id), id);
            word.map(|word| word.against)
        };
        let first = || of(9, Kind::Updated, passed());
        assert_eq!(word(vec![first()]), Ok(Vec::new()));
        assert_eq!(
            word(vec![first(), of(8, Kind::Updated, held())]),
            Ok(vec![Against::Held(VerdictCode::Quarantined)])
        );
        assert_eq!(word(vec![of(9, Kind::Updated, held()), of(8, Kind::Updated, passed())]), Ok(Vec::new()));
        assert_eq!(word(vec![first(), of(8, Kind::Revoked, silent())]), Ok(vec![Against::Revoked]));
        assert_eq!(word(vec![first(), of(8, Kind::Vendored, silent())]), Ok(Vec::new()));
        assert_eq!(word(vec![of(8, Kind::Vendored, silent())]), Err(NoWord::NotInTrail));
        for other in [("foo", "1.0.1"), ("bar", "1.0.0")] {
            let record = ReleaseRecord { crate_id: crates_io(other.0), version: version(other.1), ..held() };
            assert_eq!(word(vec![first(), of(8, Kind::Updated, record)]), Ok(Vec::new()), "{other:?}");
        }
    }

    #[test]
    fn an_ignore_ends_with_its_last_day_and_the_longest_of_several_counts() {
        let id = "RUSTSEC-2026-0001";
        let against = |end: &str, given: Option<&str>| {
            let (about, code) = (Some(id.to_owned()), ReasonCode::Advisory);
            let reason = ReasonRecord { about, code, signal: None, until: end.parse().ok() };
            let used = event(Kind::Updated, days_ago(5), vec![ReleaseRecord { reasons: vec![reason], ..passed() }]);
            let by_hand = given.map(|until| {
                let (ignores, until) = (vec![id.to_owned()], until.parse().ok());
                let approval = Some(ApprovalRecord { ignores, until, ..ApprovalRecord::default() });
                event(Kind::Approved, days_ago(6), vec![ReleaseRecord { verdict: None, approval, ..passed() }])
            });
            let given = usize::from(by_hand.is_some());
            let trail = trail([used].into_iter().chain(by_hand).collect());
            let today = Today { now: now(), rules: None, then: None };
            let word = last_word(&trail, &crates_io("foo"), &version("1.0.0"), &today).unwrap();
            assert_eq!((word.ignored.len(), word.given.len()), (1, given));
            word.against
        };
        let over = |until: &str| vec![Against::IgnoreOver { advisory: id.to_owned(), until: until.parse().unwrap() }];
        assert_eq!(against("2026-11-23T00:00:00Z", None), []);
        assert_eq!(against("2026-11-22T00:00:00Z", None), over("2026-11-21"));
        assert_eq!(against("2026-11-21T00:00:00Z", Some("2026-11-22")), []);
        assert_eq!(against("2026-11-22T00:00:00Z", Some("2026-11-20")), over("2026-11-21"));
    }
}
