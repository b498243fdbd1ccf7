//! A run as its reports see it: what its command line says, and what it waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// An option as it was given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its long name, without the hyphens.
    pub name: String,
    /// Its value; `None` for a switch.
    pub value: Option<String>,
}

/// A run as a command of the next one sees it. The default is a verb without options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The verb that runs.
    pub verb: String,
    /// Its words as they were given, without the program's name.
    pub words: Vec<String>,
    /// The options that say which project is meant, by what it is judged, and whether a registry may be asked.
    pub given: Vec<Given>,
    /// The long names of the options that each verb takes; only known where an option was given.
    pub options: BTreeMap<String, BTreeSet<String>>,
    /// Whether the run judges as of a moment that lies ahead. What is written must not come from there.
    pub looks_ahead: bool,
    /// Whether it runs in a git repository.
    pub repository: bool,
}

/// The verbs that judge no change: a base is nothing to them.
const WITHOUT_BASE: [&str; 9] = ["approve", "assess", "cargo", "diff", "fix", "init", "revoke", "update", "vendor"];
/// Of these the ones that write by a moment, which must have come.
const CHANGING: [&str; 7] = ["approve", "cargo", "fix", "init", "revoke", "update", "vendor"];

impl Invocation {
    /// Whether an option was given.
    #[must_use]
    pub fn gave(&self, name: &str) -> bool {
        self.given.iter().any(|given| given.name == name)
    }

    /// Whether the command line forbids to ask registries.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.gave("offline") || self.gave("frozen")
    }

    /// The words that make another verb mean the same project and judge it by the same rules; `None` where it cannot, because what is
    /// judged is a lock file alone and the verb knows only projects. `has` are options that the command names itself.
    #[must_use]
    pub fn repeated(&self, verb: &str, has: &[&str]) -> Option<Vec<String>> {
        let takes = |name: &str| self.options.get(verb).is_some_and(|options| options.contains(name));
        if self.gave("lockfile") && !takes("lockfile") && !has.contains(&"lockfile") {
            return None;
        }
        let (is_without_base, is_changing) = (WITHOUT_BASE.contains(&verb), CHANGING.contains(&verb));
        let wanted = self.given.iter().filter(|given| match given.name.as_str() {
            "base" | "loosened" if is_without_base => false,
            "now" if is_changing && self.looks_ahead => false,
            name => takes(name) && !has.contains(&name),
        });
        let mut words = Vec::new();
        for Given { name, value } in wanted {
            words.push(format!("--{name}"));
            words.extend(value.clone());
        }
        Some(words)
    }

    /// The words of the same run without some of its options.
    #[must_use]
    pub fn again_without(&self, names: &[&str]) -> Vec<String> {
        let mut words = Vec::new();
        let mut left = self.words.iter();
        while let Some(word) = left.next() {
            let name = word
                .strip_prefix("--")
                .map(|name| name.split_once('=').map_or((name, false), |(name, _)| (name, true)));
            let Some((name, joined)) = name.filter(|(name, _)| names.contains(name)) else {
                words.push(word.clone());
                continue;
            };
            let has_value = self.given.iter().any(|given| given.name == name && given.value.is_some());
            if has_value && !joined {
                left.next();
            }
        }
        words
    }
}

/// Something that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Another process holds a lock on this.
    Lock {
        /// What is locked, in words: `the project's folder /home/ana/app`.
        of: String,
    },
    /// A request failed and is made again after a pause.
    Again {
        /// The address, without secrets.
        url: String,
        /// Why it failed, in one line.
        cause: String,
        /// How long until then.
        seconds: u64,
        /// How often it is made again at most, this time included.
        left: u32,
    },
    /// A server has not answered yet.
    Answer {
        /// Its address, without secrets.
        url: String,
    },
    /// A git that was started for the advisories has not ended yet.
    Git {
        /// Which of its commands.
        call: &'static str,
    },
    /// A credential provider has not given a token yet.
    Provider { name: String },
    /// Cargo has not resolved yet, and what it says is not heard.
    Resolving,
    /// Archives are looked into.
    Inspecting,
    /// Cargo is let try again what failed, with other releases shown.
    Trials,
    /// A cargo that was started says that it waits.
    Cargo {
        /// Its own line.
        line: String,
    },
}

/// Who is told; nobody where nobody wants to know.
#[derive(Clone, Default)]
pub struct Listener(Option<Arc<Tell>>);

type Tell = dyn Fn(&Waiting) + Send + Sync;

impl Listener {
    /// One that is told of everything, by whatever thread waits.
    pub fn new(told: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    /// Tells it.
    pub fn tell(&self, waiting: &Waiting) {
        if let Some(told) = &self.0 {
            told(waiting);
        }
    }
}

/// Without the function, which says nothing of itself.
impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener(somebody)" } else { "Listener(nobody)" })
    }
}
