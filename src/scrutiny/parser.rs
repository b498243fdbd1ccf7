//! The parser in a process of its own. A text can be made on which a parser eats all memory, overflows its stack or never ends: then that
//! process ends, the file is named, and the next file gets another process.
//!
//! On Unix the process bounds its own memory and processor time, writes no file, and dies with its parent on Linux; everywhere its stack has a
//! size of its own, and whoever waits for an answer waits no longer than [`PATIENCE`].

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::outline::Outline;
use super::syntax;

/// The word by which this program is started to parse and nothing else.
const WORD: &str = "--parse-source-for-cargo-sequester";
/// How long one file may take. The largest that are parsed take less than a second.
const PATIENCE: Duration = Duration::from_secs(20);
/// The stack of the parser: reserved, not used up.
const STACK: usize = 256 << 20;
/// The most bytes of a question or an answer.
const MOST: u32 = 16 << 20;
/// After so many files a process is replaced, so that its bound on time is one for each few files.
const MOST_FILES: usize = 2_000;

/// How long all files of one archive may take, and on how many the parser may end, before the rest is not tried.
const TOGETHER: Duration = Duration::from_secs(300);
const MOST_ENDED: usize = 3;

/// What is left of it for one archive. Shared by those who ask about its files.
#[derive(Debug)]
pub(super) struct Patience(Mutex<Left>);

#[derive(Debug)]
struct Left {
    time: Duration,
    ended: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self(Mutex::new(Left { time: TOGETHER, ended: 0 }))
    }
}

impl Patience {
    /// How long the next file may take; `None` where no more is tried.
    fn next(&self) -> Option<Duration> {
        let left = self.left();
        (!left.time.is_zero() && left.ended < MOST_ENDED).then(|| PATIENCE.min(left.time))
    }

    fn spend(&self, time: Duration, has_ended: bool) {
        let mut left = self.left();
        left.time = left.time.saturating_sub(time);
        left.ended += usize::from(has_ended);
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    Outline(Outline),
    /// It is no Rust, by the parser's words.
    NoRust {
        line: u32,
        cause: String,
    },
    /// The parser's process ended or was ended.
    Ended {
        cause: &'static str,
    },
    /// There is no process to parse in.
    Unavailable,
}

#[derive(Serialize, Deserialize)]
struct Question {
    /// Crates that reach the network, by the names that source uses.
    network: Vec<String>,
    text: String,
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Outline(Outline),
    NoRust { line: u32, cause: String },
}

/// Where files are parsed. Shared by all threads; each uses a process of its own.
#[derive(Debug, Default)]
pub struct Parser {
    program: Option<PathBuf>,
    idle: Mutex<Vec<Process>>,
    /// The thread that starts processes: on Linux each dies with the thread that started it, and threads come and go.
    starter: OnceLock<mpsc::Sender<Reply>>,
    /// How many files are being parsed, and that one of them is done: there are never more processes than cores, however many ask.
    busy: Mutex<usize>,
    done: Condvar,
}

/// The right to parse one file, given back when it is dropped.
struct Turn<'p>(&'p Parser);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.busy.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.done.notify_one();
    }
}

/// Who waits for a process.
type Reply = mpsc::SyncSender<io::Result<Process>>;

impl Parser {
    /// Parses in processes of this program, which must be this very one.
    #[must_use]
    pub fn of(program: impl Into<PathBuf>) -> Self {
        Self { program: Some(program.into()), ..Self::default() }
    }

    /// Waits until a core is free.
    fn turn(&self) -> Turn<'_> {
        let most = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        while *busy >= most {
            busy = self.done.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        *busy += 1;
        Turn(self)
    }

    fn start(&self, program: &Path) -> Option<Process> {
        let starter = self.starter.get_or_init(|| {
            let (sender, asked) = mpsc::channel::<Reply>();
            let program = program.to_owned();
            std::thread::spawn(move || {
                for reply in asked {
                    let _ = reply.send(Process::start(&program));
                }
            });
            sender
        });
        let (reply, process) = mpsc::sync_channel(1);
        starter.send(reply).ok()?;
        process.recv().ok()?.ok()
    }

    /// Asks for the outline of a file.
    pub(super) fn outline(&self, text: &str, network: &[String], patience: &Patience) -> Parsed {
        let Some(program) = &self.program else { return Parsed::Unavailable };
        let Some(time) = patience.next() else {
            return Parsed::Ended { cause: "not tried, because the parser ended on other files of this archive" };
        };
        let _turn = self.turn();
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(mut process) = idle.or_else(|| self.start(program)) else {
            return Parsed::Unavailable;
        };
        let question = Question { network: network.to_vec(), text: text.to_owned() };
        let begun = Instant::now();
        let answer = process.ask(&question, time);
        patience.spend(begun.elapsed(), answer.is_err());
        match answer {
            Ok(answer) => {
                if process.asked < MOST_FILES {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
                }
                match answer {
                    Answer::Outline(outline) => Parsed::Outline(outline),
                    Answer::NoRust { line, cause } => Parsed::NoRust { line, cause },
                }
            }
            Err(cause) => Parsed::Ended { cause },
        }
    }
}

/// One process, which is ended with this value.
#[derive(Debug)]
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<Vec<u8>>,
    asked: usize,
}

impl Process {
    fn start(program: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(WORD).arg(std::process::id().to_string()).env_clear();
        // Windows needs it to find its own libraries.
        #[cfg(windows)]
        command.env("SystemRoot", "C:\\Windows");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (sender, answers) = mpsc::channel();
        let input = child.stdin.take();
        if let Some(mut output) = child.stdout.take() {
            std::thread::spawn(move || {
                while let Ok(Some(answer)) = read(&mut output) {
                    if sender.send(answer).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self { child, input, answers, asked: 0 })
    }

    /// The answer, or why there is none.
    fn ask(&mut self, question: &Question, patience: Duration) -> Result<Answer, &'static str> {
        self.asked += 1;
        let bytes = serde_json::to_vec(question).unwrap_or_default();
        // It reads a question to its end before it parses, so writing waits for nothing but that.
        let sent = self.input.as_mut().map(|input| write(input, &bytes));
        if !matches!(sent, Some(Ok(()))) {
            return Err("the parser ended");
        }
        match self.answers.recv_timeout(patience) {
            Ok(answer) => serde_json::from_slice(&answer).map_err(|_| "the parser's answer made no sense"),
            Err(RecvTimeoutError::Timeout) => Err("the parser took too long"),
            Err(RecvTimeoutError::Disconnected) => Err("the parser ran out of memory, stack or time"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its questions end, and with them it does; where it hangs it is ended.
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A length of four bytes, and so many bytes.
fn write(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MOST);
    let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(bytes)?;
    out.flush()
}

/// `None` at the end.
fn read(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length);
    if length > MOST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::new();
    from.take(length.into()).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == u64::from(length) { Ok(Some(bytes)) } else { Ok(None) }
}

/// Where this program was started to parse, does so until nobody asks any more; `false` where it was not.
pub(crate) fn serve_if_asked(arguments: &[OsString]) -> bool {
    let [_, word, parent] = arguments else { return false };
    if word != WORD {
        return false;
    }
    bound(parent.to_str().and_then(|parent| parent.parse().ok()));
    let serving = std::thread::Builder::new().stack_size(STACK).spawn(|| {
        let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
        while let Ok(Some(question)) = read(&mut input) {
            let Ok(Question { network, text }) = serde_json::from_slice(&question) else { break };
            let answer = match syntax::outline(&text, &network) {
                Ok(outline) => Answer::Outline(outline),
                Err((line, cause)) => Answer::NoRust { line, cause },
            };
            let answer = serde_json::to_vec(&answer).unwrap_or_default();
            if write(&mut output, &answer).is_err() {
                break;
            }
        }
    });
    // A panic ends it like anything else.
    let _ = serving.map(std::thread::JoinHandle::join);
    true
}

/// Takes away what parsing does not need.
#[cfg(unix)]
fn bound(parent: Option<i32>) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getppid, set_parent_process_death_signal};
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        // The other may have ended before.
        if getppid().map(|id| id.as_raw_nonzero().get()) != parent {
            return;
        }
    }
    let _ = parent;
    // Where the system refuses one of them, the parent's patience is left.
    let limit = |resource, most: u64| {
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    };
    limit(Resource::Core, 0);
    limit(Resource::Fsize, 0);
    limit(Resource::Cpu, 300);
    // The stack, and what the largest file that is parsed comes to many times over. macOS counts its own libraries here.
    #[cfg(target_os = "linux")]
    limit(Resource::As, STACK as u64 + (768 << 20));
}

#[cfg(not(unix))]
fn bound(_: Option<i32>) {}
