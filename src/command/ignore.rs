//! `approve --id`: ignores one advisory for one crate until a day.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::approve::recorded;
use super::audit::context_of;
use super::policy_text::PolicyText;
use super::record::Record;
use super::shown::Shown;
use super::{CommandError, Outcome};
use crate::cli::{self, Cli};
use crate::model::advisory::AdvisoryKind;
use crate::model::facts::AdvisoryFact;
use crate::model::trail::release::ApprovalRecord;
use crate::model::trail::{Kind, ReleaseRecord};
use crate::project::{Assessment, relative};
use crate::report::context::package_name;
use crate::report::curation;
use crate::report::way_out::WayOut;
use crate::write::policy_file::{NewIgnore, with_ignore, without_entries};

pub(super) fn ignore(
    cli: &Cli,
    id: &str,
    reason: &str,
    arguments: &cli::Approve,
    made: &Assessment,
    shown: &Shown,
    text: &mut Vec<u8>,
) -> Result<Outcome, CommandError> {
    let name = package_name(&shown.judgement.id);
    if matches!(made.facts().advisories, AdvisoryFact::Skipped) {
        return Err(CommandError::Usage("--no-advisories leaves nothing to ignore\nhelp: leave --no-advisories out"));
    }
    let hits = &shown.judgement.advisories;
    let context = context_of(cli, made);
    let is_meant = |hit: &&Arc<str>| {
        let known = context.advisory(&shown.judgement.id.name, hit);
        let aliases = known.into_iter().flat_map(|known| &known.aliases).map(|alias| &**alias);
        aliases.chain([&***hit]).any(|one| one.eq_ignore_ascii_case(id))
    };
    // Whatever database's id is given, RustSec's is written.
    let (Some(crate_id), Some(id)) = (shown.crate_id(), hits.iter().find(is_meant).map(|hit| &**hit)) else {
        let known = if hits.is_empty() { String::new() } else { format!("; what does: {}", hits.join(", ")) };
        return Err(CommandError::NotHit { id: id.to_owned(), release: name, known });
    };
    if context.advisory(&crate_id.name, id).is_some_and(|advisory| advisory.kind == AdvisoryKind::Malicious) {
        let why = format!("{id} says that it was made to do harm, and nothing lifts that; nothing was written");
        let help = WayOut::words("remove it; where it was built, its code may have run");
        curation::refused(&name, &why, &help, text).map_err(CommandError::Output)?;
        return Ok(Outcome::Held);
    }
    let today = TimeZone::UTC.to_datetime(made.evaluation().now).date();
    let until = match arguments.until {
        Some(until) if until < today => return Err(CommandError::UntilOver { until, today }),
        Some(until) => until,
        None => return Err(CommandError::UntilRequired { reason: "advisory".to_owned() }),
    };
    let file = relative(&made.project().policy_path(), made.project().environment());
    let before = PolicyText::read(&file)?;
    let writing = Record::of(made.project(), Some(&made.facts().advisories), arguments.by.as_deref());
    writing.is_possible()?;
    let crate_name = Some(crate_id.name.to_string());
    let new = NewIgnore { id: id.to_owned(), crate_name, reason: reason.to_owned(), until };
    let ignores = before.policy.advisories.ignore.iter();
    let same = ignores.filter(|one| {
        one.id.eq_ignore_ascii_case(id) && one.crate_name.as_ref().is_some_and(|name| name.names(&crate_id.name))
    });
    let without = without_entries(before.as_str(), &same.map(|one| one.line).collect());
    let after = before.edited(without.and_then(|text| with_ignore(&text, &new)))?;
    after.write_over(&before)?;
    let mut record = ReleaseRecord::new(crate_id, shown.judgement.id.version.clone());
    record.checksum = shown.checksum;
    record.pubtime = shown.judgement.pubtime;
    let (ignores, reason) = (vec![id.to_owned()], Some(reason.to_owned()));
    record.approval = Some(ApprovalRecord { ignores, lifts: Vec::new(), reason, until: Some(until) });
    let event = writing.write(Kind::Approved, vec![record], &before, &after)?;
    let told = format!("{id} for {} in {file}", shown.judgement.id.name);
    curation::written("Ignored", &told, Some(until), text).map_err(CommandError::Output)?;
    recorded(event, writing.who.as_ref(), text)?;
    Ok(Outcome::Approved)
}
