//! What every format tells of the days ahead: from a calendar, the releases that become eligible, in the order of their moments.

pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod short;

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::audit::AuditReport;
use super::context::{Context, registry_name};
use super::print::Tone;
use super::reason::kind_words;
use super::words::{counted, distance, eligible};
use super::{cure, notice};
use crate::model::Timestamp;
use crate::model::calendar::{Calendar, CalendarEntry, Held, Need, Prospect};
use crate::model::evaluation::{FixStanding, Judgement};
use crate::model::package::Package;
use crate::model::source::{Registry, Source};
use crate::model::verdict::{Basis, Reason, ReasonCode, Reasons, Warning};

/// Everything that a report of `status` tells.
#[derive(Clone, Copy, Debug)]
pub struct StatusReport<'a> {
    /// What the calendar was made from.
    pub audit: AuditReport<'a>,
    /// What lies ahead.
    pub calendar: &'a Calendar,
    /// The last moment of the days to be listed; `None` where no days were asked for.
    pub until: Option<Timestamp>,
}

/// What a picture can be drawn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Canvas {
    /// The terminal's columns; `None` where the output is no terminal.
    pub width: Option<usize>,
    /// Whether nothing but ASCII can be shown.
    pub ascii: bool,
}

/// One release that time will approve.
#[derive(Clone, Copy, Debug)]
pub struct Coming<'a> {
    /// The locked package that it is a release of.
    pub package: &'a Package,
    /// The release.
    pub version: &'a Version,
    pub part: Part,
    /// When it may be used.
    pub at: Timestamp,
    /// What stands against it until then.
    pub reasons: &'a Reasons,
}

/// What a coming release is to the lock file, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// It is locked already.
    Locked,
    /// It mends an advisory that hits the locked release.
    Fix,
    /// Every requirement accepts it.
    Update,
    /// It is compatible with the locked release, but some requirement does not accept it.
    Compatible,
    /// It is not compatible with the locked release.
    Major,
}

impl Part {
    /// As JSON has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Fix => "fix",
            Self::Update => "update",
            Self::Compatible => "compatible",
            Self::Major => "major",
        }
    }
}

impl<'a> StatusReport<'a> {
    /// The package and the judgement that an entry is about.
    #[must_use]
    pub fn about(&self, entry: &CalendarEntry) -> Option<(&'a Package, &'a Judgement)> {
        Some((self.audit.packages.get(entry.package)?, self.audit.evaluation.judgements.get(entry.package)?))
    }

    /// The entries of one need, in order.
    pub fn entries(&self, need: Need) -> impl Iterator<Item = &'a CalendarEntry> + use<'a> {
        self.calendar.entries.iter().filter(move |entry| entry.need == need)
    }

    /// Every release that time will approve, soonest first; each once, with its most important part.
    #[must_use]
    pub fn coming(&self) -> Vec<Coming<'a>> {
        let mut all: Vec<Coming<'a>> = self.calendar.entries.iter().flat_map(|entry| self.coming_of(entry)).collect();
        all.sort_by_key(|one| one.part);
        let mut seen = BTreeSet::new();
        all.retain(|one| seen.insert((&one.package.id.name, &one.package.id.source, one.version)));
        let key = |one: &Coming<'a>| (one.at, one.part, &one.package.id.name, one.version);
        all.sort_by(|one, other| key(one).cmp(&key(other)));
        all
    }

    fn coming_of(&self, entry: &'a CalendarEntry) -> Vec<Coming<'a>> {
        let Some((package, judgement)) = self.about(entry) else { return Vec::new() };
        let coming = |version: &'a Version, reasons: &'a Reasons, part| {
            // An age that overflows ends never.
            let at = reasons.eligible_at().filter(|at| *at != Timestamp::MAX)?;
            Some(Coming { package, version, part, at, reasons })
        };
        let mut all = Vec::new();
        all.extend(judgement.reasons().and_then(|reasons| coming(&package.id.version, reasons, Part::Locked)));
        for fix in &judgement.fixes {
            if let FixStanding::Held(reasons) = &fix.standing {
                all.extend(coming(&fix.version, reasons, Part::Fix));
            }
        }
        let prospects =
            [(&entry.update, Part::Update), (&entry.compatible, Part::Compatible), (&entry.major, Part::Major)];
        for (prospect, part) in prospects {
            all.extend(prospect.held.iter().filter_map(|held| coming(&held.version, &held.reasons, part)));
        }
        all
    }

    /// The days on which anything becomes eligible, through [`Self::until`], or all of them without one.
    #[must_use]
    pub fn days(&self) -> Vec<(Date, Vec<Coming<'a>>)> {
        let mut days: Vec<(Date, Vec<Coming<'a>>)> = Vec::new();
        for one in self.coming().into_iter().filter(|one| self.until.is_none_or(|until| one.at <= until)) {
            let day = TimeZone::UTC.to_datetime(one.at).date();
            match days.last_mut().filter(|(last, _)| *last == day) {
                Some((_, releases)) => releases.push(one),
                None => days.push((day, vec![one])),
            }
        }
        days
    }
}

/// The names of reasons, each once: `too-new, signal`.
#[must_use]
pub(crate) fn codes(reasons: &Reasons) -> String {
    let mut codes: Vec<&str> = reasons.iter().map(Reason::code).map(ReasonCode::as_str).collect();
    codes.dedup();
    codes.join(", ")
}

/// Every need, in the order of reports.
pub(crate) const NEEDS: [Need; 7] =
    [Need::Rejected, Need::Fix, Need::Held, Need::Update, Need::Waiting, Need::Beyond, Need::Current];

/// One package in a table. Texts are as they came: a format escapes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// What it asks of the reader.
    pub need: Need,
    /// The crate's name.
    pub name: String,
    /// Where it comes from, if that is not crates.io: long, and so no part of a column.
    pub from: Option<String>,
    /// The locked version.
    pub locked: String,
    /// The version to move to, now or later.
    pub to: Option<String>,
    /// Everything else, the most important first.
    pub remarks: Vec<String>,
    /// Newer releases that some requirement does not accept: for whoever can change requirements.
    pub beyond: Vec<String>,
    /// Whether `to` would be said to be approved if the run could decide.
    pub undecided: bool,
}

impl Row {
    /// The verb of its line, and how it is meant.
    #[must_use]
    pub(crate) const fn verb(&self) -> (Tone, &'static str) {
        match self.need {
            Need::Rejected => (Tone::Bad, "Rejected"),
            Need::Held => (Tone::Caution, "Quarantined"),
            // Where the run could not decide, nothing is called a way to go.
            Need::Fix | Need::Update if self.undecided => (Tone::Plain, "Newer"),
            Need::Fix => (Tone::Bad, "Fixed by"),
            Need::Update => (Tone::Good, "Update"),
            Need::Waiting => (Tone::Caution, "Waiting"),
            Need::Beyond => (Tone::Plain, "Beyond"),
            Need::Current => (Tone::Caution, "Warning"),
        }
    }
}

/// The rows of one need. Packages that ask nothing have a row only where there is something to say of them.
#[must_use]
pub(crate) fn rows(report: &StatusReport<'_>, need: Need) -> Vec<Row> {
    let told = |row: &Row| need != Need::Current || !row.remarks.is_empty();
    report.entries(need).filter_map(|entry| row(report, entry)).filter(told).collect()
}

/// What rows that are not shown are counted as.
#[must_use]
pub(crate) const fn folded_words(need: Need) -> &'static str {
    match need {
        Need::Rejected => "rejected",
        Need::Fix => "with an approved fix",
        Need::Held => "quarantined",
        Need::Update => "with an update",
        Need::Waiting => "with newer releases that are held",
        Need::Beyond => "with newer releases that are out of reach",
        Need::Current => "with a warning",
    }
}

/// The whole calendar in a sentence.
#[must_use]
pub(crate) fn sentence(report: &StatusReport<'_>) -> String {
    let count = |need| report.entries(need).count();
    let now = report.calendar.now;
    let newer = count(Need::Update) + count(Need::Fix);
    let decided = report.audit.evaluation.blockers.is_empty();
    let mut parts = vec![
        if decided { counted(newer, "update") } else { format!("{newer} with newer releases") },
        format!("{} waiting", count(Need::Waiting)),
        format!("{} out of reach", count(Need::Beyond)),
        format!("{} current", count(Need::Current)),
    ];
    // A major release may never be wanted; the next date is one that brings something by itself.
    let coming = report.coming();
    let next = coming.iter().find(|one| one.part <= Part::Update);
    parts.extend(
        next.map(|next| format!("next is {} {}, {}", next.package.id.name, next.version, distance(now, next.at))),
    );
    parts.join(", ")
}

fn row(report: &StatusReport<'_>, entry: &CalendarEntry) -> Option<Row> {
    let (package, judgement) = report.about(entry)?;
    let decided = report.audit.evaluation.blockers.is_empty();
    // Where the run could not decide, a fix is no way out of a rejection.
    let need = if entry.need == Need::Fix && !decided && !judgement.passes() { Need::Rejected } else { entry.need };
    let mut remarks = Vec::new();
    let to = match need {
        Need::Rejected | Need::Held => {
            remarks.extend(against(judgement, report));
            // A release that could stand in is only named where it is known to be approved.
            judgement.newest_approved.as_ref().filter(|_| decided)
        }
        Need::Fix => judgement.fixes.iter().filter(|fix| is_approved(&fix.standing)).map(|fix| &fix.version).max(),
        Need::Update => entry.update.approved.as_ref().map(|approved| &approved.version),
        Need::Waiting => entry.update.first_held().map(|held| &held.version),
        Need::Beyond => newest(&entry.compatible).or_else(|| newest(&entry.major)),
        Need::Current => None,
    };
    let accepted = entry.update.approved.as_ref().map(|approved| &approved.version);
    if need == Need::Fix && to > accepted {
        remarks.push("a requirement does not accept it".to_owned());
    }
    if let Some(older) = to.filter(|to| **to < package.id.version) {
        remarks.push(format!("{older} is older, and approved"));
    }
    remarks.extend(judgement.fixes.iter().map(|fix| cure::fix(fix, &package.id.name, &report.audit)));
    remarks.extend(warnings(judgement));
    remarks.extend(exception(judgement, decided, &report.audit.context()));
    let fixes = || judgement.fixes.iter().map(|fix| &fix.version);
    if let Some(held) = entry.update.first_held().filter(|held| fixes().all(|fix| *fix != held.version)) {
        remarks.push(named(&held.version, to, &until(held, report)));
    }
    Some(Row {
        need,
        name: package.id.name.to_string(),
        from: from(package),
        locked: package.id.version.to_string(),
        to: to.map(Version::to_string),
        remarks,
        beyond: beyond(entry, to),
        undecided: !decided && matches!(need, Need::Fix | Need::Update),
    })
}

fn from(package: &Package) -> Option<String> {
    match &package.id.source {
        Source::Local | Source::Registry(Registry::CratesIo) => None,
        Source::Registry(registry) => Some(format!("from {}", registry_name(registry))),
        source @ (Source::Git(_) | Source::Other(_)) => Some(format!("from {source}")),
    }
}

const fn is_approved(standing: &FixStanding) -> bool {
    matches!(standing, FixStanding::Approved(_))
}

fn newest(prospect: &Prospect) -> Option<&Version> {
    prospect.newest_held().map(|held| &held.version).or(prospect.approved.as_ref().map(|approved| &approved.version))
}

/// What stands against the locked release, and until when.
fn against(judgement: &Judgement, report: &StatusReport<'_>) -> Option<String> {
    let reasons = judgement.reasons()?;
    let named = |reason: &Reason| {
        let code = reason.code().as_str();
        if let Reason::Malicious { advisory } | Reason::Advisory { advisory, .. } = reason {
            format!("{code} {advisory}")
        } else if let Reason::Signal { signal, .. } = reason {
            format!("{code} {}", signal.code().as_str())
        } else {
            code.to_owned()
        }
    };
    let listed: Vec<String> = reasons.iter().map(named).collect();
    let until = reasons.eligible_at().map(|at| format!("; {}", eligible(report.calendar.now, at)));
    Some(format!("{}{}", listed.join(", "), until.unwrap_or_default()))
}

/// What is worth knowing of the locked release.
fn warnings(judgement: &Judgement) -> impl Iterator<Item = String> {
    judgement.warnings.iter().filter_map(|warning| match warning {
        Warning::Advisory { advisory, kind } => Some(format!("{} ({advisory})", kind_words(*kind))),
        Warning::NamedByAdvisory { advisory, kind } => Some(format!("{} by name ({advisory})", kind_words(*kind))),
        Warning::Ignored { advisory, until } => Some(format!("{advisory} is ignored until the end of {until}")),
        Warning::Yanked => Some("yanked".to_owned()),
        Warning::Signal(signal) => Some(format!("signal {}", signal.code().as_str())),
        Warning::OutsideWorkspace { .. } | Warning::OtherRepository { .. } | Warning::LicenseUndecided => None,
    })
}

/// What the locked release stands on, where that is not its age.
fn exception(judgement: &Judgement, decided: bool, context: &Context<'_>) -> Option<String> {
    use crate::model::verdict::Verdict::Approved;
    let Approved(basis @ (Basis::SecurityFix { .. } | Basis::Approval { .. })) = judgement.verdict.as_ref()? else {
        return None;
    };
    decided.then(|| format!("locked early: {}", notice::basis(basis, context)))
}

/// A sentence about a release, which is only named where it has no column.
fn named(version: &Version, to: Option<&Version>, sentence: &str) -> String {
    if to == Some(version) { sentence.to_owned() } else { format!("{version} {sentence}") }
}

fn until(held: &Held, report: &StatusReport<'_>) -> String {
    let codes = codes(&held.reasons);
    held.eligible_at().map_or_else(
        || format!("rejected ({codes})"),
        |at| format!("held ({codes}), {}", eligible(report.calendar.now, at)),
    )
}

/// The newest compatible and the newest incompatible release, where no requirement lets them in.
fn beyond(entry: &CalendarEntry, to: Option<&Version>) -> Vec<String> {
    let beyond = |prospect| newest(prospect).filter(|version| newest(&entry.update) != Some(version));
    let held = |prospect: &Prospect| {
        let held = prospect.newest_held().map(|held| format!("; held ({})", codes(&held.reasons)));
        held.unwrap_or_default()
    };
    let compatible = beyond(&entry.compatible).map(|version| {
        let held = held(&entry.compatible);
        let against = if entry.passed_over {
            "cargo does not take it: a rust-version or another package is in the way"
        } else {
            "a requirement does not accept it"
        };
        named(version, to, &format!("is compatible, but {against}{held}"))
    });
    let major =
        beyond(&entry.major).map(|version| named(version, to, &format!("is not compatible{}", held(&entry.major))));
    compatible.into_iter().chain(major).collect()
}
