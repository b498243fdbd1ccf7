//! Adds entries to the text of `sequester.toml` and takes them out again; every other byte stays as people wrote it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use jiff::civil::Date;
use semver::Version;
use toml_edit::{Item, Table};

use super::toml_text::Lines;
use crate::model::approval::Approval;
use crate::model::checksum::Checksum;
use crate::model::source::Registry;
use crate::model::verdict::ReasonCode;
use crate::model::vex::Justification;

/// An `[[approval]]` that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApproval {
    /// The crate's name.
    pub crate_name: String,
    /// Its registry; written down unless it is crates.io.
    pub registry: Registry,
    /// The exact version.
    pub version: Version,
    /// The digest of the `.crate` file that was looked at.
    pub checksum: Checksum,
    /// The reasons that the person saw.
    pub lifts: Vec<ReasonCode>,
    /// Why.
    pub reason: String,
    /// Who, where anybody can tell.
    pub by: Option<String>,
    /// The day on which it is given.
    pub at: Date,
    /// The last UTC day on which it counts.
    pub until: Option<Date>,
}

/// An `[[advisories.ignore]]` that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIgnore {
    /// The advisory.
    pub id: String,
    /// Only for this crate, where given.
    pub crate_name: Option<String>,
    /// Why.
    pub reason: String,
    /// The last UTC day on which it is ignored.
    pub until: Date,
    /// Why the crate is not affected, in the words of VEX; `None` where it is.
    pub justification: Option<Justification>,
}

/// An approval's table, with its header, each line ended by LF.
#[must_use]
pub fn approval_entry(approval: &NewApproval) -> String {
    let mut entry = TableText::new("approval");
    entry.text("crate", &approval.crate_name);
    if approval.registry != Registry::CratesIo {
        entry.text("registry", &approval.registry.to_string());
    }
    entry.text("version", &approval.version.to_string());
    entry.text("checksum", &approval.checksum.to_string());
    let lifts: Vec<_> = approval.lifts.iter().map(|code| quoted(code.as_str())).collect();
    entry.plain("lifts", &format!("[{}]", lifts.join(", ")));
    entry.text("reason", &approval.reason);
    if let Some(by) = &approval.by {
        entry.text("by", by);
    }
    entry.plain("at", &approval.at.to_string());
    if let Some(until) = approval.until {
        entry.plain("until", &until.to_string());
    }
    entry.0
}

/// An ignore's table, with its header, each line ended by LF.
#[must_use]
pub fn ignore_entry(ignore: &NewIgnore) -> String {
    let mut entry = TableText::new("advisories.ignore");
    entry.text("id", &ignore.id);
    if let Some(name) = &ignore.crate_name {
        entry.text("crate", name);
    }
    entry.text("reason", &ignore.reason);
    entry.plain("until", &ignore.until.to_string());
    if let Some(justification) = ignore.justification {
        entry.text("justification", justification.as_str());
    }
    entry.0
}

/// The text with one more approval. Approvals stand in the order of their crates, so that two branches that each add one seldom
/// change the same lines.
///
/// # Errors
/// The text is not TOML, or its approvals are written inline.
pub fn with_approval(text: &str, approval: &NewApproval) -> Result<String, PolicyEditError> {
    let key = (approval.crate_name.clone(), Some(approval.version.clone()));
    with(text, List::Approvals, &key, &approval_entry(approval))
}

/// The text with one more ignored advisory.
///
/// # Errors
/// The text is not TOML, or its `advisories` or their ignores are written inline.
pub fn with_ignore(text: &str, ignore: &NewIgnore) -> Result<String, PolicyEditError> {
    with(text, List::Ignores, &(ignore.id.clone(), None), &ignore_entry(ignore))
}

/// The text without an approval that was read from it.
///
/// # Errors
/// The text is not TOML, or no table of its own begins on the approval's line.
pub fn without_approval(text: &str, approval: &Approval) -> Result<String, PolicyEditError> {
    without_entries(text, &BTreeSet::from([approval.line]))
}

/// The text without the approvals and ignores whose headers stand on these lines. A person's comments above an entry stay: they may be
/// about more than it.
///
/// # Errors
/// The text is not TOML, or no entry begins on one of the lines.
pub fn without_entries(text: &str, lines: &BTreeSet<u32>) -> Result<String, PolicyEditError> {
    let text = Lines::of(text);
    let mut gone: Vec<Listed> = Vec::new();
    for list in [List::Approvals, List::Ignores] {
        match entries(&text, list) {
            Ok(found) => gone.extend(found.into_iter().filter(|entry| lines.contains(&entry.line))),
            // What is inline has no entry to take out, but the other list may.
            Err(PolicyEditError::Inline { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if let Some(line) = lines.iter().find(|line| gone.iter().all(|entry| entry.line != **line)) {
        return Err(PolicyEditError::NoEntry { line: *line });
    }
    gone.sort_by_key(|entry| std::cmp::Reverse(entry.lines.start));
    let mut body = text.text().to_owned();
    for entry in gone {
        take_out(&mut body, &entry);
    }
    Ok(text.marked(&body))
}

fn with(text: &str, list: List, key: &(String, Option<Version>), entry: &str) -> Result<String, PolicyEditError> {
    let mut text = Lines::of(text);
    let found = entries(&text, list)?;
    let (body, ending) = (text.text(), text.ending());
    let mut entry = entry.replace('\n', ending);
    let at = match (found.iter().rfind(|one| one.key <= *key), found.first()) {
        (Some(before), _) => after(body, before.lines.end),
        (None, Some(first)) => above(body, first.lines.start),
        (None, None) => body.len(),
    };
    let (before, rest) = body.split_at(at);
    if !before.is_empty() && !ends_blank(before) {
        entry.insert_str(0, ending);
        if !before.ends_with('\n') {
            entry.insert_str(0, ending);
        }
    }
    if !rest.is_empty() && !begins_blank(rest) {
        entry.push_str(ending);
    }
    text.replace(at..at, entry);
    Ok(text.finish())
}

/// Where an entry with the comments right below it ends. Comments that lead up to a header belong to what follows.
fn after(body: &str, end: usize) -> usize {
    let mut at = end;
    for line in body.get(end..).unwrap_or_default().split_inclusive('\n') {
        if line.trim().is_empty() {
            return at;
        }
        if !line.trim_start().starts_with('#') {
            return end;
        }
        at += line.len();
    }
    at
}

/// Where the comments right above a header begin.
fn above(body: &str, start: usize) -> usize {
    let comments = body.get(..start).unwrap_or_default().split_inclusive('\n').rev();
    start - comments.take_while(|line| line.trim_start().starts_with('#')).map(str::len).sum::<usize>()
}

fn ends_blank(text: &str) -> bool {
    text.ends_with('\n') && text.lines().next_back().is_some_and(|line| line.trim().is_empty())
}

fn begins_blank(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.trim().is_empty())
}

/// Takes an entry's lines out, and with them the empty line that set it apart.
fn take_out(body: &mut String, entry: &Listed) {
    let mut range = entry.lines.clone();
    let (before, rest) = (body[..range.start].to_owned(), &body[range.end..]);
    let is_free = before.is_empty() || ends_blank(&before);
    if is_free && begins_blank(rest) {
        range.end += rest.find('\n').map_or(rest.len(), |at| at + 1);
    } else if is_free && rest.is_empty() {
        // One empty line is what sets an entry apart; whoever wrote several meant them.
        let mut lines = before.split_inclusive('\n').rev();
        let last = lines.next().map_or(0, str::len);
        if lines.next().is_some_and(|line| !line.trim().is_empty()) {
            range.start -= last;
        }
    }
    body.replace_range(range, "");
}

/// The two lists of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Approvals,
    Ignores,
}

/// One table of a list.
#[derive(Debug)]
struct Listed {
    /// The line of its header, counted from 1.
    line: u32,
    /// Its lines, from the header's to the last value's, with their endings.
    lines: Range<usize>,
    /// What entries are sorted by: the crate or advisory, then the version.
    key: (String, Option<Version>),
}

/// The entries of one list, in the file's order.
fn entries(lines: &Lines, list: List) -> Result<Vec<Listed>, PolicyEditError> {
    let document = lines.parsed().map_err(|syntax| PolicyEditError::NotToml { line: syntax.line })?;
    let found = match list {
        List::Approvals => document.get("approval").ok_or(None),
        List::Ignores => match document.get("advisories") {
            None => Err(None),
            Some(Item::Table(table)) if !table.is_dotted() => table.get("ignore").ok_or(None),
            Some(_) => Err(Some(PolicyEditError::Inline { key: "advisories", table: "advisories" })),
        },
    };
    match (found, list) {
        (Ok(Item::ArrayOfTables(tables)), _) => {
            Ok(tables.iter().filter_map(|table| listed(lines, table, list)).collect())
        }
        (Ok(_), List::Approvals) => Err(PolicyEditError::Inline { key: "approval", table: "approval" }),
        (Ok(_), List::Ignores) => Err(PolicyEditError::Inline { key: "advisories.ignore", table: "advisories.ignore" }),
        (Err(None), _) => Ok(Vec::new()),
        (Err(Some(error)), _) => Err(error),
    }
}

fn listed(lines: &Lines, table: &Table, list: List) -> Option<Listed> {
    let header = table.span()?;
    let ends = table.iter().filter_map(|(_, item)| item.span()).map(|span| span.end);
    let end = ends.chain([header.end]).max()?;
    let string = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let name = match list {
        List::Approvals => string("crate"),
        List::Ignores => string("id"),
    };
    let version = string("version").and_then(|version| Version::parse(&version).ok());
    Some(Listed {
        line: u32::try_from(lines.number(header.start)).ok()?,
        lines: lines.start(header.start)..lines.end(end),
        key: (name.unwrap_or_default(), version),
    })
}

struct TableText(String);

impl TableText {
    fn new(table: &str) -> Self {
        Self(format!("[[{table}]]\n"))
    }

    fn plain(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.plain(key, &quoted(value));
    }
}

/// A basic string on one line. What could make a reviewer read something else than the program does is written as an escape.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            hidden if hidden.is_control() || is_invisible(hidden) => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(hidden));
            }
            shown => quoted.push(shown),
        }
    }
    quoted.push('"');
    quoted
}

/// Marks that change the direction of text, join or split lines, or have no width.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// Why a policy file's text cannot be changed as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyEditError {
    /// The text is not TOML.
    #[error("line {line} is not TOML\nhelp: mend it, or restore the file from version control")]
    NotToml {
        /// The line, counted from 1.
        line: usize,
    },
    /// The entries are written in a way that leaves no room for tables of their own.
    #[error("`{key}` is written inline\nhelp: give each entry a table of its own: [[{table}]]")]
    Inline {
        /// What is inline.
        key: &'static str,
        /// The header that an entry needs.
        table: &'static str,
    },
    /// No entry begins on this line.
    #[error("no entry begins on line {line}\nhelp: give each entry a table of its own, and remove this one by hand")]
    NoEntry {
        /// The line, counted from 1.
        line: u32,
    },
}
