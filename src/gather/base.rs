//! Reads files as an earlier commit has them, through the system's git: what a change cannot have rewritten.

mod folder;

use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};

/// The most files of one folder that are read: each costs two runs of git.
const FILES_LIMIT: usize = 64;

/// Files by name, with their bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// A commit of the repository that holds a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The folder in which git was asked.
    folder: Utf8PathBuf,
    /// The whole object id.
    id: String,
}

/// Why the base cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// No git to ask.
    #[error("`git` cannot be run: {0}\nhelp: install git, or give a lock file: --base path/to/Cargo.lock")]
    NoGit(#[source] std::io::Error),
    /// The folder is in no repository that git would read.
    #[error(
        "no git repository can be read at `{folder}`: {cause}\nhelp: run in a checkout of the project, or give a lock file: --base path/to/Cargo.lock"
    )]
    NoRepository {
        /// Where.
        folder: String,
        /// What git said.
        cause: String,
    },
    /// Not a commit of this repository.
    #[error(
        "`{reference}` names no commit of the repository at `{folder}`\nhelp: in CI fetch the base first, `git fetch --depth=1 origin main`, and give `--base FETCH_HEAD`; the name of a lock file must end in `.lock`"
    )]
    NoCommit {
        /// What was asked for.
        reference: String,
        /// Where.
        folder: String,
    },
    /// The commit has a link or a submodule where a file is wanted: what it leads to is not in the commit.
    #[error("`{path}` is no file in commit {commit}, but a {kind}\nhelp: put the file itself there")]
    NotAFile {
        /// The path.
        path: String,
        /// The commit.
        commit: String,
        /// What it is.
        kind: &'static str,
    },
    /// Git could not show a file that its tree lists.
    #[error(
        "`{path}` cannot be read from commit {commit}: {cause}\nhelp: a shallow or partial clone may lack it; run `git fetch origin {commit}`"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// The commit.
        commit: String,
        /// What git said.
        cause: String,
    },
}

impl Commit {
    /// Finds the commit that a reference names in the repository around `folder`.
    ///
    /// # Errors
    /// There is no git, no repository, or no such commit.
    pub fn find(folder: &Utf8Path, reference: &str) -> Result<Self, BaseError> {
        let wanted = format!("{reference}^{{commit}}");
        let output = git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])?;
        let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self { folder: folder.to_owned(), id });
        }
        // Told apart by another question: `--quiet` leaves out why.
        top(folder)?;
        Err(BaseError::NoCommit { reference: reference.to_owned(), folder: folder.to_string() })
    }

    /// The same commit, seen from another folder of its working tree.
    #[must_use]
    pub fn in_folder(self, folder: &Utf8Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// The commit's whole object id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The top folder of the repository's working tree.
    ///
    /// # Errors
    /// Git cannot tell.
    pub fn repository(&self) -> Result<Utf8PathBuf, BaseError> {
        top(&self.folder)
    }

    /// Whether git tracks anything at this path of the folder, in the working tree as it is checked out now.
    ///
    /// # Errors
    /// Git cannot tell.
    pub fn has_tracked(&self, path: &Utf8Path) -> Result<bool, BaseError> {
        let path = format!("./{path}");
        let listed = git(&self.folder, &["--literal-pathspecs", "ls-files", "-z", "--", &path])?;
        // Below a link or in a submodule git cannot tell; what the change put there is then its own.
        Ok(!listed.status.success() || !listed.stdout.is_empty())
    }

    /// A file's bytes, its path relative to the folder; `None` where the commit has no such file.
    ///
    /// # Errors
    /// Git cannot read what the commit has, or it is a link or a submodule.
    pub fn file(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, BaseError> {
        let listed = git(&self.folder, &["ls-tree", "-z", &self.id, "--", &format!("./{path}")])?;
        if !listed.status.success() {
            return Err(self.unreadable(path, &listed));
        }
        let kind = match listed.stdout.get(..3) {
            None => return Ok(None),
            Some(b"100") => None,
            Some(b"120") => Some("symbolic link"),
            Some(b"160") => Some("submodule"),
            Some(_) => Some("folder"),
        };
        if let Some(kind) = kind {
            return Err(BaseError::NotAFile { path: path.to_string(), commit: self.id.clone(), kind });
        }
        let shown = git(&self.folder, &["cat-file", "blob", &format!("{}:./{path}", self.id)])?;
        if shown.status.success() { Ok(Some(shown.stdout)) } else { Err(self.unreadable(path, &shown)) }
    }

    /// The files below a folder, with their paths; empty where the commit has no such folder. Links are left out.
    ///
    /// # Errors
    /// Git cannot read what the commit has.
    pub fn files_below(&self, folder: &Utf8Path) -> Result<Vec<(Utf8PathBuf, Vec<u8>)>, BaseError> {
        let listed = git(&self.folder, &["ls-tree", "-r", "-z", &self.id, "--", &format!("./{folder}/")])?;
        if !listed.status.success() {
            return Err(self.unreadable(folder, &listed));
        }
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let files =
            listed.split('\0').filter(|entry| entry.starts_with("100")).filter_map(|entry| entry.split_once('\t'));
        files
            .take(FILES_LIMIT)
            .map(|(_, path)| {
                let path = Utf8PathBuf::from(path);
                let bytes = self.file(&path)?.unwrap_or_default();
                Ok((path, bytes))
            })
            .collect()
    }

    fn unreadable(&self, path: &Utf8Path, output: &std::process::Output) -> BaseError {
        BaseError::Unreadable {
            path: path.to_string(),
            commit: self.id.clone(),
            cause: said(output, "git did not say why"),
        }
    }
}

/// The top folder of the working tree around `folder`.
fn top(folder: &Utf8Path) -> Result<Utf8PathBuf, BaseError> {
    let output = git(folder, &["rev-parse", "--show-toplevel"])?;
    let top = String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned();
    if output.status.success() && !top.is_empty() {
        return Ok(Utf8PathBuf::from(top));
    }
    let cause = said(&output, "it has no working tree");
    Err(BaseError::NoRepository { folder: folder.to_string(), cause })
}

fn git(folder: &Utf8Path, arguments: &[&str]) -> Result<std::process::Output, BaseError> {
    program(folder).args(arguments).stdin(Stdio::null()).output().map_err(BaseError::NoGit)
}

/// A git that asks nobody and takes nothing from elsewhere.
fn program(folder: &Utf8Path) -> Command {
    let mut command = Command::new("git");
    // What a hook or a wrapper left behind would point git at another repository than the folder's.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"] {
        command.env_remove(variable);
    }
    command
        .args(["-c", "core.quotePath=false", "-C", folder.as_str()])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1");
    command
}

fn said(output: &std::process::Output, otherwise: &str) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(otherwise).to_owned()
}
