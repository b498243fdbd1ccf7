//! Ways out: what each is for, and the command to run or the lines to write. They fit the run that prints them: a command of ours means the
//! same project and the same rules as that run did.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::context::Context;
use super::escape::{shell_word, terminal};
use crate::model::run::Invocation;

/// What stands in a printed command for what only the person who runs it can say; it is refused as an answer.
pub(crate) const TEXT: &str = "TEXT";
/// What a command begins with that stands at the end of a text.
const PROGRAMS: [&str; 5] = ["cargo sequester ", "cargo update", "cargo login", "git ", "rm "];
/// How long an exemption lasts whose end nobody named.
const DAYS: i32 = 30;

/// One way out: words, something to paste, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WayOut {
    /// What it is for.
    pub words: Option<String>,
    /// What is to be done.
    pub step: Option<Step>,
}

/// Something to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A command for a POSIX shell in the folder of the run.
    Run(String),
    /// An entry of the policy file, at the place that the words name.
    Edit(String),
}

impl Step {
    /// The text to paste.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Run(text) | Self::Edit(text) => text,
        }
    }
}

impl WayOut {
    /// Something that no command does.
    #[must_use]
    pub(crate) fn words(words: impl Into<String>) -> Self {
        Self { words: Some(words.into()), step: None }
    }

    /// A command that says itself what it does.
    #[must_use]
    pub(crate) const fn run(command: String) -> Self {
        Self { words: None, step: Some(Step::Run(command)) }
    }

    /// A command, and what it is for.
    #[must_use]
    pub(crate) fn to(words: impl Into<String>, command: String) -> Self {
        Self { words: Some(words.into()), step: Some(Step::Run(command)) }
    }

    /// The command where there is one, else what it would be for.
    #[must_use]
    pub(crate) fn to_or(words: impl Into<String>, command: Option<String>) -> Self {
        Self { words: Some(words.into()), step: command.map(Step::Run) }
    }

    /// An entry of the policy file, and where it goes.
    #[must_use]
    pub(crate) fn edit(words: impl Into<String>, entry: String) -> Self {
        Self { words: Some(words.into()), step: Some(Step::Edit(entry)) }
    }

    /// Both in one line.
    #[must_use]
    pub(crate) fn line(&self) -> String {
        let step = self.step.as_ref().map(Step::text);
        match (&self.words, step) {
            (Some(words), Some(paste)) => format!("{words}: {paste}"),
            (words, step) => words.as_deref().or(step).unwrap_or_default().to_owned(),
        }
    }

    /// Whether it can be shown as it is: a line that had to be escaped is no longer the line to paste.
    #[must_use]
    pub(crate) fn is_printable(&self) -> bool {
        self.step.as_ref().is_none_or(|step| step.text().lines().all(|line| terminal(line) == line))
    }

    /// The way out in a text that comes from where nobody knows the command line: its commands are completed, and one that ends the text is
    /// the step.
    #[must_use]
    pub(crate) fn of_text(text: &str, situation: &Invocation) -> Self {
        let text = completed(text, situation);
        let command = |text: &str| PROGRAMS.iter().any(|program| text.starts_with(program));
        if command(&text) {
            return Self::run(text);
        }
        let split = text.match_indices(": ").find(|(at, _)| text.get(at + 2..).is_some_and(command));
        match split.map(|(at, _)| text.split_at(at)) {
            Some((words, step)) => Self::to(words, step.trim_start_matches(": ").to_owned()),
            None => Self::words(text),
        }
    }
}

impl Context<'_> {
    /// A command of ours that means the same project and rules as this run; `None` where the verb cannot. The words after the verb are
    /// a shell's already.
    #[must_use]
    pub fn command(&self, verb: &str, words: &str) -> Option<String> {
        command(self.situation, verb, words)
    }

    /// This run once more, without some of its options and with something more.
    #[must_use]
    pub fn again(&self, without: &[&str], more: &str) -> String {
        again(self.situation, without, more)
    }

    /// The day on which an exemption ends whose end nobody named.
    #[must_use]
    pub fn last_day(&self) -> jiff::civil::Date {
        last_day(self.now)
    }
}

/// See [`Context::again`].
#[must_use]
pub(crate) fn again(situation: &Invocation, without: &[&str], more: &str) -> String {
    let words: Vec<String> = situation.again_without(without).iter().map(|word| shell_word(word)).collect();
    let more = if more.is_empty() { String::new() } else { format!(" {more}") };
    format!("cargo sequester {}{more}", words.join(" "))
}

/// See [`Context::command`].
#[must_use]
pub(crate) fn command(situation: &Invocation, verb: &str, words: &str) -> Option<String> {
    let has: Vec<&str> = words.split(' ').filter_map(|word| word.strip_prefix("--")).collect();
    let repeated = situation.repeated(verb, &has)?;
    let repeated = repeated.iter().map(|word| shell_word(word));
    let words = (!words.is_empty()).then(|| words.to_owned()).into_iter().chain(repeated);
    let words: Vec<String> = [verb.to_owned()].into_iter().chain(words).collect();
    Some(format!("cargo sequester {}", words.join(" ")))
}

/// A command of cargo's behind ours: our options come first, and which project is meant is for cargo to hear.
fn behind_cargo(situation: &Invocation, words: &str) -> Option<String> {
    let ours = command(situation, "cargo", "")?;
    let manifest = situation.given.iter().find(|given| given.name == "manifest-path");
    let manifest =
        manifest.and_then(|given| given.value.as_deref()).map(|path| format!(" --manifest-path {}", shell_word(path)));
    Some(format!("{ours} {words}{}", manifest.unwrap_or_default()))
}

fn last_day(now: Timestamp) -> jiff::civil::Date {
    let today = TimeZone::UTC.to_datetime(now).date();
    today.checked_add(DAYS.days()).unwrap_or(today)
}

/// The words of an error with its commands completed for this run. Errors come from where nobody knows the command line; a command in
/// them is what begins with `cargo sequester` and ends with the line, or with the backtick that follows.
#[must_use]
pub(crate) fn completed(text: &str, situation: &Invocation) -> String {
    const PROGRAM: &str = "cargo sequester ";
    if situation.given.is_empty() {
        return text.to_owned();
    }
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PROGRAM) {
        let (before, from) = rest.split_at(at);
        done.push_str(before);
        let end = if before.ends_with('`') { from.find('`') } else { None }.unwrap_or(from.len());
        let (whole, behind) = from.split_at(end);
        let words = whole.strip_prefix(PROGRAM).unwrap_or_default();
        let (verb, words) = words.split_once(' ').unwrap_or((words, ""));
        // What is joined to another command is about another folder.
        let fits = situation.options.contains_key(verb) && !words.contains('&');
        let command = if verb == "cargo" { behind_cargo(situation, words) } else { command(situation, verb, words) };
        match command.filter(|_| fits) {
            Some(command) => done.push_str(&command),
            None => done.push_str(whole),
        }
        rest = behind;
    }
    done + rest
}
