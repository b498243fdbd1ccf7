//! Reads files as an earlier commit has them, through the system's git: what a change cannot have rewritten.

use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};

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
    /// Not a commit of this repository.
    #[error(
        "`{reference}` names no commit of the repository at `{folder}`: {cause}\nhelp: in CI fetch the base first, for example `git fetch --depth=1 origin main`, and give `--base origin/main`"
    )]
    NoCommit {
        /// What was asked for.
        reference: String,
        /// Where.
        folder: String,
        /// What git said.
        cause: String,
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
        let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !output.status.success() || !is_id {
            return Err(BaseError::NoCommit {
                reference: reference.to_owned(),
                folder: folder.to_string(),
                cause: said(&output, "no such reference"),
            });
        }
        Ok(Self { folder: folder.to_owned(), id })
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
        let output = git(&self.folder, &["rev-parse", "--show-toplevel"])?;
        let top = String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned();
        if !output.status.success() || top.is_empty() {
            let (reference, folder) = (self.id.clone(), self.folder.to_string());
            return Err(BaseError::NoCommit { reference, folder, cause: said(&output, "no working tree") });
        }
        Ok(Utf8PathBuf::from(top))
    }

    /// A file's bytes, its path relative to the folder; `None` where the commit has no such file.
    ///
    /// # Errors
    /// Git cannot read what the commit has.
    pub fn file(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, BaseError> {
        let listed = git(&self.folder, &["ls-tree", "-z", &self.id, "--", &format!("./{path}")])?;
        if !listed.status.success() {
            return Err(self.unreadable(path, &listed));
        }
        // A symbolic link or a submodule in the place of a file is no file.
        if !listed.stdout.starts_with(b"100") {
            return Ok(None);
        }
        let shown = git(&self.folder, &["cat-file", "blob", &format!("{}:./{path}", self.id)])?;
        if shown.status.success() { Ok(Some(shown.stdout)) } else { Err(self.unreadable(path, &shown)) }
    }

    fn unreadable(&self, path: &Utf8Path, output: &std::process::Output) -> BaseError {
        BaseError::Unreadable {
            path: path.to_string(),
            commit: self.id.clone(),
            cause: said(output, "git did not say why"),
        }
    }
}

fn git(folder: &Utf8Path, arguments: &[&str]) -> Result<std::process::Output, BaseError> {
    Command::new("git")
        .args(["-c", "core.quotePath=false", "-C", folder.as_str()])
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .output()
        .map_err(BaseError::NoGit)
}

fn said(output: &std::process::Output, otherwise: &str) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(otherwise).to_owned()
}
