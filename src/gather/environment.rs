//! The one place where environment variables, the working directory and the terminal's width are read.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::run::{Listener, Waiting};

/// The environment of this run, read once.
#[derive(Clone, Debug)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    current_dir: Utf8PathBuf,
    listener: Listener,
    own_program: Option<&'static str>,
}

/// The columns of a terminal; `None` where it is none. Some that know their columns know no rows.
#[cfg(unix)]
pub(crate) fn columns(out: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(out).ok().filter(|_| out.is_terminal())?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// The columns of a terminal; `None` where it is none.
#[cfg(windows)]
pub(crate) fn columns(out: &(impl IsTerminal + std::os::windows::io::AsHandle)) -> Option<usize> {
    let size = out.is_terminal().then(|| terminal_size::terminal_size_of(out)).flatten();
    size.map(|(width, _)| usize::from(width.0))
}

/// The environment cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The working directory is gone, or its name is not UTF-8.
    #[error("the working directory cannot be used: {0}\nhelp: run from a folder that exists and whose path is UTF-8")]
    CurrentDir(#[source] std::io::Error),
}

impl Environment {
    /// Reads the process's environment. Variables that are not UTF-8 are left out.
    ///
    /// # Errors
    /// The working directory cannot be used.
    #[expect(clippy::disallowed_methods, reason = "this is the door that every other file is sent to")]
    pub fn read() -> Result<Self, EnvironmentError> {
        let current_dir = std::env::current_dir().map_err(EnvironmentError::CurrentDir)?;
        let current_dir =
            Utf8PathBuf::try_from(current_dir).map_err(|error| EnvironmentError::CurrentDir(error.into_io_error()))?;
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self { variables, current_dir, listener: Listener::default(), own_program: None })
    }

    /// An environment made of these parts, for tests.
    #[must_use]
    pub fn of(current_dir: impl Into<Utf8PathBuf>, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let (variables, current_dir) = (variables.into_iter().collect(), current_dir.into());
        Self { variables, current_dir, listener: Listener::default(), own_program: None }
    }

    /// The same for a run whose waiting is told to somebody.
    #[must_use]
    pub(crate) fn heard_by(self, listener: Listener) -> Self {
        Self { listener, ..self }
    }

    /// The same for a run of the program itself, which can be started once more by this path.
    #[must_use]
    pub(crate) fn run_by(self, own_program: &'static str) -> Self {
        Self { own_program: Some(own_program), ..self }
    }

    /// The path by which the program itself can be started once more; `None` where it is another program that runs this code.
    #[must_use]
    pub(crate) const fn own_program(&self) -> Option<&'static str> {
        self.own_program
    }

    /// The file of the program that runs this code, for a process of its own that does nothing but one thing; `None` where it cannot be told.
    #[must_use]
    pub(crate) fn executable(&self) -> Option<std::path::PathBuf> {
        // By this path it is still the same program after an update has replaced it.
        match self.own_program().filter(|_| cfg!(target_os = "linux")) {
            Some(own) => Some(own.into()),
            None => std::env::current_exe().ok(),
        }
    }

    /// The same with other variables.
    #[must_use]
    pub fn with(&self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().collect(), ..self.clone() }
    }

    /// Who is told what the run waits for.
    #[must_use]
    pub const fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Tells what the run waits for.
    pub fn tell(&self, waiting: &Waiting) {
        self.listener.tell(waiting);
    }

    /// This environment in another working directory, with more variables; one that is set keeps its value.
    #[must_use]
    pub fn elsewhere(&self, current_dir: &Utf8Path, more: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut variables = self.variables.clone();
        for (name, value) in more {
            variables.entry(name).or_insert(value);
        }
        // Where it is relative, it must go on meaning the same folder.
        variables.insert("CARGO_HOME".to_owned(), self.cargo_home().into_string());
        Self { variables, current_dir: self.current_dir.join(current_dir), ..self.clone() }
    }

    /// A variable's value; `None` where it is unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    #[must_use]
    pub fn current_dir(&self) -> &Utf8Path {
        &self.current_dir
    }

    /// `$CARGO_HOME`, or `.cargo` in the user's home directory, as cargo finds it.
    #[must_use]
    pub fn cargo_home(&self) -> Utf8PathBuf {
        if let Some(home) = self.get("CARGO_HOME") {
            return self.current_dir.join(home);
        }
        let home = self.get("HOME").or_else(|| self.get("USERPROFILE")).unwrap_or(".");
        self.current_dir.join(home).join(".cargo")
    }

    /// The cargo to run: `$CARGO` where a cargo started us, else the one on the path.
    #[must_use]
    pub fn cargo(&self) -> &str {
        self.get("CARGO").unwrap_or("cargo")
    }
}
