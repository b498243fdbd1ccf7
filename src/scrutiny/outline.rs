//! What a source file does, function by function: the form in which the parser's process answers. Small, flat, and of bounded size.

use serde::{Deserialize, Serialize};

/// One thing that code does, as far as its words say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Does {
    /// Reads a variable that is no build tool's own.
    ReadsVariable,
    /// Reads the whole environment, or a variable whose name is computed.
    ReadsEnvironment,
    /// Reads a variable that tells who or where the user is.
    ReadsIdentity,
    /// Reads a variable that holds a secret by its name.
    ReadsSecretVariable,
    /// Reads files.
    ReadsFile,
    /// Names a file that holds secrets.
    NamesSecretFile,
    /// Makes text of bytes: base64, hexadecimal.
    Encodes,
    /// Makes bytes of text, or unpacks.
    Decodes,
    /// Takes a file of the package into the program.
    Embeds,
    /// Opens a connection, or asks for the address of a host.
    Connects,
    /// Has words with which a shell fetches something.
    FetchingWords,
    /// Has words with which a shell fetches something and has it run.
    PipesToShell,
    /// Names an address of the web.
    NamesAddress,
    /// Has a program that gets packages get and run one.
    Installs,
    /// Writes files.
    Writes,
    /// Writes to a path in the package's own folder.
    WritesHere,
    /// Writes to an absolute path.
    WritesAbsolute,
    /// Writes to a path that leads up from where it starts.
    WritesUp,
    /// Names a place that is run by itself later, or that other programs are configured by.
    NamesOutside,
    /// Makes a file one that can be run.
    MakesRunnable,
    /// Runs a program that a build is known to need.
    RunsTool,
    /// Runs a shell or an interpreter.
    RunsShell,
    /// Runs a program that is named by nothing that is written.
    RunsUnknown,
    /// Runs a file by its path.
    RunsPath,
    /// Makes memory that can be run.
    MakesCode,
    /// Puts a telling text together from pieces.
    Assembles,
    /// Is called before `main`.
    BeforeMain,
    /// Has machine code in it.
    Assembly,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Act {
    pub(super) does: Does,
    pub(super) line: u32,
    /// As it is written, cut.
    pub(super) words: String,
}

/// A function, a macro, or what stands outside of all functions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Function {
    /// Of a macro with its mark; empty for what stands outside.
    pub(super) name: String,
    pub(super) acts: Vec<Act>,
    /// The last names of what it calls.
    pub(super) calls: Vec<String>,
}

/// The most acts and calls of one function, and functions of one file, that are told.
pub(super) const MOST: usize = 2_000;
/// The most characters of an act's words.
const MOST_WORDS: usize = 120;

impl Function {
    pub(super) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Notes it once for each line.
    pub(super) fn act(&mut self, does: Does, line: u32, words: &str) {
        if self.acts.len() >= MOST || self.acts.iter().rev().take(8).any(|act| act.does == does && act.line == line) {
            return;
        }
        self.acts.push(Act { does, line, words: words.chars().take(MOST_WORDS).collect() });
    }

    pub(super) fn call(&mut self, name: &str) {
        if self.calls.len() < MOST
            && name.len() <= MOST_WORDS
            && !self.calls.iter().rev().take(64).any(|one| one == name)
        {
            self.calls.push(name.to_owned());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.acts.is_empty() && self.calls.is_empty()
    }
}

/// The functions of a file that do or call anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outline {
    pub(super) functions: Vec<Function>,
}
