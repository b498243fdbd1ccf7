//! The one door to the system's `git`. A repository's configuration can name programs (a file system monitor, hooks, filters, helpers for
//! credentials and signatures), and the environment can lead git elsewhere than to the folder that was meant: here neither does.
//!
//! Only plumbing goes through this door that looks at nothing but objects, references and the index. Nothing is checked out, compared with
//! the working tree or shown through a converter, so that no filter has an occasion to run.

use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::environment::Environment;

/// How long one call may take.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(300);
/// A call that takes longer is worth a word.
const WORTH_TELLING: Duration = Duration::from_secs(1);
/// How many bytes are read at once of what is read while it is written.
const PIECE: usize = 256 << 10;
/// The most bytes of what it complains.
const COMPLAINT_LIMIT: u64 = 2 << 10;
/// The most bytes of a configured name.
const NAME_LIMIT: u64 = 4 << 10;
/// Variables that git needs to find its way; all others stay behind, those above all that a hook leaves to its children.
const VARIABLES: [&str; 24] = [
    "HOME",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "XDG_CONFIG_HOME",
    "APPDATA",
    "PROGRAMDATA",
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
/// By these the person who runs us says what git's own configuration is, which directories are safe among it.
const CONFIGURATION: [&str; 6] = [
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_COUNT",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "SUDO_UID",
];
/// What no configuration changes.
const SETTINGS: [&str; 17] = [
    "safe.bareRepository=explicit",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.useReplaceRefs=false",
    "core.quotePath=false",
    "core.pager=cat",
    "core.sshCommand=ssh -oBatchMode=yes",
    "core.alternateRefsCommand=",
    "core.warnAmbiguousRefs=false",
    "diff.external=",
    "gpg.program=",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.statusHints=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
];

/// What a call may read and where it may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach<'a> {
    /// One repository, with no configuration but its own.
    Sealed,
    /// Repositories of this machine, with the user's and the machine's configuration: they say which directories are safe.
    Local,
    /// Out, over these protocols (colons between them), with the user's proxies, certificates and credentials.
    Out(&'a str),
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote.
    pub stdout: Vec<u8>,
    /// What it complained, in English.
    complaint: String,
}

/// A call that came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    NotRun(#[from] io::Error),
    #[error("it took longer than {} minutes", TIME_LIMIT.as_secs() / 60)]
    TooLong,
    /// It wrote more than was expected of it.
    #[error("it wrote more than {limit} bytes")]
    TooMuch { limit: u64 },
}

impl Answer {
    /// The first line of its complaint.
    #[must_use]
    pub(crate) fn first_words(&self) -> Option<&str> {
        self.complaint.lines().map(str::trim).find(|line| !line.is_empty())
    }

    /// The last line of its complaint.
    #[must_use]
    pub(crate) fn last_words(&self) -> Option<&str> {
        self.complaint.lines().map(str::trim).rfind(|line| !line.is_empty())
    }

    /// Whether it refuses because the repository belongs to somebody else.
    #[must_use]
    pub(crate) fn is_of_another_owner(&self) -> bool {
        self.complaint.contains("dubious ownership")
    }

    /// What it wrote, between line ends.
    #[must_use]
    pub(crate) fn line(&self) -> Option<&str> {
        str::from_utf8(&self.stdout)
            .ok()
            .map(|text| text.trim_end_matches(['\n', '\r']))
            .filter(|text| !text.is_empty())
    }
}

/// A git without arguments yet.
#[must_use]
pub(crate) fn command(environment: &Environment, reach: Reach<'_>) -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    let mut pass = |name: &str| {
        if let Some(value) = environment.get(name) {
            command.env(name, value);
        }
    };
    VARIABLES.into_iter().for_each(&mut pass);
    if reach != Reach::Sealed {
        CONFIGURATION.into_iter().for_each(&mut pass);
        let given = environment.iter().map(|(name, _)| name);
        given
            .filter(|name| ["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"].iter().any(|one| name.starts_with(one)))
            .for_each(pass);
    }
    // A relative entry would be looked for in the folder under judgement.
    if let Some(path) = environment.get("PATH") {
        let absolute = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        command.env("PATH", std::env::join_paths(absolute).unwrap_or_default());
    }
    let protocols = if let Reach::Out(protocols) = reach { protocols } else { "none" };
    command.envs([
        ("LC_ALL", "C"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", ""),
        ("SSH_ASKPASS", ""),
        ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_GRAFT_FILE", "/dev/null"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_ALLOW_PROTOCOL", protocols),
    ]);
    if reach == Reach::Sealed {
        command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")]);
    }
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
}

/// Runs it to its end, with `input` on its standard input and no more than `limit` bytes of output.
///
/// # Errors
/// It cannot be run, takes too long or writes too much. What git itself refuses is in the answer.
pub(crate) fn run(command: Command, input: Vec<u8>, limit: u64) -> Result<Answer, Failure> {
    run_telling(command, input, limit, &mut || ())
}

/// The same for a call that may take a while: `is_slow` is called once where it does.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_telling(
    mut command: Command,
    input: Vec<u8>,
    limit: u64,
    is_slow: &mut dyn FnMut(),
) -> Result<Answer, Failure> {
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = read_aside(child.stdout.take(), limit);
    let stderr = read_aside(child.stderr.take(), COMPLAINT_LIMIT);
    if let Some(mut questions) = child.stdin.take() {
        // A git that ends before it has read everything says why in its answer.
        thread::spawn(move || questions.write_all(&input));
    }
    let begun = Instant::now();
    let status = wait(&mut child, is_slow)?;
    // An address may hold a password.
    let shown = command.get_args().skip(2 * SETTINGS.len()).filter(|word| !word.to_string_lossy().contains("://"));
    tracing::debug!("git {:?}: {status}, in {:?}", shown.collect::<Vec<_>>(), begun.elapsed());
    let lost = || io::Error::other("what it wrote was lost");
    let (stdout, whole) = stdout.join().map_err(|_| lost())??;
    let (complaint, _) = stderr.join().map_err(|_| lost())??;
    if !whole {
        return Err(Failure::TooMuch { limit });
    }
    Ok(Answer { status, stdout, complaint: String::from_utf8_lossy(&complaint).into_owned() })
}

/// Runs it to its end and reads what it writes while it writes it, for answers that are not to be held in memory. What `read` leaves is thrown
/// away.
///
/// # Errors
/// It cannot be run or read, or takes too long. What git itself refuses is in the answer, whose output is empty.
pub(crate) fn run_reading<T>(
    mut command: Command,
    input: Vec<u8>,
    read: impl FnOnce(&mut dyn BufRead) -> io::Result<T>,
) -> Result<(T, Answer), Failure> {
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stdin) = (child.stdout.take(), child.stdin.take());
    let stderr = read_aside(child.stderr.take(), COMPLAINT_LIMIT);
    if let Some(mut questions) = stdin {
        thread::spawn(move || questions.write_all(&input));
    }
    let begun = Instant::now();
    let child = Mutex::new(child);
    let (done, is_done) = mpsc::channel::<()>();
    let (came, too_long) = thread::scope(|scope| {
        let child = &child;
        let watch = scope.spawn(move || {
            let too_long = matches!(is_done.recv_timeout(TIME_LIMIT), Err(mpsc::RecvTimeoutError::Timeout));
            if too_long {
                // Whether it was still there to be ended makes no difference to the answer.
                let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
            }
            too_long
        });
        let came = stdout.map_or_else(
            || Err(io::Error::other("it has no output")),
            |stdout| {
                let mut stdout = BufReader::with_capacity(PIECE, stdout);
                let came = read(&mut stdout)?;
                io::copy(&mut stdout, &mut io::sink())?;
                Ok(came)
            },
        );
        drop(done);
        (came, watch.join().unwrap_or(false))
    });
    let mut child = child.into_inner().unwrap_or_else(PoisonError::into_inner);
    if too_long {
        let _ = child.wait();
        return Err(Failure::TooLong);
    }
    if came.is_err() {
        // It may wait for somebody to read on.
        let _ = child.kill();
    }
    let status = wait(&mut child, &mut || ())?;
    tracing::debug!("git: {status}, in {:?}", begun.elapsed());
    let (complaint, _) = stderr.join().map_err(|_| io::Error::other("what it wrote was lost"))??;
    let complaint = String::from_utf8_lossy(&complaint).into_owned();
    Ok((came?, Answer { status, stdout: Vec::new(), complaint }))
}

fn wait(child: &mut Child, is_slow: &mut dyn FnMut()) -> Result<ExitStatus, Failure> {
    let (started, mut waiting_quietly) = (Instant::now(), true);
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() > TIME_LIMIT {
            // Whether it was still there to be ended makes no difference to the answer.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::TooLong);
        }
        if waiting_quietly && started.elapsed() > WORTH_TELLING {
            waiting_quietly = false;
            is_slow();
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Reads a pipe while the child runs, and says whether that was all; what goes beyond the limit is thrown away, so that the child does
/// not wait for ever.
fn read_aside<R: Read + Send + 'static>(
    pipe: Option<R>,
    limit: u64,
) -> thread::JoinHandle<io::Result<(Vec<u8>, bool)>> {
    thread::spawn(move || {
        let mut content = Vec::new();
        let mut rest = 0;
        if let Some(mut pipe) = pipe {
            pipe.by_ref().take(limit).read_to_end(&mut content)?;
            rest = io::copy(&mut pipe, &mut io::sink())?;
        }
        Ok((content, rest == 0))
    })
}

/// `Name <mail>` as git's configuration has it for this folder, or the one of the two that is set; `None` where neither is, or where
/// there is no git.
#[must_use]
pub(crate) fn git_user(folder: &Utf8Path, environment: &Environment) -> Option<String> {
    let value = |key| {
        let mut command = command(environment, Reach::Local);
        command.args(["-C", folder.as_str(), "config", "--get", key]);
        let answer = run(command, Vec::new(), NAME_LIMIT).ok().filter(|answer| answer.status.success())?;
        answer.line().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    match (value("user.name"), value("user.email")) {
        (Some(name), Some(mail)) => Some(format!("{name} <{mail}>")),
        (name, mail) => name.or(mail),
    }
}

/// The root of the repository around a folder, as far as the file system shows it: the nearest folder at or above this one that has a
/// `.git`; a linked worktree or a submodule has a file of that name. Git itself is not asked, so this is for reports and searches alone.
#[must_use]
pub(crate) fn root_around(folder: &Utf8Path) -> Option<&Utf8Path> {
    folder.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())
}
