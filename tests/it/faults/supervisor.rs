//! Runs a program and breaks one of the calls by which it changes the disk. The tests build this file by itself with `rustc`, for Linux.
//!
//! `supervisor ROOT LOG TURN KIND FAULT PROGRAM ARGUMENT…`
//!
//! The kernel stops the program and its children before every call that changes a file system (seccomp's notifications to user space),
//! whoever makes it: the standard library, another crate by the bare system call, C code. Those of the program itself that concern
//! a path below `ROOT` are its points, until it becomes another one by `exec`. `LOG` gets a line for each: its number, its number among those of
//! its kind, who made it (`own`, or `child` without numbers), the call, the faults that can happen there, and its paths. Of the calls of `KIND`
//! that of number `TURN` meets the fault; with `TURN` 0 none does.
//!
//! * `KILL`: the program dies there by SIGKILL, its children live on.
//! * `ENOSPC`: there, and wherever something is made or written from then on.
//! * `EROFS`: there, and wherever a path is changed from then on.
//! * `EACCES`: there, and wherever something in the same folder is changed from then on.
//! * `EIO`: there only, as a disk tells it.
//!
//! It ends with the program's exit code, 137 where it was killed, 124 where it did not end within two minutes.

mod calls;
mod kinds;

use std::collections::BTreeMap;
use std::ffi::{c_int, c_long, c_ulong, c_void};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use calls::{ARCHITECTURE, CALLS, Call, Does, Names, SECCOMP};
use kinds::kind;

unsafe extern "C" {
    fn prctl(option: c_int, a: c_ulong, b: c_ulong, c: c_ulong, d: c_ulong) -> c_int;
    fn syscall(number: c_long, a: c_ulong, b: c_ulong, c: *const c_void) -> c_long;
    fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int;
    fn socketpair(domain: c_int, kind: c_int, protocol: c_int, pair: *mut c_int) -> c_int;
    fn sendmsg(fd: c_int, message: *const MessageHeader, flags: c_int) -> isize;
    fn recvmsg(fd: c_int, message: *mut MessageHeader, flags: c_int) -> isize;
    fn poll(fds: *mut PollFd, count: c_ulong, timeout: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
}

/// `O_WRONLY`, `O_RDWR`, `O_CREAT` and `O_TRUNC`.
const TO_WRITE: u32 = 0o1103;
const CREATES: u64 = 0o100;

#[repr(C)]
struct Instruction {
    code: u16,
    yes: u8,
    no: u8,
    value: u32,
}

#[repr(C)]
struct Program {
    length: u16,
    instructions: *const Instruction,
}

#[repr(C)]
#[derive(Default)]
struct Notification {
    id: u64,
    thread: u32,
    flags: u32,
    number: i32,
    architecture: u32,
    pointer: u64,
    arguments: [u64; 6],
}

#[repr(C)]
struct Response {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

#[repr(C)]
struct PollFd {
    fd: c_int,
    events: i16,
    returned: i16,
}

#[repr(C)]
struct Part {
    base: *mut c_void,
    length: usize,
}

#[repr(C)]
struct MessageHeader {
    name: *mut c_void,
    name_length: u32,
    parts: *mut Part,
    part_count: usize,
    control: *mut c_void,
    control_length: usize,
    flags: c_int,
}

/// A control message that carries one open file.
#[repr(C, align(8))]
struct Passed {
    length: usize,
    level: c_int,
    kind: c_int,
    fd: c_int,
    padding: c_int,
}

const PASSED_LENGTH: usize = 20;

/// What the kernel runs before each call: those of the list that may change something are told of.
fn filter() -> Vec<Instruction> {
    const LOAD: u16 = 0x20;
    const IS: u16 = 0x15;
    const IS_MORE: u16 = 0x25;
    const HAS_BITS: u16 = 0x45;
    const END: u16 = 0x06;
    const TELL: u32 = 0x7fc0_0000;
    const ALLOW: u32 = 0x7fff_0000;
    let step = |code, yes, no, value| Instruction { code, yes, no, value };
    let argument = |position: usize| 16 + 8 * position as u32;
    let mut program = vec![step(LOAD, 0, 0, 4), step(IS, 1, 0, ARCHITECTURE), step(END, 0, 0, ALLOW)];
    for call in CALLS {
        program.push(step(LOAD, 0, 0, 0));
        match (call.does, call.names) {
            (Does::Opens(flags), _) => program.extend([
                step(IS, 0, 3, call.number),
                step(LOAD, 0, 0, argument(flags)),
                step(HAS_BITS, 0, 1, TO_WRITE),
                step(END, 0, 0, TELL),
            ]),
            // What it prints is no file of the project's.
            (Does::Writes, Names::Open(file)) => program.extend([
                step(IS, 0, 3, call.number),
                step(LOAD, 0, 0, argument(file)),
                step(IS_MORE, 0, 1, 2),
                step(END, 0, 0, TELL),
            ]),
            _ => program.extend([step(IS, 0, 1, call.number), step(END, 0, 0, TELL)]),
        }
    }
    program.push(step(END, 0, 0, ALLOW));
    program
}

/// In the child, before it becomes the program.
fn become_supervised(socket: c_int, filter: &[Instruction]) -> std::io::Result<()> {
    let failed = || Err(std::io::Error::last_os_error());
    let program = Program { length: filter.len() as u16, instructions: filter.as_ptr() };
    // Safety: plain system calls on values that live until they return.
    unsafe {
        // PR_SET_NO_NEW_PRIVS
        if prctl(38, 1, 0, 0, 0) != 0 {
            return failed();
        }
        // A listener; and no signal but a deadly one ends the wait for an answer, where the kernel knows how to.
        let pointer = (&raw const program).cast();
        let mut listener = syscall(SECCOMP, 1, 1 << 3 | 1 << 5, pointer);
        if listener < 0 {
            listener = syscall(SECCOMP, 1, 1 << 3, pointer);
        }
        if listener < 0 {
            return failed();
        }
        let mut passed = Passed { length: PASSED_LENGTH, level: 1, kind: 1, fd: listener as c_int, padding: 0 };
        let mut byte = 0u8;
        let mut part = Part { base: (&raw mut byte).cast(), length: 1 };
        let header = MessageHeader {
            name: std::ptr::null_mut(),
            name_length: 0,
            parts: &raw mut part,
            part_count: 1,
            control: (&raw mut passed).cast(),
            control_length: size_of::<Passed>(),
            flags: 0,
        };
        if sendmsg(socket, &raw const header, 0) != 1 { failed() } else { Ok(()) }
    }
}

fn receive_listener(socket: &OwnedFd) -> Option<OwnedFd> {
    let mut passed = Passed { length: 0, level: 0, kind: 0, fd: -1, padding: 0 };
    let mut byte = 0u8;
    let mut part = Part { base: (&raw mut byte).cast(), length: 1 };
    let mut header = MessageHeader {
        name: std::ptr::null_mut(),
        name_length: 0,
        parts: &raw mut part,
        part_count: 1,
        control: (&raw mut passed).cast(),
        control_length: size_of::<Passed>(),
        flags: 0,
    };
    // Safety: the header points at values that live until the call returns; the file that is passed is nobody else's.
    unsafe {
        let received = recvmsg(socket.as_raw_fd(), &raw mut header, 0x4000_0000);
        (received == 1 && passed.length == PASSED_LENGTH && passed.fd >= 0).then(|| OwnedFd::from_raw_fd(passed.fd))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Kill,
    NoSpace,
    ReadOnly,
    Refused,
    Broken,
}

impl Fault {
    const ALL: [(&'static str, Self, i32); 5] = [
        ("KILL", Self::Kill, 0),
        ("ENOSPC", Self::NoSpace, 28),
        ("EROFS", Self::ReadOnly, 30),
        ("EACCES", Self::Refused, 13),
        ("EIO", Self::Broken, 5),
    ];

    /// Whether the call may meet it: at its point, or later on as a consequence.
    fn may_meet(self, call: &Call, flags: u64, paths: &[PathBuf], later: bool) -> bool {
        let by_path = !matches!(call.names, Names::Open(_));
        let is_new = || paths.iter().any(|path| path.symlink_metadata().is_err());
        match self {
            Self::Kill => !later,
            Self::NoSpace => match call.does {
                Does::Opens(_) => flags & CREATES != 0 && is_new(),
                Does::Makes | Does::Writes => true,
                Does::Renames | Does::Syncs => !later,
                Does::Removes | Does::Marks => false,
            },
            Self::ReadOnly => by_path,
            Self::Refused => match call.does {
                // To write to what is there is another right than to make it.
                Does::Opens(_) if later => flags & CREATES != 0 && is_new(),
                _ => by_path,
            },
            Self::Broken => !later && matches!(call.does, Does::Writes | Does::Syncs),
        }
    }
}

struct Supervisor {
    program: PathBuf,
    root: PathBuf,
    log: File,
    turn: u64,
    kind: String,
    fault: (&'static str, Fault, i32),
    main: u32,
    count: u64,
    /// The same by kind.
    counts: BTreeMap<String, u64>,
    /// The paths of the call that met the fault.
    struck: Option<Vec<PathBuf>>,
}

impl Supervisor {
    /// Whether a thread is the program's, which may have become another one by now.
    fn is_own(&self, thread: u32) -> bool {
        let process = format!("/proc/{}", self.main);
        let is_thread = thread == self.main || Path::new(&format!("{process}/task/{thread}")).exists();
        is_thread && std::fs::read_link(format!("{process}/exe")).is_ok_and(|exe| exe == self.program)
    }

    /// The error that the call meets.
    fn judge(&mut self, told: &Notification) -> Option<i32> {
        let call = CALLS.iter().find(|call| call.number as i32 == told.number)?;
        let paths = paths(call, told);
        if !paths.iter().any(|path| path.starts_with(&self.root)) {
            return None;
        }
        let flags = match call.does {
            Does::Opens(position) => told.arguments[position],
            _ => 0,
        };
        let is_own = self.is_own(told.thread);
        let faults: Vec<_> = Fault::ALL
            .iter()
            .filter(|(_, fault, _)| fault.may_meet(call, flags, &paths, false))
            .map(|(name, _, _)| *name)
            .collect();
        let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        let mut number = String::from("-\t-");
        let mut met = false;
        if is_own {
            let root = format!("{}/", self.root.display());
            let kind = kind(call.name, names.iter().map(|name| name.strip_prefix(&root).unwrap_or(name)));
            let is_it = kind == self.kind;
            self.count += 1;
            let turn = self.counts.entry(kind).or_default();
            *turn += 1;
            number = format!("{}\t{turn}", self.count);
            let (_, fault, _) = self.fault;
            met = match &self.struck {
                _ if self.turn == 0 => false,
                None => is_it && *turn == self.turn && fault.may_meet(call, flags, &paths, false),
                Some(struck) => {
                    let near = paths.iter().any(|path| struck.iter().any(|other| path.parent() == other.parent()));
                    (fault != Fault::Refused || near) && fault.may_meet(call, flags, &paths, true)
                }
            };
        }
        let (who, struck) = (if is_own { "own" } else { "child" }, if met { "!" } else { "" });
        let line = format!("{struck}{number}\t{who}\t{}\t{}\t{}\n", call.name, faults.join(","), names.join("\t"));
        let _ = self.log.write_all(line.as_bytes());
        if !met {
            return None;
        }
        if self.struck.is_none() {
            self.struck = Some(paths);
        }
        if self.fault.1 == Fault::Kill {
            // Safety: the program has not been waited for, so that the number is still its own.
            unsafe { kill(self.main as c_int, 9) };
            return Some(4);
        }
        Some(self.fault.2)
    }

    fn serve(mut self, listener: &OwnedFd) {
        loop {
            let mut waiting = PollFd { fd: listener.as_raw_fd(), events: 1, returned: 0 };
            // Safety: one value, which lives until the call returns.
            if unsafe { poll(&raw mut waiting, 1, -1) } < 0 {
                continue;
            }
            if waiting.returned & 1 == 0 {
                // Nobody is left who could call.
                return;
            }
            let mut told = Notification::default();
            // Safety: the kernel fills in a value of this form.
            if unsafe { ioctl(listener.as_raw_fd(), 0xc050_2100, (&raw mut told).cast()) } != 0 {
                continue;
            }
            let error = self.judge(&told);
            let mut response = Response {
                id: told.id,
                value: 0,
                error: error.map_or(0, |error| -error),
                flags: if error.is_some() { 0 } else { 1 },
            };
            // Safety: as above. Whoever asked may be dead by now.
            unsafe { ioctl(listener.as_raw_fd(), 0xc018_2101, (&raw mut response).cast()) };
        }
    }
}

fn paths(call: &Call, told: &Notification) -> Vec<PathBuf> {
    let process = PathBuf::from(format!("/proc/{}", told.thread));
    let argument = |position: usize| told.arguments[position];
    let open = |number: u64| {
        let number = number as u32 as i32;
        // AT_FDCWD
        let link = if number == -100 { process.join("cwd") } else { process.join(format!("fd/{number}")) };
        std::fs::read_link(link).ok()
    };
    let named = |folder: u64, pointer: u64| -> Option<PathBuf> {
        let text = text(told.thread, pointer)?;
        Some(plain(&if text.starts_with('/') { PathBuf::from(text) } else { open(folder)?.join(text) }))
    };
    let here = (-100i32) as u32 as u64;
    let found = match call.names {
        Names::Path(path) => vec![named(here, argument(path))],
        Names::At(folder, path) if argument(path) == 0 => vec![open(argument(folder))],
        Names::At(folder, path) => vec![named(argument(folder), argument(path))],
        Names::Open(file) => vec![open(argument(file))],
        Names::Paths(from, to) => vec![named(here, argument(from)), named(here, argument(to))],
        Names::PathsAt(from_folder, from, to_folder, to) => {
            vec![named(argument(from_folder), argument(from)), named(argument(to_folder), argument(to))]
        }
    };
    found.into_iter().flatten().collect()
}

fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The text at an address of another process.
fn text(thread: u32, pointer: u64) -> Option<String> {
    let mut memory = File::open(format!("/proc/{thread}/mem")).ok()?;
    memory.seek(SeekFrom::Start(pointer)).ok()?;
    let mut bytes = Vec::new();
    while bytes.len() < 4096 && !bytes.contains(&0) {
        // Never beyond a page, behind which nothing may be.
        let until_page_ends = 4096 - (pointer as usize + bytes.len()) % 4096;
        let mut piece = vec![0; until_page_ends.min(256)];
        memory.read_exact(&mut piece).ok()?;
        bytes.extend(piece);
    }
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, log, turn, kind, fault, program, rest @ ..] = arguments.as_slice() else {
        eprintln!("supervisor ROOT LOG TURN KIND FAULT PROGRAM ARGUMENT…");
        std::process::exit(125);
    };
    let fault = *Fault::ALL.iter().find(|(name, _, _)| name == fault).expect("a fault");
    let (root, turn, kind) = (PathBuf::from(root), turn.parse().expect("a number"), kind.clone());
    let log = File::options().create(true).append(true).open(log).expect("the log can be opened");

    let mut pair = [0; 2];
    // AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC. Safety: the kernel fills in two numbers, which are nobody else's.
    let (ours, theirs) = unsafe {
        assert_eq!(socketpair(1, 1 | 0o2_000_000, 0, pair.as_mut_ptr()), 0);
        (OwnedFd::from_raw_fd(pair[0]), OwnedFd::from_raw_fd(pair[1]))
    };
    let filter = filter();
    let socket = theirs.as_raw_fd();
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null());
    // Safety: between fork and exec only system calls are made, and nothing is allocated but for an error.
    unsafe { command.pre_exec(move || become_supervised(socket, &filter)) };
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("supervisor: {program} cannot be supervised: {error}");
            std::process::exit(126);
        }
    };
    drop(theirs);
    let listener = receive_listener(&ours).expect("the child has told its listener");
    let program = Path::new(program).canonicalize().unwrap_or_else(|_| PathBuf::from(program));
    let supervisor = Supervisor {
        program,
        root,
        log,
        turn,
        kind,
        fault,
        main: child.id(),
        count: 0,
        counts: BTreeMap::new(),
        struck: None,
    };
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        supervisor.serve(&listener);
        let _ = done.send(());
    });
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            break status;
        }
        if begun.elapsed() > Duration::from_secs(120) {
            let _ = child.kill();
            std::process::exit(124);
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    // Its children may still be at work.
    let _ = ended.recv_timeout(Duration::from_secs(60));
    std::process::exit(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
}
