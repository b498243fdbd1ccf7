//! Reads files as an earlier commit has them, through the system's git: what a change cannot have rewritten.

mod error;
mod reference;
mod repository;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

pub(crate) use self::error::{BaseError, TreeEntry};
pub(crate) use self::repository::{Linked, Repository};

use self::repository::ANSWER_LIMIT;
use super::environment::Environment;
use super::git;
use crate::gather::trail::{MAX_EVENT_BYTES, MAX_FILES, MAX_TRAIL_BYTES};

/// The mode of a submodule in a tree.
const SUBMODULE: &str = "160000";
/// The mode of a symbolic link.
const LINK: &str = "120000";

/// Files by name, with their bytes.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// A commit of a repository. Paths in it are relative to the top of the working tree.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    repository: Repository,
    /// The whole object id.
    id: String,
}

/// One line of `git ls-tree`.
struct Entry<'a> {
    mode: &'a str,
    object: &'a str,
    path: &'a str,
}

impl Commit {
    /// Finds the commit that a reference names in the repository around `folder`.
    ///
    /// # Errors
    /// There is no git, no repository, or the reference does not name exactly one commit.
    pub(crate) fn find(folder: &Utf8Path, reference: &str, environment: &Environment) -> Result<Self, BaseError> {
        let repository = Repository::around(folder, environment)?;
        let id = reference::commit_id(&repository, reference)?;
        Ok(Self { repository, id })
    }

    /// The commit's whole object id.
    #[must_use]
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// When it was committed, by its own word; `None` where git or the commit does not say.
    #[must_use]
    pub(crate) fn committed(&self) -> Option<Timestamp> {
        let commit = self.repository.answer("cat-file", &["commit", &self.id], Vec::new()).ok()?;
        let text = String::from_utf8_lossy(&commit);
        let committer =
            text.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix("committer "))?;
        Timestamp::from_second(committer.rsplit(' ').nth(1)?.parse().ok()?).ok()
    }

    #[must_use]
    pub(crate) const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The commits from which this one and the one that is checked out grew apart: where only one of them has gone on, the other itself.
    /// Empty where they are not known to have one, as in a clone whose history was cut off: there git may take an older one for the
    /// newest.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn merge_bases(&self) -> Result<Vec<Self>, BaseError> {
        let call = "merge-base";
        let answer = self.repository.ask(call, &["--all", &self.id, "HEAD"], Vec::new())?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let ids: Vec<&str> = text.lines().filter(|_| answer.status.success()).collect();
        if self.repository.is_shallow && ids != [self.id.as_str()] {
            return Ok(Vec::new());
        }
        Ok(ids.into_iter().map(|id| Self { repository: self.repository.clone(), id: id.to_owned() }).collect())
    }

    /// A file's bytes; `None` where the commit has nothing there.
    ///
    /// # Errors
    /// Git cannot read what the commit has, or on the way there is a link or a submodule.
    pub(crate) fn file(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, BaseError> {
        let listed = self.listed(path.as_str(), &[])?;
        match entries(&listed).next() {
            Some(Entry { mode, object, .. }) if mode.starts_with("100") => {
                let shown = self.repository.ask("cat-file", &["blob", object], Vec::new())?;
                if shown.status.success() {
                    Ok(Some(shown.stdout))
                } else {
                    Err(self.unreadable(path, shown.first_words()))
                }
            }
            Some(entry) => Err(self.not_a_file(&entry)),
            None => self.nothing_leads_to(path).map(|()| None),
        }
    }

    /// Whether the commit has anything at this place: a file, a folder, a link.
    ///
    /// # Errors
    /// Git cannot read what the commit has.
    pub(crate) fn has(&self, path: &Utf8Path) -> Result<bool, BaseError> {
        Ok(entries(&self.listed(path.as_str(), &[])?).next().is_some())
    }

    /// The files below a folder, with their paths; empty where the commit has no such folder. Links are left out.
    ///
    /// # Errors
    /// Git cannot read what the commit has, on the way there is a link, or it is more than anybody writes by hand.
    pub(crate) fn files_below(&self, folder: &Utf8Path) -> Result<Vec<(Utf8PathBuf, Vec<u8>)>, BaseError> {
        self.nothing_leads_to(folder)?;
        let listed = self.listed(&format!("{folder}/"), &["-r"])?;
        let files: Vec<(&str, &str)> = entries(&listed)
            .filter(|entry| entry.mode.starts_with("100"))
            .map(|entry| (entry.object, entry.path))
            .collect();
        let files = self.contents(folder, &files)?;
        Ok(files.into_iter().map(|(path, bytes)| (path.into(), bytes)).collect())
    }

    /// The plain files right in a folder, by name, with their bytes; empty where the commit has no such folder. Of a file larger than
    /// any event of a trail only so much is returned that this can be told.
    ///
    /// # Errors
    /// Git cannot read what the commit has, on the way there is a link, or it is more than any trail.
    pub(crate) fn folder(&self, folder: &Utf8Path) -> Result<Files, BaseError> {
        self.nothing_leads_to(folder)?;
        let listed = self.listed(&format!("{folder}/"), &[])?;
        let files: Vec<(&str, &str)> = entries(&listed)
            .filter(|entry| entry.mode.starts_with("100"))
            .filter_map(|entry| Some((entry.object, entry.path.rsplit('/').next()?)))
            .collect();
        self.contents(folder, &files)
    }

    /// The contents of these objects, by the names that stand beside them.
    fn contents(&self, folder: &Utf8Path, files: &[(&str, &str)]) -> Result<Files, BaseError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        if files.len() > MAX_FILES {
            return Err(self.unreadable(folder, Some("it has more files than any audit trail")));
        }
        self.read_objects(files).map_err(|error| self.unreadable(folder, Some(&error.to_string())))
    }

    /// Asks one git process for every object.
    fn read_objects(&self, files: &[(&str, &str)]) -> std::io::Result<Files> {
        let mut child = self
            .repository
            .command()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(mut questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("git takes no input"));
        };
        let read = std::thread::scope(|scope| {
            // Git answers while it is still being asked: one after the other would fill both pipes.
            scope.spawn(move || files.iter().try_for_each(|(id, _)| writeln!(questions, "{id}")));
            let mut answers = BufReader::new(answers);
            let mut total = 0;
            let read = files
                .iter()
                .map(|(_, name)| Ok(((*name).to_owned(), blob(&mut answers, &mut total)?)))
                .collect::<std::io::Result<Vec<_>>>();
            if read.is_err() {
                // Whoever still asks would otherwise wait for a git that waits to be read.
                let _ = child.kill();
            }
            read
        });
        child.wait()?;
        read
    }

    /// What this commit has and the checkout has no longer, or as something else: of the files of this name anywhere, and of what lies in
    /// folders of that name.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn lost(&self, file: &str, folder: &str) -> Result<Vec<Utf8PathBuf>, BaseError> {
        let patterns = [format!(":(top,glob)**/{file}"), format!(":(top,glob)**/{folder}/**")];
        let listed = self.changed("DT", &patterns)?;
        let paths = changes(&listed).filter(|change| change.before != SUBMODULE).map(|change| change.path.into());
        Ok(paths.collect())
    }

    /// The submodules that the checkout has and this commit has not, or at another commit; each with the commit that it has now.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn moved_submodules(&self) -> Result<Vec<(Utf8PathBuf, String)>, BaseError> {
        let listed = self.changed("AMT", &[])?;
        let submodules = changes(&listed).filter(|change| change.after == SUBMODULE);
        Ok(submodules.map(|change| (change.path.into(), change.object.to_owned())).collect())
    }

    /// The links that the checkout has and this commit has not, or to another place.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn changed_links(&self) -> Result<Vec<Utf8PathBuf>, BaseError> {
        let listed = self.changed("AMT", &[])?;
        Ok(changes(&listed).filter(|change| change.after == LINK).map(|change| change.path.into()).collect())
    }

    /// The files of this name, anywhere, that the checkout has and this commit has not, or other ones.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn changed_files(&self, file: &str) -> Result<Vec<Utf8PathBuf>, BaseError> {
        let listed = self.changed("AMT", &[format!(":(top,glob)**/{file}")])?;
        Ok(changes(&listed).map(|change| change.path.into()).collect())
    }

    /// What differs between this commit and what is staged, as git lists it.
    fn changed(&self, filter: &str, patterns: &[String]) -> Result<String, BaseError> {
        let call = "diff-index";
        let mut command = self.repository.command();
        command.args([call, "--cached", "--raw", "--no-abbrev", "-z", "--no-ext-diff", "--no-renames"]);
        command.args(["--ignore-submodules=dirty", &format!("--diff-filter={filter}"), &self.id, "--"]).args(patterns);
        let answer = git::run(command, Vec::new(), ANSWER_LIMIT)
            .map_err(|failure| BaseError::of(failure, call, &self.repository.top()))?;
        if !answer.status.success() {
            return Err(self.unreadable(Utf8Path::new("the whole tree"), answer.first_words()));
        }
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    /// Refuses a way on which the commit has a link or a submodule: what it leads to is not in the commit, so that nothing is known to
    /// be absent.
    fn nothing_leads_to(&self, path: &Utf8Path) -> Result<(), BaseError> {
        let above: Vec<_> = path.ancestors().filter(|folder| !folder.as_str().is_empty()).collect();
        for place in above.into_iter().rev() {
            let listed = self.listed(place.as_str(), &[])?;
            match entries(&listed).next() {
                Some(entry) if entry.mode != "040000" && place != path => return Err(self.not_a_file(&entry)),
                Some(entry) if matches!(entry.mode, LINK | SUBMODULE) => return Err(self.not_a_file(&entry)),
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn listed(&self, path: &str, options: &[&str]) -> Result<String, BaseError> {
        let arguments = [options, &["-z", "--full-tree", &self.id, "--", path]].concat();
        let listed = self.repository.ask("ls-tree", &arguments, Vec::new())?;
        if !listed.status.success() {
            return Err(self.unreadable(Utf8Path::new(path), listed.first_words()));
        }
        // A name that is no text is nobody's whom we ask for, and must not keep the others from being read.
        Ok(String::from_utf8_lossy(&listed.stdout).into_owned())
    }

    fn not_a_file(&self, entry: &Entry<'_>) -> BaseError {
        let kind = match entry.mode {
            LINK => TreeEntry::Link,
            SUBMODULE => TreeEntry::Submodule,
            "040000" => TreeEntry::Folder,
            _ => TreeEntry::File,
        };
        BaseError::NotAFile { path: entry.path.to_owned(), commit: self.id.clone(), kind }
    }

    fn unreadable(&self, path: &Utf8Path, words: Option<&str>) -> BaseError {
        BaseError::Unreadable {
            path: path.to_string(),
            commit: self.id.clone(),
            cause: words.unwrap_or("git did not say why").to_owned(),
        }
    }
}

/// One difference that `git diff-index` lists.
struct Change<'a> {
    /// The mode that the commit has.
    before: &'a str,
    /// The mode that is staged.
    after: &'a str,
    /// What is staged.
    object: &'a str,
    path: &'a str,
}

/// `:100644 160000 ID ID STATUS<NUL>PATH<NUL>`.
fn changes(listed: &str) -> impl Iterator<Item = Change<'_>> {
    let mut parts = listed.split_terminator('\0');
    std::iter::from_fn(move || Some((parts.next()?, parts.next()?))).filter_map(|(head, path)| {
        let mut words = head.strip_prefix(':')?.split(' ');
        let (before, after) = (words.next()?, words.next()?);
        Some(Change { before, after, object: words.nth(1)?, path })
    })
}

/// `100644 blob ID<TAB>PATH`, each ended by a NUL.
fn entries(listed: &str) -> impl Iterator<Item = Entry<'_>> {
    listed.split_terminator('\0').filter_map(|line| {
        let (head, path) = line.split_once('\t')?;
        let mut words = head.split(' ');
        Some(Entry { mode: words.next()?, object: words.next_back()?, path })
    })
}

/// Reads `ID blob SIZE`, the bytes and a line end.
fn blob(answers: &mut impl std::io::BufRead, total: &mut u64) -> std::io::Result<Vec<u8>> {
    let mut head = String::new();
    answers.by_ref().take(200).read_line(&mut head)?;
    let size = head.trim_end().split(' ').collect::<Vec<_>>();
    let [_, "blob", size] = size.as_slice() else {
        return Err(std::io::Error::other(format!("git says `{}`", head.trim_end())));
    };
    let size: u64 = size.parse().map_err(std::io::Error::other)?;
    let kept = size.min(MAX_EVENT_BYTES + 1);
    *total += kept;
    if *total > MAX_TRAIL_BYTES {
        return Err(std::io::Error::other("it has more bytes than any audit trail"));
    }
    let mut bytes = Vec::new();
    let read = answers.by_ref().take(kept).read_to_end(&mut bytes)?;
    let rest = std::io::copy(&mut answers.by_ref().take(size - kept + 1), &mut std::io::sink())?;
    if u64::try_from(read).unwrap_or(u64::MAX) != kept || rest != size - kept + 1 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}
