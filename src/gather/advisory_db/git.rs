//! A repository of advisories: fetched into a git folder of our own, or lying where somebody checked it out.

use std::io;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::unpack::is_commit;
use crate::gather::environment::Environment;
use crate::gather::git::{self, Answer, Failure, Reach};
use crate::model::run::Waiting;

/// The most bytes of a call's output.
const OUTPUT_LIMIT: u64 = 256 << 20;
/// Nothing that lies in the repository or on this machine turns line ends or text into other bytes.
const VERBATIM: [&str; 4] = ["-c", "core.attributesFile=/dev/null", "-c", "core.autocrlf=false"];
/// Where the fetched commit is kept.
const OFFERED: &str = "refs/sequester/offered";

/// A call of git that did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("git could not be run: {0}\nhelp: install git, or name an `https://` archive as `db`")]
    Run(#[source] io::Error),
    #[error("git {call} took longer than {} minutes\nhelp: run `git {call}` by hand to see why", limit.as_secs() / 60)]
    TooLong { call: &'static str, limit: Duration },
    #[error("git {call} failed: {complaint}\nhelp: check `db` in the `[advisories]` of the policy")]
    Failed {
        call: &'static str,
        /// The last line that it wrote.
        complaint: String,
    },
    /// It said something that cannot be understood.
    #[error("git {call} gave an answer that cannot be used\nhelp: check that git is of version 2.32 or later")]
    Answer { call: &'static str },
}

/// A repository's git folder.
pub(super) struct AdvisoryRepository<'a> {
    folder: Utf8PathBuf,
    environment: &'a Environment,
}

impl<'a> AdvisoryRepository<'a> {
    pub(super) fn at(folder: Utf8PathBuf, environment: &'a Environment) -> Self {
        Self { folder, environment }
    }

    /// Fetches the default branch of `address`, and gives its commit. The first fetch takes the newest commit alone, later ones what
    /// came since, so that a commit that does not follow the last one can be recognised.
    pub(super) fn fetch(&self, address: &str) -> Result<String, GitError> {
        // The cache's lock is held, so a lock of git's is one that a killed run left behind.
        for lock in ["shallow.lock", "packed-refs.lock", "config.lock", "HEAD.lock", "refs/sequester/offered.lock"] {
            let _ = std::fs::remove_file(self.folder.join(lock));
        }
        let mut depth = None;
        if !self.folder.join("HEAD").is_file() {
            self.run("init", &["--bare", "--quiet", "--template=", "--", self.folder.as_str()], None)?;
        }
        if !self.run_unchecked("rev-parse", &["--verify", "--quiet", OFFERED], None)?.status.success() {
            depth = Some("--depth=1");
        }
        let refspec = format!("+HEAD:{OFFERED}");
        let mut arguments = vec!["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
        arguments.extend(depth);
        arguments.extend(["--", address, &refspec]);
        let protocols = if address.starts_with("file:") { "file" } else { "https:ssh" };
        self.run("fetch", &arguments, Some(protocols))?;
        let output = self.run("rev-parse", &["--verify", "--quiet", &format!("{OFFERED}^{{commit}}")], None)?;
        commit_of(output.trim_ascii(), "rev-parse")
    }

    /// The commit's `crates`, as a tar stream.
    pub(super) fn archive(&self, commit: &str) -> Result<Vec<u8>, GitError> {
        self.run("archive", &["--format=tar", "--prefix=db/", commit, "crates"], None)
    }

    /// When a commit was made, by its committer's clock.
    pub(super) fn committed(&self, commit: &str) -> Result<Timestamp, GitError> {
        self.commit_and_time(commit).map(|(_, committed)| committed)
    }

    /// The commit that is checked out, and its time.
    pub(super) fn head(&self) -> Result<(String, Timestamp), GitError> {
        self.commit_and_time("HEAD")
    }

    fn commit_and_time(&self, revision: &str) -> Result<(String, Timestamp), GitError> {
        let call = "rev-list";
        let output = self.run(call, &["--max-count=1", "--timestamp", revision, "--"], None)?;
        let output = str::from_utf8(&output).map_err(|_| GitError::Answer { call })?;
        let (seconds, commit) = output.trim().split_once(' ').ok_or(GitError::Answer { call })?;
        let seconds = seconds.parse().map_err(|_| GitError::Answer { call })?;
        let committed = Timestamp::from_second(seconds).map_err(|_| GitError::Answer { call })?;
        Ok((commit_of(commit.as_bytes(), call)?, committed))
    }

    /// Whether `commit` is known not to follow `last`. Where `last` is no longer at hand, its time alone must do.
    pub(super) fn has_strayed(&self, last: &str, commit: &str) -> Result<bool, GitError> {
        let output = self.run_unchecked("merge-base", &["--is-ancestor", last, commit], None)?;
        Ok(output.status.code() == Some(1))
    }

    fn run(&self, call: &'static str, arguments: &[&str], protocols: Option<&str>) -> Result<Vec<u8>, GitError> {
        let answer = self.run_unchecked(call, arguments, protocols)?;
        if answer.status.success() {
            return Ok(answer.stdout);
        }
        let complaint = answer.last_words().unwrap_or("it did not say why").to_owned();
        Err(GitError::Failed { call, complaint })
    }

    /// Runs one command. With `protocols` it may go out over these, and the user's configuration counts, for its proxies,
    /// certificates and credentials; without, git reads no configuration but the repository's.
    fn run_unchecked(
        &self,
        call: &'static str,
        arguments: &[&str],
        protocols: Option<&str>,
    ) -> Result<Answer, GitError> {
        let mut command = git::command(self.environment, protocols.map_or(Reach::Sealed, Reach::Out));
        command.args(VERBATIM).env("GIT_ATTR_NOSYSTEM", "1");
        if call != "init" {
            command.arg(format!("--git-dir={}", self.folder));
        }
        command.arg(call).args(arguments);
        command.current_dir(self.folder.parent().unwrap_or(Utf8Path::new(".")));
        let mut tell = || self.environment.tell(&Waiting::Git { call });
        git::run_telling(command, Vec::new(), OUTPUT_LIMIT, &mut tell).map_err(|failure| match failure {
            Failure::NotRun(cause) => GitError::Run(cause),
            Failure::TooLong => GitError::TooLong { call, limit: git::TIME_LIMIT },
            Failure::TooMuch { .. } => GitError::Answer { call },
        })
    }
}

fn commit_of(text: &[u8], call: &'static str) -> Result<String, GitError> {
    let text = str::from_utf8(text).ok().filter(|text| is_commit(text));
    text.map(str::to_owned).ok_or(GitError::Answer { call })
}
