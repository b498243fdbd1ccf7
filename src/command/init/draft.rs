//! Works out what is to be written: first judges under a policy without exceptions, then puts into it what is carried.

use camino::Utf8Path;
use jiff::tz::TimeZone;

use crate::apply::new_policy::{NewPolicy, new_policy};
use crate::cli::{self, Cli};
use crate::command::CommandError;
use crate::gather::environment::Environment;
use crate::gather::policy_file;
use crate::model::adoption::{Adopted, Baseline, Carried};
use crate::model::approval::Approvals;
use crate::model::evaluation::Evaluation;
use crate::model::policy::{Origin, Policy};
use crate::policy::baseline::baseline;
use crate::policy::carried::carried;
use crate::policy::evaluate;
use crate::project::assessment::Assessment;
use crate::project::subject::POLICY_FILE;

/// What is to be written, and what is judged by it.
pub(super) struct Draft {
    /// The policy file.
    pub(super) text: String,
    /// What it says.
    pub(super) policy: Policy,
    /// Its approvals.
    pub(super) approvals: Approvals,
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
        judge: &cli::JudgeBy,
        adopted: &Adopted,
        environment: &Environment,
    ) -> Result<Assessment, CommandError> {
        let empty = Baseline::default();
        let day = jiff::civil::Date::ZERO;
        let text = new_policy(&NewPolicy { day, adopted, db: None, baseline: &empty });
        let (policy, _) = policy_file::parse(&text, Utf8Path::new(POLICY_FILE))?;
        Ok(Assessment::make_by(cli, &arguments.subject, judge, environment, policy)?)
    }

    /// Adds the baseline and judges the same facts again, by the very text that is to be written.
    pub(super) fn of(
        made: &Assessment,
        mut adopted: Adopted,
        arguments: &cli::Init,
        by: Option<&str>,
    ) -> Result<Self, CommandError> {
        let (baseline, unused) = baseline(&made.facts, &made.evaluation, &adopted, by);
        adopted.left.extend(unused);
        let day = TimeZone::UTC.to_datetime(made.evaluation.now).date();
        // A folder is one machine's; an address is everybody's.
        let db = arguments.advisory_db.as_deref().filter(|db| db.contains("://"));
        let text = new_policy(&NewPolicy { day, adopted: &adopted, db, baseline: &baseline });
        let (mut policy, approvals) = policy_file::parse(&text, Utf8Path::new(POLICY_FILE))?;
        policy.cargo.clone_from(&made.rules.policy.cargo);
        policy.advisories.db.clone_from(&made.rules.policy.advisories.db);
        let evaluation = evaluate(&made.facts, &policy, &approvals, made.evaluation.now);
        adopted.ages.retain(|age| age.origin != Origin::Flag);
        Ok(Self { text, policy, approvals, evaluation, adopted, baseline })
    }

    /// What passes only because of the baseline.
    pub(super) fn carried(&self) -> Carried {
        carried(&self.evaluation, &self.policy, &self.approvals)
    }
}
