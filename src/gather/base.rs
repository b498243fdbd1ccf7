//! Reads files as an earlier commit has them, through the system's git: what a change cannot have rewritten.

mod checkout;
mod error;
mod folder;
mod reference;
mod repository;

use camino::{Utf8Path, Utf8PathBuf};

use super::environment::Environment;

pub use checkout::Linked;
pub use error::BaseError;
pub use repository::Repository;

/// Files by name, with their bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// A commit of a repository. Paths in it are relative to the top of the working tree.
#[derive(Clone, Debug)]
pub struct Commit {
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
    pub fn find(folder: &Utf8Path, reference: &str, environment: &Environment) -> Result<Self, BaseError> {
        let repository = Repository::around(folder, environment)?;
        let id = reference::commit_id(&repository, reference)?;
        Ok(Self { repository, id })
    }

    /// The commit's whole object id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The repository that has it.
    #[must_use]
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The commits from which this one and the one that is checked out grew apart: where only one of them has gone on, the other itself.
    /// Empty where they are not known to have one, as in a clone whose history was cut off: there git may take an older one for the
    /// newest.
    ///
    /// # Errors
    /// Git cannot tell.
    pub fn merge_bases(&self) -> Result<Vec<Self>, BaseError> {
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
    pub fn file(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, BaseError> {
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
    pub fn has(&self, path: &Utf8Path) -> Result<bool, BaseError> {
        Ok(entries(&self.listed(path.as_str(), &[])?).next().is_some())
    }

    /// The files below a folder, with their paths; empty where the commit has no such folder. Links are left out.
    ///
    /// # Errors
    /// Git cannot read what the commit has, on the way there is a link, or it is more than anybody writes by hand.
    pub fn files_below(&self, folder: &Utf8Path) -> Result<Vec<(Utf8PathBuf, Vec<u8>)>, BaseError> {
        self.nothing_leads_to(folder)?;
        let listed = self.listed(&format!("{folder}/"), &["-r"])?;
        let files: Vec<(&str, &str)> = entries(&listed)
            .filter(|entry| entry.mode.starts_with("100"))
            .map(|entry| (entry.object, entry.path))
            .collect();
        let files = self.contents(folder, &files)?;
        Ok(files.into_iter().map(|(path, bytes)| (path.into(), bytes)).collect())
    }

    /// Refuses a way on which the commit has a link or a submodule: what it leads to is not in the commit, so that nothing is known to
    /// be absent.
    fn nothing_leads_to(&self, path: &Utf8Path) -> Result<(), BaseError> {
        let above: Vec<_> = path.ancestors().filter(|folder| !folder.as_str().is_empty()).collect();
        for place in above.into_iter().rev() {
            let listed = self.listed(place.as_str(), &[])?;
            match entries(&listed).next() {
                Some(entry) if entry.mode != "040000" && place != path => return Err(self.not_a_file(&entry)),
                Some(entry) if matches!(entry.mode, "120000" | "160000") => return Err(self.not_a_file(&entry)),
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
            "120000" => "symbolic link",
            "160000" => "submodule",
            "040000" => "folder",
            _ => "file",
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

/// `100644 blob ID<TAB>PATH`, each ended by a NUL.
fn entries(listed: &str) -> impl Iterator<Item = Entry<'_>> {
    listed.split_terminator('\0').filter_map(|line| {
        let (head, path) = line.split_once('\t')?;
        let mut words = head.split(' ');
        Some(Entry { mode: words.next()?, object: words.next_back()?, path })
    })
}
