//! Every lock file of a repository's history: which commit has which, where lines of history end, and the files themselves, each distinct one
//! once.
//!
//! Four gits answer, whatever the number of commits: `rev-list` for the graph, `diff-tree` for what each commit changed of its lock files,
//! `for-each-ref` for the tips, and one `cat-file --batch` for all files. Nothing is checked out, and no configuration of the repository
//! has a say: these are plumbing, which looks at objects alone.

#![expect(clippy::format_collect, reason = "the texts are short")]
#![expect(clippy::similar_names, reason = "the names belong together")]

mod changes;
mod needles;
mod objects;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufRead};
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use self::changes::{Changed, Names, position, raw};
pub(crate) use self::needles::Needles;
use self::objects::{Object, commit_told, next, object};
use super::base::{BaseError, Repository};
use super::environment::Environment;
use super::git;
use super::lock_file::MAX_BYTES;
use crate::model::incident::{CommitNode, CommitTold, Gap, LockHistory, Tip, TipKind};
use crate::model::run::Waiting;

/// Which paths are lock files: cargo's own name wherever it stands, and what teams keep beside it, such as `Cargo-minimal.lock` or
/// `Cargo.lock.msrv`.
const PATHS: &str = ":(top,glob,icase)**/*cargo*.lock*";
/// So many bytes of lock files are read at once, while as many are judged.
const AT_ONCE: usize = 12 << 20;
/// The most objects that are no commits and have a reference, whose files are listed.
const MAX_TREES: usize = 64;
/// The most different gaps of one kind that are told.
const MAX_TOLD: usize = 50;
/// The most bytes of a commit's header.
const MAX_COMMIT: u64 = 1 << 20;

/// Whether a file of this name is taken for a lock file.
#[must_use]
pub(crate) fn is_lock_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.find("cargo").is_some_and(|at| name[at..].contains(".lock"))
}

/// The lock files of a repository.
#[derive(Debug)]
pub(crate) struct GitHistory {
    repository: Repository,
    environment: Environment,
    pub history: LockHistory,
    /// Blobs that stand in a lock file's place as links.
    links: BTreeSet<u32>,
    /// A path of each blob.
    path_of: HashMap<u32, u32>,
    pub gaps: Vec<Gap>,
    pub submodules: Vec<String>,
    /// How many references there are.
    pub references: usize,
    /// The folders of the working trees, this one first.
    pub working_trees: Vec<Utf8PathBuf>,
}

impl GitHistory {
    /// Reads the graph, the tips and which lock files each commit has, of the repository that holds the checkout around `folder`.
    ///
    /// # Errors
    /// There is no git or no repository, or it does not answer. What of it is missing is in `gaps`.
    pub(crate) fn read(folder: &Utf8Path, environment: &Environment) -> Result<Self, BaseError> {
        let (repository, _) = Repository::holding(folder, environment)?;
        let mut read = Self {
            environment: environment.clone(),
            history: LockHistory::default(),
            links: BTreeSet::new(),
            path_of: HashMap::new(),
            gaps: Vec::new(),
            submodules: Vec::new(),
            references: 0,
            working_trees: vec![repository.top().to_owned()],
            repository,
        };
        if read.repository.is_shallow {
            read.gaps.push(Gap::Shallow);
        }
        if read.is_partial()? {
            read.gaps.push(Gap::Partial);
        }
        let mut commits = read.graph()?;
        let (mut paths, mut blobs) = (Names::default(), Names::default());
        read.changes(&mut commits, &mut paths, &mut blobs)?;
        read.tips(&commits, &mut paths, &mut blobs)?;
        read.index(&mut paths, &mut blobs)?;
        read.history.paths = paths.list.into_iter().map(Utf8PathBuf::from).collect();
        read.history.blobs = blobs.list;
        Ok(read)
    }

    /// The top of the working tree.
    pub(crate) fn top(&self) -> &Utf8Path {
        self.repository.top()
    }

    /// A git whose answers do not hang on what stands unchecked beside the objects.
    fn git(&self, arguments: &[&str]) -> Command {
        let mut command = self.repository.command();
        command.args(["-c", "core.commitGraph=false"]).args(arguments);
        command
    }

    fn is_partial(&self) -> Result<bool, BaseError> {
        let keys = r"^(extensions\.partialclone|remote\..*\.promisor)$";
        let found = self.repository.ask("config", &["--local", "--get-regexp", keys], Vec::new())?;
        Ok(found.status.success() && !found.stdout.is_empty())
    }

    /// Every commit that is reached from a reference, a reflog or any working tree's `HEAD`, parents first.
    fn graph(&mut self) -> Result<HashMap<String, u32>, BaseError> {
        let call = "rev-list";
        let mut known: HashMap<String, u32> = HashMap::new();
        let commits = &mut self.history.commits;
        let (environment, started) = (self.environment.clone(), std::time::Instant::now());
        let mut told = false;
        let mut command = self.repository.command();
        command.args(["-c", "core.commitGraph=false", call, "--all", "--reflog", "--topo-order", "--reverse"]);
        command.args(["--parents", "--timestamp"]);
        let read = |out: &mut dyn BufRead| {
            let mut line = String::new();
            while {
                line.clear();
                out.read_line(&mut line)? > 0
            } {
                let mut words = line.split_ascii_whitespace();
                let (Some(time), Some(id)) = (words.next().and_then(|time| time.parse().ok()), words.next()) else {
                    continue;
                };
                let parents = words.filter_map(|parent| known.get(parent).copied()).collect();
                known.insert(id.to_owned(), position(commits.len()));
                commits.push(CommitNode { id: id.to_owned(), time, parents, state: 0 });
                if !told && started.elapsed().as_secs() > 0 {
                    told = true;
                    environment.tell(&Waiting::Git { call: "rev-list" });
                }
            }
            Ok(())
        };
        let ran = git::run_reading(command, Vec::new(), read);
        let ((), answer) = ran.map_err(|failure| BaseError::of(failure, call, &self.repository.top()))?;
        if !answer.status.success() {
            self.missing(answer.first_words());
        }
        Ok(known)
    }

    /// What each commit changed of its lock files, and so which it has.
    fn changes(
        &mut self,
        known: &mut HashMap<String, u32>,
        paths: &mut Names,
        blobs: &mut Names,
    ) -> Result<(), BaseError> {
        let call = "diff-tree";
        // With one parent named, only that one is compared, which is all that the state of a merge needs.
        let commits = &self.history.commits;
        let mut input = String::with_capacity(commits.len() * 82);
        for commit in commits {
            input.push_str(&commit.id);
            if let Some(parent) = commit.parents.first().and_then(|parent| commits.get(*parent as usize)) {
                input.push(' ');
                input.push_str(&parent.id);
            }
            input.push('\n');
        }
        if commits.is_empty() {
            self.history.states.push(BTreeMap::new());
            return Ok(());
        }
        let command = self.git(&[
            call,
            "--stdin",
            "--root",
            "-r",
            "-m",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--",
            PATHS,
        ]);
        let mut changed: BTreeMap<u32, Vec<(u32, Option<u32>)>> = BTreeMap::new();
        let (links, path_of) = (&mut self.links, &mut self.path_of);
        let (environment, started) = (self.environment.clone(), std::time::Instant::now());
        let mut told = false;
        let read = |out: &mut dyn BufRead| {
            let (mut of, mut token) = (None, Vec::new());
            while next(out, &mut token)? {
                let text = String::from_utf8_lossy(&token).into_owned();
                let Some(entry) = text.strip_prefix(':') else {
                    of = known.get(text.trim()).copied();
                    continue;
                };
                let entry = entry.to_owned();
                if !next(out, &mut token)? {
                    break;
                }
                let path = String::from_utf8_lossy(&token).into_owned();
                if let (Some(of), Some(one)) = (of, raw(&entry, &path)) {
                    changed.entry(of).or_default().push(one.noted(paths, blobs, links, path_of));
                }
                if !told && started.elapsed().as_secs() > 0 {
                    told = true;
                    environment.tell(&Waiting::Git { call: "diff-tree" });
                }
            }
            Ok(())
        };
        let ran = git::run_reading(command, input.into_bytes(), read);
        let ((), answer) = ran.map_err(|failure| BaseError::of(failure, call, &self.repository.top()))?;
        if !answer.status.success() {
            self.missing(answer.first_words());
        }
        self.settle(&changed);
        Ok(())
    }

    /// Gives each commit its state: its first parent's, with what it changed.
    fn settle(&mut self, changed: &BTreeMap<u32, Vec<(u32, Option<u32>)>>) {
        let states = &mut self.history.states;
        states.push(BTreeMap::new());
        for at in 0..self.history.commits.len() {
            let first = self.history.commits.get(at).and_then(|commit| commit.parents.first().copied());
            let before = first.and_then(|parent| self.history.commits.get(parent as usize)).map_or(0, |one| one.state);
            let state = match changed.get(&position(at)) {
                None => before,
                Some(changes) => {
                    let mut state = states.get(before as usize).cloned().unwrap_or_default();
                    for (path, blob) in changes {
                        match blob {
                            Some(blob) => state.insert(*path, *blob),
                            None => state.remove(path),
                        };
                    }
                    states.push(state);
                    position(states.len() - 1)
                }
            };
            if let Some(commit) = self.history.commits.get_mut(at) {
                commit.state = state;
            }
        }
    }

    /// Every reference, and each working tree's `HEAD` that is on no branch.
    fn tips(&mut self, known: &HashMap<String, u32>, paths: &mut Names, blobs: &mut Names) -> Result<(), BaseError> {
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

    /// What is staged, and the submodules.
    fn index(&mut self, paths: &mut Names, blobs: &mut Names) -> Result<(), BaseError> {
        let listed = self.repository.answer("ls-files", &["-s", "-z"], Vec::new())?;
        let text = String::from_utf8_lossy(&listed).into_owned();
        let mut state = BTreeMap::new();
        for line in text.split_terminator('\0') {
            // `100644 ID STAGE<TAB>PATH`
            let Some((head, path)) = line.split_once('\t') else { continue };
            let mut words = head.split(' ');
            let (Some(mode), Some(object)) = (words.next(), words.next()) else { continue };
            if mode == "160000" {
                self.submodules.push(path.to_owned());
            } else if Utf8Path::new(path).file_name().is_some_and(is_lock_name) {
                let one = Changed { mode, object, path };
                let (path, blob) = one.noted(paths, blobs, &mut self.links, &mut self.path_of);
                state.extend(blob.map(|blob| (path, blob)));
            }
        }
        self.history.states.push(state);
        let state = Some(position(self.history.states.len() - 1));
        self.history.tips.push(Tip { kind: TipKind::Index, name: String::new(), commit: None, state });
        Ok(())
    }

    /// Git ended early: what it could not find was left out of the clone, or lost.
    fn missing(&mut self, words: Option<&str>) {
        if !self.gaps.contains(&Gap::Partial) {
            let cause = words.unwrap_or("it did not say why").to_owned();
            self.gaps.push(Gap::NoHistory { cause });
        }
    }

    /// What `judge` makes of each distinct lock file, by the file's position; `None` where it has nothing to say. Files that are missing, too
    /// large or links that lead to no lock file become gaps.
    ///
    /// # Errors
    /// Git does not answer.
    pub(crate) fn read_files<T: Send>(
        &mut self,
        judge: impl Fn(&[u8], &Utf8Path) -> Option<T> + Sync,
    ) -> Result<BTreeMap<u32, T>, BaseError> {
        let call = "cat-file";
        if self.history.blobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input: String = self.history.blobs.iter().map(|id| format!("{id}\n")).collect();
        let nowhere = Utf8PathBuf::new();
        let path_of = |at: u32| {
            let path = self.path_of.get(&at).and_then(|path| self.history.paths.get(*path as usize));
            path.unwrap_or(&nowhere).as_path()
        };
        let (environment, started) = (self.environment.clone(), std::time::Instant::now());
        let mut told = false;
        let (mut judged, mut gaps, mut absent) = (BTreeMap::new(), BTreeSet::new(), 0);
        let total = position(self.history.blobs.len());
        let read = |out: &mut dyn BufRead| {
            let mut from = 0;
            let mut batch = Vec::new();
            // Git unpacks the next files while these are judged.
            loop {
                let (done, next) = std::thread::scope(|scope| {
                    let judging = scope.spawn(|| {
                        let files = batch.par_iter().filter(|(at, _): &&(u32, Vec<u8>)| !self.links.contains(at));
                        files
                            .filter_map(|(at, bytes)| Some((*at, judge(bytes, path_of(*at))?)))
                            .collect::<Vec<(u32, T)>>()
                    });
                    let mut next: Vec<(u32, Vec<u8>)> = Vec::new();
                    let mut held = 0;
                    while from < total && held < AT_ONCE {
                        let at = from;
                        from += 1;
                        match object(out, MAX_BYTES)? {
                            Object::Blob(bytes) => {
                                held += bytes.len();
                                next.push((at, bytes));
                            }
                            Object::TooLarge => {
                                let cause = "it is larger than any lock file".to_owned();
                                gaps.insert(Gap::LockFile { path: path_of(at).to_string(), cause });
                            }
                            Object::Missing => absent += 1,
                        }
                    }
                    let done = judging.join().map_err(|_| io::Error::other("a lock file could not be judged"))?;
                    Ok::<_, io::Error>((done, next))
                })?;
                judged.extend(done);
                if next.is_empty() && from >= total {
                    return Ok(());
                }
                for (at, bytes) in next.iter().filter(|(at, _)| self.links.contains(at)) {
                    let target = String::from_utf8_lossy(bytes).into_owned();
                    if !Utf8Path::new(&target).file_name().is_some_and(is_lock_name) {
                        gaps.insert(Gap::Link { path: path_of(*at).to_string() });
                    }
                }
                batch = next;
                if !told && started.elapsed().as_secs() > 0 {
                    told = true;
                    environment.tell(&Waiting::Git { call: "cat-file" });
                }
            }
        };
        let command = self.git(&[call, "--batch"]);
        let ran = git::run_reading(command, input.into_bytes(), read);
        let ((), _) = ran.map_err(|failure| BaseError::of(failure, call, &self.repository.top()))?;
        if absent > 0 && !self.gaps.contains(&Gap::Partial) {
            let cause = format!("{absent} of its lock files are missing from the repository");
            self.gaps.push(Gap::NoHistory { cause });
        }
        self.gaps.extend(gaps.into_iter().take(MAX_TOLD));
        Ok(judged)
    }

    /// Who made these commits, and when.
    ///
    /// # Errors
    /// Git does not answer.
    pub(crate) fn tell(&self, commits: &BTreeSet<u32>) -> Result<BTreeMap<u32, CommitTold>, BaseError> {
        let call = "cat-file";
        let ids: Vec<(u32, &str)> =
            commits.iter().filter_map(|at| Some((*at, self.history.commits.get(*at as usize)?.id.as_str()))).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input: String = ids.iter().map(|(_, id)| format!("{id}\n")).collect();
        let mut told = BTreeMap::new();
        let read = |out: &mut dyn BufRead| {
            for (at, id) in &ids {
                if let Object::Blob(bytes) = object(out, MAX_COMMIT)? {
                    told.insert(*at, commit_told(id, &bytes));
                }
            }
            Ok(())
        };
        let ran = git::run_reading(self.git(&[call, "--batch"]), input.into_bytes(), read);
        ran.map_err(|failure| BaseError::of(failure, call, &self.repository.top()))?;
        Ok(told)
    }

    /// Which of these folders of commits are vendored packages', by the checksums that every such folder has.
    ///
    /// # Errors
    /// Git does not answer.
    pub(crate) fn are_packaged(&self, folders: &[(u32, Utf8PathBuf)]) -> Result<Vec<bool>, BaseError> {
        let fits = |folder: &Utf8Path| !folder.as_str().is_empty() && !folder.as_str().contains(['\n', '\u{fffd}']);
        let asked: Vec<Option<String>> = folders
            .iter()
            .map(|(at, folder)| {
                let commit = self.history.commits.get(*at as usize)?;
                fits(folder).then(|| format!("{}:{folder}/.cargo-checksum.json\n", commit.id))
            })
            .collect();
        let input: String = asked.iter().flatten().cloned().collect();
        if input.is_empty() {
            return Ok(vec![false; folders.len()]);
        }
        let answer = self.repository.answer("cat-file", &["--batch-check=%(objecttype)"], input.into_bytes())?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let mut lines = text.lines();
        Ok(asked.iter().map(|asked| asked.is_some() && lines.next() == Some("blob")).collect())
    }
}

fn kind_of(reference: &str) -> (TipKind, &str) {
    let kinds =
        [("refs/heads/", TipKind::Branch), ("refs/remotes/", TipKind::RemoteBranch), ("refs/tags/", TipKind::Tag)];
    let found = kinds.into_iter().find_map(|(prefix, kind)| Some((kind, reference.strip_prefix(prefix)?)));
    found.unwrap_or(if reference == "refs/stash" { (TipKind::Stash, "stash") } else { (TipKind::Other, reference) })
}
