//! Two releases compared, for a reviewer: what every format tells, risk first.

pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod markdown;

use std::io::{self, Write};

use jiff::Timestamp;
use semver::Version;

use super::context::Context;
use super::escape::{is_hostile, shell_word};
use super::finding;
use super::print::{Tone, help, line};
use super::way_out::WayOut;
use super::words::{counted, distance, few, moment};
use crate::model::finding::Severity;
use crate::model::index_line::{DependencyKind, Requirement};
use crate::model::publication::Published;
use crate::model::release_diff::{
    Change, ContentDiff, CrateAge, DependencyDiff, FeatureDiff, FileDiff, FileKind, ReleaseDiff,
};
use crate::model::verdict::{Reason, Verdict};
use crate::report::publication;

/// A crate that is younger than this is told with caution, as the signal `young-dependency` has it.
const YOUNG_DAYS: i64 = 30;
/// How many names a line has before it counts the rest.
const NAMES: usize = 8;
/// So many features have a line each.
const FEATURES: usize = 4;
/// How many characters of a line are shown.
const LONGEST_LINE: usize = 4096;
/// So much blank space within a line is counted and not shown: code has been hidden behind it.
const BLANKS: usize = 48;

/// Everything that a report of `diff` tells.
#[derive(Debug)]
pub(crate) struct DiffReport<'a> {
    pub difference: &'a ReleaseDiff,
    pub old: Side,
    pub new: Side,
    pub context: &'a Context<'a>,
}

/// What is known of a release beside its content.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub version: Version,
    /// Whether the lock file has it.
    pub locked: bool,
    pub pubtime: Option<Timestamp>,
    pub yanked: bool,
    /// `None` where nothing is known that could be judged.
    pub verdict: Option<Verdict>,
    /// Whether the run could decide; else no verdict is told.
    pub decided: bool,
    pub published: Option<Published>,
}

/// One thing that a reviewer should know, with how it is meant.
struct Point {
    tone: Tone,
    /// A word or two.
    title: &'static str,
    text: String,
    /// What belongs to it: what it means.
    more: Option<String>,
}

impl Point {
    const fn new(tone: Tone, title: &'static str, text: String) -> Self {
        Self { tone, title, text, more: None }
    }
}

impl DiffReport<'_> {
    /// What stands out, the worst first.
    fn points(&self) -> Vec<Point> {
        let difference = self.difference;
        let mut points = Vec::new();
        let of = |low: bool| {
            difference.findings.iter().filter(move |one| (one.severity < Severity::Medium) == low).map(|one| {
                let text = format!("{} {}", one.severity.as_str(), finding::line(one));
                let more = Some(finding::meaning(one.code).to_owned());
                Point { more, ..Point::new(finding::tone(one.severity), "Finding", text) }
            })
        };
        points.extend(of(false));
        points.extend(self.at_build());
        points.extend(difference.added().map(|one| self.dependency(one)));
        points.extend(self.publisher());
        points.extend(self.commit());
        let asked_before = difference.dependencies.iter().filter(|one| one.change() != Change::Added);
        points.extend(asked_before.map(|one| self.dependency(one)));
        points.extend(features(&difference.features));
        points.extend(difference.files.iter().filter_map(unseen));
        points.extend(of(true));
        points
    }

    /// What runs while it is built, where that is not as before.
    fn at_build(&self) -> Vec<Point> {
        let (old, new) = (&self.difference.old, &self.difference.new);
        let mut points = Vec::new();
        let path = new.build_script.as_deref().or(old.build_script.as_deref()).unwrap_or_default();
        match self.difference.build_script() {
            Change::Added => {
                let text = format!("added: {path} runs before the package is compiled, with all that you may do");
                points.push(Point::new(Tone::Bad, "Build script", text));
            }
            Change::Changed => points.push(Point::new(Tone::Caution, "Build script", format!("changed: {path}"))),
            Change::Removed => points.push(Point::new(Tone::Good, "Build script", format!("removed: {path}"))),
            Change::Same => {}
        }
        match (old.proc_macro, new.proc_macro) {
            (false, true) => {
                let text = "it runs inside the compiler now, with all that you may do".to_owned();
                points.push(Point::new(Tone::Bad, "Proc macro", text));
            }
            (true, false) => {
                points.push(Point::new(Tone::Good, "Proc macro", "it is none any more".to_owned()));
            }
            (false, false) | (true, true) => {}
        }
        if old.links != new.links {
            let name = |links: &Option<Box<str>>| links.as_deref().unwrap_or("nothing").to_owned();
            let text = format!("{} before, {} now", name(&old.links), name(&new.links));
            points.push(Point::new(Tone::Caution, "Links", text));
        }
        if old.license != new.license {
            let name = |license: &Option<Box<str>>| license.as_deref().unwrap_or("none").to_owned();
            let text = format!("{} before, {} now", name(&old.license), name(&new.license));
            points.push(Point::new(Tone::Caution, "Licence", text));
        }
        points
    }

    fn dependency(&self, one: &DependencyDiff) -> Point {
        let registry = one.registry.as_ref().map(|url| format!(" of {url}")).unwrap_or_default();
        let asks = |all: &[Requirement]| all.iter().map(asked).collect::<Vec<_>>().join(", ");
        match one.change() {
            Change::Added => {
                let (tone, age) = self.crate_age(one.age);
                let by = one.publisher.as_ref();
                let by = by.map(|by| format!(", its latest release by {}", publication::publisher(by)));
                let text =
                    format!("{}{registry} is new: {}; {age}{}", one.name, asks(&one.new), by.unwrap_or_default());
                Point::new(tone, "Dependency", text)
            }
            Change::Removed => Point::new(Tone::Plain, "Dependency", format!("{}{registry} is gone", one.name)),
            Change::Changed | Change::Same => {
                let text = format!("{}{registry}: {} before, {} now", one.name, asks(&one.old), asks(&one.new));
                Point::new(Tone::Plain, "Dependency", text)
            }
        }
    }

    fn crate_age(&self, age: CrateAge) -> (Tone, String) {
        match age {
            CrateAge::Since(at) => {
                let days = self.context.now.duration_since(at).as_hours() / 24;
                let tone = if days < YOUNG_DAYS { Tone::Bad } else { Tone::Caution };
                (
                    tone,
                    format!(
                        "the crate's first release was published {}, at {}",
                        distance(self.context.now, at),
                        moment(at)
                    ),
                )
            }
            CrateAge::NoSuchCrate => (Tone::Bad, "its registry has no such crate".to_owned()),
            CrateAge::Unknown | CrateAge::NotAsked => (Tone::Bad, "how old the crate is is not known".to_owned()),
        }
    }

    /// Where another published than before, as far as that is known of both.
    fn publisher(&self) -> Option<Point> {
        let who = |side: &Side| side.published.as_ref().and_then(|one| one.record.publisher());
        let (old, new) = (who(&self.old)?, who(&self.new)?);
        (old != new).then(|| {
            let text = format!("{} before, {} now", publication::publisher(&old), publication::publisher(&new));
            Point::new(Tone::Caution, "Publisher", text)
        })
    }

    /// Where the archive names another commit than the one that the registry saw it built from.
    fn commit(&self) -> Option<Point> {
        let seen = self.new.published.as_ref()?.record.trusted.as_ref()?.commit.as_deref()?;
        let said = self.difference.new.vcs.as_ref().and_then(|vcs| vcs.commit.as_deref());
        if said.is_some_and(|said| said.eq_ignore_ascii_case(seen)) {
            return None;
        }
        let said = said.map_or_else(|| "names no commit".to_owned(), |said| format!("names commit {said}"));
        let text = format!("the archive {said}, and the registry saw it published from {seen}");
        Some(Point::new(Tone::Bad, "Commit", text))
    }
}

/// A requirement in cargo's own words: `^1, optional, for cfg(unix)`.
fn asked(one: &Requirement) -> String {
    let mut text = one.req.to_string();
    if one.kind == DependencyKind::Build {
        text.push_str(" at build time");
    }
    if one.optional {
        text.push_str(" optional");
    }
    if let Some(target) = &one.target {
        text.push_str(" for ");
        text.push_str(target);
    }
    if let Some(renamed) = &one.renamed {
        text.push_str(" as ");
        text.push_str(renamed);
    }
    text
}

/// One line each, or where there are many of them, one for all that are new and so on. What is on by default is built by everybody.
fn features(all: &[FeatureDiff]) -> Vec<Point> {
    let (default, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.name == "default");
    let mut points: Vec<Point> = default.into_iter().map(feature).collect();
    if others.len() <= FEATURES {
        points.extend(others.into_iter().map(feature));
        return points;
    }
    for (change, word) in [(Change::Added, "new"), (Change::Changed, "changed"), (Change::Removed, "gone")] {
        let names: Vec<String> =
            others.iter().filter(|one| one.change() == change).map(|one| one.name.clone()).collect();
        if !names.is_empty() {
            points.push(Point::new(Tone::Plain, "Features", format!("{word}: {}", few(&names, NAMES))));
        }
    }
    points
}

fn feature(one: &FeatureDiff) -> Point {
    let list = |values: &Option<Vec<String>>| match values {
        Some(values) if !values.is_empty() => few(values, NAMES),
        Some(_) | None => "nothing".to_owned(),
    };
    let text = match one.change() {
        Change::Added => format!("{} is new: turns on {}", one.name, list(&one.new)),
        Change::Removed => format!("{} is gone", one.name),
        Change::Changed | Change::Same => {
            format!("{}: turned on {} before, {} now", one.name, list(&one.old), list(&one.new))
        }
    };
    let tone = if one.name == "default" && one.new.is_some() { Tone::Caution } else { Tone::Plain };
    Point::new(tone, "Feature", text)
}

/// A file of which a reviewer sees nothing here.
fn unseen(file: &FileDiff) -> Option<Point> {
    let size = |bytes: &Option<u64>| bytes.map_or_else(|| "nothing".to_owned(), |bytes| format!("{bytes} bytes"));
    let (what, old, new) = match &file.content {
        ContentDiff::Binary { old, new } => ("no text", old, new),
        ContentDiff::TooLarge { old, new } => ("too large to be compared line by line", old, new),
        ContentDiff::Moved | ContentDiff::Text { .. } => return None,
    };
    new.as_ref()?;
    let text = format!("{} is {what}: {} before, {} now", file.path, size(old), size(new));
    let is_code = matches!(file.kind, FileKind::Source | FileKind::BuildScript | FileKind::Binary | FileKind::Script);
    Some(Point::new(if is_code { Tone::Caution } else { Tone::Plain }, "Not shown", text))
}

impl Side {
    /// In one line, behind its version.
    fn line(&self, context: &Context<'_>) -> String {
        let mut parts = Vec::new();
        parts.push(match self.pubtime {
            Some(at) => format!("published {} ({})", distance(context.now, at), moment(at)),
            None => "time of publication unknown".to_owned(),
        });
        parts.extend(self.published.as_ref().map(|one| format!("by {}", publication::published(one))));
        parts.extend(self.locked.then(|| "locked".to_owned()));
        parts.extend(self.yanked.then(|| "yanked".to_owned()));
        parts.extend(self.verdict());
        parts.join(", ")
    }

    fn verdict(&self) -> Option<String> {
        if !self.decided {
            return Some("not judged, because the run could not decide: `audit` says why".to_owned());
        }
        let reasons = match self.verdict.as_ref()? {
            Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => reasons,
            Verdict::Approved(_) => return Some("approved".to_owned()),
            Verdict::Local => return None,
        };
        let word = self.verdict.as_ref().map_or("", Verdict::code);
        let mut codes: Vec<&str> = reasons.iter().map(|reason: &Reason| reason.code().as_str()).collect();
        codes.dedup();
        Some(format!("{word} ({})", codes.join(", ")))
    }
}

/// The files that differ, counted by kind: `12 files: 1 build script, 3 sources; +340 -20 lines`.
fn counts(difference: &ReleaseDiff) -> String {
    let mut by_kind: Vec<(FileKind, usize)> = Vec::new();
    for file in &difference.files {
        match by_kind.last_mut() {
            Some((kind, count)) if *kind == file.kind => *count += 1,
            Some(_) | None => by_kind.push((file.kind, 1)),
        }
    }
    let kinds: Vec<String> = by_kind.iter().map(|(kind, count)| counted(*count, kind_word(*kind))).collect();
    let (added, removed) = difference.lines();
    let files = counted(difference.files.len(), "file");
    if kinds.is_empty() {
        return format!("{files}: both archives hold the same");
    }
    format!("{files}: {}; +{added} -{removed} lines", kinds.join(", "))
}

const fn kind_word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::BuildScript => "build script",
        FileKind::Manifest => "manifest",
        FileKind::Source => "source",
        FileKind::NativeSource => "native source",
        FileKind::Script => "script",
        FileKind::Binary => "binary file",
        FileKind::Test => "test file",
        FileKind::Packing => "packing file",
        FileKind::Documentation => "document",
        FileKind::Other => "other file",
    }
}

/// How much a file differs, in a few characters.
fn extent(file: &FileDiff) -> String {
    match (&file.content, &file.from) {
        (ContentDiff::Moved, from) => format!("from {}", from.as_deref().unwrap_or_default()),
        (ContentDiff::Text { added, removed, .. }, _) => format!("+{added} -{removed}"),
        (ContentDiff::Binary { .. }, _) => "binary".to_owned(),
        (ContentDiff::TooLarge { .. }, _) => "too large to compare".to_owned(),
    }
}

/// A word for what became of a file.
fn became(file: &FileDiff) -> &'static str {
    if file.from.is_some() { "moved" } else { file.change().as_str() }
}

/// A line of source for a terminal: what does something else than being seen is written as an escape, but for the tabulator; much blank
/// space is counted, since nobody scrolls to what stands behind it; and what is longer than anybody reads is cut.
fn source_line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len().min(LONGEST_LINE) + 16);
    let lower = text.get(..text.len().min(LONGEST_LINE)).unwrap_or(text).to_ascii_lowercase();
    let is_command = lower.contains("##[") || lower.contains("##vso[") || text.trim_start().starts_with("::");
    let mut characters = text.chars().peekable();
    let (mut shown, mut indented) = (0, true);
    while let Some(character) = characters.next() {
        if shown >= LONGEST_LINE {
            safe.extend(["[", &counted(characters.count() + 1, "character"), " more]"]);
            return safe;
        }
        let mut run = 1;
        if is_blank(character) {
            while characters.next_if(|next| *next == character).is_some() {
                run += 1;
            }
        }
        if run > BLANKS && !(indented && character == ' ' && run <= 2 * BLANKS) {
            safe.extend(["[", &counted(run, "blank"), "]"]);
            shown += 12;
        } else if character == '\t' || (is_blank(character) && !is_hostile(character)) {
            safe.extend(std::iter::repeat_n(character, run));
            shown += run;
        } else if is_hostile(character) || (is_command && matches!(character, '#' | ':')) {
            safe.extend(std::iter::repeat_n(character, run).flat_map(char::escape_unicode));
            shown += run * 6;
        } else {
            safe.push(character);
            shown += 1;
        }
        indented &= is_blank(character);
    }
    safe
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() && !matches!(character, '\n' | '\r')
}

/// A comparison in a line or two, and how to see all of it.
#[derive(Clone, Debug)]
pub(crate) struct DiffHint {
    /// What `diff` takes as a name.
    pub name: String,
    pub old: Version,
    pub new: Version,
    /// What differs; `None` where the archives are not at hand.
    pub told: Option<String>,
}

/// Writes what differs, where that is known.
///
/// # Errors
/// The writer's.
pub(crate) fn told(hint: &DiffHint, out: &mut impl Write) -> io::Result<()> {
    match &hint.told {
        Some(told) => line(out, Tone::Plain, "Diff", &format!("since {}: {told}", hint.old)),
        None => Ok(()),
    }
}

/// Writes the command that shows all of it.
///
/// # Errors
/// The writer's.
pub(crate) fn way(hint: &DiffHint, context: &Context<'_>, out: &mut impl Write) -> io::Result<()> {
    let words = format!(
        "{} {} {}",
        shell_word(&hint.name),
        shell_word(&hint.old.to_string()),
        shell_word(&hint.new.to_string())
    );
    help(out, &WayOut::to_or(format!("all that changed since {}", hint.old), context.command("diff", &words)))
}

/// What differs, in a line or two.
#[must_use]
pub(crate) fn summary(difference: &ReleaseDiff) -> String {
    let mut parts = Vec::new();
    let build = difference.build_script();
    if build != Change::Same {
        parts.push(format!("build script {}", build.as_str()));
    }
    if difference.new.proc_macro && !difference.old.proc_macro {
        parts.push("a proc macro now".to_owned());
    }
    let added: Vec<String> = difference.added().map(|one| one.name.to_string()).collect();
    if !added.is_empty() {
        let what =
            if added.len() == 1 { "a new dependency".to_owned() } else { format!("{} new dependencies", added.len()) };
        parts.push(format!("{what}: {}", few(&added, NAMES)));
    }
    let findings = difference.findings.len();
    if findings > 0 {
        let count = |severity: Severity| match difference.findings_of(severity) {
            0 => None,
            count => Some(format!("{count} {}", severity.as_str())),
        };
        let by = [Severity::High, Severity::Medium, Severity::Low, Severity::Note].into_iter().filter_map(count);
        parts.push(format!("{} ({})", counted(findings, "new finding"), by.collect::<Vec<_>>().join(", ")));
    }
    let (more, less) = difference.lines();
    let differ = if difference.files.len() == 1 { "differs" } else { "differ" };
    parts.push(format!("{} {differ}, +{more} -{less} lines", counted(difference.files.len(), "file")));
    parts.join("; ")
}
