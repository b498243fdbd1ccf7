//! The repository that holds the checkout, and no other one that a change put into it.
//!
//! Judged files of the working tree are held against what git would commit of them. What a judge reads here must be what the next base
//! has: an attribute can turn text on its way into a commit, and a link leads to what no commit holds.

use std::collections::BTreeSet;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::BaseError;
use crate::gather::environment::Environment;
use crate::gather::git::{self, Answer, Reach};

/// The most bytes of an answer that is no file: 100,000 paths have 10 MB.
pub(in crate::gather) const ANSWER_LIMIT: u64 = 256 << 20;

/// The most paths that one call names: what a command line can be has an end.
const AT_ONCE: usize = 200;

/// Attributes by which git turns a file into other bytes than those that lie in the working tree. Line ends (`text`, `eol`) are not among
/// them: they read the same.
const CONVERSIONS: [&str; 3] = ["working-tree-encoding", "filter", "ident"];

/// A link on the way to a judged file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Linked {
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

/// A repository with the working tree that is judged. Every later question goes to exactly this one: git never searches again.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    git_folder: Utf8PathBuf,
    top: Utf8PathBuf,
    /// Whether history was cut off, so that what git says of it may be wrong.
    pub(in crate::gather) is_shallow: bool,
    environment: Environment,
}

impl Repository {
    /// Finds it from a folder of its working tree.
    ///
    /// # Errors
    /// There is no git, no repository or one that a change could have brought along, or it belongs to somebody else.
    pub(crate) fn around(folder: &Utf8Path, environment: &Environment) -> Result<Self, BaseError> {
        match Self::holding(folder, environment)? {
            (repository, None) => Ok(repository),
            (_, Some(around)) => Err(BaseError::Submodule { folder: folder.to_string(), around: around.into_string() }),
        }
    }

    /// The same where the folder may be a submodule's; with the top of the repository around that.
    ///
    /// # Errors
    /// As [`Self::around`].
    pub(crate) fn holding(
        folder: &Utf8Path,
        environment: &Environment,
    ) -> Result<(Self, Option<Utf8PathBuf>), BaseError> {
        let call = "rev-parse";
        let mut asked = git::command(environment, Reach::Local);
        asked.args(["-C", folder.as_str(), call, "--show-toplevel", "--absolute-git-dir", "--is-shallow-repository"]);
        asked.arg("--show-superproject-working-tree");
        let answer =
            git::run(asked, Vec::new(), ANSWER_LIMIT).map_err(|failure| BaseError::of(failure, call, &folder))?;
        if !answer.status.success() {
            return Err(refused(folder, &answer));
        }
        let lines: Vec<&str> = answer.line().unwrap_or_default().lines().collect();
        let (top, git_folder, is_shallow, around) = match lines.as_slice() {
            [top, git_folder, shallow, around @ ..] if around.len() < 2 => {
                let around = around.first().map(|around| Utf8PathBuf::from(*around));
                (Utf8PathBuf::from(*top), Utf8PathBuf::from(*git_folder), *shallow == "true", around)
            }
            _ => {
                let cause = "the names of its folders have line ends".to_owned();
                return Err(BaseError::NoRepository { folder: folder.to_string(), cause });
            }
        };
        // A git before 2.38 takes any folder with the right files in it for a repository; and the configuration of one may claim another
        // working tree than the one that it lies in.
        let is_the_checkouts = top.join(".git").symlink_metadata().is_ok()
            && folder
                .canonicalize_utf8()
                .ok()
                .zip(top.canonicalize_utf8().ok())
                .is_some_and(|(from, top)| from.starts_with(top));
        if !is_the_checkouts {
            return Err(BaseError::Bare { folder: folder.to_string() });
        }
        Ok((Self { git_folder, top, is_shallow, environment: environment.clone() }, around))
    }

    /// The top of the working tree.
    #[must_use]
    pub(crate) fn top(&self) -> &Utf8Path {
        &self.top
    }

    /// Whether git tracks anything at this path below the top, as it is checked out now.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn has_tracked(&self, path: &Utf8Path) -> Result<bool, BaseError> {
        let path = if path.as_str().is_empty() { "." } else { path.as_str() };
        let listed = self.ask("ls-files", &["-z", "--", path], Vec::new())?;
        // Below a link or in a submodule git cannot tell; what the change put there is then its own.
        Ok(!listed.status.success() || !listed.stdout.is_empty())
    }

    /// The first file at or below this path that git tracks, as it is checked out now. The letters' case is not looked at where the two
    /// name one file, as on most systems but Linux.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn first_tracked(&self, path: &Utf8Path) -> Result<Option<Utf8PathBuf>, BaseError> {
        // An empty pattern is everything; behind one with a name stands what lies below it, too.
        let listed = self.listed_by(&[], &[format!(":(top,glob,icase){}", escaped(path))])?;
        let depth = path.components().count();
        let is_meant = |tracked: &Utf8Path| {
            let above: Utf8PathBuf = tracked.components().take(depth).collect();
            above == path || is_one_file(&self.top.join(above), &self.top.join(path))
        };
        Ok(listed.into_iter().find(|tracked| is_meant(tracked)))
    }

    /// The first file that git tracks below one of the folders that are named so from anywhere in the working tree, and in them below one of
    /// these names.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn first_tracked_anywhere(
        &self,
        path: &Utf8Path,
        names: &[&str],
    ) -> Result<Option<Utf8PathBuf>, BaseError> {
        let path = escaped(path);
        let patterns: Vec<String> = names
            .iter()
            .map(|name| format!(":(top,glob,icase)**/{path}/**/{}/**", escaped(Utf8Path::new(name))))
            .collect();
        Ok(self.listed_by(&[], &patterns)?.into_iter().next())
    }

    /// The files of this name, anywhere, that git tracks or would track: not what its rules tell it to pass over.
    ///
    /// # Errors
    /// Git cannot tell, or the path of one is not UTF-8.
    pub(crate) fn files_named(&self, name: &str) -> Result<Vec<Utf8PathBuf>, BaseError> {
        let patterns = [format!(":(top,glob)**/{name}")];
        let listed = self.listed_by(&["--cached", "--others", "--exclude-standard"], &patterns)?;
        match listed.iter().find(|path| path.as_str().contains(char::REPLACEMENT_CHARACTER)) {
            Some(path) => Err(BaseError::NotText { path: path.to_string() }),
            None => Ok(listed),
        }
    }

    /// Checks that these files and what lies in these folders is what git would commit, and gives the links on the way to them. Paths are
    /// below the top; what is not there is passed over.
    ///
    /// # Errors
    /// An attribute turns one of them into other bytes, it is tracked under a name of other case, left out by a sparse checkout or in the
    /// middle of a merge, or git cannot tell.
    pub(crate) fn judged(&self, files: &[Utf8PathBuf], folders: &[Utf8PathBuf]) -> Result<Vec<Linked>, BaseError> {
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

    /// Of these files and folders below the top, which no link is on the way to, those at or below which git tracks nothing, as in a
    /// submodule.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn untracked(&self, paths: &[Utf8PathBuf]) -> Result<Vec<Utf8PathBuf>, BaseError> {
        let mut untracked = Vec::new();
        for paths in paths.chunks(AT_ONCE) {
            let listed = match (self.tracked(paths.iter()), paths) {
                (Ok(listed), _) => listed,
                (Err(error), [path]) if !self.is_in_submodule(path) => return Err(error),
                (Err(_), [path]) => {
                    untracked.push(path.clone());
                    continue;
                }
                (Err(_), several) => {
                    for path in several {
                        untracked.extend(self.untracked(std::slice::from_ref(path))?);
                    }
                    continue;
                }
            };
            let listed = listed.split_terminator('\0').filter_map(tracked).map(|entry| Utf8Path::new(entry.path));
            // An entry stands for every folder above it.
            let known: BTreeSet<&Utf8Path> = listed.flat_map(Utf8Path::ancestors).collect();
            let is_known = |path: &Utf8PathBuf| {
                known.contains(path.as_path())
                    || known.iter().any(|known| {
                        known.as_str().eq_ignore_ascii_case(path.as_str())
                            && is_one_file(&self.top.join(known), &self.top.join(path))
                    })
            };
            untracked.extend(paths.iter().filter(|path| !is_known(path)).cloned());
        }
        Ok(untracked)
    }

    /// Git refuses to say anything of what lies in one; of the submodule itself it has an entry.
    fn is_in_submodule(&self, path: &Utf8Path) -> bool {
        path.ancestors().skip(1).filter(|above| !above.as_str().is_empty()).any(|above| {
            let listed = self.tracked([above.to_owned()].iter()).unwrap_or_default();
            listed.split_terminator('\0').filter_map(tracked).any(|entry| entry.path == above)
        })
    }

    /// The first link on the way down from the top.
    #[must_use]
    pub(crate) fn link_to(&self, path: &Utf8Path) -> Option<Linked> {
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
        let answer =
            git::run(command, Vec::new(), ANSWER_LIMIT).map_err(|failure| BaseError::of(failure, call, &self.top()))?;
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
            let listed = self.answer(call, &arguments, input.clone())?;
            let listed = String::from_utf8_lossy(&listed);
            // `PATH` NUL `ATTRIBUTE` NUL `VALUE` NUL
            let words: Vec<&str> = listed.split_terminator('\0').collect();
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

    /// What is not UTF-8 in a path is replaced.
    fn listed_by(&self, options: &[&str], patterns: &[String]) -> Result<Vec<Utf8PathBuf>, BaseError> {
        let mut command = self.command();
        command.args(["ls-files", "-z"]).args(options).arg("--").args(patterns);
        let answer = git::run(command, Vec::new(), ANSWER_LIMIT)
            .map_err(|failure| BaseError::of(failure, "ls-files", &self.top))?;
        if !answer.status.success() {
            let cause = answer.first_words().unwrap_or("it did not say why").to_owned();
            return Err(BaseError::Unanswered { call: "ls-files", folder: self.top.to_string(), cause });
        }
        let listed = String::from_utf8_lossy(&answer.stdout).into_owned();
        Ok(listed.split('\0').filter(|path| !path.is_empty()).map(Utf8PathBuf::from).collect())
    }

    /// A git that asks this repository.
    pub(in crate::gather) fn command(&self) -> Command {
        let mut command = git::command(&self.environment, Reach::Local);
        command.args(["-C", self.top.as_str()]);
        command.arg(format!("--git-dir={}", self.git_folder)).arg(format!("--work-tree={}", self.top));
        command
    }

    /// What git says to these arguments; it may be that it refuses.
    pub(in crate::gather) fn ask(
        &self,
        call: &'static str,
        arguments: &[&str],
        input: Vec<u8>,
    ) -> Result<Answer, BaseError> {
        let mut command = self.command();
        command.args(["--literal-pathspecs", call]).args(arguments);
        git::run(command, input, ANSWER_LIMIT).map_err(|failure| BaseError::of(failure, call, &self.top))
    }

    /// What git says to these arguments; refusing is an error.
    pub(in crate::gather) fn answer(
        &self,
        call: &'static str,
        arguments: &[&str],
        input: Vec<u8>,
    ) -> Result<Vec<u8>, BaseError> {
        let answer = self.ask(call, arguments, input)?;
        if answer.status.success() {
            return Ok(answer.stdout);
        }
        let cause = answer.first_words().unwrap_or("it did not say why").to_owned();
        Err(BaseError::Unanswered { call, folder: self.top.to_string(), cause })
    }
}

/// `H 100644 ID STAGE<TAB>PATH`; `S` stands for what a sparse checkout leaves out.
fn tracked(line: &str) -> Option<Tracked<'_>> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split(' ');
    Some(Tracked { skipped: words.next()? == "S", stage: words.next_back()?, path })
}

/// A path as one of git's patterns for nothing else.
fn escaped(path: &Utf8Path) -> String {
    let special = |letter| matches!(letter, '*' | '?' | '[' | ']' | '\\');
    let path = path.components().map(|component| component.as_str()).collect::<Vec<_>>().join("/");
    path.chars().flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter])).collect()
}

/// Whether both names lead to one file.
fn is_one_file(one: &Utf8Path, other: &Utf8Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let identity = |path: &Utf8Path| path.symlink_metadata().map(|of| (of.dev(), of.ino())).ok();
        identity(one).is_some_and(|identity_of_one| Some(identity_of_one) == identity(other))
    }
    #[cfg(not(unix))]
    {
        one.canonicalize_utf8().is_ok_and(|one| other.canonicalize_utf8().is_ok_and(|other| one == other))
    }
}

fn refused(folder: &Utf8Path, answer: &Answer) -> BaseError {
    let words = answer.first_words().unwrap_or("it has no working tree");
    let folder = folder.to_string();
    if answer.is_of_another_owner() {
        // Git names the folder itself, which may lie above the one that was asked about.
        let named = words.split('\'').nth(1).unwrap_or(&folder);
        return BaseError::OtherOwner { folder: named.to_owned() };
    }
    if words.contains("bare repository") || words.contains("must be run in a work tree") {
        return BaseError::Bare { folder };
    }
    BaseError::NoRepository { folder, cause: words.to_owned() }
}
