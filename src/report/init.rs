//! `init` for people: what was found elsewhere and taken over, what was not, and what is carried from now on.

use std::io::{self, Write};

use super::escape::terminal;
use super::print::{Tone, help, line, word};
use super::way_out::WayOut;
use super::words::{counted, few};
use crate::model::adoption::{Adopted, Baseline, LevelKey};
use crate::model::approval::Approval;
use crate::model::policy::{Level, Origin, Setting};

/// What `init` found and made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InitReport<'a> {
    /// What other tools' files say, settled.
    pub adopted: &'a Adopted,
    /// What is carried.
    pub baseline: &'a Baseline,
    /// How many names a line has before it counts the rest.
    pub names: usize,
}

/// Writes what was taken over, what was not, and the baseline.
///
/// # Errors
/// The writer's.
pub(crate) fn init(report: &InitReport<'_>, out: &mut impl Write) -> io::Result<()> {
    taken(report, out)?;
    left(report, out)?;
    baseline(report, out)
}

fn taken(report: &InitReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let adopted = report.adopted;
    if !adopted.files.is_empty() {
        let files: Vec<String> = adopted.files.iter().map(ToString::to_string).collect();
        line(out, Tone::Plain, "Read", &files.join(", "))?;
    }
    for Setting { value, origin } in &adopted.ages {
        took(out, &format!("the minimum age of {value}, from {origin}"))?;
    }
    for Setting { value, origin } in &adopted.registries {
        let age = value.min_publish_age;
        took(
            out,
            &format!("the registry {} and its minimum age of {age}, which also allows it, from {origin}", value.name),
        )?;
    }
    for Setting { value, origin } in &adopted.overrides {
        took(out, &format!("the age of {} for {}, from {origin}", value.min_publish_age, value.crate_name))?;
    }
    for Setting { value, origin } in &adopted.license_exceptions {
        took(out, &format!("the licences {} of {}, from {origin}", value.allow.join(", "), value.crate_name))?;
    }
    for Setting { value, origin } in &adopted.mirrors {
        took(out, &format!("{value} as a mirror of crates.io, from {origin}"))?;
    }
    let level = |one: &Setting<(LevelKey, Level)>| format!("{} = {}", one.value.0.as_str(), one.value.1);
    let levels: Vec<String> = adopted.levels.iter().map(level).collect();
    let registries: Vec<String> = adopted.allow_registries.iter().map(|one| one.value.to_string()).collect();
    let git: Vec<String> = adopted.allow_git.iter().map(|one| one.value.clone()).collect();
    let deny: Vec<String> = adopted.deny.iter().map(|one| one.value.clone()).collect();
    let licenses: Vec<String> = adopted.licenses.iter().map(|one| one.value.clone()).collect();
    for (names, what) in [
        (levels, "level"),
        (registries, "allowed registry address"),
        (git, "allowed git address"),
        (deny, "banned crate"),
        (licenses, "allowed licence"),
    ] {
        if !names.is_empty() {
            took(out, &format!("{}: {}", counted_of(names.len(), what), few(&names, report.names)))?;
        }
    }
    Ok(())
}

/// What was not taken over, one line for each file and cause.
fn left(report: &InitReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut groups: Vec<(String, String, Vec<String>)> = Vec::new();
    for Setting { value, origin } in &report.adopted.left {
        let why = value.to_string();
        let (file, key) = match origin {
            Origin::File { path, line, key } if key.is_empty() => (format!("{path}:{line}"), String::new()),
            Origin::File { path, line, key } => (path.to_string(), format!("`{key}` (line {line})")),
            origin @ (Origin::Default | Origin::Flag | Origin::Environment(_)) => (String::new(), origin.to_string()),
        };
        match groups.iter_mut().find(|(known, cause, _)| *known == file && *cause == why) {
            Some((_, _, keys)) => keys.push(key),
            None => groups.push((file, why, vec![key])),
        }
    }
    for (file, why, keys) in groups {
        let keys = keys.join(", ");
        let parts = [file.as_str(), keys.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        line(out, Tone::Caution, "Left out", &format!("{}: {why}", parts.join(": ")))?;
    }
    Ok(())
}

fn baseline(report: &InitReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let Baseline { approvals, ignores, git } = report.baseline;
    if !approvals.is_empty() {
        let names: Vec<String> = approvals.iter().map(|one| format!("{}@{}", one.crate_name, one.version)).collect();
        let last = approvals.iter().filter_map(|one: &Approval| one.until).max();
        let until = last.map(|day| format!(", the last until {day}")).unwrap_or_default();
        let what = counted(approvals.len(), "release");
        carry(out, &format!("{what} that only age holds{until}: {}", few(&names, report.names)))?;
    }
    if let Some(until) = ignores.iter().map(|one| one.until).max() {
        let name = |one: &crate::model::policy::Ignore| match &one.crate_name {
            Some(crate_name) => format!("{} ({crate_name})", one.id),
            None => one.id.to_string(),
        };
        let names: Vec<String> = ignores.iter().map(name).collect();
        let what = counted_of(ignores.len(), "advisory");
        carry(out, &format!("{what}, ignored until {until}: {}", few(&names, report.names)))?;
    }
    if !git.is_empty() {
        let names: Vec<String> = git.iter().map(|rule| rule.url.clone()).collect();
        let what = counted(git.len(), "pinned git commit");
        carry(out, &format!("{what}: {}", few(&names, report.names)))?;
    }
    Ok(())
}

/// Writes what a run did or would do with files, and the way on.
///
/// # Errors
/// The writer's.
pub(crate) fn files(done: bool, files: &[String], way: &WayOut, out: &mut impl Write) -> io::Result<()> {
    let (tone, name) = if done { (Tone::Good, "Wrote") } else { (Tone::Plain, "Would write") };
    line(out, tone, name, &files.join(", "))?;
    help(out, way)
}

/// What a person has left to do before a team registry serves a project.
#[derive(Debug)]
pub(crate) struct Ways {
    /// The command that gives cargo a token, where it has to have one.
    pub(crate) login: Option<String>,
    /// The policy's entry without which nothing is judged by what the registry says.
    pub(crate) mirror: Option<String>,
}

/// Writes from where crates come, and what is left to do for that.
///
/// # Errors
/// The writer's.
pub(crate) fn team(name: &str, ways: &Ways, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Good, "Takes", &format!("crates.io from the registry {name}"))?;
    if let Some(login) = &ways.login {
        help(out, &WayOut::to("it asks who reads it, so give cargo your token", login.clone()))?;
    }
    match &ways.mirror {
        Some(entry) => {
            help(out, &WayOut::edit("let it stand in for crates.io: in sequester.toml, have", entry.clone()))
        }
        None => Ok(()),
    }
}

/// Writes what stays as it is because it was there, and what that takes.
///
/// # Errors
/// The writer's.
pub(crate) fn kept(files: &[String], way: Option<&WayOut>, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Caution, "Kept", &format!("{}: there already, and left as it is", files.join(", ")))?;
    way.map_or(Ok(()), |way| help(out, way))
}

/// Writes a file's text as it would be, harmless to print.
///
/// # Errors
/// The writer's.
pub(crate) fn preview(name: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", word(Tone::Plain, &format!("--- {}", terminal(name))))?;
    text.lines().try_for_each(|line| writeln!(out, "{}", terminal(line)))?;
    writeln!(out)
}

fn counted_of(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (0 | 2.., Some(stem)) => format!("{count} {stem}ies"),
        (0 | 2.., None) if noun.ends_with("ss") => format!("{count} {noun}es"),
        _ => counted(count, noun),
    }
}

fn took(out: &mut impl Write, text: &str) -> io::Result<()> {
    line(out, Tone::Good, "Took over", text)
}

fn carry(out: &mut impl Write, text: &str) -> io::Result<()> {
    line(out, Tone::Caution, "Carrying", text)
}
