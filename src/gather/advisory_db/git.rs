//! The system's `git`, run so that neither a repository nor a user's configuration makes it run anything else.

use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::unpack::is_commit;
use crate::gather::environment::Environment;

/// How long one call may take.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// The most bytes of a call's output.
const OUTPUT_LIMIT: u64 = 256 << 20;
/// The most bytes of what it complains.
const COMPLAINT_LIMIT: u64 = 2 << 10;
/// Variables that git needs to find its way out; all others stay behind.
const VARIABLES: [&str; 22] = [
    "PATH",
    "HOME",
    "USERPROFILE",
    "XDG_CONFIG_HOME",
    "APPDATA",
    "SYSTEMROOT",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "GIT_EXEC_PATH",
];
/// Where the fetched commit is kept.
const OFFERED: &str = "refs/sequester/offered";

/// A call of git that did not work.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It could not be run.
    #[error("git could not be run: {0}\nhelp: install git, or name an `https://` archive as `db`")]
    Run(#[source] io::Error),
    /// It took too long.
    #[error("git {call} took longer than {} minutes\nhelp: run `git {call}` by hand to see why", TIME_LIMIT.as_secs() / 60)]
    TooLong {
        /// Which of its commands.
        call: &'static str,
    },
    /// It refused.
    #[error("git {call} failed: {complaint}\nhelp: check `db` in the `[advisories]` of the policy")]
    Failed {
        /// Which of its commands.
        call: &'static str,
        /// The last line that it wrote.
        complaint: String,
    },
    /// It said something that cannot be understood.
    #[error("git {call} gave an answer that cannot be used\nhelp: check that git is of version 2.32 or later")]
    Answer {
        /// Which of its commands.
        call: &'static str,
    },
}

/// A repository's git folder.
pub(super) struct Repository<'a> {
    folder: Utf8PathBuf,
    environment: &'a Environment,
}

struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    complaint: String,
}

impl<'a> Repository<'a> {
    pub(super) fn at(folder: Utf8PathBuf, environment: &'a Environment) -> Self {
        Self { folder, environment }
    }

    /// Fetches the default branch of `address`, and gives its commit. The first fetch takes the newest commit alone, later ones what
    /// came since, so that a commit that does not follow the last one can be told.
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
        let Output { status, stdout, complaint } = self.run_unchecked(call, arguments, protocols)?;
        if status.success() { Ok(stdout) } else { Err(GitError::Failed { call, complaint }) }
    }

    /// Runs one command. With `protocols` it may go out over these, and the user's configuration counts, for its proxies,
    /// certificates and credentials; without, git reads no configuration but the repository's.
    fn run_unchecked(
        &self,
        call: &'static str,
        arguments: &[&str],
        protocols: Option<&str>,
    ) -> Result<Output, GitError> {
        let mut command = Command::new("git");
        command.env_clear();
        command.envs(VARIABLES.iter().filter_map(|name| Some((name, self.environment.get(name)?))));
        command.envs([
            ("LC_ALL", "C"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", ""),
            ("SSH_ASKPASS", ""),
            ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_ALLOW_PROTOCOL", protocols.unwrap_or("none")),
        ]);
        if protocols.is_none() {
            command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")]);
        }
        for setting in [
            "core.hooksPath=/dev/null",
            "core.fsmonitor=false",
            "core.attributesFile=/dev/null",
            "core.autocrlf=false",
            "gc.auto=0",
            "maintenance.auto=false",
            "http.lowSpeedLimit=1000",
            "http.lowSpeedTime=30",
        ] {
            command.args(["-c", setting]);
        }
        if call != "init" {
            command.arg(format!("--git-dir={}", self.folder));
        }
        command.arg(call).args(arguments);
        command.current_dir(self.folder.parent().unwrap_or(Utf8Path::new(".")));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(GitError::Run)?;
        let stdout = read_aside(child.stdout.take(), OUTPUT_LIMIT);
        let stderr = read_aside(child.stderr.take(), COMPLAINT_LIMIT);
        let started = Instant::now();
        let mut pause = Duration::from_micros(500);
        let status = loop {
            if let Some(status) = child.try_wait().map_err(GitError::Run)? {
                break status;
            }
            if started.elapsed() > TIME_LIMIT {
                // Whether it was still there to be ended makes no difference to the answer.
                let _ = child.kill();
                let _ = child.wait();
                return Err(GitError::TooLong { call });
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let stdout = stdout.join().map_err(|_| GitError::Answer { call })?.map_err(GitError::Run)?;
        let complaint = stderr.join().map_err(|_| GitError::Answer { call })?.map_err(GitError::Run)?;
        let complaint = String::from_utf8_lossy(&complaint);
        let complaint = complaint.trim().lines().next_back().unwrap_or("it did not say why").to_owned();
        Ok(Output { status, stdout, complaint })
    }
}

fn commit_of(text: &[u8], call: &'static str) -> Result<String, GitError> {
    let text = str::from_utf8(text).ok().filter(|text| is_commit(text));
    text.map(str::to_owned).ok_or(GitError::Answer { call })
}

/// Reads a pipe while the child runs; what goes beyond the limit is thrown away, so that the child does not wait for ever.
fn read_aside<R: Read + Send + 'static>(pipe: Option<R>, limit: u64) -> thread::JoinHandle<io::Result<Vec<u8>>> {
    thread::spawn(move || {
        let mut content = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.by_ref().take(limit).read_to_end(&mut content)?;
            io::copy(&mut pipe, &mut io::sink())?;
        }
        Ok(content)
    })
}
