//! A registry's token, as cargo finds it: from its own files and variables, or from a program that the user's configuration names, by
//! cargo's credential-provider protocol.
//!
//! A program is run at most once in a run, and only when a registry refuses to answer without a token. Where none is to be had, it is said
//! what was looked at.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cargo_config::{CargoConfig, ConfiguredRegistry, Form, Program, Provider, Token};
use super::environment::Environment;
use crate::model::run::Waiting;
use crate::model::source::{CRATES_IO_SPARSE_INDEX, Registry};

/// How long a program may take: people may have to unlock something.
const PATIENCE: Duration = Duration::from_secs(60);
/// A program that takes longer is worth a word.
const WORTH_TELLING: Duration = Duration::from_secs(1);
/// The most bytes of what a program says.
const MOST_SAID: u64 = 64 << 10;
/// The most characters of a program's own message that are told.
const MOST_TOLD: usize = 300;

/// Where a registry's token comes from. Copies share what was found.
#[derive(Clone, Debug, Default)]
pub struct Credentials(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    providers: Vec<Provider>,
    /// The registry as the protocol names it.
    index: String,
    name: String,
    environment: Option<Environment>,
    found: OnceLock<Result<Token, String>>,
}

impl Credentials {
    /// What the providers of this registry have for it. Nothing is run yet.
    #[must_use]
    pub fn of(named: &ConfiguredRegistry, config: &CargoConfig) -> Self {
        let index = match &named.registry.value {
            Registry::CratesIo => format!("sparse+{CRATES_IO_SPARSE_INDEX}"),
            Registry::Sparse(url) => format!("sparse+{url}"),
            Registry::Git(url) => url.to_string(),
        };
        let (providers, name) = (named.providers.clone(), named.name.clone());
        let environment = Some(config.environment().clone());
        Self(Arc::new(Inner { providers, index, name, environment, found: OnceLock::new() }))
    }

    #[must_use]
    pub fn known(token: Token) -> Self {
        Self(Arc::new(Inner { found: OnceLock::from(Ok(token)), ..Inner::default() }))
    }

    /// The token; the error says what of it is missing, in words that follow `the registry refuses, and`.
    ///
    /// # Errors
    /// None is configured, or no program that may be run has one.
    pub fn token(&self) -> Result<&Token, &str> {
        self.0.found.get_or_init(|| self.0.find()).as_ref().map_err(String::as_str)
    }
}

impl Inner {
    fn find(&self) -> Result<Token, String> {
        let mut lack = None;
        for provider in &self.providers {
            let missing = match provider {
                Provider::Token(Some(token)) => return Ok(token.value.clone()),
                Provider::Token(None) => None,
                Provider::Program(program) => match self.ask(program) {
                    Ok(Some(token)) => return Ok(token),
                    Ok(None) => Some(format!("its credential provider `{}` has none for it", program.shown)),
                    Err(cause) => return Err(format!("its credential provider `{}` failed: {cause}", program.shown)),
                },
                Provider::NotRun { shown, why } => {
                    Some(format!("its credential provider `{shown}` is not run here: {why}"))
                }
            };
            lack = lack.or(missing);
        }
        Err(lack.unwrap_or_else(|| String::from("no token is configured for it")))
    }

    /// `None` where it has no token for this registry, and the next one is asked.
    fn ask(&self, program: &Program) -> Result<Option<Token>, String> {
        let Some(environment) = &self.environment else { return Ok(None) };
        let said = match program.form {
            Form::Stdout => Some(self.first_line(program, environment)?),
            Form::Protocol => self.by_protocol(program, environment)?,
        };
        let token = said.map(|said| Token::parse(said).ok_or("what it gave is no token of printable ASCII characters"));
        Ok(token.transpose()?)
    }

    /// `cargo:token-from-stdout`: the token is all that the program writes.
    fn first_line(&self, program: &Program, environment: &Environment) -> Result<String, String> {
        let mut command = command(program, environment);
        command.args(&program.arguments).env("CARGO", environment.cargo());
        command.env("CARGO_REGISTRY_INDEX_URL", &self.index).env("CARGO_REGISTRY_NAME_OPT", &self.name);
        let mut running = Running::start(command, program, environment)?;
        let token = running.line()?;
        if running.line().is_ok_and(|more| !more.is_empty()) {
            return Err(String::from("it wrote more than one line"));
        }
        running.end()?;
        Ok(token)
    }

    /// One question and one answer, each a line of JSON, after the program has said which versions it speaks.
    fn by_protocol(&self, program: &Program, environment: &Environment) -> Result<Option<String>, String> {
        let mut command = command(program, environment);
        command.arg("--cargo-plugin").stdin(Stdio::piped());
        let mut running = Running::start(command, program, environment)?;
        let hello = parsed(&running.line()?)?;
        if !hello["v"].as_array().is_some_and(|versions| versions.contains(&json!(1))) {
            return Err(String::from("it does not speak version 1 of the protocol"));
        }
        let registry = json!({ "index-url": self.index, "name": self.name });
        let question =
            json!({ "v": 1, "registry": registry, "kind": "get", "operation": "read", "args": program.arguments });
        running.say(&question.to_string())?;
        let answer = parsed(&running.line()?)?;
        running.end()?;
        if let Some(token) = answer["Ok"]["token"].as_str() {
            return Ok(Some(token.to_owned()));
        }
        match answer["Err"]["kind"].as_str() {
            Some("not-found" | "url-not-supported") => Ok(None),
            Some("other") => Err(shortened(answer["Err"]["message"].as_str().unwrap_or("it did not say why"))),
            Some(kind) => Err(shortened(kind)),
            None => Err(String::from("its answer is none of the protocol's")),
        }
    }
}

/// The program at the file system's root, as every cargo of ours: a relative entry of `PATH` finds nothing of the checkout.
fn command(program: &Program, environment: &Environment) -> Command {
    let mut command = Command::new(&program.path);
    let root = if cfg!(unix) { "/".into() } else { environment.cargo_home() };
    command.current_dir(root).env_clear().envs(environment.iter()).stdout(Stdio::piped());
    command
}

fn parsed(line: &str) -> Result<Value, String> {
    serde_json::from_str(line).map_err(|_| String::from("it wrote a line that is not of the protocol"))
}

/// The beginning of a program's own words, in one line.
fn shortened(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MOST_TOLD).collect()
}

/// A program at work. It is ended with this value.
struct Running<'e> {
    child: Child,
    lines: Receiver<std::io::Result<String>>,
    until: Instant,
    environment: &'e Environment,
    shown: &'e str,
}

impl<'e> Running<'e> {
    fn start(mut command: Command, program: &'e Program, environment: &'e Environment) -> Result<Self, String> {
        let mut child = command.spawn().map_err(|error| format!("it cannot be run: {error}"))?;
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            // Not waited for: what the program started may hold the pipe after it.
            std::thread::spawn(move || {
                let lines = BufReader::new(stdout.take(MOST_SAID)).lines();
                lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
            });
        }
        Ok(Self { child, lines, until: Instant::now() + PATIENCE, environment, shown: &program.shown })
    }

    /// The next line; an error where there is none.
    fn line(&mut self) -> Result<String, String> {
        let next = self.lines.recv_timeout(WORTH_TELLING.min(self.left())).or_else(|error| match error {
            mpsc::RecvTimeoutError::Timeout => {
                self.environment.tell(&Waiting::Provider { name: self.shown.to_owned() });
                self.lines.recv_timeout(self.left())
            }
            mpsc::RecvTimeoutError::Disconnected => Err(error),
        });
        match next {
            Ok(Ok(line)) => Ok(line.trim_end_matches('\r').to_owned()),
            Ok(Err(_)) => Err(String::from("what it wrote is not UTF-8")),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("it took longer than {} seconds", PATIENCE.as_secs())),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(match self.child.wait() {
                Ok(status) if !status.success() => format!("it ended with {status}"),
                Ok(_) | Err(_) => String::from("it said nothing"),
            }),
        }
    }

    fn say(&mut self, line: &str) -> Result<(), String> {
        let written = self.child.stdin.as_mut().map(|stdin| writeln!(stdin, "{line}").and_then(|()| stdin.flush()));
        written.transpose().map(drop).map_err(|error| format!("it does not listen: {error}"))
    }

    /// Waits for its end.
    fn end(&mut self) -> Result<(), String> {
        drop(self.child.stdin.take());
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("it ended with {status}")),
                Ok(None) if self.left().is_zero() => {
                    return Err(format!("it took longer than {} seconds", PATIENCE.as_secs()));
                }
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Where it has ended there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
