//! `approve`: shows what is known of one release, and exempts exactly its bytes from exactly the reasons shown.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::audit::context_of;
use super::diff::Pair;
use super::outcome::{CommandError, Outcome};
use super::record::{PolicyText, Record, recorded};
use super::release_preview::{ReleasePreview, crates_beside};
use super::spec::{self, Spec};
use super::{output, request};
use crate::cli::{self, Cli};
use crate::gather::environment::Environment;
use crate::model::advisory::AdvisoryKind;
use crate::model::approval::Approval;
use crate::model::facts::AdvisoryFact;
use crate::model::policy::Ignore;
use crate::model::source::{Registry, Source};
use crate::model::trail::release::{ApprovalRecord, ReasonRecord};
use crate::model::trail::{Kind, ReleaseRecord};
use crate::model::verdict::{Basis, Exemption, Reason, ReasonCode, Reasons, Verdict};
use crate::policy::publication::recordable;
use crate::project::{Assessment, Project, Purpose, relative};
use crate::report::context::{Context, package_name};
use crate::report::escape::shell_word;
use crate::report::way_out::{TEXT, WayOut};
use crate::report::{blocker, curation, diff};
use crate::write::policy_file::{NewApproval, NewIgnore, with_approval, with_ignore, without_entries};

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
    project.remove_debris();
    let crates = crates_beside(&spec, project.subject())?;
    let named = spec.release().map(|(crate_id, _)| crate_id);
    let made = Assessment::of(project, crates)?;
    let made = made.with_publications(named.into_iter().collect()).with_license_of(spec.release());
    let preview = ReleasePreview::of(&spec, &made)?;
    let context = context_of(cli, &made);
    let mut text = Vec::new();
    curation::facts(&preview.facts(&made), &context, &mut text).map_err(CommandError::Output)?;
    if let Some(hint) = Pair::about(&made, &preview.judgement.id).and_then(|pair| pair.hint(&made)) {
        diff::told(&hint, &mut text)
            .and_then(|()| diff::way(&hint, &context, &mut text))
            .map_err(CommandError::Output)?;
    }
    let done = if !preview.blockers.is_empty() {
        for group in blocker::groups(&preview.blockers, &context) {
            curation::refused("undecided", &group.message, &group.help, &mut text).map_err(CommandError::Output)?;
        }
        Ok(Outcome::Undecided)
    } else if let Some(id) = &arguments.id {
        ignore(cli, id, reason, arguments, &made, &preview, &mut text)
    } else {
        approve(&context, reason, arguments, &made, &preview, &mut text)
    };
    output::report(cli, &text)?;
    done
}

fn approve(
    context: &Context<'_>,
    reason: &str,
    arguments: &cli::Approve,
    made: &Assessment,
    preview: &ReleasePreview,
    text: &mut Vec<u8>,
) -> Result<Outcome, CommandError> {
    let name = package_name(&preview.judgement.id);
    let Some(reasons) = preview.judgement.reasons() else {
        let nothing = format!("{name} needs no approval; nothing was written");
        curation::note("Nothing", &nothing, text).map_err(CommandError::Output)?;
        return Ok(Outcome::Approved);
    };
    if let Some(stays) = reasons.iter().find(|reason| !reason.code().an_approval_lifts()) {
        let why = format!("no approval lifts `{}`; nothing was written", stays.code().as_str());
        curation::refused(&name, &why, &way_out(stays, preview, context), text).map_err(CommandError::Output)?;
        return Ok(Outcome::Held);
    }
    let (Some(crate_id), Some(checksum)) = (preview.crate_id(), preview.checksum) else {
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
    let version = preview.judgement.id.version.clone();
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
    let is_same = |one: &&Approval| {
        one.crate_name.names(&crate_id.name)
            && one.registry == crate_id.registry
            && one.version == version
            && one.checksum == checksum
    };
    let same: Vec<&Approval> = before.approvals.iter().filter(is_same).collect();
    let without = without_entries(before.as_str(), &same.iter().map(|one| one.line).collect());
    let after = before.edited(without.and_then(|text| with_approval(&text, &new)))?;
    let exemption =
        Exemption { adopted: false, line: 0, by: new.by.clone(), lifted: lifts.clone(), missed_after: None };
    let basis = Basis::Approval { given: vec![exemption] };
    let mut record = ReleaseRecord::new(crate_id, version).with_verdict(&Verdict::Approved(basis));
    record.checksum = Some(checksum);
    record.publication = recordable(made.facts(), &record.crate_id, &record.version);
    record.pubtime = preview.judgement.pubtime;
    record.reasons = reasons.iter().map(ReasonRecord::from).collect();
    record.approval =
        Some(ApprovalRecord { ignores: Vec::new(), lifts, reason: Some(reason.to_owned()), until: Some(until) });
    let id = writing.write(Kind::Approved, vec![record], &before, &after, Vec::new())?;
    let lifted: Vec<_> = new.lifts.iter().map(|code| code.as_str()).collect();
    let told = format!("{name} in {file}: lifts {}", lifted.join(", "));
    curation::written("Approved", &told, Some(until), text).map_err(CommandError::Output)?;
    for old in same.iter().filter(|old| old.reason != reason || old.until != Some(until) || old.lifts != new.lifts) {
        curation::replaced(&old.reason, old.until, text).map_err(CommandError::Output)?;
    }
    recorded(id, writing.who.as_ref(), text)?;
    Ok(Outcome::Approved)
}

/// The given day, or the one on which time has lifted every reason.
fn last_day(given: Option<Date>, reasons: &Reasons, today: Date) -> Result<Date, CommandError> {
    match (given, reasons.eligible_at()) {
        (Some(until), _) if until < today => Err(CommandError::UntilOver { until, today }),
        (Some(until), _) => Ok(until),
        (None, Some(at)) => Ok(TimeZone::UTC.to_datetime(at).date()),
        (None, None) => {
            let stays = reasons.iter().find(|reason| !reason.time_lifts());
            let reason = stays.map_or("", |reason| reason.code().as_str()).to_owned();
            Err(CommandError::UntilRequired { reason })
        }
    }
}

fn way_out(stays: &Reason, preview: &ReleasePreview, context: &Context<'_>) -> WayOut {
    let id = &preview.judgement.id;
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

/// `approve --id`: ignores one advisory for one crate until a day.
fn ignore(
    cli: &Cli,
    id: &str,
    reason: &str,
    arguments: &cli::Approve,
    made: &Assessment,
    preview: &ReleasePreview,
    text: &mut Vec<u8>,
) -> Result<Outcome, CommandError> {
    let name = package_name(&preview.judgement.id);
    if matches!(made.facts().advisories, AdvisoryFact::Skipped) {
        return Err(CommandError::Usage("--no-advisories leaves nothing to ignore\nhelp: leave --no-advisories out"));
    }
    let hits = &preview.judgement.advisories;
    let context = context_of(cli, made);
    let is_meant = |hit: &&Arc<str>| {
        let known = context.advisory(&preview.judgement.id.name, hit);
        let aliases = known.into_iter().flat_map(|known| &known.aliases).map(|alias| &**alias);
        aliases.chain([&***hit]).any(|one| one.eq_ignore_ascii_case(id))
    };
    // Whatever database's id is given, RustSec's is written.
    let (Some(crate_id), Some(id)) = (preview.crate_id(), hits.iter().find(is_meant).map(|hit| &**hit)) else {
        let known = match spec::meant_id(id, hits.iter().map(|hit| &**hit)) {
            meant if !meant.is_empty() => meant,
            _ if hits.is_empty() => String::new(),
            _ => format!("; what does: {}", hits.join(", ")),
        };
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
    let new = NewIgnore {
        id: id.to_owned(),
        crate_name,
        reason: reason.to_owned(),
        until,
        justification: arguments.justification,
    };
    let is_same = |one: &&Ignore| {
        one.id.eq_ignore_ascii_case(id) && one.crate_name.as_ref().is_some_and(|name| name.names(&crate_id.name))
    };
    let same: Vec<&Ignore> = before.policy.advisories.ignore.iter().filter(is_same).collect();
    let without = without_entries(before.as_str(), &same.iter().map(|one| one.line).collect());
    let after = before.edited(without.and_then(|text| with_ignore(&text, &new)))?;
    let mut record = ReleaseRecord::new(crate_id, preview.judgement.id.version.clone());
    record.checksum = preview.checksum;
    record.pubtime = preview.judgement.pubtime;
    record.approval = Some(ApprovalRecord {
        ignores: vec![id.to_owned()],
        lifts: Vec::new(),
        reason: Some(reason.to_owned()),
        until: Some(until),
    });
    let event = writing.write(Kind::Approved, vec![record], &before, &after, Vec::new())?;
    let justified = arguments.justification.map(|why| format!(" ({})", why.as_str())).unwrap_or_default();
    let told = format!("{id} for {} in {file}{justified}", preview.judgement.id.name);
    curation::written("Ignored", &told, Some(until), text).map_err(CommandError::Output)?;
    let is_another =
        |old: &&&Ignore| old.reason != reason || old.until != until || old.justification != arguments.justification;
    for old in same.iter().filter(is_another) {
        curation::replaced(&old.reason, Some(old.until), text).map_err(CommandError::Output)?;
    }
    recorded(event, writing.who.as_ref(), text)?;
    Ok(Outcome::Approved)
}
