//! What a run over several lock files says between their reports and after them.

use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};

use crate::report::escape::markdown_code;
use crate::report::markdown::{Document, MOST_BYTES, code};
use crate::report::print::{Tone, help, line};
use crate::report::way_out::WayOut;
use crate::report::words::counted;

/// What became of several lock files.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) approved: usize,
    pub(crate) held: usize,
    pub(crate) undecided: usize,
    /// Those of vendored packages, which nobody judges.
    pub(crate) vendored: usize,
}

/// Says which lock file is judged next.
///
/// # Errors
/// The writer's.
pub(crate) fn heading(lock: &Utf8Path, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Plain, "Judging", lock.as_str())
}

/// What became of one of several lock files: what a reader of them all looks at first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Undecided,
    NotApproved,
    AllApproved,
}

/// One of several lock files, and its report as Markdown; empty where there is none.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) lock: Utf8PathBuf,
    pub(crate) fate: Fate,
    pub(crate) text: Vec<u8>,
}

/// A workspace whose lock file git does not have, so that nothing of it was judged.
#[derive(Clone, Debug)]
pub(crate) struct Unlocked {
    pub(crate) manifest: Utf8PathBuf,
    /// How it gets one.
    pub(crate) way: WayOut,
}

const UNLOCKED: &str = "git has no lock file beside it, so that nothing of what it asks for was judged";
/// How many of them are told one by one.
const MOST_UNLOCKED: usize = 10;

/// Tells of workspaces without a lock file.
///
/// # Errors
/// The writer's.
pub(crate) fn unlocked(all: &[Unlocked], out: &mut impl Write) -> io::Result<()> {
    for one in all.iter().take(MOST_UNLOCKED) {
        line(out, Tone::Caution, "Unlocked", &format!("{}: {UNLOCKED}", one.manifest))?;
        help(out, &one.way)?;
    }
    match all.len().saturating_sub(MOST_UNLOCKED) {
        0 => Ok(()),
        more => line(out, Tone::Caution, "Unlocked", &format!("and {more} more of the kind")),
    }
}

/// What the list of those without room may take of what code hosts take, in bytes.
const FOR_THE_REST: usize = 10_000;
/// What the list of workspaces without a lock file may take, in bytes.
const FOR_THE_UNLOCKED: usize = 7_000;
/// However many lock files there are, a report has so much room that it says what it found, in bytes.
const LEAST: usize = 8_000;

/// The most bytes of one of so many reports in Markdown.
#[must_use]
pub(crate) fn room_of_one(lock_files: usize) -> usize {
    ((MOST_BYTES - FOR_THE_REST - FOR_THE_UNLOCKED) / lock_files.max(1)).max(LEAST)
}

/// Writes all reports as one document that code hosts take as a comment. Where they have no room in it, those on what is not approved go
/// before the others, and of each of the rest it is said what became of it.
///
/// # Errors
/// The writer's.
pub(crate) fn markdown(all: &[Judged], unlocked: &[Unlocked], out: &mut impl Write) -> io::Result<()> {
    reports(all, out)?;
    if unlocked.is_empty() {
        return Ok(());
    }
    let mut document = Document::within("Workspaces without a lock file", FOR_THE_UNLOCKED);
    document.list(unlocked.iter().map(|one| format!("{}: {UNLOCKED}", code(one.manifest.as_str()))));
    out.write_all(b"\n")?;
    document.write(out)
}

fn reports(all: &[Judged], out: &mut impl Write) -> io::Result<()> {
    let heading = |one: &Judged| format!("\n# {}\n\n", markdown_code(one.lock.as_str()));
    let bytes = |one: &Judged| heading(one).len() + one.text.len();
    let mut by_fate: Vec<usize> = (0..all.len()).collect();
    by_fate.sort_by_key(|at| all.get(*at).map(|one| one.fate));
    let most = MOST_BYTES - FOR_THE_UNLOCKED;
    let mut room = if all.iter().map(bytes).sum::<usize>() <= most { most } else { most - FOR_THE_REST };
    let mut shown = vec![false; all.len()];
    for at in by_fate {
        if let (Some(one), Some(shown)) = (all.get(at), shown.get_mut(at))
            && let Some(left) = room.checked_sub(bytes(one))
        {
            (room, *shown) = (left, true);
        }
    }
    for (one, _) in all.iter().zip(&shown).filter(|(_, shown)| **shown) {
        out.write_all(heading(one).as_bytes())?;
        out.write_all(&one.text)?;
    }
    let rest = all.iter().zip(&shown).filter(|(_, shown)| !**shown).map(|(one, _)| {
        let fate = match one.fate {
            Fate::Undecided => "undecided",
            Fate::NotApproved => "not approved",
            Fate::AllApproved => "all approved",
        };
        format!("{}: {fate}", code(one.lock.as_str()))
    });
    let rest: Vec<String> = rest.collect();
    if rest.is_empty() {
        return Ok(());
    }
    let mut document = Document::within("Lock files for whose reports there is no room here", FOR_THE_REST);
    document.list(rest);
    out.write_all(b"\n")?;
    document.write(out)
}

/// Says what became of all of them.
///
/// # Errors
/// The writer's.
pub(crate) fn counts(counts: &Counts, out: &mut impl Write) -> io::Result<()> {
    let Counts { approved, held, undecided, vendored } = *counts;
    let all = counted(approved + held + undecided, "lock file");
    let parts = [(approved, "all approved"), (held, "not approved"), (undecided, "undecided")];
    let told = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let passed_over = (vendored > 0).then(|| format!("{vendored} of vendored packages passed over"));
    let tone = if held + undecided == 0 { Tone::Good } else { Tone::Bad };
    line(out, tone, "Judged", &format!("{all}: {}", told.chain(passed_over).collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::{Fate, Judged, MOST_BYTES, markdown};

    fn judged(lock: String, fate: Fate, bytes: usize) -> Judged {
        Judged { lock: lock.into(), fate, text: vec![b'x'; bytes] }
    }

    fn text(all: &[Judged]) -> String {
        let mut text = Vec::new();
        markdown(all, &[], &mut text).unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn what_is_not_approved_goes_first_and_of_the_rest_it_is_said_what_became_of_it() {
        let approved = (0..2_000).map(|at| judged(format!("a{at}/Cargo.lock"), Fate::AllApproved, 500));
        let held = (0..5).map(|at| judged(format!("held{at}/Cargo.lock"), Fate::NotApproved, 8_000));
        let undecided = [judged("torn/Cargo.lock".to_owned(), Fate::Undecided, 0)];
        let all: Vec<Judged> = approved.chain(held).chain(undecided).collect();
        let told = text(&all);
        assert!(told.len() <= MOST_BYTES, "{}", told.len());
        for name in
            ["# <code>torn/Cargo.lock</code>", "# <code>held0/Cargo.lock</code>", "# <code>held4/Cargo.lock</code>"]
        {
            assert!(told.contains(name), "{name}");
        }
        assert!(
            told.contains("/Cargo.lock</code>: all approved")
                && told.contains(" more, for which there is no room here")
        );
        // In their order, whole, where all have room.
        let few = text(&all[1_990..2_002]);
        assert!(few.contains("# <code>a1990/Cargo.lock</code>") && !few.contains("no room"));
        assert!(few.find("a1999/").is_some_and(|approved| few.find("held1/").is_some_and(|held| approved < held)));
    }
}
