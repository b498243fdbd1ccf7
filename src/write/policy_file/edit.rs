//! Puts entries in and takes them out, and leaves every other byte as it is.

use std::collections::BTreeSet;

use semver::Version;

use super::PolicyEditError;
use super::entry::{NewApproval, NewIgnore, approval_entry, ignore_entry};
use super::locate::{Entry, List, entries};
use crate::model::approval::Approval;

const BOM: &str = "\u{feff}";

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
    let (bom, body) = split(text);
    let mut gone: Vec<Entry> = Vec::new();
    for list in [List::Approvals, List::Ignores] {
        match entries(body, list) {
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
    let mut body = body.to_owned();
    for entry in gone {
        take_out(&mut body, &entry);
    }
    Ok(format!("{bom}{body}"))
}

fn split(text: &str) -> (&str, &str) {
    text.strip_prefix(BOM).map_or(("", text), |body| (BOM, body))
}

fn with(text: &str, list: List, key: &(String, Option<Version>), entry: &str) -> Result<String, PolicyEditError> {
    let (bom, body) = split(text);
    let found = entries(body, list)?;
    let ending = if body.find('\n').is_some_and(|at| body[..at].ends_with('\r')) { "\r\n" } else { "\n" };
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
    Ok(format!("{bom}{before}{entry}{rest}"))
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
fn take_out(body: &mut String, entry: &Entry) {
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
