//! One cargo behind the filter.

use std::io::{Read as _, Write as _};
use std::process::{ExitStatus, Stdio};

use camino::Utf8Path;

use super::error::ResolveError;
use super::interrupts::Interrupts;
use crate::files::plain;
use crate::gather::cargo::{Cargo, Overheard};

/// The most bytes of cargo's words that are kept.
const MOST_WORDS: usize = 1 << 20;
/// The most bytes of a line that are kept until it ends.
const LONGEST_LINE: usize = 64 << 10;

/// What becomes of the words of a cargo; they are kept in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Voice {
    /// They are not printed.
    #[default]
    Silent,
    /// They are printed once it is known that this run counts.
    Later,
    /// They are printed as they come.
    Aloud,
}

/// How a cargo came out.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The beginning of its standard error.
    pub(crate) words: String,
    /// The same as it came, with colours.
    pub(crate) raw: Vec<u8>,
}

impl Ended {
    /// Its exit code as a shell has it: 128 and the signal where one ended it.
    pub(crate) fn code(&self) -> u8 {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&self.status) {
            return u8::try_from(128 + signal).unwrap_or(u8::MAX);
        }
        self.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101)
    }
}

/// Runs cargo and waits for it. What it says is first made by `reworded` what is to be heard.
pub(super) fn run(
    cargo: &Cargo,
    arguments: &[String],
    voice: Voice,
    interrupts: &Interrupts,
    reworded: impl Fn(&[u8]) -> Vec<u8>,
) -> Result<Ended, ResolveError> {
    let environment = cargo.environment();
    let failed = |source| ResolveError::CargoNotRun { program: cargo.programs().cargo.to_string(), source };
    let mut command = cargo.command();
    command.args(arguments);
    for name in ["NO_PROXY", "no_proxy"] {
        let before = environment.get(name).map(|value| format!("{value},")).unwrap_or_default();
        command.env(name, format!("{before}127.0.0.1"));
    }
    // The server is always there; what must not be asked stays behind it.
    command.env_remove("CARGO_NET_OFFLINE");
    let heard = voice != Voice::Silent;
    if heard && std::io::IsTerminal::is_terminal(&std::io::stderr()) && environment.get("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command.stderr(Stdio::piped());
    if voice != Voice::Aloud {
        command.stdout(Stdio::null()).stdin(Stdio::null());
    }
    let begun = std::time::Instant::now();
    let mut child = command.spawn().map_err(failed)?;
    interrupts.set_child(Some(child.id()));
    let mut words = Vec::new();
    if let Some(mut stream) = child.stderr.take() {
        let mut overheard = Overheard::by(environment.listener());
        let mut chunk = [0; 4096];
        // A path may come in two parts, and a line is whole.
        let mut line = Vec::new();
        while let Ok(read @ 1..) = stream.read(&mut chunk) {
            let chunk = chunk.get(..read).unwrap_or_default();
            if voice == Voice::Aloud {
                line.extend_from_slice(chunk);
                let end = memchr::memrchr2(b'\n', b'\r', &line).map_or(0, |at| at + 1);
                let end = if line.len() > LONGEST_LINE { line.len() } else { end };
                tell(&reworded(&line.drain(..end).collect::<Vec<_>>()));
            } else {
                overheard.hear(chunk);
            }
            let room = MOST_WORDS.saturating_sub(words.len()).min(chunk.len());
            words.extend_from_slice(chunk.get(..room).unwrap_or_default());
        }
        tell(&reworded(&line));
    }
    let words = reworded(&words);
    let status = child.wait().map_err(failed)?;
    interrupts.set_child(None);
    // A setting or an address on the command line may hold a token.
    let shown: Vec<_> = arguments.iter().filter(|word| !word.contains('=') && !word.contains("://")).collect();
    tracing::debug!("{:?} {shown:?}: {status}, in {:?}", cargo.programs().cargo, begun.elapsed());
    Ok(Ended { status, words: uncoloured(&words), raw: words })
}

/// Prints cargo's words. The reader may have gone; the work goes on all the same.
pub(super) fn tell(words: &[u8]) {
    let _ = std::io::stderr().write_all(words);
}

/// The same command line for a cargo that runs in another folder than `here`: paths are absolute, and it is told the manifest that it
/// would have found from `start` on. What stands behind `--` is not cargo's.
pub(super) fn from_elsewhere(arguments: &[String], here: &Utf8Path, start: &Utf8Path, root: &Utf8Path) -> Vec<String> {
    const MANIFEST: &str = "--manifest-path";
    const PATHS: [&str; 3] = [MANIFEST, "--path", "--lockfile-path"];
    let (own, behind) = arguments.split_at(arguments.iter().position(|one| one == "--").unwrap_or(arguments.len()));
    let mut all: Vec<String> = Vec::with_capacity(arguments.len() + 2);
    for argument in own {
        let option = all.last().map_or("", String::as_str);
        let is_file = |text: &str| option == "--config" && here.join(text).is_file();
        let named = argument.split_once('=').filter(|(option, _)| PATHS.contains(option));
        all.push(match named {
            _ if PATHS.contains(&option) || is_file(argument) => plain(&here.join(argument)).into_string(),
            Some((option, path)) => format!("{option}={}", plain(&here.join(path))),
            None => match argument.strip_prefix("--config=").filter(|path| here.join(path).is_file()) {
                Some(path) => format!("--config={}", here.join(path)),
                None => argument.clone(),
            },
        });
    }
    if !all.iter().any(|argument| argument == MANIFEST || argument.starts_with("--manifest-path=")) {
        let found = start.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file());
        all.extend([MANIFEST.to_owned(), found.unwrap_or_else(|| root.join("Cargo.toml")).into_string()]);
    }
    all.extend(behind.iter().cloned());
    all
}

/// The text without colours and cursor movements.
fn uncoloured(words: &[u8]) -> String {
    let plain: Vec<u8> = anstream::adapter::strip_bytes(words).flatten().copied().collect();
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::from_elsewhere;

    #[test]
    fn paths_mean_what_they_mean_where_the_user_stands() {
        let there = |line: &str| {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            from_elsewhere(&arguments, "/home/ana/app/one".into(), "/nowhere".into(), "/home/ana/app".into()).join(" ")
        };
        assert_eq!(there("add --path ../two"), "add --path /home/ana/app/two --manifest-path /home/ana/app/Cargo.toml");
        assert_eq!(there("update --manifest-path=./Cargo.toml"), "update --manifest-path=/home/ana/app/one/Cargo.toml");
        assert_eq!(
            there("--config build.jobs=1 add x -- --path ."),
            "--config build.jobs=1 add x --manifest-path /home/ana/app/Cargo.toml -- --path ."
        );
    }
}
