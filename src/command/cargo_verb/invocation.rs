//! Reads a command line of cargo as far as it must be understood: which command, and the few options that matter here.

use camino::Utf8PathBuf;

/// What a command does to the quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It changes the lock file by resolving anew.
    Resolves,
    /// It touches no dependency of the workspace.
    Passes,
    /// It builds from another lock file than the workspace's.
    Installs,
    /// It builds or reads dependencies, and takes `--locked`.
    Builds,
    /// Anything else, external subcommands among it: it may build, and options may not reach the cargo that it runs.
    Unknown,
}

/// A command line of cargo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Invocation {
    /// Without its `+`.
    pub(super) toolchain: Option<String>,
    /// Options before the command.
    pub(super) globals: Vec<String>,
    /// The command; `None` for `cargo --version` and its like.
    pub(super) verb: Option<String>,
    /// What stands behind it.
    pub(super) rest: Vec<String>,
}

const WITH_VALUE: [&str; 4] = ["--color", "--config", "-Z", "-C"];
const RESOLVES: [&str; 5] = ["update", "add", "remove", "rm", "generate-lockfile"];
const PASSES: [&str; 18] = [
    "search",
    "info",
    "publish",
    "yank",
    "owner",
    "login",
    "logout",
    "help",
    "version",
    "new",
    "init",
    "locate-project",
    "config",
    "uninstall",
    "clean",
    "report",
    "read-manifest",
    "verify-project",
];
const BUILDS: [&str; 20] = [
    "build", "b", "check", "c", "test", "t", "bench", "run", "r", "doc", "d", "rustc", "rustdoc", "fix", "fetch",
    "tree", "vendor", "metadata", "package", "pkgid",
];

impl Invocation {
    /// Takes a command line apart.
    pub(super) fn read(arguments: &[String]) -> Self {
        let mut read = Self::default();
        let mut arguments = arguments.iter().peekable();
        if let Some(toolchain) = arguments.peek().and_then(|first| first.strip_prefix('+')) {
            read.toolchain = Some(toolchain.to_owned());
            arguments.next();
        }
        while let Some(argument) = arguments.next() {
            if !argument.starts_with('-') {
                read.verb = Some(argument.clone());
                break;
            }
            read.globals.push(argument.clone());
            if WITH_VALUE.contains(&argument.as_str()) {
                read.globals.extend(arguments.next().cloned());
            }
        }
        read.rest = arguments.cloned().collect();
        read
    }

    /// What the command does.
    pub(super) fn kind(&self) -> Kind {
        let Some(verb) = self.verb.as_deref() else { return Kind::Passes };
        let help = self.options().any(|option| matches!(option, "-h" | "--help"));
        match verb {
            _ if help => Kind::Passes,
            verb if RESOLVES.contains(&verb) => Kind::Resolves,
            verb if PASSES.contains(&verb) => Kind::Passes,
            "install" if self.value("--path").is_none() => Kind::Installs,
            "install" => Kind::Builds,
            verb if BUILDS.contains(&verb) => Kind::Builds,
            _ => Kind::Unknown,
        }
    }

    /// Whether the command is cargo's own, so that no alias can stand for it.
    pub(super) fn is_built_in(&self) -> bool {
        self.kind() != Kind::Unknown
    }

    /// Puts an alias's words in the place of the command.
    pub(super) fn expand(&mut self, words: &[String]) {
        let mut expanded = Self::read(words);
        expanded.rest.append(&mut self.rest);
        self.globals.append(&mut expanded.globals);
        self.verb = expanded.verb;
        self.rest = expanded.rest;
    }

    /// Whether an option is set, before or behind the command.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options().any(|option| names.contains(&option))
    }

    /// Whether cargo is sent to another folder.
    pub(super) fn changes_folder(&self) -> bool {
        self.globals.iter().any(|option| option.starts_with("-C"))
    }

    /// The manifest that is asked for.
    pub(super) fn manifest_path(&self) -> Option<Utf8PathBuf> {
        let path = |folder: String| Utf8PathBuf::from(folder).join("Cargo.toml");
        self.value("--manifest-path").map(Utf8PathBuf::from).or_else(|| self.value("--path").map(path))
    }

    /// The whole command line without the toolchain; with `--locked` where that is asked for and not there yet.
    pub(super) fn arguments(&self, locked: bool) -> Vec<String> {
        let mut all = self.globals.clone();
        all.extend(self.verb.clone());
        if locked && !self.has(&["--locked", "--frozen"]) {
            all.push(String::from("--locked"));
        }
        all.extend(self.rest.iter().cloned());
        all
    }

    /// The same for a cargo behind the filter, which must reach the server: `--offline` is ours to keep.
    pub(super) fn behind_filter(&self) -> (Vec<String>, Vec<String>) {
        let before = self.globals.iter().filter_map(|option| online(option)).collect();
        let mut behind: Vec<String> = self.verb.iter().cloned().collect();
        let mut program_only = false;
        for option in &self.rest {
            program_only |= option == "--";
            if program_only { behind.push(option.clone()) } else { behind.extend(online(option)) }
        }
        (before, behind)
    }

    /// The options that are cargo's: what stands behind `--` is a program's.
    fn options(&self) -> impl Iterator<Item = &str> {
        let rest = self.rest.iter().take_while(|argument| *argument != "--");
        self.globals.iter().chain(rest).map(String::as_str)
    }

    fn value(&self, name: &str) -> Option<String> {
        let mut options = self.options();
        while let Some(option) = options.next() {
            if option == name {
                return options.next().map(str::to_owned);
            }
            if let Some(value) = option.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
                return Some(value.to_owned());
            }
        }
        None
    }
}

fn online(option: &str) -> Option<String> {
    match option {
        "--offline" => None,
        "--frozen" => Some(String::from("--locked")),
        other => Some(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Invocation, Kind};

    fn read(line: &str) -> Invocation {
        Invocation::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_command_is_found_behind_options() {
        let found = read("+nightly --color never -Z unstable-options build --release -- --offline");
        assert_eq!(found.toolchain.as_deref(), Some("nightly"));
        assert_eq!(found.verb.as_deref(), Some("build"));
        assert!(!found.has(&["--offline"]));
        assert_eq!(found.kind(), Kind::Builds);
        let line = "--color never -Z unstable-options build --locked --release -- --offline";
        assert_eq!(found.arguments(true).join(" "), line);
    }

    #[test]
    fn commands_are_told_apart() {
        for (line, kind) in [
            ("add tokio", Kind::Resolves),
            ("update", Kind::Resolves),
            ("search x", Kind::Passes),
            ("--version", Kind::Passes),
            ("update --help", Kind::Passes),
            ("install ripgrep", Kind::Installs),
            ("install --path .", Kind::Builds),
            ("clippy", Kind::Unknown),
            ("t", Kind::Builds),
        ] {
            assert_eq!(read(line).kind(), kind, "{line}");
        }
    }

    #[test]
    fn offline_stays_with_us() {
        let (before, behind) = read("--offline add bar --frozen -- --offline").behind_filter();
        assert!(before.is_empty());
        assert_eq!(behind.join(" "), "add bar --locked -- --offline");
    }
}
