//! The baseline: what lets a project that exists already turn the gate on today, and goes away by itself.
//!
//! Only three things are in it: releases that nothing but their age holds, vulnerabilities that are known by name, and commits of
//! git repositories. Whatever else stands against a package stays a finding.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::{advisory, source};
use crate::model::adoption::{ADOPTION_REASON, Adopted, Baseline, Carried, NotTaken, is_from_adoption};
use crate::model::age::Age;
use crate::model::approval::Approval;
use crate::model::evaluation::{Evaluation, Judgement};
use crate::model::facts::{AdvisoryFact, Facts};
use crate::model::package::{CrateId, LockedChecksum, Package};
use crate::model::policy::{GitRule, Ignore, Origin, Policy, Setting};
use crate::model::source::{GitSource, Registry, Source};
use crate::model::verdict::{Basis, Exemption, Reason, ReasonCode, Verdict, Warning};

/// How many days an advisory is ignored that was there at adoption.
pub(crate) const IGNORE_DAYS: i32 = 90;

/// The baseline of an evaluation without approvals and ignores, and which of the adopted entries had nothing to say in it.
#[must_use]
pub(crate) fn baseline(
    facts: &Facts,
    evaluation: &Evaluation,
    adopted: &Adopted,
    by: Option<&str>,
) -> (Baseline, Vec<Setting<NotTaken>>) {
    let today = TimeZone::UTC.to_datetime(evaluation.now).date();
    let judged = || facts.packages.iter().zip(&evaluation.judgements);
    let approvals: Vec<Approval> =
        judged().filter_map(|(package, judgement)| approval(package, judgement, adopted, by, today)).collect();
    let mut git: Vec<GitRule> = judged().filter_map(|(_, judgement)| git_rule(judgement)).collect();
    git.sort_by(|one, other| (&one.url, &one.rev).cmp(&(&other.url, &other.rev)));
    git.dedup();
    let (ignores, mut unused) = ignores(evaluation, &facts.advisories, adopted, today);
    unused.extend(not_held(adopted, &approvals));
    (Baseline { approvals, ignores, git }, unused)
}

/// Of a release that only its age, or its crate's, holds once advisories are ignored.
fn approval(
    package: &Package,
    judgement: &Judgement,
    adopted: &Adopted,
    by: Option<&str>,
    today: Date,
) -> Option<Approval> {
    let CrateId { registry, name } = package.id.crate_id()?;
    let LockedChecksum::Known(checksum) = package.checksum else { return None };
    let mut lifts: Vec<ReasonCode> = Vec::new();
    let mut matures = Timestamp::MIN;
    for reason in judgement.reasons()? {
        if let Reason::TooNew { eligible_at, .. } | Reason::NewCrate { eligible_at, .. } = reason {
            matures = matures.max(*eligible_at);
            lifts.push(reason.code());
        } else if !matches!(reason, Reason::Advisory { .. }) {
            return None;
        }
    }
    lifts.dedup();
    // What never matures is not carried for a while but for ever.
    if lifts.is_empty() || matures == Timestamp::MAX {
        return None;
    }
    let vouched = adopted.vouched.iter().find(|one| {
        one.value.crate_name == *name && one.value.version == package.id.version && registry == Registry::CratesIo
    });
    let reason = vouched.map(|one| format!("{} {}", file_and_line(&one.origin), one.value.how));
    Some(Approval {
        crate_name: name.into(),
        registry,
        version: package.id.version.clone(),
        checksum,
        lifts,
        reason: marked(reason.as_deref()),
        by: by.map(str::to_owned),
        at: Some(today),
        until: Some(TimeZone::UTC.to_datetime(matures).date().max(today)),
        line: 0,
    })
}

/// The mark, and what else is known.
fn marked(detail: Option<&str>) -> String {
    detail.map_or_else(|| ADOPTION_REASON.to_owned(), |detail| format!("{ADOPTION_REASON}: {detail}"))
}

fn file_and_line(origin: &Origin) -> String {
    match origin {
        Origin::File { path, line, .. } => format!("{path}:{line}"),
        origin @ (Origin::Default | Origin::Flag | Origin::Environment(_)) => origin.to_string(),
    }
}

/// Of a commit that nothing but the absence of a rule holds.
fn git_rule(judgement: &Judgement) -> Option<GitRule> {
    let Source::Git(GitSource { url, commit: Some(commit), .. }) = &judgement.id.source else { return None };
    let alone = judgement.reasons()?.iter().all(|reason| *reason == Reason::SourceNotAllowed);
    let rule = GitRule { url: url.to_string(), rev: Some(commit.to_string()), reason: Some(marked(None)) };
    (alone && can_be_written(&rule)).then_some(rule)
}

/// The grammar of `allow-git`: a full commit, and an address without query, fragment or anything that is not seen.
fn can_be_written(rule: &GitRule) -> bool {
    let is_commit = |rev: &String| rev.len() == 40 && rev.bytes().all(|byte| byte.is_ascii_hexdigit());
    let scheme = rule.url.split_once("://").filter(|(_, rest)| !rest.is_empty()).map(|(scheme, _)| scheme);
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\');
    rule.rev.as_ref().is_some_and(is_commit)
        && matches!(scheme, Some("https" | "http" | "ssh" | "git" | "file"))
        && rule.url.bytes().all(is_plain)
}

/// One for each advisory and crate that the policy rejects, or that another tool ignores; and what it ignores in vain.
fn ignores(
    evaluation: &Evaluation,
    advisories: &AdvisoryFact,
    adopted: &Adopted,
    today: Date,
) -> (Vec<Ignore>, Vec<Setting<NotTaken>>) {
    let until = today.checked_add(IGNORE_DAYS.days()).unwrap_or(Date::MAX);
    let mut wanted: BTreeMap<(Arc<str>, Arc<str>), Option<String>> = BTreeMap::new();
    for judgement in &evaluation.judgements {
        for reason in judgement.reasons().into_iter().flatten() {
            if let Reason::Advisory { advisory, .. } = reason {
                wanted.entry((Arc::clone(advisory), Arc::clone(&judgement.id.name))).or_default();
            }
        }
    }
    let mut unused = Vec::new();
    for Setting { value: (id, reason), origin } in &adopted.ignores {
        let hits: Vec<_> = evaluation.judgements.iter().flat_map(|one| named(one, id, advisories)).collect();
        if hits.is_empty() {
            unused.push(Setting { value: NotTaken::HitsNothing(id.clone()), origin: origin.clone() });
        }
        let said = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let detail = format!("{} ignores it{said}", file_and_line(origin));
        for hit in hits {
            wanted.entry(hit).or_default().get_or_insert_with(|| detail.clone());
        }
    }
    let ignores = wanted.into_iter().map(|((id, name), detail)| Ignore {
        id,
        crate_name: Some(name.into()),
        reason: marked(detail.as_deref()),
        until,
        justification: None,
        line: 0,
    });
    (ignores.collect(), unused)
}

/// The advisories that hit a package, may be ignored, and that another tool calls so: by RustSec's id or by an alias. With the package's
/// name.
fn named<'e>(
    judgement: &'e Judgement,
    id: &str,
    advisories: &'e AdvisoryFact,
) -> impl Iterator<Item = (Arc<str>, Arc<str>)> + use<'e> {
    let ignore = Ignore {
        id: id.into(),
        crate_name: None,
        reason: String::new(),
        until: Date::MAX,
        justification: None,
        line: 0,
    };
    let malicious = |id: &str| {
        let is_it = |reason: &Reason| matches!(reason, Reason::Malicious { advisory } if **advisory == *id);
        judgement.reasons().into_iter().flatten().any(is_it)
    };
    let hit = judgement
        .advisories
        .iter()
        .filter(move |hit| advisory::is_ignored_by(advisories, &ignore, &judgement.id.name, hit) && !malicious(hit));
    hit.map(|hit| (Arc::clone(hit), Arc::clone(&judgement.id.name)))
}

/// What is vouched for and needs no approval, counted by file and section; each at the first of its places.
fn not_held(adopted: &Adopted, approvals: &[Approval]) -> Vec<Setting<NotTaken>> {
    let mut counts: Vec<(String, &Origin, usize)> = Vec::new();
    for one in &adopted.vouched {
        let named = |approval: &Approval| {
            approval.crate_name.names(&one.value.crate_name) && approval.version == one.value.version
        };
        if approvals.iter().any(named) {
            continue;
        }
        let section = match &one.origin {
            Origin::File { path, key, .. } => format!("{path} {}", key.split('.').next().unwrap_or_default()),
            Origin::Default | Origin::Flag | Origin::Environment(_) => String::new(),
        };
        match counts.iter_mut().find(|(known, ..)| *known == section) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((section, &one.origin, 1)),
        }
    }
    let settings = counts.into_iter();
    settings.map(|(_, origin, count)| Setting { value: NotTaken::NotHeld(count), origin: origin.clone() }).collect()
}

/// With at most one age and one level of a kind left, and everything that gave way named. `flag` is `--min-publish-age`.
///
/// Of ages the longest counts, of levels the strictest, of everything else each once.
#[must_use]
pub fn settled(mut adopted: Adopted, flag: Option<Age>) -> Adopted {
    let longest = adopted.ages.iter().map(|one| one.value).max();
    for Setting { value, origin } in std::mem::take(&mut adopted.ages) {
        match (flag, longest) {
            (Some(flag), _) if flag != value => adopted.leave(origin, NotTaken::Overruled(flag)),
            (None, Some(longest)) if longest > value => adopted.leave(origin, NotTaken::Shorter(longest)),
            _ if !adopted.ages.is_empty() => adopted.leave(origin, NotTaken::Repeated),
            _ => adopted.ages.push(Setting { value, origin }),
        }
    }
    if let Some(value) = flag.filter(|_| adopted.ages.is_empty()) {
        adopted.ages.push(Setting { value, origin: Origin::Flag });
    }
    let levels = std::mem::take(&mut adopted.levels);
    let strictest = |key| levels.iter().filter(|one| one.value.0 == key).map(|one| one.value.1).max();
    for Setting { value: (key, level), origin } in levels.clone() {
        let taken = adopted.levels.iter().any(|one| one.value.0 == key);
        match strictest(key).filter(|strictest| *strictest > level) {
            Some(stricter) => adopted.leave(origin, NotTaken::Laxer(stricter)),
            None if taken => adopted.leave(origin, NotTaken::Repeated),
            None => adopted.levels.push(Setting { value: (key, level), origin }),
        }
    }
    once(&mut adopted.allow_registries);
    once(&mut adopted.allow_git);
    once(&mut adopted.deny);
    once(&mut adopted.licenses);
    // Without a list nothing is judged, and there is nothing to except from.
    if adopted.licenses.is_empty() {
        for Setting { origin, .. } in std::mem::take(&mut adopted.license_exceptions) {
            adopted.leave(origin, NotTaken::NoCounterpart);
        }
    }
    adopted
}

/// Keeps the first of equal values; a second one asks for nothing more.
fn once<T: Ord + Clone>(settings: &mut Vec<Setting<T>>) {
    let mut seen = std::collections::BTreeSet::new();
    settings.retain(|one| seen.insert(one.value.clone()));
}

/// Counts what an evaluation stands on, not what the policy file still says: an approval that nobody needs any more carries nothing.
#[must_use]
pub(crate) fn carried(
    evaluation: &Evaluation,
    known: &AdvisoryFact,
    policy: &Policy,
    approvals: &[Approval],
) -> Carried {
    let today = TimeZone::UTC.to_datetime(evaluation.now).date();
    let (mut releases, mut advisories, mut git) = (0, BTreeSet::new(), BTreeSet::new());
    for judgement in &evaluation.judgements {
        match (&judgement.verdict, &judgement.id.source) {
            (Some(Verdict::Approved(Basis::Approval { given })), _) => {
                let on_line = |line| approvals.iter().filter(move |one: &&Approval| one.line == line);
                let marked = |exemption: &Exemption| on_line(exemption.line).any(|one| is_from_adoption(&one.reason));
                releases += usize::from(given.iter().any(marked));
            }
            (Some(Verdict::Approved(Basis::AllowedSource)), Source::Git(found)) => {
                let mut rules =
                    policy.sources.allow_git.iter().filter(|rule| source::allows_git(rule, found)).peekable();
                let marked = |rule: &GitRule| rule.reason.as_deref().is_some_and(is_from_adoption);
                if rules.peek().is_some() && rules.all(marked) {
                    git.insert((&found.url, &found.commit));
                }
            }
            _ => {}
        }
        for warning in &judgement.warnings {
            let Warning::Ignored { advisory, .. } = warning else { continue };
            let ignores = policy.advisories.ignore.iter().filter(|ignore| {
                ignore.until >= today && super::advisory::is_ignored_by(known, ignore, &judgement.id.name, advisory)
            });
            let mut ignores = ignores.peekable();
            if ignores.peek().is_some() && ignores.all(|ignore| is_from_adoption(&ignore.reason)) {
                advisories.insert(advisory);
            }
        }
    }
    Carried { releases, advisories: advisories.len(), git: git.len() }
}

#[cfg(test)]
mod tests {
    use super::{carried, git_rule, not_held};
    use crate::model::adoption::{Adopted, Carried, NotTaken, Vouched};
    use crate::model::approval::Approval;
    use crate::model::evaluation::Evaluation;
    use crate::model::facts::AdvisoryFact;
    use crate::model::package::PackageId;
    use crate::model::policy::{Origin, Policy, Setting};
    use crate::model::source::{GitSource, Registry, Source};
    use crate::model::verdict::{Basis, Exemption, Reason, Reasons, Verdict};
    use crate::policy::by_hand::{checksum, judgement, now, package, version};

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_commit_is_adopted_where_nothing_else_holds_it_and_a_rule_can_say_which() {
        let adopted = |reasons: Vec<Reason>, url: &str, commit: &str| {
            let source = GitSource { url: url.into(), reference: None, commit: Some(commit.into()) };
            let id = PackageId { source: Source::Git(source), ..package("foo", "1.0.0").id };
            let rule = git_rule(&judgement(id, Reasons::new(reasons).map(Verdict::Rejected)))?;
            Some((rule.url, rule.rev?))
        };
        let url = "https://git.example.org/foo";
        let (alone, denied) = (vec![Reason::SourceNotAllowed], Reason::Denied { entry: "foo".to_owned() });
        assert_eq!(adopted(alone.clone(), url, COMMIT), Some((url.to_owned(), COMMIT.to_owned())));
        assert_eq!(adopted(vec![Reason::SourceNotAllowed, denied], url, COMMIT), None);
        for commit in [&COMMIT[1..], "0123456789abcdef0123456789abcdef0123456g", "main"] {
            assert_eq!(adopted(alone.clone(), url, commit), None, "{commit}");
        }
        let urls = ["https://git.example.org/a?b", "https://git.example.org/a b", "https://git.example.org/\u{e4}"];
        for url in urls.into_iter().chain(["https://", "ftp://git.example.org/foo"]) {
            assert_eq!(adopted(alone.clone(), url, COMMIT), None, "{url}");
        }
    }

    fn approval(name: &str, line: u32, reason: &str) -> Approval {
        Approval {
            crate_name: name.into(),
            registry: Registry::CratesIo,
            version: version("1.0.0"),
            checksum: checksum(name),
            lifts: Vec::new(),
            reason: reason.to_owned(),
            by: None,
            at: None,
            until: None,
            line,
        }
    }

    #[test]
    fn what_needs_no_approval_is_counted_by_file_and_section() {
        let vouched = |file: &str, key: &str, line: u32, name: &str| Setting {
            value: Vouched { crate_name: name.to_owned(), version: version("1.0.0"), how: String::new() },
            origin: Origin::File { path: file.into(), line, key: key.to_owned() },
        };
        let adopted = Adopted {
            vouched: vec![
                vouched("audits.toml", "audits.foo", 1, "foo"),
                vouched("audits.toml", "trusted.bar", 5, "bar"),
                vouched("audits.toml", "audits.zed", 7, "zed"),
                vouched("audits.toml", "audits.held", 9, "held"),
                vouched("more.toml", "audits.qux", 3, "qux"),
            ],
            ..Adopted::default()
        };
        let found = not_held(&adopted, &[approval("held", 1, "")]);
        let found = found.iter().map(|one| match &one.origin {
            Origin::File { path, line, .. } => (path.as_str(), *line, one.value.clone()),
            origin @ (Origin::Default | Origin::Flag | Origin::Environment(_)) => panic!("{origin}"),
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                ("audits.toml", 1, NotTaken::NotHeld(2)),
                ("audits.toml", 5, NotTaken::NotHeld(1)),
                ("more.toml", 3, NotTaken::NotHeld(1)),
            ]
        );
    }

    #[test]
    fn a_release_is_carried_by_the_approval_on_which_it_stands() {
        let approvals = [approval("foo", 3, "existing at adoption"), approval("foo", 9, "looked at")];
        let carried = |line: u32| {
            let exemption = Exemption { adopted: false, line, by: None, lifted: Vec::new(), missed_after: None };
            let verdict = Verdict::Approved(Basis::Approval { given: vec![exemption] });
            let evaluation = Evaluation {
                now: now(),
                judgements: vec![judgement(package("foo", "1.0.0").id, Some(verdict))],
                blockers: Vec::new(),
                notices: Vec::new(),
                manifests: "",
                truncated: Vec::new(),
                also: Vec::new(),
            };
            carried(&evaluation, &AdvisoryFact::Skipped, &Policy::default(), &approvals)
        };
        assert_eq!(carried(3), Carried { releases: 1, ..Carried::default() });
        assert_eq!(carried(9), Carried::default());
    }
}
