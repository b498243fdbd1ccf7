//! In what one policy lets more through than another: a change than its base, so that the code owner who merges it sees each piece, and
//! the policy of today than the one that the audit trail last saw.

#[cfg(test)]
mod taken_back;

use std::collections::BTreeSet;
use std::fmt::Display;

use super::exempted::Exempted;
use super::source;
use crate::model::age::Age;
use crate::model::approval::Approval;
use crate::model::crate_name::NamePattern;
use crate::model::license::{Clarification, LicensePolicy};
use crate::model::loosening::{Loosening, LooseningKind};
use crate::model::policy::{AgeOverride, Ban, GitRule, Ignore, Level, Policy, Setting};
use crate::model::signal::SignalCode;
use crate::model::source::Registry;
use crate::model::trail::{PolicyChange, Trail};

/// Everything in which the head's policy and approvals let more through than the base's. A change of the advisory source is always
/// listed: nobody can tell from the outside that it knows less.
#[must_use]
pub fn loosened(base: (&Policy, &[Approval]), head: (&Policy, &[Approval])) -> Vec<Loosening> {
    let mut all = Vec::new();
    ages(base.0, head.0, &mut all);
    signals(base.0, head.0, &mut all);
    cargo_ages(base.0, head.0, &mut all);
    overrides(base.0, head.0, &mut all);
    registries(base.0, head.0, &mut all);
    advisories(base.0, head.0, &mut all);
    sources(base.0, head.0, &mut all);
    licenses(&base.0.licenses, &head.0.licenses, &mut all);
    approvals(base.1, head.1, &mut all);
    all
}

/// What a change loosens against the commits that it grew from, and the keys in which only the base as it is today is stricter, because it
/// moved on alone. Of several such commits the strictest counts in every key.
#[must_use]
pub fn since(
    grown_from: &[(&Policy, &[Approval])],
    today: (&Policy, &[Approval]),
    head: (&Policy, &[Approval]),
) -> (Vec<Loosening>, Vec<String>) {
    let now = loosened(today, head);
    if grown_from.is_empty() {
        return (now, Vec::new());
    }
    let mut all: Vec<Loosening> = Vec::new();
    for one in grown_from.iter().flat_map(|one| loosened(*one, head)) {
        if !all.iter().any(|known| (&known.key, &known.head) == (&one.key, &one.head)) {
            all.push(one);
        }
    }
    let own = |one: &Loosening| all.iter().any(|known| known.key == one.key);
    let moved = now.iter().filter(|one| !own(one)).map(|one| one.key.clone()).collect();
    (all, moved)
}

/// Parts what a person may decide in a change from what it may not bring about.
#[must_use]
pub fn decided(all: Vec<Loosening>) -> (Vec<Loosening>, Vec<Loosening>) {
    all.into_iter().partition(|one| one.kind.may_be_decided())
}

/// Adds to the base's rules what the change decides: its approvals and ignores then count.
pub fn let_count(decided: &[Loosening], policy: &mut Policy, approvals: &mut Vec<Approval>) {
    for one in decided {
        match &one.kind {
            LooseningKind::Approval(approval) => approvals.push((**approval).clone()),
            LooseningKind::Ignore(ignore) => policy.advisories.ignore.push((**ignore).clone()),
            LooseningKind::Rule | LooseningKind::Adoption | LooseningKind::Place => {}
        }
    }
}

fn changed(key: &str, base: &dyn Display, head: &dyn Display) -> Loosening {
    rule(key.to_owned(), Some(base), Some(head))
}

fn added(key: String, head: &dyn Display) -> Loosening {
    rule(key, None, Some(head))
}

fn removed(key: String, base: &dyn Display) -> Loosening {
    rule(key, Some(base), None)
}

fn rule(key: String, base: Option<&dyn Display>, head: Option<&dyn Display>) -> Loosening {
    let text = |side: &dyn Display| side.to_string();
    Loosening { kind: LooseningKind::Rule, key, base: base.map(text), head: head.map(text), reason: None }
}

fn ages(base: &Policy, head: &Policy, all: &mut Vec<Loosening>) {
    let (before, after) = (&base.quarantine, &head.quarantine);
    let shorter = |key, before: Age, after: Age| (after < before).then(|| changed(key, &before, &after));
    all.extend(shorter("quarantine.min-publish-age", before.min_publish_age.value, after.min_publish_age.value));
    all.extend(shorter("quarantine.new-crate-age", before.new_crate_age, after.new_crate_age));
    all.extend(shorter("quarantine.signal-age", before.signal_age, after.signal_age));
    if before.inspect && !after.inspect {
        all.push(changed("quarantine.inspect", &true, &false));
    }
    all.extend(shorter("quarantine.security-fix.min-publish-age", before.security_fix_age, after.security_fix_age));
    if after.security_fix && !before.security_fix {
        all.push(changed("quarantine.security-fix.enabled", &false, &true));
    }
}

/// A signal that does less, or that less is one of.
fn signals(base: &Policy, head: &Policy, all: &mut Vec<Loosening>) {
    let (before, after) = (&base.signals, &head.signals);
    for code in SignalCode::ALL {
        let (before, after) = (before.level(code), after.level(code));
        if after < before {
            all.push(changed(&format!("signals.{}", code.as_str()), &before.as_str(), &after.as_str()));
        }
    }
    let (was, is) = (before.young_dependency_new_line, after.young_dependency_new_line);
    if is < was {
        all.push(changed("signals.young-dependency-new-line", &was.as_str(), &is.as_str()));
    }
    let less = |key, is_less: bool, before: Age, after: Age| is_less.then(|| changed(key, &before, &after));
    let shorter = |key, before: Age, after: Age| less(key, after < before, before, after);
    all.extend(shorter("signals.young-dependency-age", before.young_dependency_age, after.young_dependency_age));
    let (was, is) = (before.dormant_growth_gap, after.dormant_growth_gap);
    all.extend(less("signals.dormant-growth-gap", is > was, was, is));
    all.extend(shorter("signals.dormant-growth-window", before.dormant_growth_window, after.dormant_growth_window));
    all.extend(shorter("signals.look-alike-age", before.look_alike_age, after.look_alike_age));
    let new = after.look_alike_known.iter().filter(|name| !before.look_alike_known.contains(name));
    all.extend(new.map(|name| added("signals.look-alike-known".to_owned(), name)));
}

/// Cargo's own keys stand in the repository too, and what only lengthens is missed when it goes.
fn cargo_ages(base: &Policy, head: &Policy, all: &mut Vec<Loosening>) {
    let mut compare = |key: String, before: Option<&Setting<Age>>, after: Option<&Setting<Age>>| {
        let Some(before) = before else { return };
        match after {
            None => all.push(removed(key, &before.value)),
            Some(after) if after.value < before.value => all.push(changed(&key, &before.value, &after.value)),
            Some(_) => {}
        }
    };
    compare("cargo registry.global-min-publish-age".to_owned(), base.cargo.global.as_ref(), head.cargo.global.as_ref());
    for (registry, before) in &base.cargo.registries {
        let after = head.cargo.registries.get(registry).or(head.cargo.global.as_ref());
        compare(format!("cargo min-publish-age of {registry}"), Some(before), after);
    }
    for (registry, after) in &head.cargo.registries {
        // A registry's own key goes before the global one, so a new one can be the shorter.
        if !base.cargo.registries.contains_key(registry) {
            compare(format!("cargo min-publish-age of {registry}"), base.cargo.global.as_ref(), Some(after));
        }
    }
}

/// An override is the same one when it names the same crates of the same registry.
fn overrides(base: &Policy, head: &Policy, all: &mut Vec<Loosening>) {
    let key = |rule: &AgeOverride| format!("override {} of {}", joined(&rule.crates), rule.registry);
    let twin = |policy: &'_ Policy, rule: &AgeOverride| {
        let mut same = policy.overrides.iter().filter(|one| one.crates == rule.crates && one.registry == rule.registry);
        same.by_ref().map(|one| one.min_publish_age.value).max()
    };
    for rule in &head.overrides {
        // Of several, the longest applies.
        let after = twin(head, rule).unwrap_or(rule.min_publish_age.value);
        match twin(base, rule) {
            Some(before) if after < before => {
                all.push(Loosening { reason: rule.reason.clone(), ..changed(&key(rule), &before, &after) });
            }
            None if after < usual(base, rule) => {
                all.push(Loosening { reason: rule.reason.clone(), ..added(key(rule), &after) });
            }
            Some(_) | None => {}
        }
    }
    // Without it another override may apply that is shorter still.
    let shortest = |rule: &AgeOverride| {
        let others = head.overrides.iter().filter(|one| one.registry == rule.registry);
        others.map(|one| one.min_publish_age.value).chain([usual(head, rule)]).min()
    };
    let gone = base.overrides.iter().filter(|rule| twin(head, rule).is_none());
    all.extend(
        gone.filter(|rule| Some(rule.min_publish_age.value) > shortest(rule))
            .map(|rule| removed(key(rule), &rule.min_publish_age.value)),
    );
}

fn joined(patterns: &[NamePattern]) -> String {
    patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The age that the crates of an override would have without it.
fn usual(policy: &Policy, rule: &AgeOverride) -> Age {
    let registry = policy.registries.get(&rule.registry).and_then(|registry| registry.min_publish_age.as_ref());
    registry.map_or(policy.quarantine.min_publish_age.value, |age| age.value)
}

fn registries(base: &Policy, head: &Policy, all: &mut Vec<Loosening>) {
    let age = |policy: &Policy, registry| {
        let own = policy.registries.get(registry).and_then(|registry| registry.min_publish_age.as_ref());
        own.map_or(policy.quarantine.min_publish_age.value, |age| age.value)
    };
    let is_allowed = |policy: &Policy, registry: &Registry| {
        *registry == Registry::CratesIo || policy.sources.allow_registries.contains(registry)
    };
    for registry in head.registries.keys() {
        let (key, after) = (format!("registries {registry}"), age(head, registry));
        if !base.registries.contains_key(registry) && !is_allowed(base, registry) {
            all.push(added(key, &after));
        } else if after < age(base, registry) {
            all.push(changed(&key, &age(base, registry), &after));
        }
    }
    // Whoever answers there says who published what.
    let api = |policy: &Policy, registry: &Registry| policy.registries.get(registry).and_then(|one| one.api.clone());
    let both: BTreeSet<&Registry> = base.registries.keys().chain(head.registries.keys()).collect();
    for registry in both.into_iter().filter(|one| head.registries.contains_key(one) || is_allowed(head, one)) {
        let (key, before, after) = (format!("registries {registry} api"), api(base, registry), api(head, registry));
        all.extend(match (before, after) {
            (Some(before), Some(after)) if before != after => Some(changed(&key, &before, &after)),
            (None, Some(after)) => Some(added(key, &after)),
            (Some(before), None) => Some(removed(key, &before)),
            (Some(_), Some(_)) | (None, None) => None,
        });
    }
    let gone = |registry: &Registry| !head.registries.contains_key(registry) && is_allowed(head, registry);
    for (registry, was) in base.registries.iter().filter(|(registry, _)| gone(registry)) {
        // Where the registry is allowed otherwise, losing its own longer age lets younger releases through.
        let before = was.min_publish_age.as_ref().map(|age| age.value);
        all.extend(
            before
                .filter(|before| *before > head.quarantine.min_publish_age.value)
                .map(|before| removed(format!("registries {registry}"), &before)),
        );
    }
}

fn advisories(base: &Policy, head: &Policy, all: &mut Vec<Loosening>) {
    let (before, after) = (&base.advisories, &head.advisories);
    if before.db != after.db {
        let name = |db: &Option<String>| db.clone().unwrap_or_else(|| "none".to_owned());
        all.push(changed("advisories.db", &name(&before.db), &name(&after.db)));
    }
    let longer = |key, before: Age, after: Age| (after > before).then(|| changed(key, &before, &after));
    all.extend(longer("advisories.max-age", before.max_age, after.max_age));
    all.extend(longer("advisories.max-copy-age", before.max_copy_age, after.max_copy_age));
    let laxer = |key, before: Level, after: Level| (after < before).then(|| changed(key, &before, &after));
    all.extend(laxer("advisories.unsound", before.unsound, after.unsound));
    all.extend(laxer("advisories.unmaintained", before.unmaintained, after.unmaintained));
    all.extend(laxer("advisories.notice", before.notice, after.notice));
    all.extend(laxer("advisories.yanked", before.yanked, after.yanked));
    let covered = |ignore: &&Ignore| {
        let wide = |one: &&Ignore| one.crate_name.is_none() || one.crate_name == ignore.crate_name;
        let mut same = before.ignore.iter().filter(|one| one.id == ignore.id).filter(wide);
        same.any(|one| one.until >= ignore.until)
    };
    let new = after.ignore.iter().filter(|ignore| !covered(ignore));
    all.extend(new.map(|ignore| Loosening {
        kind: LooseningKind::Ignore(Box::new(ignore.clone())),
        ..added(format!("advisories.ignore {}", ignore.id), &format!("until {}", ignore.until))
    }));
}

fn sources(base: &Policy, head: &Policy, all: &mut Vec<Loosening>) {
    let (before, after) = (&base.sources, &head.sources);
    let new = after
        .allow_registries
        .iter()
        .filter(|one| !before.allow_registries.contains(one) && !base.registries.contains_key(one));
    all.extend(new.map(|one| added("sources.allow-registries".to_owned(), one)));
    let allowed = |one: &GitRule| {
        before.allow_git.iter().any(|rule| {
            (&rule.url, &rule.rev) == (&one.url, &one.rev)
                || (rule.rev.is_none() && source::lies_below(&one.url, &rule.url))
        })
    };
    let new = after.allow_git.iter().filter(|one| !allowed(one));
    all.extend(new.map(|one| added("sources.allow-git".to_owned(), &git_rule(one))));
    let new = after.mirrors.iter().filter(|one| !before.mirrors.contains(one));
    all.extend(new.map(|one| added("sources.mirrors".to_owned(), one)));
    let still_denied = |ban: &Ban| {
        let mut same = head.deny.iter().filter(|one| one.crate_name == ban.crate_name);
        same.any(|one| one.req.is_none() || one.req == ban.req)
    };
    let gone = base.deny.iter().filter(|ban| !still_denied(ban));
    all.extend(gone.map(|ban| removed("bans.deny".to_owned(), &ban.text)));
}

/// Where the base judges no licences, nothing can be looser.
fn licenses(base: &LicensePolicy, head: &LicensePolicy, all: &mut Vec<Loosening>) {
    if !base.is_set() {
        return;
    }
    if !head.is_set() {
        all.push(removed("licenses.allow".to_owned(), &base.allow.join(", ")));
    }
    let new = head.allow.iter().filter(|one| !base.allow.contains(one));
    all.extend(new.map(|one| added("licenses.allow".to_owned(), one)));
    for exception in &head.exceptions {
        let same = || base.exceptions.iter().filter(|one| one.releases == exception.releases);
        let new = exception
            .allow
            .iter()
            .filter(|one| !base.allow.contains(one) && !same().any(|old| old.allow.contains(one)));
        all.extend(new.map(|one| added(format!("licenses.exception {}", exception.releases), one)));
    }
    let is_known = |one: &Clarification| {
        let same = |old: &Clarification| {
            (&old.releases, &old.expression, &old.files) == (&one.releases, &one.expression, &one.files)
        };
        base.clarify.iter().any(same)
    };
    // Nobody can tell from the outside whether a text is what somebody says it is.
    let new = head.clarify.iter().filter(|one| !is_known(one));
    all.extend(new.map(|one| added(format!("licenses.clarify {}", one.releases), &one.expression)));
}

fn git_rule(rule: &GitRule) -> String {
    rule.rev.as_ref().map_or_else(|| rule.url.clone(), |rev| format!("{} at {rev}", rule.url))
}

fn approvals(base: &[Approval], head: &[Approval], all: &mut Vec<Loosening>) {
    let same_release = |one: &Approval, other: &Approval| {
        one.crate_name == other.crate_name
            && one.registry == other.registry
            && one.version == other.version
            && one.checksum == other.checksum
    };
    // Where no last day is given, an approval counts for ever.
    let lasts =
        |one: &Approval, other: &Approval| one.until.is_none_or(|until| other.until.is_some_and(|end| end <= until));
    for after in head {
        let covered = base.iter().any(|before| {
            same_release(before, after)
                && after.lifts.iter().all(|code| before.lifts.contains(code))
                && lasts(before, after)
        });
        if !covered {
            let lifts: Vec<_> = after.lifts.iter().map(|code| code.as_str()).collect();
            all.push(Loosening {
                kind: LooseningKind::Approval(Box::new(after.clone())),
                ..added(format!("approval {}@{}", after.crate_name, after.version), &lifts.join(", "))
            });
        }
    }
}

/// What became of the policy since the last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyDrift {
    /// Nothing that the trail does not have.
    None,
    /// It says something else, and lets nothing more through.
    Changed,
    /// It lets more through.
    Loosened(Vec<PolicyChange>),
}

/// Compares the policy as it is with the one that the trail has: its last `rules`, and the approvals and ignores that events recorded.
/// `recorded` is what those rules say, `None` where they cannot be read any more.
#[must_use]
pub(crate) fn policy_drift(
    trail: &Trail,
    recorded: Option<Policy>,
    now: (&Policy, &[Approval]),
    rules: &str,
) -> PolicyDrift {
    let Some(before) = trail.latest_rules() else { return PolicyDrift::None };
    let Some(mut policy) = recorded else {
        let change = PolicyChange { before: None, key: "sequester.toml".to_owned(), now: None };
        return if before == rules { PolicyDrift::None } else { PolicyDrift::Loosened(vec![change]) };
    };
    let exempted = Exempted::of(trail);
    policy.advisories.ignore = exempted.ignores;
    let changes: Vec<_> = loosened((&policy, &exempted.approvals), now)
        .into_iter()
        .map(|loosening| PolicyChange { before: loosening.base, key: loosening.key, now: loosening.head })
        .filter(|change| !exempted.told.contains(&(change.key.as_str(), change.now.as_deref())))
        .collect();
    match (changes.is_empty(), before == rules) {
        (false, _) => PolicyDrift::Loosened(changes),
        (true, false) => PolicyDrift::Changed,
        (true, true) => PolicyDrift::None,
    }
}

#[cfg(test)]
mod tests {
    use super::since;
    use crate::model::age::Age;
    use crate::model::policy::Policy;

    #[test]
    fn each_key_in_which_a_change_is_looser_than_a_commit_that_it_grew_from_is_told_once() {
        let with = |publish: u32, new_crate: u32| {
            let mut policy = Policy::default();
            policy.quarantine.min_publish_age.value = Age::days(publish);
            policy.quarantine.new_crate_age = Age::days(new_crate);
            policy
        };
        let (one, other, head) = (with(10, 30), with(7, 40), with(5, 20));
        let keys = ["quarantine.min-publish-age", "quarantine.new-crate-age"];
        for grown_from in [vec![&one], vec![&one, &other], vec![&other, &one]] {
            let grown_from: Vec<_> = grown_from.into_iter().map(|policy| (policy, &[][..])).collect();
            let (all, moved) = since(&grown_from, (&one, &[]), (&head, &[]));
            assert_eq!((all.iter().map(|one| &*one.key).collect(), moved), (keys.to_vec(), Vec::new()));
        }
    }
}
