//! What stands out between two releases of a crate: new findings, what they ask of others, and their files line by line.
//!
//! Everything is bounded: files that are larger than a reviewer reads, and those that are no text, are told by size and digest alone. A
//! comparison that takes long becomes coarser and stays true: more lines are shown as removed and added than need be.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use similar::{ChangeTag, TextDiff};

use crate::archive::{OpenedCrate, Part};
use crate::model::checksum::Checksum;
use crate::model::finding::{Finding, Inspection};
use crate::model::index_line::{DependencyKind, Requirement};
use crate::model::release_diff::{
    Change, ContentDiff, CrateAge, DependencyDiff, DiffLine, FeatureDiff, FileDiff, FileKind, Hunk, ReleaseDiff,
};

/// The most bytes of a file that is compared line by line.
const MOST_FILE: u64 = 1 << 20;
/// The most bytes of all changed files of one release that are.
const MOST_HELD: u64 = 48 << 20;
/// Unchanged lines around a change.
const AROUND: usize = 3;
/// How long one file is compared exactly, and all of them.
const LONGEST_FILE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

/// One of the two.
pub struct Side<'a> {
    pub opened: &'a OpenedCrate<'a>,
    /// What was seen in it.
    pub inspection: Inspection,
}

/// Compares two releases. How old new dependencies are is for the caller to find out.
///
/// # Errors
/// An archive cannot be read a second time.
pub fn difference(old: Side<'_>, new: Side<'_>) -> io::Result<ReleaseDiff> {
    let files = files(&old, &new)?;
    let build_script_changed = match (&old.inspection.build_script, &new.inspection.build_script) {
        (Some(before), Some(after)) => digest(old.opened, before) != digest(new.opened, after),
        (None | Some(_), None) | (None, Some(_)) => false,
    };
    let known = |inspection: &Inspection| inspection.findings.iter().map(key).collect::<HashSet<_>>();
    let (had, has) = (known(&old.inspection), known(&new.inspection));
    let findings = new.inspection.findings.iter().filter(|finding| !had.contains(&key(finding))).cloned().collect();
    let findings_gone = had.difference(&has).count();
    let (before, after) = (old.opened.manifest(), new.opened.manifest());
    Ok(ReleaseDiff {
        findings,
        findings_gone,
        build_script_changed,
        dependencies: dependencies(before.requirements(), after.requirements()),
        features: features(before.features(), after.features()),
        files,
        old: old.inspection,
        new: new.inspection,
    })
}

/// What makes two findings the same, as [`Finding::is_same`] has it; with its own type, so that it can be looked up.
fn key(finding: &Finding) -> (u8, u8, Option<Box<str>>, Box<str>) {
    (finding.code as u8, finding.severity as u8, finding.file.clone(), finding.evidence.clone())
}

fn digest(opened: &OpenedCrate<'_>, path: &str) -> Option<Checksum> {
    opened.files().find(|(file, _)| *file == path).map(|(_, digest)| digest)
}

/// What both ask of each crate, where it differs. What only tests ask for nobody else builds.
fn dependencies(old: &[Requirement], new: &[Requirement]) -> Vec<DependencyDiff> {
    type Asked = (Vec<Requirement>, Vec<Requirement>);
    let mut by_crate: BTreeMap<(Arc<str>, Option<String>), Asked> = BTreeMap::new();
    let counts = |one: &&Requirement| one.kind != DependencyKind::Dev;
    let place = |one: &Requirement| (Arc::clone(&one.name), one.registry.clone());
    for one in old.iter().filter(counts) {
        by_crate.entry(place(one)).or_default().0.push(one.clone());
    }
    for one in new.iter().filter(counts) {
        by_crate.entry(place(one)).or_default().1.push(one.clone());
    }
    let changed = by_crate.into_iter().filter(|(_, (old, new))| {
        old.len() != new.len() || old.iter().any(|one| !new.contains(one)) || new.iter().any(|one| !old.contains(one))
    });
    let mut all: Vec<DependencyDiff> = changed
        .map(|((name, registry), (old, new))| DependencyDiff {
            name,
            registry,
            old,
            new,
            age: CrateAge::NotAsked,
            publisher: None,
        })
        .collect();
    all.sort_by_key(|one| match one.change() {
        Change::Added => 0,
        Change::Changed | Change::Same => 1,
        Change::Removed => 2,
    });
    all
}

fn features(old: &BTreeMap<String, Vec<String>>, new: &BTreeMap<String, Vec<String>>) -> Vec<FeatureDiff> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let both = names.into_iter().map(|name| (name, old.get(name), new.get(name)));
    both.filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| FeatureDiff { name: name.clone(), old: old.cloned(), new: new.cloned() })
        .collect()
}

/// A file's content, as far as it is compared.
enum Content {
    Text(String),
    Binary(u64),
    TooLarge(u64),
}

impl Content {
    const fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Binary(size) | Self::TooLarge(size) => *size,
        }
    }
}

fn files(old: &Side<'_>, new: &Side<'_>) -> io::Result<Vec<FileDiff>> {
    let before: BTreeMap<&str, Checksum> = old.opened.files().collect();
    let after: BTreeMap<&str, Checksum> = new.opened.files().collect();
    let paths: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let changed: BTreeSet<&str> = paths.into_iter().filter(|path| before.get(path) != after.get(path)).collect();
    // A file that came with the bytes of one that went has only moved.
    let mut gone: BTreeMap<Checksum, &str> = BTreeMap::new();
    for path in changed.iter().filter(|path| !after.contains_key(*path)) {
        gone.extend(before.get(path).map(|digest| (*digest, *path)));
    }
    let mut moved: BTreeMap<&str, &str> = BTreeMap::new();
    for path in changed.iter().filter(|path| !before.contains_key(*path)) {
        if let Some(from) = after.get(path).and_then(|digest| gone.remove(digest)) {
            moved.insert(path, from);
        }
    }
    let left: BTreeSet<&str> = moved.values().copied().collect();
    let compared: BTreeSet<&str> =
        changed.iter().filter(|path| !moved.contains_key(*path) && !left.contains(*path)).copied().collect();
    let mut texts = (contents(old.opened, &compared)?, contents(new.opened, &compared)?);
    let begun = Instant::now();
    let mut all = Vec::with_capacity(changed.len());
    for path in changed.into_iter().filter(|path| !left.contains(path)) {
        let from = moved.get(path).copied();
        let content = if from.is_some() {
            ContentDiff::Moved
        } else {
            let left = LONGEST.saturating_sub(begun.elapsed()).min(LONGEST_FILE);
            compare(texts.0.remove(path), texts.1.remove(path), left)
        };
        let is_binary = matches!(content, ContentDiff::Binary { .. });
        all.push(FileDiff {
            path: path.into(),
            kind: kind(path, is_binary, old, new),
            old: from.map_or_else(|| before.get(path), |from| before.get(from)).copied(),
            new: after.get(path).copied(),
            from: from.map(Into::into),
            content,
        });
    }
    all.sort_by(|one, other| one.kind.cmp(&other.kind).then_with(|| one.path.cmp(&other.path)));
    Ok(all)
}

/// The contents of these files, as far as the release has them.
fn contents(opened: &OpenedCrate<'_>, wanted: &BTreeSet<&str>) -> io::Result<BTreeMap<Box<str>, Content>> {
    let (mut contents, mut held) = (BTreeMap::new(), 0);
    opened.contents(|path, part| {
        if !wanted.contains(path) {
            // What is passed over is read to its end by nobody else.
            return match part {
                Part::Whole(_) => Ok(()),
                Part::Stream(stream) => io::copy(stream, &mut io::sink()).map(|_| ()),
            };
        }
        let (bytes, size) = match part {
            Part::Whole(bytes) => (bytes.get(..capped(bytes.len())).unwrap_or_default().to_vec(), bytes.len() as u64),
            Part::Stream(stream) => {
                let mut bytes = Vec::new();
                let read = (&mut *stream).take(MOST_FILE + 1).read_to_end(&mut bytes)? as u64;
                (bytes, read + io::copy(stream, &mut io::sink())?)
            }
        };
        // Whatever is UTF-8 could be compiled, a NUL in a comment notwithstanding, and is shown.
        let content = if size > MOST_FILE && bytes.contains(&0) {
            Content::Binary(size)
        } else if size > MOST_FILE || held + size > MOST_HELD {
            Content::TooLarge(size)
        } else {
            String::from_utf8(bytes).map_or(Content::Binary(size), Content::Text)
        };
        if matches!(content, Content::Text(_)) {
            held += size;
        }
        contents.insert(path.into(), content);
        Ok::<_, io::Error>(())
    })?;
    Ok(contents)
}

fn capped(length: usize) -> usize {
    length.min(usize::try_from(MOST_FILE).unwrap_or(usize::MAX))
}

fn compare(old: Option<Content>, new: Option<Content>, time: Duration) -> ContentDiff {
    let sizes = (old.as_ref().map(Content::size), new.as_ref().map(Content::size));
    let is = |one: &Option<Content>, of: fn(&Content) -> bool| one.as_ref().is_some_and(of);
    let is_binary = |one: &Content| matches!(one, Content::Binary(_));
    let is_large = |one: &Content| matches!(one, Content::TooLarge(_));
    if is(&old, is_binary) || is(&new, is_binary) {
        return ContentDiff::Binary { old: sizes.0, new: sizes.1 };
    }
    if is(&old, is_large) || is(&new, is_large) {
        return ContentDiff::TooLarge { old: sizes.0, new: sizes.1 };
    }
    let text = |one: Option<Content>| match one {
        Some(Content::Text(text)) => text,
        Some(Content::Binary(_) | Content::TooLarge(_)) | None => String::new(),
    };
    hunks(&text(old), &text(new), time)
}

fn hunks(old: &str, new: &str, time: Duration) -> ContentDiff {
    let diff = TextDiff::configure().timeout(time).diff_lines(old, new);
    let (mut added, mut removed) = (0, 0);
    let mut hunks = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let span = |from: usize, to: usize| (from + usize::from(to > from), to - from);
        let old_span = span(first.old_range().start, last.old_range().end);
        let new_span = span(first.new_range().start, last.new_range().end);
        let mut lines = Vec::new();
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Equal => Change::Same,
                ChangeTag::Delete => Change::Removed,
                ChangeTag::Insert => Change::Added,
            };
            added += usize::from(kind == Change::Added);
            removed += usize::from(kind == Change::Removed);
            let text = change.value();
            let text = text.strip_suffix('\n').unwrap_or(text);
            lines.push(DiffLine { change: kind, text: text.into(), is_unended: change.missing_newline() });
        }
        hunks.push(Hunk { old: old_span, new: new_span, lines });
    }
    ContentDiff::Text { added, removed, hunks }
}

/// What cargo writes into every archive.
const PACKING: [&str; 2] = [".cargo_vcs_info.json", "Cargo.lock"];
const NATIVE: [&str; 12] = ["c", "cc", "cpp", "cxx", "h", "hpp", "m", "mm", "s", "asm", "f", "zig"];
const SCRIPTS: [&str; 12] = ["sh", "bash", "zsh", "ps1", "bat", "cmd", "py", "rb", "pl", "js", "cmake", "mk"];
const PROSE: [&str; 8] = ["md", "txt", "rst", "adoc", "html", "tex", "svg", "1"];

fn kind(path: &str, is_binary: bool, old: &Side<'_>, new: &Side<'_>) -> FileKind {
    let is_script = |side: &Side<'_>| side.inspection.build_script.as_deref() == Some(path);
    if is_script(old) || is_script(new) {
        return FileKind::BuildScript;
    }
    if matches!(path, "Cargo.toml" | "Cargo.toml.orig") {
        return FileKind::Manifest;
    }
    if is_binary {
        return FileKind::Binary;
    }
    if PACKING.contains(&path) {
        return FileKind::Packing;
    }
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_for_tests = ["tests/", "benches/", "examples/"].iter().any(|folder| path.starts_with(folder));
    match extension {
        _ if is_for_tests => FileKind::Test,
        "rs" => FileKind::Source,
        _ if NATIVE.contains(&extension) => FileKind::NativeSource,
        _ if SCRIPTS.contains(&extension) || name == "makefile" => FileKind::Script,
        _ if PROSE.contains(&extension) || ["license", "copying", "notice"].iter().any(|one| name.starts_with(one)) => {
            FileKind::Documentation
        }
        _ => FileKind::Other,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::wildcard_enum_match_arm, reason = "only these variants mean something here")]

    use super::*;

    fn text(old: &str, new: &str) -> (usize, usize, Vec<Hunk>) {
        match hunks(old, new, LONGEST_FILE) {
            ContentDiff::Text { added, removed, hunks } => (added, removed, hunks),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lines_that_come_and_go_are_counted_with_their_places() {
        let (added, removed, hunks) = text("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nd\nE\nf\ng\nh\ni\n");
        assert_eq!((added, removed, hunks.len()), (2, 1, 1));
        assert_eq!((hunks[0].old, hunks[0].new), ((2, 7), (2, 8)));
        let (added, removed, hunks) = text("", "a\nb");
        assert_eq!((added, removed), (2, 0));
        assert_eq!((hunks[0].old, hunks[0].new), ((0, 0), (1, 2)));
        assert!(hunks[0].lines[1].is_unended);
    }

    #[test]
    fn texts_that_are_hard_to_compare_are_compared_coarsely_in_time() {
        let line = |at: usize| format!("{}\n", at.wrapping_mul(0x9e37_79b9) % 977);
        let old: String = (0..60_000).map(line).collect();
        let new: String = (0..60_000).map(|at| line(at * 7 + 3)).collect();
        let begun = Instant::now();
        let (added, removed, _) = match hunks(&old, &new, Duration::from_millis(200)) {
            ContentDiff::Text { added, removed, hunks } => (added, removed, hunks),
            other => panic!("{other:?}"),
        };
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert_eq!(added, removed);
    }
}
