//! Judged files of the working tree, held against what git would commit of them. What a judge reads here must be what the next base has:
//! an attribute can turn text on its way into a commit, and a link leads to what no commit holds.

use camino::{Utf8Path, Utf8PathBuf};

use super::{BaseError, Commit, Repository};
use crate::gather::git;

/// Attributes by which git turns a file into other bytes than those that lie in the working tree. Line ends (`text`, `eol`) are not among
/// them: they read the same.
const CONVERSIONS: [&str; 3] = ["working-tree-encoding", "filter", "ident"];

/// A link on the way to a judged file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The file or folder, below the top.
    pub path: Utf8PathBuf,
    /// The link on the way, or the path itself, below the top.
    pub at: Utf8PathBuf,
}

/// One line of `git ls-files -s -t`.
struct Tracked<'a> {
    skipped: bool,
    stage: &'a str,
    path: &'a str,
}

impl Repository {
    /// Checks that these files and what lies in these folders is what git would commit, and gives the links on the way to them. Paths are
    /// below the top; what is not there is passed over.
    ///
    /// # Errors
    /// An attribute turns one of them into other bytes, it is tracked under a name of other case, left out by a sparse checkout or in the
    /// middle of a merge, or git cannot tell.
    pub fn judged(&self, files: &[Utf8PathBuf], folders: &[Utf8PathBuf]) -> Result<Vec<Linked>, BaseError> {
        if files.is_empty() && folders.is_empty() {
            // Without a path git would list everything.
            return Ok(Vec::new());
        }
        let listed = self.tracked(files.iter().chain(folders))?;
        let tracked: Vec<Tracked<'_>> = listed.split_terminator('\0').filter_map(tracked).collect();
        for entry in &tracked {
            let exact = files.iter().any(|file| *file == entry.path)
                || folders.iter().any(|folder| Utf8Path::new(entry.path).starts_with(folder));
            let path = || entry.path.to_owned();
            if !exact {
                return Err(BaseError::OtherCase { path: path() });
            }
            if entry.stage != "0" {
                return Err(BaseError::Unmerged { path: path() });
            }
            if entry.skipped && self.top().join(entry.path).symlink_metadata().is_err() {
                return Err(BaseError::NotCheckedOut { path: path() });
            }
        }
        let mut paths: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
        paths.extend(tracked.iter().map(|entry| entry.path));
        paths.sort_unstable();
        paths.dedup();
        self.are_verbatim(&paths)?;
        Ok(files.iter().chain(folders).filter_map(|path| self.link_to(path)).collect())
    }

    /// The first link on the way down from the top.
    #[must_use]
    pub fn link_to(&self, path: &Utf8Path) -> Option<Linked> {
        let mut way: Vec<&Utf8Path> = path.ancestors().filter(|step| !step.as_str().is_empty()).collect();
        way.reverse();
        let at = way.into_iter().find(|step| self.top().join(step).is_symlink())?;
        Some(Linked { path: path.to_owned(), at: at.to_owned() })
    }

    /// What is tracked at these places, whatever the case of its letters.
    fn tracked<'a>(&self, paths: impl Iterator<Item = &'a Utf8PathBuf>) -> Result<String, BaseError> {
        let call = "ls-files";
        let mut command = self.command();
        command.args([call, "-s", "-t", "-z", "--"]).args(paths.map(|path| format!(":(top,icase,literal){path}")));
        let answer = git::run(command, Vec::new(), super::repository::ANSWER_LIMIT)
            .map_err(|failure| BaseError::of(failure, call, &self.top()))?;
        let text = String::from_utf8(answer.stdout).ok().filter(|_| answer.status.success());
        text.ok_or_else(|| BaseError::Unanswered {
            call,
            folder: self.top().to_string(),
            cause: "a name that is judged is not UTF-8, or git refused".to_owned(),
        })
    }

    /// Whether the attributes leave these files as they are: those of the working tree, and those that are tracked, by which they were
    /// checked out.
    fn are_verbatim(&self, paths: &[&str]) -> Result<(), BaseError> {
        let call = "check-attr";
        let input: Vec<u8> = paths.iter().flat_map(|path| path.bytes().chain([0])).collect();
        for source in [&[][..], &["--cached"]] {
            let arguments = [source, &["-z", "--stdin"], &CONVERSIONS[..]].concat();
            let told = self.answer(call, &arguments, input.clone())?;
            let told = String::from_utf8_lossy(&told);
            // `PATH` NUL `ATTRIBUTE` NUL `VALUE` NUL
            let words: Vec<&str> = told.split_terminator('\0').collect();
            let set = words.chunks_exact(3).find(|one| !matches!(one[2], "unspecified" | "unset"));
            if let Some([path, attribute, value]) = set {
                return Err(BaseError::Converted {
                    path: (*path).to_owned(),
                    attribute: (*attribute).to_owned(),
                    value: (*value).to_owned(),
                });
            }
        }
        Ok(())
    }
}

impl Commit {
    /// What this commit has and the checkout has no longer, or as something else: of the files of this name anywhere, and of what lies in
    /// folders of that name.
    ///
    /// # Errors
    /// Git cannot tell.
    pub fn lost(&self, file: &str, folder: &str) -> Result<Vec<Utf8PathBuf>, BaseError> {
        let call = "diff-index";
        let mut command = self.repository.command();
        command.args([
            call,
            "--cached",
            "--no-ext-diff",
            "--no-renames",
            "--ignore-submodules=all",
            "--diff-filter=DT",
        ]);
        command.args(["--name-only", "-z", &self.id, "--"]);
        command.arg(format!(":(top,glob)**/{file}")).arg(format!(":(top,glob)**/{folder}/**"));
        let answer = git::run(command, Vec::new(), super::repository::ANSWER_LIMIT)
            .map_err(|failure| BaseError::of(failure, call, &self.repository.top()))?;
        if !answer.status.success() {
            return Err(self.unreadable(Utf8Path::new(file), answer.first_words()));
        }
        let text = String::from_utf8_lossy(&answer.stdout);
        Ok(text.split_terminator('\0').map(Utf8PathBuf::from).collect())
    }
}

/// `H 100644 ID STAGE<TAB>PATH`; `S` stands for what a sparse checkout leaves out.
fn tracked(line: &str) -> Option<Tracked<'_>> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split(' ');
    Some(Tracked { skipped: words.next()? == "S", stage: words.next_back()?, path })
}
