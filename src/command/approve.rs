//! `approve`: shows what is known of one release, and exempts exactly its bytes from exactly the reasons shown.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::audit::context_of;
use super::policy_text::PolicyText;
use super::record::Record;
use super::shown::{Shown, beside};
use super::spec::Spec;
use super::{CommandError, Outcome, ignore, output, request};
use crate::cli::{self, Cli};
use crate::gather::environment::Environment;
use crate::model::source::{Registry, Source};
use crate::model::trail::release::{ApprovalRecord, ReasonRecord};
use crate::model::trail::{EventId, Kind, ReleaseRecord, Who};
use crate::model::verdict::{Basis, Exemption, Reason, ReasonCode, Reasons, Verdict};
use crate::project::{Assessment, Project, Purpose, relative};
use crate::report::context::{Context, package_name};
use crate::report::escape::shell_word;
use crate::report::way_out::{TEXT, WayOut};
use crate::report::{blocker, curation};
use crate::write::policy_file::{NewApproval, with_approval, without_entries};

pub(super) fn run(cli: &Cli, arguments: &cli::Approve, environment: &Environment) -> Result<Outcome, CommandError> {
    let (Some(spec), Some(reason)) = (&arguments.spec, &arguments.reason) else {
        return Err(CommandError::Usage("a SPEC and --reason are needed\nhelp: cargo sequester approve --help"));
    };
    if reason.trim().is_empty() {
        return Err(CommandError::Usage("--reason is empty\nhelp: say in a sentence why the release may be built"));
    }
    if reason.trim() == TEXT {
        return Err(CommandError::Usage(
            "--reason is what a printed command leaves open\nhelp: say in a sentence why the release may be built",
        ));
    }
    let spec = Spec::parse(spec)?;
    let project = Project::open(request::of(cli, &arguments.subject, &arguments.judge, Purpose::Decide), environment)?;
    let crates = beside(&spec, project.subject())?;
    let made = Assessment::of(project, crates)?;
    let shown = Shown::of(&spec, &made)?;
    let context = context_of(cli, &made);
    let mut text = Vec::new();
    curation::facts(&shown.facts(&made), &context, &mut text).map_err(CommandError::Output)?;
    let done = if !shown.blockers.is_empty() {
        for group in blocker::groups(&shown.blockers, &context) {
            curation::refused("undecided", &group.message, &group.help, &mut text).map_err(CommandError::Output)?;
        }
        Ok(Outcome::Undecided)
    } else if let Some(id) = &arguments.id {
        ignore::ignore(cli, id, reason, arguments, &made, &shown, &mut text)
    } else {
        approve(&context, reason, arguments, &made, &shown, &mut text)
    };
    output::report(cli, &text)?;
    done
}

fn approve(
    context: &Context<'_>,
    reason: &str,
    arguments: &cli::Approve,
    made: &Assessment,
    shown: &Shown,
    text: &mut Vec<u8>,
) -> Result<Outcome, CommandError> {
    let name = package_name(&shown.judgement.id);
    let Some(reasons) = shown.judgement.reasons() else {
        let nothing = format!("{name} needs no approval; nothing was written");
        curation::note("Nothing", &nothing, text).map_err(CommandError::Output)?;
        return Ok(Outcome::Approved);
    };
    if let Some(stays) = reasons.iter().find(|reason| !reason.code().an_approval_lifts()) {
        let why = format!("no approval lifts `{}`; nothing was written", stays.code().as_str());
        curation::refused(&name, &why, &way_out(stays, shown, context), text).map_err(CommandError::Output)?;
        return Ok(Outcome::Held);
    }
    let (Some(crate_id), Some(checksum)) = (shown.crate_id(), shown.checksum) else {
        return Err(CommandError::NoSuchRelease { spec: name });
    };
    let today = TimeZone::UTC.to_datetime(made.evaluation().now).date();
    let until = last_day(arguments.until, reasons, today)?;
    let mut lifts: Vec<ReasonCode> = reasons.iter().map(Reason::code).collect();
    lifts.dedup();
    let file = relative(&made.project().policy_path(), made.project().environment());
    let before = PolicyText::read(&file)?;
    let writing = Record::of(made.project(), Some(&made.facts().advisories), arguments.by.as_deref());
    writing.is_possible()?;
    let version = shown.judgement.id.version.clone();
    let new = NewApproval {
        crate_name: crate_id.name.to_string(),
        registry: crate_id.registry.clone(),
        version: version.clone(),
        checksum,
        lifts: lifts.clone(),
        reason: reason.to_owned(),
        by: writing.who.as_ref().map(|who| who.name.clone()),
        at: today,
        until: Some(until),
    };
    // What was said before of the same bytes gives way to what is said now.
    let same = before.approvals.iter().filter(|one| {
        one.crate_name.names(&crate_id.name)
            && one.registry == crate_id.registry
            && one.version == version
            && one.checksum == checksum
    });
    let without = without_entries(before.as_str(), &same.map(|one| one.line).collect());
    let after = before.edited(without.and_then(|text| with_approval(&text, &new)))?;
    after.write_over(&before)?;
    let exemption =
        Exemption { adopted: false, line: 0, by: new.by.clone(), lifted: lifts.clone(), missed_after: None };
    let basis = Basis::Approval { given: vec![exemption] };
    let mut record = ReleaseRecord::new(crate_id, version).with_verdict(&Verdict::Approved(basis));
    record.checksum = Some(checksum);
    record.pubtime = shown.judgement.pubtime;
    record.reasons = reasons.iter().map(ReasonRecord::from).collect();
    record.approval =
        Some(ApprovalRecord { ignores: Vec::new(), lifts, reason: Some(reason.to_owned()), until: Some(until) });
    let id = writing.write(Kind::Approved, vec![record], &before, &after)?;
    let lifted: Vec<_> = new.lifts.iter().map(|code| code.as_str()).collect();
    let told = format!("{name} in {file}: lifts {}", lifted.join(", "));
    curation::written("Approved", &told, Some(until), text).map_err(CommandError::Output)?;
    recorded(id, writing.who.as_ref(), text)?;
    Ok(Outcome::Approved)
}

/// Tells of the event.
pub(super) fn recorded(id: EventId, who: Option<&Who>, text: &mut Vec<u8>) -> Result<(), CommandError> {
    let who = who.map_or_else(|| ", author unknown".to_owned(), |who| format!(" by {}", who.name));
    curation::written("Recorded", &format!("event {}{who}", id.short()), None, text).map_err(CommandError::Output)
}

/// The given day, or the one on which time has lifted every reason.
fn last_day(given: Option<Date>, reasons: &Reasons, today: Date) -> Result<Date, CommandError> {
    match (given, reasons.eligible_at()) {
        (Some(until), _) if until < today => Err(CommandError::UntilOver { until, today }),
        (Some(until), _) => Ok(until),
        (None, Some(at)) => Ok(TimeZone::UTC.to_datetime(at).date()),
        (None, None) => {
            let stays = reasons.iter().find(|reason| !reason.code().time_lifts());
            let reason = stays.map_or("", |reason| reason.code().as_str()).to_owned();
            Err(CommandError::UntilRequired { reason })
        }
    }
}

fn way_out(stays: &Reason, shown: &Shown, context: &Context<'_>) -> WayOut {
    let id = &shown.judgement.id;
    let name = match &id.source {
        Source::Registry(Registry::CratesIo) => format!("{}@{}", id.name, id.version),
        Source::Registry(_) | Source::Local | Source::Git(_) | Source::Other(_) => id.to_string(),
    };
    let name = shell_word(&name);
    if let Reason::Advisory { advisory, .. } = stays {
        let words = format!("{name} --id {} --reason \"{TEXT}\" --until {}", shell_word(advisory), context.last_day());
        return WayOut::to_or("to ignore it until a day", context.command("approve", &words));
    }
    WayOut::to_or("everything about it", context.command("explain", &name))
}
