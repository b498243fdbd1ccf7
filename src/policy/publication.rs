//! Whether a release was published as those before it were, and whose publication is worth a question to the registry's web API.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;

use super::publish_age::{is_reached, minimum};
use crate::model::evaluation::Notice;
use crate::model::facts::{Facts, IndexFact, OldLock};
use crate::model::index_line::Outline;
use crate::model::package::{CrateId, Locked, Package};
use crate::model::policy::Policy;
use crate::model::publication::{
    ApiGap, Publication, PublicationFact, PublicationRecord, Published, Publisher, TrustedPublisher,
};
use crate::model::signal::Signal;

/// The publishers before that a change names.
const NAMED: usize = 8;

/// What is known of one release, from wherever it is known.
struct Known<'a> {
    version: &'a Version,
    at: Timestamp,
    publisher: Option<Publisher>,
    trusted: Option<&'a TrustedPublisher>,
    /// The manifest's `repository`.
    repository: Option<&'a str>,
}

/// What is recorded of how a release was published: what the registry said in this run, else what the trail has.
#[must_use]
pub(crate) fn recordable(facts: &Facts, crate_id: &CrateId, version: &Version) -> Option<PublicationRecord> {
    match facts.publications.get(crate_id).and_then(|fact| fact.release(version)) {
        Some(publication) => PublicationRecord::of(publication),
        None => facts.trail.recorded.release(crate_id, version)?.publication.clone(),
    }
}

/// The same with who says it, and when it was yanked.
#[must_use]
pub(crate) fn published(facts: &Facts, crate_id: &CrateId, version: &Version) -> Option<Published> {
    let asked = facts.publications.get(crate_id).and_then(|fact| fact.release(version));
    let yanks = asked.map(|publication| publication.yanks.clone()).unwrap_or_default();
    let record = recordable(facts, crate_id, version);
    if record.is_none() && yanks.is_empty() {
        return None;
    }
    Some(Published { record: record.unwrap_or_default(), recorded: asked.is_none(), yanks })
}

/// In what the publication of a release is unlike those before it.
///
/// Only releases that were out for the whole time of a signal's hold when this one came count as before: what an attacker publishes an
/// hour earlier must not introduce him. A registry that says nothing of who published gives no change; only what is known is compared.
#[must_use]
pub fn changes(facts: &Facts, policy: &Policy, crate_id: &CrateId, release: &Outline) -> Vec<Signal> {
    let known = known(facts, crate_id);
    let Some(this) = known.iter().find(|one| *one.version == release.version) else { return Vec::new() };
    let at = release.pubtime.known().unwrap_or(this.at);
    let hold = policy.quarantine.signal_age;
    let before: Vec<&Known<'_>> = known.iter().filter(|one| one.at < at && is_reached(hold, one.at, at)).collect();
    let publishers: BTreeSet<&Publisher> = before.iter().filter_map(|one| one.publisher.as_ref()).collect();
    let mut changes = Vec::new();
    if let Some(publisher) = &this.publisher
        && !publishers.is_empty()
        && !publishers.contains(publisher)
        && !before.iter().any(|one| is_home(publisher, one.repository))
    {
        let before = publishers.into_iter().take(NAMED).cloned().collect();
        changes.push(Signal::PublisherChange { publisher: publisher.clone(), before });
    }
    let last = before.iter().max_by_key(|one| (one.at, one.version));
    if let Some(last) = last
        && let (Some(trusted), None) = (last.trusted, this.trusted)
    {
        let (before, publisher) = (last.version.clone(), this.publisher.clone());
        changes.push(Signal::TrustedPublishingLost { before, publisher, trusted: trusted.clone() });
    }
    changes
}

/// The releases of a crate of which something is known. What the registry says in one answer fits together, so where there is one the
/// trail's older words are left aside: accounts are renamed.
fn known<'a>(facts: &'a Facts, crate_id: &CrateId) -> Vec<Known<'a>> {
    if let Some(PublicationFact::Read(publications)) = facts.publications.get(crate_id) {
        let known = |(version, one): (&'a Version, &'a Publication)| {
            let (publisher, trusted, repository) = (one.publisher(), one.trusted.as_ref(), one.repository.as_deref());
            Some(Known { version, at: one.created_at?, publisher, trusted, repository })
        };
        return publications.releases.iter().filter_map(known).collect();
    }
    let recorded = facts.trail.recorded.crates.get(crate_id);
    let releases = recorded.into_iter().flat_map(|recorded| &recorded.releases);
    let known = releases.filter_map(|(version, release)| {
        let record = release.publication.as_ref()?;
        let (publisher, trusted) = (record.publisher(), record.trusted.as_ref());
        Some(Known { version, at: release.pubtime?, publisher, trusted, repository: None })
    });
    known.collect()
}

/// Whether an earlier release names the repository as its own from which a trusted publisher works now: its owners began to use trusted
/// publishing, or took it along to another account that they had announced before.
fn is_home(publisher: &Publisher, repository: Option<&str>) -> bool {
    let (Publisher::Trusted { provider, repository: works_from }, Some(url)) = (publisher, repository) else {
        return false;
    };
    let url = url.trim().to_lowercase();
    let Some((_, rest)) = url.split_once("://") else { return false };
    let Some((host, path)) = rest.trim_start_matches("www.").split_once('/') else { return false };
    if host.strip_suffix(".com") != Some(&**provider) {
        return false;
    }
    // A repository's page may be named to any depth: `github.com/owner/name/tree/main/crate`.
    let mut parts = path.trim_end_matches('/').split('/');
    let (Some(owner), Some(name)) = (parts.next(), parts.next()) else { return false };
    **works_from == format!("{owner}/{}", name.strip_suffix(".git").unwrap_or(name))
}

/// The crates about which the registry's web API is worth asking: of packages that are new to the project, and of those that may still be
/// held by a signal.
#[must_use]
pub fn in_question(facts: &Facts, policy: &Policy, now: Timestamp) -> BTreeSet<CrateId> {
    let before = match &facts.old_lock {
        OldLock::Base(packages) | OldLock::Replaced(packages) => Some(Locked::of(packages)),
        OldLock::Judged | OldLock::Unknown => None,
    };
    let wanted = |package: &&Package| {
        if facts.base.as_ref().is_some_and(|base| base.has(package)) {
            return false;
        }
        before.as_ref().is_some_and(|before| !before.has(package)) || is_young(facts, policy, package, now)
    };
    facts.packages.iter().filter(wanted).filter_map(|package| package.id.crate_id()).collect()
}

/// Whether a release may still be held by its age or by a signal. One whose age is not known may be.
fn is_young(facts: &Facts, policy: &Policy, package: &Package, now: Timestamp) -> bool {
    let Some(crate_id) = package.id.crate_id() else { return false };
    let Some(IndexFact::Read(history)) = facts.index.get(&crate_id) else { return false };
    let Ok(Some(release)) = history.outline(&package.id.version) else { return false };
    let hold = policy.quarantine.signal_age.max(minimum(policy, &crate_id).value);
    release.pubtime.known().is_none_or(|published| !is_reached(hold, published, now))
}

/// The same before a resolution: crates that have a release above the locked ones which is old enough to be chosen, and which a signal
/// may hold all the same.
#[must_use]
pub(crate) fn candidates(facts: &Facts, policy: &Policy, now: Timestamp) -> BTreeSet<CrateId> {
    let mut locked: BTreeMap<CrateId, &Version> = BTreeMap::new();
    for package in &facts.packages {
        if let Some(crate_id) = package.id.crate_id() {
            let newest = locked.entry(crate_id).or_insert(&package.id.version);
            *newest = (*newest).max(&package.id.version);
        }
    }
    let hold = policy.quarantine.signal_age;
    let is_wanted = |(crate_id, fact): &(&CrateId, &IndexFact)| {
        let (Some(newest), IndexFact::Read(history)) = (locked.get(crate_id), fact) else { return false };
        let minimum = minimum(policy, crate_id).value;
        history.above(newest).into_iter().any(|(_, place)| {
            let published = history.outline_at(place).filter(|one| !one.yanked).and_then(|one| one.pubtime.known());
            published.is_some_and(|at| is_reached(minimum, at, now) && !is_reached(hold, at, now))
        })
    };
    facts.index.iter().filter(is_wanted).map(|(crate_id, _)| crate_id.clone()).collect()
}

/// What could not be learned of publications, and where the registry no longer says what the trail recorded.
#[must_use]
pub(crate) fn notices(facts: &Facts) -> Vec<Notice> {
    let mut gaps: BTreeMap<&ApiGap, Vec<Arc<str>>> = BTreeMap::new();
    for (crate_id, fact) in &facts.publications {
        if let PublicationFact::Unavailable(gap) = fact {
            gaps.entry(gap).or_default().push(Arc::clone(&crate_id.name));
        }
    }
    for package in &facts.packages {
        let Some(crate_id) = package.id.crate_id() else { continue };
        let fact = facts.publications.get(&crate_id);
        let is_unlisted = |fact: &PublicationFact| {
            matches!(fact, PublicationFact::Read(_)) && fact.release(&package.id.version).is_none()
        };
        if fact.is_some_and(is_unlisted) {
            gaps.entry(&ApiGap::Unlisted).or_default().push(Arc::clone(&crate_id.name));
        }
    }
    let unknown = gaps.into_iter().map(|(gap, crates)| Notice::PublicationsUnknown { gap: gap.clone(), crates });
    unknown.chain(facts.publications.iter().flat_map(|(crate_id, fact)| altered(facts, crate_id, fact))).collect()
}

fn altered<'a>(
    facts: &'a Facts,
    crate_id: &'a CrateId,
    fact: &'a PublicationFact,
) -> impl Iterator<Item = Notice> + use<'a> {
    let recorded = facts.trail.recorded.crates.get(crate_id).into_iter().flat_map(|one| &one.releases);
    recorded.filter_map(move |(version, release)| {
        let recorded = release.publication.as_ref()?.publisher()?;
        let found = fact.release(version)?.publisher();
        (found.as_ref() != Some(&recorded)).then(|| Notice::PublisherRewritten {
            crate_id: crate_id.clone(),
            version: version.clone(),
            recorded,
            found,
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{candidates, changes, notices};
    use crate::model::age::Age;
    use crate::model::evaluation::Notice;
    use crate::model::index_line::Outline;
    use crate::model::publication::{ApiGap, Publication, PublicationFact, PublicationRecord, Publications, Publisher};
    use crate::model::recorded::Recorded;
    use crate::model::signal::Signal;
    use crate::model::trail::{Kind, ReleaseRecord};
    use crate::policy::by_hand::{World, crates_io, days_ago, event, line, now, trail, version};

    /// What the registry says of releases: who published them, and how many days ago.
    fn read(releases: &[(&str, &str, i64)]) -> PublicationFact {
        let one = |(number, by, days): &(&str, &str, i64)| {
            let created_at = Some(days_ago(*days));
            (version(number), Publication { created_at, by: Some((*by).into()), ..Publication::default() })
        };
        PublicationFact::Read(Publications { releases: releases.iter().map(one).collect() })
    }

    fn account(name: &str) -> Publisher {
        Publisher::Account(name.into())
    }

    /// However short the hold of a signal is.
    #[test]
    fn a_release_does_not_introduce_its_own_publisher() {
        for hold in [Age::ZERO, Age::days(14)] {
            let world = World::new().publish("foo", "1.0.0", 90).publish("foo", "1.1.0", 1).with(|world| {
                world.policy.quarantine.signal_age = hold;
                world.facts.publications.insert(crates_io("foo"), read(&[("1.0.0", "ana", 90), ("1.1.0", "eve", 1)]));
            });
            let judge = world.judge();
            let history = judge.history(&crates_io("foo"));
            let newest = history.and_then(|history| history.outlines().max_by_key(|one| one.version.clone()).cloned());
            let of = |release: &Outline| changes(&world.facts, &world.policy, &crates_io("foo"), release);
            let change = Signal::PublisherChange { publisher: account("eve"), before: vec![account("ana")] };
            assert_eq!(newest.as_ref().map(of), Some(vec![change]), "{hold}");
        }
    }

    #[test]
    fn the_registry_is_asked_about_what_is_old_enough_to_be_taken_and_young_enough_to_be_held() {
        let asked = |days: i64, yanked: bool| {
            let mut newer = line("foo", "1.1.0", days_ago(days), &[]);
            newer["yanked"] = yanked.into();
            let world = World::new().publish("foo", "1.0.0", 90).publish_line(&newer).lock("foo", "1.0.0", &["app"]);
            candidates(&world.facts, &world.policy, now()) == BTreeSet::from([crates_io("foo")])
        };
        assert_eq!([3, 7, 10, 14, 30].map(|days| asked(days, false)), [false, true, true, false, false]);
        assert!(!asked(10, true));
    }

    #[test]
    fn what_could_not_be_learned_and_what_was_said_otherwise_before_is_told() {
        let crates = ["offline", "unlisted", "renamed", "same"];
        let world = crates.into_iter().fold(World::new(), |world, name| world.lock(name, "1.0.0", &["app"]));
        let world = world.with(|world| {
            let facts = [
                ("offline", PublicationFact::Unavailable(ApiGap::Offline)),
                ("unlisted", read(&[("1.0.1", "ana", 90)])),
                ("renamed", read(&[("1.0.0", "eve", 90)])),
                ("same", read(&[("1.0.0", "ana", 90)])),
            ];
            world.facts.publications.extend(facts.map(|(name, fact)| (crates_io(name), fact)));
            let recorded = ["renamed", "same"].map(|name| ReleaseRecord {
                publication: Some(PublicationRecord { by: Some("ana".into()), trusted: None }),
                ..ReleaseRecord::new(crates_io(name), version("1.0.0"))
            });
            let event = event(Kind::Updated, days_ago(30), recorded.into());
            world.facts.trail.recorded = Recorded::of(&trail(vec![event]));
        });
        let unknown = |gap, name: &str| Notice::PublicationsUnknown { gap, crates: vec![name.into()] };
        let (crate_id, version) = (crates_io("renamed"), version("1.0.0"));
        let rewritten =
            Notice::PublisherRewritten { crate_id, version, recorded: account("ana"), found: Some(account("eve")) };
        assert_eq!(
            notices(&world.facts),
            [unknown(ApiGap::Offline, "offline"), unknown(ApiGap::Unlisted, "unlisted"), rewritten]
        );
    }
}
