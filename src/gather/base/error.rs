//! Why a base cannot be read.

use std::{fmt, io};

use crate::gather::git::Failure;

/// What a commit's tree has by a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TreeEntry {
    File,
    Folder,
    Link,
    /// What lies there is another repository's.
    Submodule,
}

impl fmt::Display for TreeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Folder => "folder",
            Self::Link => "symbolic link",
            Self::Submodule => "submodule",
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BaseError {
    /// No git to ask.
    #[error("`git` cannot be run: {0}\nhelp: install git, or give a lock file: --base path/to/Cargo.lock")]
    NoGit(#[source] io::Error),
    /// The folder is in no repository that git would read.
    #[error(
        "no git repository can be read at `{folder}`: {cause}\nhelp: run in a checkout of the project, or give a lock file: --base path/to/Cargo.lock"
    )]
    NoRepository { folder: String, cause: String },
    /// The repository belongs to another user, who could have written its configuration.
    #[error(
        "git does not read the repository around `{folder}`, because it belongs to another user\nhelp: if that is as it should be, as in a container: git config --global --add safe.directory {folder}"
    )]
    OtherOwner {
        /// Where, quoted for a shell.
        folder: String,
    },
    /// What git finds from there is not the repository of a checkout: a change can bring the files of a bare repository along.
    #[error(
        "around `{folder}` git finds a bare repository, or one whose working tree lies elsewhere, and not the checkout of this folder\nhelp: where `HEAD`, `config`, `objects` and `refs` lie in that folder, remove them (a test can keep them in an archive); else unset `core.bare` and `core.worktree` in the repository's configuration"
    )]
    Bare { folder: String },
    /// The folder is in a submodule: which commit of which repository that is, the change says.
    #[error(
        "`{folder}` is in a submodule of the repository at `{around}`, and which commit of it is checked out the change says\nhelp: judge it in a checkout of its own, or judge the repository around it: cd {around}"
    )]
    Submodule {
        folder: String,
        /// The top of the repository around it.
        around: String,
    },
    /// Not a commit of this repository.
    #[error(
        "`{reference}` names no commit of the repository at `{folder}`\nhelp: in CI fetch the base first, `git fetch --depth=1 origin main`, and give `--base FETCH_HEAD`; the name of a lock file must end in `.lock`"
    )]
    NoCommit { reference: String, folder: String },
    /// A tag or branch of the change's could be meant as well.
    #[error("`{reference}` could be any of {candidates}\nhelp: say which one is the base: --base {likely}")]
    Ambiguous {
        reference: String,
        /// Every reference that it names.
        candidates: String,
        /// The one that git's own order of search would not take for a tag.
        likely: String,
    },
    /// A few digits: a commit of the change can be made to begin with them.
    #[error(
        "`{reference}` is the beginning of a commit id, which a commit of the change can be made to have as well\nhelp: give the whole id, as `git rev-parse {reference}` prints it where you trust what is there"
    )]
    ShortId { reference: String },
    /// The commit has a link or a submodule where a file is wanted: what it leads to is not in the commit.
    #[error("`{path}` is no file in commit {commit}, but a {kind}\nhelp: put the file itself there")]
    NotAFile { path: String, commit: String, kind: TreeEntry },
    /// Git could not show a file that its tree lists.
    #[error(
        "`{path}` cannot be read from commit {commit}: {cause}\nhelp: a shallow or partial clone may lack it; run `git fetch --refetch --no-filter origin {commit}`"
    )]
    Unreadable { path: String, commit: String, cause: String },
    /// Two such paths would be one, and be read in each other's place.
    #[error("`{path}` cannot be judged: its path is not UTF-8\nhelp: give the folders on the way to it names that are")]
    NotText { path: String },
    /// What git would commit of the file is not what lies in the working tree.
    #[error(
        "`{path}` is not judged: the attribute `{attribute}` ({value}) has git turn it into other bytes than those that lie here\nhelp: end the last .gitattributes that names it with this line: {path} !{attribute}"
    )]
    Converted { path: String, attribute: String, value: String },
    /// Where the letters' case does not tell files apart, this one is read in the place of another.
    #[error(
        "`{path}` differs only in the case of its letters from a file that is judged, and which of them is read depends on the machine\nhelp: give it another name"
    )]
    OtherCase { path: String },
    /// A sparse checkout leaves it out.
    #[error(
        "`{path}` is in the repository, but a sparse checkout leaves it out, so that it cannot be judged\nhelp: git sparse-checkout disable"
    )]
    NotCheckedOut { path: String },
    /// In the middle of a merge.
    #[error("`{path}` is in the middle of a merge\nhelp: finish the merge first; `git status` tells what is left")]
    Unmerged { path: String },
    /// Git did not answer as it should.
    #[error("git {call} gave no answer at `{folder}`: {cause}\nhelp: run `git {call}` there to see why")]
    Unanswered { call: &'static str, folder: String, cause: String },
}

impl BaseError {
    pub(in crate::gather) fn of(failure: Failure, call: &'static str, folder: &impl ToString) -> Self {
        match failure {
            Failure::NotRun(cause) => Self::NoGit(cause),
            Failure::TooLong | Failure::TooMuch { .. } => {
                Self::Unanswered { call, folder: folder.to_string(), cause: failure.to_string() }
            }
        }
    }
}
