//! Whether files of the working tree are those that the commit that is checked out has: what a clone would have of what was looked at here.
//!
//! Bytes are compared, by git's own digests of them. A file that an ignore file names, one that was changed since, and one that only the
//! commit has are all told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::base::{BaseError, Commit, Repository};
use super::environment::Environment;
use crate::files::regular::{self, Links};
use crate::model::standard::{CommitGap, Committed, Part};

/// The most files that are compared.
const MOST_FILES: usize = 400_000;
/// The most differing files that are looked at again for their line ends, and the longest of them.
const MOST_AGAIN: usize = 100;
const LONGEST_AGAIN: u64 = 4 << 20;

/// The commit that is checked out around a folder, and how paths lie below the top of its working tree.
#[derive(Debug)]
pub(crate) struct CheckedOut {
    commit: Commit,
    /// The same top as the path that files are named by leads there, which may be a link.
    top: Utf8PathBuf,
}

impl CheckedOut {
    /// Finds it.
    ///
    /// # Errors
    /// There is no git, no repository that holds the checkout, or no commit in it.
    pub(crate) fn around(folder: &Utf8Path, environment: &Environment) -> Result<Self, BaseError> {
        let commit = Commit::find(folder, "HEAD", environment)?;
        let real = commit.repository().top().canonicalize_utf8().ok();
        let is_top = |above: &&Utf8Path| above.canonicalize_utf8().ok() == real;
        let top = folder.ancestors().find(is_top).unwrap_or_else(|| commit.repository().top()).to_owned();
        Ok(Self { commit, top })
    }

    /// A path from the top; `None` for one that lies elsewhere.
    #[must_use]
    pub(crate) fn below(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let below = path.strip_prefix(&self.top).ok()?;
        let parts: Vec<&str> = below.components().map(|part| part.as_str()).collect();
        // As git writes it, on every system.
        (!parts.contains(&"..")).then(|| parts.join("/").into())
    }

    /// Whether a folder belongs to the working tree, links followed.
    #[must_use]
    pub(crate) fn holds(&self, folder: &Utf8Path) -> bool {
        let real = |path: &Utf8Path| path.canonicalize_utf8().ok();
        real(folder).zip(real(&self.top)).is_some_and(|(folder, top)| folder.starts_with(top))
    }

    /// The files of this commit right in a folder and at these places, with their bytes.
    ///
    /// # Errors
    /// Git cannot read what the commit has.
    pub(crate) fn files<'a>(
        &self,
        folder: &Utf8Path,
        places: impl Iterator<Item = &'a Utf8Path>,
    ) -> Result<Vec<(Utf8PathBuf, Vec<u8>)>, BaseError> {
        let mut files = self.commit.files_below(folder)?;
        for place in places {
            files.extend(self.commit.file(place)?.map(|bytes| (place.to_owned(), bytes)));
        }
        Ok(files)
    }

    /// Holds these files and folders of the working tree against the commit.
    #[must_use]
    pub(crate) fn compare(&self, parts: &[(Part, Utf8PathBuf)]) -> Committed {
        let mut gaps = BTreeMap::new();
        let mut listed: Vec<(Part, Utf8PathBuf)> = Vec::new();
        for (part, path) in parts {
            match self.below(path) {
                Some(below) => listed.push((*part, below)),
                None => note(&mut gaps, *part, path.file_name().unwrap_or_default().into(), true),
            }
        }
        match self.gaps(&listed, &mut gaps) {
            Ok(()) => Committed::Commit { id: self.commit.id().to_owned(), gaps },
            Err(error) => Committed::Unknown { cause: cause(&error) },
        }
    }

    fn gaps(&self, parts: &[(Part, Utf8PathBuf)], gaps: &mut BTreeMap<Part, CommitGap>) -> Result<(), BaseError> {
        let repository = self.commit.repository();
        let (folders, files): (Vec<_>, Vec<_>) =
            parts.iter().map(|(_, path)| path.clone()).partition(|path| self.top.join(path).is_dir());
        // What attributes turn into other bytes on their way out is not what is compared here.
        repository.judged(&files, &folders)?;
        let paths: Vec<&Utf8Path> = parts.iter().map(|(_, path)| path.as_path()).collect();
        let committed = self.listed(&paths)?;
        for (part, path) in parts {
            let below = |known: &Utf8Path| known.starts_with(path);
            let mut here = BTreeSet::new();
            self.walk(path, &mut here);
            for gone in committed.keys().filter(|known| below(known) && !here.contains(*known)) {
                note(gaps, *part, gone.clone(), false);
            }
            let (known, new): (Vec<_>, Vec<_>) = here.into_iter().partition(|path| committed.contains_key(path));
            for path in new {
                note(gaps, *part, path, true);
            }
            let digests = digests(repository, &self.top, &known)?;
            let mut again = 0;
            for (path, digest) in known.iter().zip(digests) {
                let is_same = digest.is_some() && committed.get(path) == Some(&digest);
                if is_same {
                    continue;
                }
                again += 1;
                if again > MOST_AGAIN || !self.differs_only_in_line_ends(path) {
                    note(gaps, *part, path.clone(), false);
                }
            }
        }
        Ok(())
    }

    /// What the commit has at and below these paths: the digests of plain files, `None` for links and the like.
    fn listed(&self, paths: &[&Utf8Path]) -> Result<BTreeMap<Utf8PathBuf, Option<String>>, BaseError> {
        if paths.is_empty() {
            return Ok(BTreeMap::new());
        }
        let arguments: Vec<&str> = ["-r", "-z", "--full-tree", self.commit.id(), "--"]
            .into_iter()
            .chain(paths.iter().map(|path| path.as_str()))
            .collect();
        let listed = self.commit.repository().answer("ls-tree", &arguments, Vec::new())?;
        let listed = String::from_utf8_lossy(&listed);
        let entry = |line: &str| {
            let (head, path) = line.split_once('\t')?;
            let mut words = head.split(' ');
            let (mode, digest) = (words.next()?, words.next_back()?);
            Some((Utf8PathBuf::from(path), mode.starts_with("100").then(|| digest.to_owned())))
        };
        Ok(listed.split_terminator('\0').filter_map(entry).collect())
    }

    /// The files at and below a path; a link, or whatever else is no folder, is one too.
    fn walk(&self, path: &Utf8Path, found: &mut BTreeSet<Utf8PathBuf>) {
        let Ok(kind) = self.top.join(path).symlink_metadata() else { return };
        if !kind.is_dir() {
            found.insert(path.to_owned());
            return;
        }
        for entry in fs::read_dir(self.top.join(path)).into_iter().flatten().flatten() {
            if found.len() > MOST_FILES {
                return;
            }
            // A name that is no text is in no vendored tree and no trail; that it is here must show.
            let name = entry.file_name().to_string_lossy().into_owned();
            self.walk(Utf8Path::new(&format!("{path}/{name}")), found);
        }
    }

    /// Whether the commit has the same text with line feeds alone, as git checks it out on some systems.
    fn differs_only_in_line_ends(&self, path: &Utf8Path) -> bool {
        let here = regular::read(&self.top.join(path), Links::Refused, LONGEST_AGAIN).ok();
        let there = self.commit.file(path).ok().flatten();
        let plain = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok().map(|text| text.replace("\r\n", "\n"));
        here.zip(there).is_some_and(|(here, there)| plain(&here).is_some_and(|text| text.as_bytes() == there))
    }
}

/// Git's digests of these files' bytes as they lie there; `None` for what is no plain file.
fn digests(repository: &Repository, top: &Utf8Path, paths: &[Utf8PathBuf]) -> Result<Vec<Option<String>>, BaseError> {
    let is_plain = |path: &&Utf8PathBuf| {
        !path.as_str().contains('\n') && top.join(path).symlink_metadata().is_ok_and(|kind| kind.is_file())
    };
    let plain: Vec<&Utf8PathBuf> = paths.iter().filter(is_plain).collect();
    if plain.is_empty() {
        return Ok(vec![None; paths.len()]);
    }
    let input: Vec<u8> = plain.iter().flat_map(|path| path.as_str().bytes().chain([b'\n'])).collect();
    let answer = repository.answer("hash-object", &["--no-filters", "--stdin-paths"], input)?;
    let answer = String::from_utf8_lossy(&answer);
    let by_path: BTreeMap<&Utf8PathBuf, &str> = plain.into_iter().zip(answer.lines()).collect();
    Ok(paths.iter().map(|path| by_path.get(path).map(|digest| (*digest).to_owned())).collect())
}

fn note(gaps: &mut BTreeMap<Part, CommitGap>, part: Part, path: Utf8PathBuf, is_absent: bool) {
    let gap = gaps.entry(part).or_insert_with(|| CommitGap { first: path, files: 0, is_absent });
    gap.files += 1;
}

/// Why, without a folder of this machine and without the `help:` line, which is about a base.
#[must_use]
pub(crate) fn cause(error: &BaseError) -> String {
    let words = match error {
        BaseError::NoGit(_) => "git cannot be run",
        BaseError::NoRepository { .. } => "no git repository is around them",
        BaseError::OtherOwner { .. } => "their git repository belongs to another user",
        BaseError::Bare { .. } => "git finds another repository around them than the one of their checkout",
        BaseError::Submodule { .. } => "they are in a submodule, of which another repository says the commit",
        BaseError::NoCommit { .. } => "their git repository has no commit yet",
        BaseError::Unanswered { call, .. } => return format!("git could not answer `{call}`"),
        // About files, by their names below the top.
        BaseError::Ambiguous { .. }
        | BaseError::ShortId { .. }
        | BaseError::NotAFile { .. }
        | BaseError::Unreadable { .. }
        | BaseError::NotText { .. }
        | BaseError::Converted { .. }
        | BaseError::OtherCase { .. }
        | BaseError::NotCheckedOut { .. }
        | BaseError::Unmerged { .. } => return error.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    words.to_owned()
}
