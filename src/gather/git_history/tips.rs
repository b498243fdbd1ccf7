//! Where lines of history end: references, working trees on no branch, and what is staged in each working tree.

use std::collections::{BTreeMap, HashMap};

use camino::{Utf8Path, Utf8PathBuf};

use super::changes::{Changed, Names, position};
use super::{GitHistory, is_lock_name};
use crate::files::regular::{self, Links};
use crate::gather::base::BaseError;
use crate::gather::git;
use crate::model::incident::{Gap, Tip, TipKind};

/// The most objects that are no commits and have a reference, whose files are listed.
const MAX_TREES: usize = 64;
/// The most bytes of a `.git` that names a folder.
const MAX_MARKER: u64 = 64 << 10;
/// The most bytes of what git lists of an index.
const MAX_INDEX: u64 = 256 << 20;

impl GitHistory {
    /// Every reference, and each working tree's `HEAD` that is on no branch.
    pub(super) fn tips(
        &mut self,
        known: &HashMap<String, u32>,
        paths: &mut Names,
        blobs: &mut Names,
    ) -> Result<(), BaseError> {
        let listed = self.repository.answer("for-each-ref", &["--format=%(objectname) %(refname)"], Vec::new())?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let references: Vec<(&str, &str)> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
        self.references = references.len();
        let mut tips: Vec<(TipKind, String, String)> = references
            .iter()
            .map(|(id, name)| {
                let (kind, name) = kind_of(name);
                (kind, name.to_owned(), (*id).to_owned())
            })
            .collect();
        let trees = self.repository.answer("worktree", &["list", "--porcelain"], Vec::new())?;
        let trees = String::from_utf8_lossy(&trees).into_owned();
        for block in trees.split("\n\n") {
            let word = |key: &str| block.lines().find_map(|line| line.strip_prefix(key));
            let Some(folder) = word("worktree ") else { continue };
            if let (Some(id), true) = (word("HEAD "), block.lines().any(|line| line == "detached")) {
                tips.push((TipKind::DetachedHead, folder.to_owned(), id.to_owned()));
            }
            let folder = Utf8PathBuf::from(folder);
            if folder.is_dir() && !block.lines().any(|line| line == "bare") && !self.working_trees.contains(&folder) {
                self.working_trees.push(folder);
            }
        }
        let input: String = tips.iter().map(|(_, _, id)| format!("{id}^{{commit}}\n")).collect();
        if tips.is_empty() {
            return Ok(());
        }
        let peeled = self.repository.answer("cat-file", &["--batch-check=%(objectname)"], input.into_bytes())?;
        let peeled = String::from_utf8_lossy(&peeled).into_owned();
        let mut trees = 0;
        for ((kind, name, id), peeled) in tips.into_iter().zip(peeled.lines()) {
            let commit = known.get(peeled.trim()).copied();
            let mut tip = Tip { kind, name, commit, state: None };
            if commit.is_none() {
                trees += 1;
                if trees > MAX_TREES || !self.tree(&id, &mut tip, paths, blobs)? {
                    continue;
                }
            }
            self.history.tips.push(tip);
        }
        Ok(())
    }

    /// The lock files of a reference that leads to no commit: to a tree, or to something that holds none.
    fn tree(&mut self, id: &str, tip: &mut Tip, paths: &mut Names, blobs: &mut Names) -> Result<bool, BaseError> {
        let listed = self.repository.ask("ls-tree", &["-r", "-z", "--full-tree", id], Vec::new())?;
        if !listed.status.success() {
            return Ok(false);
        }
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let mut state = BTreeMap::new();
        for line in text.split_terminator('\0') {
            let Some((head, path)) = line.split_once('\t') else { continue };
            let mut words = head.split(' ');
            let (Some(mode), Some(object)) = (words.next(), words.nth(1)) else { continue };
            if Utf8Path::new(path).file_name().is_some_and(is_lock_name) && mode != "160000" {
                let one = Changed { mode, object, path };
                let (path, blob) = one.noted(paths, blobs, &mut self.links, &mut self.path_of);
                state.extend(blob.map(|blob| (path, blob)));
            }
        }
        self.history.states.push(state);
        tip.state = Some(position(self.history.states.len() - 1));
        Ok(true)
    }

    /// What is staged in each working tree, and the submodules.
    pub(super) fn index(&mut self, paths: &mut Names, blobs: &mut Names) -> Result<(), BaseError> {
        let listed = self.repository.answer("ls-files", &["-s", "-z"], Vec::new())?;
        self.staged(&String::from_utf8_lossy(&listed), "", paths, blobs);
        for tree in self.working_trees.iter().skip(1).cloned().collect::<Vec<_>>() {
            // What stands in another folder is read as this repository's, whose configuration counts alone.
            let listed = index_of(&tree).and_then(|index| {
                let mut command = self.git(&["ls-files", "-s", "-z"]);
                command.env("GIT_INDEX_FILE", index);
                git::run(command, Vec::new(), MAX_INDEX).ok().filter(|answer| answer.status.success())
            });
            if let Some(answer) = listed {
                self.staged(&String::from_utf8_lossy(&answer.stdout), tree.as_str(), paths, blobs);
            } else {
                let cause = "git does not tell what is staged in it".to_owned();
                self.gaps.push(Gap::Place { path: tree.into_string(), cause });
            }
        }
        Ok(())
    }

    fn staged(&mut self, listed: &str, tree: &str, paths: &mut Names, blobs: &mut Names) {
        let mut state = BTreeMap::new();
        for line in listed.split_terminator('\0') {
            // `100644 ID STAGE<TAB>PATH`
            let Some((head, path)) = line.split_once('\t') else { continue };
            let mut words = head.split(' ');
            let (Some(mode), Some(object)) = (words.next(), words.next()) else { continue };
            if mode == "160000" {
                if !self.submodules.iter().any(|known| known == path) {
                    self.submodules.push(path.to_owned());
                }
            } else if Utf8Path::new(path).file_name().is_some_and(is_lock_name) {
                let one = Changed { mode, object, path };
                let (path, blob) = one.noted(paths, blobs, &mut self.links, &mut self.path_of);
                state.extend(blob.map(|blob| (path, blob)));
            }
        }
        self.history.states.push(state);
        let state = Some(position(self.history.states.len() - 1));
        self.history.tips.push(Tip { kind: TipKind::Index, name: tree.to_owned(), commit: None, state });
    }
}

/// Where a working tree has its index: in its own `.git`, or in the folder that its `.git` names.
fn index_of(tree: &Utf8Path) -> Option<Utf8PathBuf> {
    let marker = tree.join(".git");
    if marker.is_dir() {
        return Some(marker.join("index"));
    }
    let text = regular::text(&marker, Links::Refused, MAX_MARKER).ok()?;
    Some(tree.join(text.strip_prefix("gitdir: ")?.trim_end()).join("index"))
}

fn kind_of(reference: &str) -> (TipKind, &str) {
    let kinds =
        [("refs/heads/", TipKind::Branch), ("refs/remotes/", TipKind::RemoteBranch), ("refs/tags/", TipKind::Tag)];
    let found = kinds.into_iter().find_map(|(prefix, kind)| Some((kind, reference.strip_prefix(prefix)?)));
    found.unwrap_or(if reference == "refs/stash" { (TipKind::Stash, "stash") } else { (TipKind::Other, reference) })
}
