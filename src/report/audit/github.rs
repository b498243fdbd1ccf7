//! `--format github`: workflow commands, which GitHub shows as annotations on the lock file.

use std::io::{self, Write};

use super::finding::bounded;
use super::places::{Place, Places};
use super::{AuditReport, Problem, Severity, problems};
use crate::model::loosening::Loosening;
use crate::report::context::package_name;
use crate::report::cure::{cures, fix};
use crate::report::escape::{github_message, github_property};
use crate::report::way_out::WayOut;
use crate::report::words::eligible;
use crate::report::{audit, blocker, change, notice, reason};

/// How many packages one annotation names before it counts the rest.
const NAMES: usize = 20;
/// How many annotations of one level GitHub shows of one step.
const MOST: usize = 10;

/// One annotation.
struct Command {
    level: Level,
    place: Option<Place>,
    title: String,
    /// Whether the title says what it is about, not only of what kind it is.
    names_it: bool,
    lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// Writes one command a problem and one a kind of warning, the most important first; where GitHub would not show them all, the last of
/// its level counts the others. The counts of the run are always there.
///
/// # Errors
/// The writer's.
pub fn write(report: &AuditReport<'_>, places: &Places, out: &mut impl Write) -> io::Result<()> {
    let mut lists = errors(report, places);
    lists.push(warnings(report, places));
    lists.push(of_change(report.decided, Level::Notice, "this change decides", change::decided, places));
    let notice = |notice| Command {
        level: Level::Notice,
        place: places.notice(notice, report),
        title: "cargo sequester".to_owned(),
        names_it: false,
        lines: vec![notice::notice(notice, &report.context())],
    };
    lists.push(report.notices().map(notice).collect());
    for level in Level::ALL {
        // One notice is the summary's.
        let most = if level == Level::Notice { MOST - 1 } else { MOST };
        let (shown, rest) = chosen(&lists, level, most);
        shown.iter().try_for_each(|command| write_command(out, command))?;
        if !rest.is_empty() {
            write_command(out, &remainder(level, &rest))?;
        }
    }
    let summary = format!("judged by {}: {}", report.judged_by.sentence(), audit::tally_sentence(report));
    let (title, lines) = ("cargo sequester".to_owned(), vec![summary]);
    write_command(out, &Command { level: Level::Notice, place: None, title, names_it: false, lines })
}

/// The commands of a level that there is room for, in their order, and the others, which the last of the level counts. Where there is not
/// room for all, the lists take turns after the first: a crowd in one of them hides none of another.
fn chosen(lists: &[Vec<Command>], level: Level, most: usize) -> (Vec<&Command>, Vec<&Command>) {
    let of_level = lists.iter().map(|list| list.iter().filter(|command| command.level == level).collect());
    let lists: Vec<Vec<&Command>> = of_level.collect();
    let all = lists.concat();
    if all.len() <= most {
        return (all, Vec::new());
    }
    let mut lists = lists.into_iter();
    let mut ranked = lists.next().unwrap_or_default();
    ranked.extend(by_turns(lists.collect()));
    let rest = ranked.split_off(most.saturating_sub(1).min(ranked.len()));
    let is_shown = |command: &&Command| ranked.iter().any(|shown| std::ptr::eq(*shown, *command));
    (all.into_iter().filter(is_shown).collect(), rest)
}

/// The first of each list, then the second of each.
fn by_turns<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(lists.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

/// What a change loosens or decides, its keys by turns.
fn of_change(
    all: &[Loosening],
    level: Level,
    title: &str,
    words: impl Fn(&Loosening) -> String,
    places: &Places,
) -> Vec<Command> {
    let mut keys: Vec<(&str, Vec<Command>)> = Vec::new();
    for one in all {
        let (title, lines) = (title.to_owned(), vec![words(one)]);
        let command = Command { level, place: Some(places.loosening(one)), title, names_it: false, lines };
        let key = change::kind(one);
        match keys.iter_mut().find(|(known, _)| *known == key) {
            Some((_, commands)) => commands.push(command),
            None => keys.push((key, vec![command])),
        }
    }
    by_turns(keys.into_iter().map(|(_, commands)| commands).collect())
}

/// Those that GitHub would not show, in one.
fn remainder(level: Level, rest: &[&Command]) -> Command {
    let named = rest.iter().take(NAMES).map(|command| match command.lines.first() {
        Some(first) if !command.names_it => first.clone(),
        Some(_) | None => command.title.clone(),
    });
    let mut lines: Vec<String> = named.collect();
    if rest.len() > NAMES {
        lines.push(format!("and {} more", rest.len() - NAMES));
    }
    let title = format!("{} more of this level, which GitHub would not show one by one", rest.len());
    Command { level, place: None, title, names_it: true, lines }
}

/// What speaks against the change, a list each: why the run could not decide and what was made to do harm, what the change loosens, what it
/// takes from the audit trail, what it does as well, and the other packages that do not pass.
fn errors(report: &AuditReport<'_>, places: &Places) -> Vec<Vec<Command>> {
    let error = |place, title: &str, lines| {
        let title = title.to_owned();
        Command { level: Level::Error, place, title, names_it: false, lines }
    };
    let mut worst: Vec<Command> = blocker::groups(&report.evaluation.blockers, &report.context())
        .into_iter()
        .map(|group| {
            let help = format!("help: {}", group.help.line());
            error(None, "cargo sequester could not decide", vec![group.message, help])
        })
        .collect();
    let problems = problems(report);
    let told = problems.iter().filter(|problem| problem.severity != Severity::Undecided);
    let (malicious, others): (Vec<&Problem<'_>>, Vec<_>) =
        told.partition(|problem| problem.severity == Severity::Malicious);
    let problem = |problem: &&Problem<'_>| {
        let title = format!("{}: {}", problem.severity.word(), package_name(&problem.package.id));
        let told = error(Some(places.package(problem.position, report)), &title, lines(problem, report));
        Command { names_it: true, ..told }
    };
    worst.extend(malicious.iter().map(problem));
    let loosened = of_change(report.loosened, Level::Error, "policy loosened", change::loosened, places);
    let truncated = change::missing_events(&report.evaluation.truncated, usize::MAX);
    let truncated = truncated.into_iter().map(|text| error(None, "audit trail truncated", vec![text]));
    let also = change::side_effects(&report.evaluation.also).into_iter().map(|told| Command {
        level: if told.fails { Level::Error } else { Level::Warning },
        place: places.side_effect(told.position),
        title: "this change also".to_owned(),
        names_it: false,
        lines: vec![told.text],
    });
    vec![worst, loosened, truncated.collect(), also.collect(), others.iter().map(problem).collect()]
}

/// One a kind of warning.
fn warnings(report: &AuditReport<'_>, places: &Places) -> Vec<Command> {
    let mut groups: Vec<(&str, usize, Vec<String>)> = Vec::new();
    for (position, (package, judgement)) in report.packages.iter().zip(&report.evaluation.judgements).enumerate() {
        for warning in &judgement.warnings {
            let group = notice::warning_group(warning);
            let told = notice::warning(warning, &package.id, &report.context());
            let line = format!("{}: {told}", package_name(&package.id));
            match groups.iter_mut().find(|(known, ..)| *known == group) {
                Some((_, _, lines)) => lines.push(line),
                None => groups.push((group, position, vec![line])),
            }
        }
    }
    let command = |(group, position, lines): (&str, usize, Vec<String>)| {
        let title = format!("{} {group}", lines.len());
        let more = lines.len().saturating_sub(NAMES);
        let mut lines: Vec<String> = lines.into_iter().take(NAMES).collect();
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        Command { level: Level::Warning, place: Some(places.package(position, report)), title, names_it: true, lines }
    };
    groups.into_iter().map(command).collect()
}

/// What stands against a package and what cures it, a line each.
pub(super) fn lines(problem: &Problem<'_>, report: &AuditReport<'_>) -> Vec<String> {
    let (id, judgement, context) = (&problem.package.id, problem.judgement, report.context());
    let mut lines: Vec<String> = problem
        .reasons
        .iter()
        .map(|found| format!("{}: {}", found.code().as_str(), reason::sentence(found, id, &context)))
        .collect();
    let path = report.names(&judgement.path);
    if path.len() > 1 {
        lines.push(format!("path: {}", path.join(" → ")));
    }
    if let Some(at) = problem.reasons.eligible_at() {
        lines.push(format!("eligible: {}", eligible(context.now, at)));
    }
    lines.extend(judgement.fixes.iter().map(|known| format!("fix: {}", fix(known, &id.name, report))));
    lines.extend(cures(problem, report).iter().map(WayOut::line).map(|cure| format!("help: {cure}")));
    lines
}

fn write_command(out: &mut impl Write, command: &Command) -> io::Result<()> {
    let lines: Vec<String> = command.lines.iter().map(|line| github_message(&bounded(line))).collect();
    let place = command.place.as_ref().map(|place| {
        let line = place.line.map(|line| format!("line={line},")).unwrap_or_default();
        format!("file={},{line}", github_property(place.file.as_str()))
    });
    let (level, place, title) = (command.level.as_str(), place.unwrap_or_default(), bounded(&command.title));
    writeln!(out, "::{level} {place}title={}::{}", github_property(&title), lines.join("%0A"))
}
