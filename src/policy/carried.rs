//! What a run lets pass only because it was there when the gate was adopted.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::source;
use crate::model::adoption::{Carried, is_from_adoption};
use crate::model::approval::Approval;
use crate::model::evaluation::Evaluation;
use crate::model::facts::AdvisoryFact;
use crate::model::policy::{GitRule, Policy};
use crate::model::source::Source;
use crate::model::verdict::{Basis, Exemption, Verdict, Warning};

/// Counts what an evaluation stands on, not what the policy file still says: an approval that nobody needs any more carries nothing.
#[must_use]
pub fn carried(evaluation: &Evaluation, known: &AdvisoryFact, policy: &Policy, approvals: &[Approval]) -> Carried {
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
