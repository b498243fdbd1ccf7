//! `backtest`: what a policy would have done with incidents of the past, and what it costs. It writes nothing into the project.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use super::outcome::{CommandError, Outcome};
use super::{output, request};
use crate::cli::{self, Cli, HumanOrJson};
use crate::gather::environment::Environment;
use crate::gather::incidents;
use crate::model::facts::{AdvisoryFact, IndexFact};
use crate::policy::backtest::{backtest, wanted};
use crate::project::{About, Gathered, JudgeBy, PolicyFrom, Project, Purpose};
use crate::report::backtest::BacktestReport;
use crate::report::{self, blocker};

/// How far back the price is looked for where nothing else is asked for.
const MONTHS: i32 = 24;

pub(super) fn run(cli: &Cli, arguments: &cli::Backtest, environment: &Environment) -> Result<Outcome, CommandError> {
    let table = arguments.incidents.as_ref().map(|path| environment.current_dir().join(path));
    let incidents = incidents::read(table.as_deref())?;
    let judge = JudgeBy {
        policy: arguments.policy.clone().map_or(PolicyFrom::Project, PolicyFrom::File),
        advisories: request::advisories(arguments.advisory_db.as_deref(), arguments.no_advisories),
        now: arguments.now,
        ..JudgeBy::default()
    };
    let project = Project::open(request::by(cli, &arguments.subject, judge, Purpose::Decide), environment)?;
    let now = project.moment();
    let first_day = match arguments.since {
        Some(day) => day,
        None => TimeZone::UTC.to_datetime(now).date().saturating_sub(MONTHS.months()),
    };
    let since = first_day.to_zoned(TimeZone::UTC).map_or(now, |day| day.timestamp());
    let gathered = Gathered::read(project, About::These(BTreeSet::new()))?;
    let packages = gathered.project().subject().lock.packages.clone();
    let policy = &gathered.project().rules().policy;
    let mut facts = gathered.facts(packages, std::collections::BTreeMap::new());
    let more = wanted(&facts, policy, since, now);
    if !more.is_empty() {
        facts.index.extend(gathered.registries().read(&more, &mut |_, _| ()));
    }
    let tested = backtest(&facts, policy, incidents, since, now);
    let no_advisories = match &facts.advisories {
        AdvisoryFact::Read(_) => None,
        AdvisoryFact::Skipped => Some("no advisories were wanted".to_owned()),
        AdvisoryFact::Unavailable { source, cause } => Some(format!("{source} {cause}")),
    };
    let judged_by = gathered.project().rules().judged_by();
    let unknown = || tested.unknown.iter().chain(&tested.unknown_dependencies);
    let gap =
        facts.index.iter().filter(|(id, _)| unknown().any(|name| *name == id.name)).find_map(|(_, fact)| match fact {
            IndexFact::Unavailable(gap) => Some(blocker::gap(gap, 1)),
            IndexFact::Gone => Some("is not there: its registry has no such crate".to_owned()),
            IndexFact::Read(_) => None,
        });
    let report =
        BacktestReport { backtest: &tested, judged_by, no_advisories: no_advisories.as_deref(), gap: gap.as_deref() };
    output::print(cli, |out| match arguments.format {
        HumanOrJson::Human => report::backtest::human(&report, output::verbosity(cli), out),
        HumanOrJson::Json => report::backtest::json::write(&report, out),
    })?;
    let wants_none = arguments.no_advisories && tested.unknown.is_empty() && tested.unknown_dependencies.is_empty();
    Ok(if report.is_complete() || wants_none { Outcome::Approved } else { Outcome::Undecided })
}
