//! Works out what is to be written: first judges under a policy without exceptions, then puts into it what is carried.

use std::collections::BTreeSet;

use camino::Utf8Path;
use jiff::tz::TimeZone;

use crate::cli::{self, Cli};
use crate::command::{CommandError, request};
use crate::gather::environment::Environment;
use crate::gather::policy_file;
use crate::model::adoption::{Adopted, Baseline, Carried};
use crate::model::evaluation::Evaluation;
use crate::model::policy::Origin;
use crate::policy::baseline::{baseline, carried};
use crate::project::{Assessment, JudgeBy, POLICY_FILE, PolicyFrom, Project, Purpose, Rules};
use crate::write::new_policy::{NewPolicy, new_policy};

/// What is to be written, and what is judged by it.
pub(super) struct Draft {
    /// The policy file.
    pub(super) text: String,
    /// The rules that it makes.
    pub(super) rules: Rules,
    /// The verdicts under it.
    pub(super) evaluation: Evaluation,
    /// What was found elsewhere.
    pub(super) adopted: Adopted,
    /// What is carried.
    pub(super) baseline: Baseline,
}

impl Draft {
    /// Judges under what was adopted and nothing else.
    pub(super) fn judge(
        cli: &Cli,
        arguments: &cli::Init,
        adopted: &Adopted,
        environment: &Environment,
    ) -> Result<Assessment, CommandError> {
        let empty = Baseline::default();
        let day = jiff::civil::Date::ZERO;
        let text = new_policy(&NewPolicy { day, adopted, db: None, baseline: &empty });
        let judge = JudgeBy {
            policy: PolicyFrom::Draft(Box::new(policy_file::parse(&text, Utf8Path::new(POLICY_FILE))?)),
            advisories: request::advisories(arguments.advisory_db.as_deref(), arguments.no_advisories),
            now: arguments.now,
            ..JudgeBy::default()
        };
        let project = Project::open(request::by(cli, &arguments.subject, judge, Purpose::Judge), environment)?;
        Ok(Assessment::of(project, BTreeSet::new())?)
    }

    /// Adds the baseline and judges the same facts again, by the very text that is to be written.
    pub(super) fn of(
        made: &Assessment,
        mut adopted: Adopted,
        arguments: &cli::Init,
        by: Option<&str>,
    ) -> Result<Self, CommandError> {
        let (baseline, unused) = baseline(made.facts(), made.evaluation(), &adopted, by);
        adopted.left.extend(unused);
        let day = TimeZone::UTC.to_datetime(made.evaluation().now).date();
        // A folder is one machine's; an address is everybody's.
        let db = arguments.advisory_db.as_deref().filter(|db| db.contains("://"));
        let text = new_policy(&NewPolicy { day, adopted: &adopted, db, baseline: &baseline });
        let (rules, evaluation) = made.by(policy_file::parse(&text, Utf8Path::new(POLICY_FILE))?);
        adopted.ages.retain(|age| age.origin != Origin::Flag);
        Ok(Self { text, rules, evaluation, adopted, baseline })
    }

    /// What passes only because of the baseline.
    pub(super) fn carried(&self, made: &Assessment) -> Carried {
        carried(&self.evaluation, &made.facts().advisories, &self.rules.policy, &self.rules.approvals)
    }
}
