//! Cargo's command line, read by each command's own grammar, as far as it must be understood: what the command does to the dependencies,
//! and the few options that say where and with what.
//!
//! Cargo reads its command line with clap, so the same words mean different things in different places: behind the first word that is
//! no option, everything after `run` belongs to the program; `--path` names a manifest for `install` and a dependency for `add`. Whatever
//! is not understood here is treated as resolving and building.

mod words;

use camino::{Utf8Path, Utf8PathBuf};
use words::{Words, takes_value};

/// What a command does to the quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It changes the lock file by resolving anew.
    Resolves,
    /// It neither resolves nor builds, and writes no lock file.
    Passes,
    /// It builds from another lock file than the workspace's.
    Installs,
    /// It builds or reads dependencies, or completes the lock file, and takes `--locked`.
    Builds,
    /// It runs a manifest in a source file, which has dependencies of its own.
    Script,
    /// Anything else, external subcommands among it: it may build, and options may not reach the cargo that it runs.
    Unknown,
}

/// A command line of cargo, taken apart but with every word kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// Without its `+`.
    pub(crate) toolchain: Option<String>,
    /// Options before the command.
    pub(crate) globals: Vec<String>,
    /// The command; `None` for `cargo --version` and its like.
    pub(crate) verb: Option<String>,
    /// What stands behind it.
    pub(crate) rest: Vec<String>,
}

/// A command that moves packages of the lock file, in the words of `update`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UpdateWords {
    /// The packages; all where none is named.
    pub(crate) specs: Vec<String>,
    /// Where they are to go.
    pub(crate) precise: Option<String>,
    pub(crate) recursive: bool,
    pub(crate) workspace: bool,
    /// Every other option, by its long name, for a cargo behind the filter.
    pub(crate) options: Vec<String>,
}

const RESOLVES: [&str; 4] = ["update", "add", "remove", "generate-lockfile"];
const PASSES: [&str; 17] = [
    "search",
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
    "git-checkout",
];
const BUILDS: [&str; 17] = [
    "build", "check", "test", "bench", "run", "doc", "rustc", "rustdoc", "fix", "fetch", "tree", "vendor", "metadata",
    "package", "publish", "info", "pkgid",
];
/// Cargo's own aliases. A user's alias of the same name takes their place, unlike one with a command's full name.
const SHORT_COMMANDS: [(&str, &str); 6] =
    [("b", "build"), ("c", "check"), ("d", "doc"), ("r", "run"), ("rm", "remove"), ("t", "test")];

impl CommandLine {
    /// Takes a command line apart.
    pub(crate) fn read(arguments: &[String]) -> Self {
        let mut read = Self::default();
        let mut rest = arguments;
        if let Some((toolchain, behind)) =
            rest.split_first().and_then(|(first, rest)| Some((first.strip_prefix('+')?, rest)))
        {
            read.toolchain = Some(toolchain.to_owned());
            rest = behind;
        }
        let words = Words::read("", rest);
        let (globals, rest) = rest.split_at(words.own);
        read.globals = globals.to_vec();
        if let Some((verb, rest)) = rest.split_first() {
            read.verb = Some(verb.clone());
            read.rest = rest.to_vec();
        }
        read
    }

    /// What the command does.
    pub(crate) fn action(&self) -> Action {
        let Some(verb) = self.verb() else { return Action::Passes };
        if is_script(verb) || self.manifest_path().is_some_and(|path| path.extension() == Some("rs")) {
            return Action::Script;
        }
        let words = self.words();
        let has = |name: &str| words.has(name);
        let is_built_in = self.is_built_in();
        // A command that only prints its help; behind an option that is not known, the word may be that one's value.
        if is_built_in && words.unknown.is_none() && has("--help") {
            return Action::Passes;
        }
        match verb {
            // Cargo must place the named package in the lock file to know what to remove.
            "clean" if has("--package") => Action::Builds,
            "metadata" if has("--no-deps") => Action::Passes,
            "install" if has("--list") => Action::Passes,
            "install" if has("--path") => Action::Builds,
            "install" => Action::Installs,
            _ if RESOLVES.contains(&verb) => Action::Resolves,
            _ if PASSES.contains(&verb) => Action::Passes,
            _ if BUILDS.contains(&verb) => Action::Builds,
            _ => Action::Unknown,
        }
    }

    /// Whether the command is cargo's own by its full name, so that no alias can take its place.
    pub(crate) fn is_built_in(&self) -> bool {
        self.verb.as_deref().is_some_and(|verb| {
            verb == "install" || [&RESOLVES[..], &PASSES, &BUILDS].iter().any(|commands| commands.contains(&verb))
        })
    }

    /// Gives one of cargo's short commands its full name, where no alias of the user's took its place.
    pub(crate) fn expand_short(&mut self) {
        let verb = self.verb.as_deref();
        if let Some((_, full)) = SHORT_COMMANDS.iter().find(|(short, _)| Some(*short) == verb) {
            self.verb = Some((*full).to_owned());
        }
    }

    /// Puts an alias's words in the place of the command.
    pub(crate) fn expand(&mut self, words: &[String]) {
        let mut expanded = Self::read(words);
        expanded.rest.append(&mut self.rest);
        self.globals.append(&mut expanded.globals);
        self.verb = expanded.verb;
        self.rest = expanded.rest;
    }

    /// Whether one of these options is set, before or behind the command.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        let (globals, words) = (Words::read("", &self.globals), self.words());
        names.iter().any(|name| globals.has(name) || words.has(name))
    }

    /// Whether cargo is sent to another folder.
    pub(crate) fn changes_folder(&self) -> bool {
        Words::read("", &self.globals).has("-C")
    }

    pub(crate) fn manifest_path(&self) -> Option<Utf8PathBuf> {
        let words = self.words();
        if let Some(path) = words.value("--manifest-path") {
            return Some(Utf8PathBuf::from(path));
        }
        // `add` has a `--path` as well, and means the dependency by it.
        let installed = words.value("--path").filter(|_| self.verb() == Some("install"));
        installed.map(|folder| Utf8Path::new(folder).join("Cargo.toml"))
    }

    /// The folder for build output that is asked for, as it stands there.
    pub(crate) fn target_dir(&self) -> Option<&str> {
        self.words().value("--target-dir")
    }

    /// Whether the compiler gets words as they stand here.
    pub(crate) fn has_compiler_arguments(&self) -> bool {
        let to_compiler = matches!(self.verb(), Some("rustc" | "rustdoc"));
        to_compiler && self.rest.iter().skip(self.words().own).any(|word| word != "--")
    }

    /// Whether an option that must have a value ends without one: what is given is not the whole line.
    pub(crate) fn is_cut_off(&self) -> bool {
        let (globals, words) = (Words::read("", &self.globals), self.words());
        let verb = self.verb().unwrap_or_default();
        let of = |words: &Words<'_>, verb: &str| {
            words.options.iter().any(|(name, value)| value.is_none() && takes_value(verb, name))
        };
        of(&globals, "") || of(&words, verb)
    }

    /// What the command line says in the place of configuration files: the values of `--config`, in their order. Later ones win.
    pub(crate) fn config(&self) -> Vec<String> {
        let (globals, words) = (Words::read("", &self.globals), self.words());
        globals.values("--config").chain(words.values("--config")).map(str::to_owned).collect()
    }

    /// An option of a built-in command that is not known here, where it matters whether the next word is its value: what was taken for
    /// the program's words could say which project is built, and with what.
    pub(crate) fn unread(&self) -> Option<&str> {
        const TELLING: [&str; 3] = ["--manifest-path", "--lockfile-path", "--config"];
        let words = self.words();
        let behind = self.rest.iter().skip(words.own).take_while(|word| *word != "--");
        let matters = behind.into_iter().any(|word| TELLING.iter().any(|option| word.starts_with(option)));
        words.unknown.filter(|_| self.is_built_in() && matters)
    }

    /// The whole command line without the toolchain; with `--locked` where that is asked for and not there yet.
    pub(crate) fn arguments(&self, locked: bool) -> Vec<String> {
        let mut all = self.globals.clone();
        all.extend(self.verb.clone());
        if locked && !self.has(&["--locked", "--frozen"]) {
            all.push(String::from("--locked"));
        }
        all.extend(self.rest.iter().cloned());
        all
    }

    /// The same for a cargo behind the filter, which must reach the server: `--offline` is ours to keep.
    pub(crate) fn behind_filter(&self) -> (Vec<String>, Vec<String>) {
        let own = self.words().own;
        let before = self.globals.iter().filter_map(|option| online(option)).collect();
        let mut behind: Vec<String> = self.verb.iter().cloned().collect();
        behind.extend(self.rest.iter().take(own).filter_map(|option| online(option)));
        behind.extend(self.rest.iter().skip(own).cloned());
        (before, behind)
    }

    /// What `update` or `generate-lockfile` is to do; `None` for another command, or where not every word is understood.
    pub(crate) fn update(&self) -> Option<UpdateWords> {
        let words = self.words();
        let is_update = matches!(self.verb(), Some("update" | "generate-lockfile"));
        if !is_update || words.unknown.is_some() || words.own < self.rest.len() {
            return None;
        }
        let mut read = UpdateWords::default();
        read.specs.extend(words.plain.iter().map(|word| (*word).to_owned()));
        for (name, value) in &words.options {
            match (name.as_str(), value) {
                ("--package", Some(spec)) => read.specs.push((*spec).to_owned()),
                ("--precise", Some(version)) => read.precise = Some((*version).to_owned()),
                ("--recursive", _) => read.recursive = true,
                ("--workspace", _) => read.workspace = true,
                _ => read.options.extend(online(name).into_iter().chain(value.map(str::to_owned))),
            }
        }
        Some(read)
    }

    /// What `add` is to take from a registry: names and requirements, as they stand there.
    pub(crate) fn added(&self) -> Vec<(&str, Option<&str>)> {
        let words = self.words();
        let is_from_elsewhere = ["--git", "--path", "--base"].iter().any(|option| words.has(option));
        if self.verb() != Some("add") || is_from_elsewhere {
            return Vec::new();
        }
        let parts =
            words.plain.iter().map(|word| word.split_once('@').map_or((*word, None), |(name, req)| (name, Some(req))));
        parts.collect()
    }

    /// The registry that the command line names.
    pub(crate) fn registry(&self) -> Option<&str> {
        self.words().value("--registry")
    }

    /// The packages that are named one by one; `None` where the workspace is meant, or none is named.
    pub(crate) fn packages(&self) -> Option<Vec<&str>> {
        let words = self.words();
        let named: Vec<&str> = words.values("--package").collect();
        let is_wide = ["--workspace", "--all", "--exclude"].iter().any(|option| words.has(option));
        (!is_wide && !named.is_empty()).then_some(named)
    }

    /// The command under its full name.
    fn verb(&self) -> Option<&str> {
        let verb = self.verb.as_deref()?;
        Some(SHORT_COMMANDS.iter().find(|(short, _)| *short == verb).map_or(verb, |(_, full)| *full))
    }

    fn words(&self) -> Words<'_> {
        Words::read(self.verb().unwrap_or_default(), &self.rest)
    }
}

/// Whether cargo takes the word for a file to run and not for a command, as in its `is_manifest_command`.
fn is_script(word: &str) -> bool {
    let path = Utf8Path::new(word);
    path.components().count() > 1 || path.extension() == Some("rs")
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
    use std::process::Command;

    use super::words::{FLAGS, TRAILING, VALUED, Words, lists};
    use super::{Action, BUILDS, CommandLine, PASSES, RESOLVES};

    fn read(line: &str) -> CommandLine {
        CommandLine::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_command_is_found_behind_options() {
        let found = read("+nightly --color never -Z unstable-options build --release -- --offline");
        assert_eq!(found.toolchain.as_deref(), Some("nightly"));
        assert_eq!(found.verb.as_deref(), Some("build"));
        assert!(!found.has(&["--offline"]));
        assert_eq!(found.action(), Action::Builds);
        let line = "--color never -Z unstable-options build --locked --release -- --offline";
        assert_eq!(found.arguments(true).join(" "), line);
    }

    #[test]
    fn commands_are_told_apart() {
        for (line, action) in [
            ("add tokio", Action::Resolves),
            ("rm tokio", Action::Resolves),
            ("update", Action::Resolves),
            ("search x", Action::Passes),
            ("--version", Action::Passes),
            ("update --help", Action::Passes),
            ("build -vh", Action::Passes),
            ("install ripgrep", Action::Installs),
            ("install ripgrep --version 1", Action::Installs),
            ("install --list", Action::Passes),
            ("install --path .", Action::Builds),
            ("t", Action::Builds),
            ("clean", Action::Passes),
            ("clean --release", Action::Passes),
            ("clean -p bar", Action::Builds),
            ("clean -pbar", Action::Builds),
            ("publish --no-verify", Action::Builds),
            ("package --list", Action::Builds),
            ("info bar", Action::Builds),
            ("metadata --no-deps", Action::Passes),
            ("metadata", Action::Builds),
            ("clippy", Action::Unknown),
            // What an external subcommand does with it nobody knows.
            ("clippy --help", Action::Unknown),
            ("-Zscript tool.rs", Action::Script),
            ("./tool", Action::Script),
            ("run --manifest-path tool.rs", Action::Script),
        ] {
            assert_eq!(read(line).action(), action, "{line}");
        }
    }

    #[test]
    fn a_programs_words_are_not_cargos() {
        for line in [
            "run serve --help",
            "run --bin app serve --help",
            "run --bin=app serve -h",
            "run -p app serve --help",
            "run -qp app serve --help",
            "run -j 2 serve --help",
            "run -j -1 serve --help",
            "run --target x86_64-unknown-linux-gnu serve --help",
            "r -F a serve --help",
            "run -- --help",
            "rustc x --help",
            "test -- --help",
        ] {
            assert_eq!(read(line).action(), Action::Builds, "{line}");
        }
        for line in ["run --bin app --help", "run --release --help", "test name --help", "run --bin --help"] {
            assert_eq!(read(line).action(), Action::Passes, "{line}");
        }
        for line in ["run serve --locked", "run serve --offline", "run serve --frozen", "run -- --locked --offline"] {
            assert!(!read(line).has(&["--locked", "--frozen", "--offline"]), "{line}");
        }
        assert_eq!(read("run serve --manifest-path X").manifest_path(), None);
        assert_eq!(read("run --manifest-path X serve --manifest-path Y").manifest_path(), Some("X".into()));
        assert!(read("--locked run serve").has(&["--locked"]));
    }

    #[test]
    fn a_path_is_a_manifest_for_install_alone() {
        assert_eq!(read("add --path ../dep").manifest_path(), None);
        assert_eq!(read("install --path ../tool").manifest_path(), Some("../tool/Cargo.toml".into()));
        assert_eq!(
            read("clippy --manifest-path a/Cargo.toml -- -D warnings").manifest_path(),
            Some("a/Cargo.toml".into())
        );
    }

    #[test]
    fn what_the_command_line_configures_is_found() {
        assert_eq!(
            read("--config a=1 build --config b=2 --config=c=3 -- --config d=4").config(),
            ["a=1", "b=2", "c=3"]
        );
        assert!(read("run x --config a=1").config().is_empty());
    }

    #[test]
    fn an_option_of_tomorrow_hides_nothing() {
        let line = read("run --tomorrow value --manifest-path X");
        assert_eq!(line.unread(), Some("--tomorrow"));
        assert_eq!(read("run --tomorrow value --help").action(), Action::Builds);
        assert_eq!(read("run --tomorrow value").unread(), None);
    }

    #[test]
    fn offline_stays_with_us() {
        let (before, behind) = read("--offline add bar --frozen -- --offline").behind_filter();
        assert!(before.is_empty());
        assert_eq!(behind.join(" "), "add bar --locked -- --offline");
    }

    #[test]
    fn what_update_moves_is_read_whatever_the_order() {
        let words =
            read("update -n foo --precise 1.0 -p bar@2 --manifest-path x/Cargo.toml --offline -Zsomething").update();
        let words = words.unwrap_or_default();
        assert_eq!((words.specs.join(" "), words.precise.as_deref()), ("foo bar@2".to_owned(), Some("1.0")));
        assert_eq!(words.options.join(" "), "--dry-run --manifest-path x/Cargo.toml -Z something");
        assert_eq!(read("update --what foo").update(), None);
        assert_eq!(read("add foo").update(), None);
    }

    #[test]
    fn an_alias_keeps_its_options() {
        let mut line = read("--color never x serve");
        line.expand(&["--config".to_owned(), "a=1".to_owned(), "run".to_owned()]);
        assert_eq!(line.config(), ["a=1"]);
        assert_eq!(line.arguments(true).join(" "), "--color never --config a=1 run --locked serve");
    }

    /// Cargo's help lists every option that is stable in it, and shows which of them take a value.
    #[test]
    fn cargos_own_help_agrees() {
        let mut compared = 0;
        let mut wrong = Vec::new();
        for command in [&RESOLVES[..], &PASSES, &BUILDS, &["install"]].concat() {
            let help = Command::new(env!("CARGO")).args([command, "--help"]).env("CARGO_TERM_COLOR", "never").output();
            let help = help.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            if TRAILING.contains(&command) {
                assert!(help.contains("[OPTIONS] [ARGS]..."), "{command}: {help}");
            }
            for line in
                help.lines().map(str::trim_start).filter(|line| line.starts_with('-') && !line.starts_with("- "))
            {
                let usage = line.split("  ").next().unwrap_or_default();
                let valued = usage.contains('<');
                for option in usage.split([' ', ',', '.', '=', '[']).filter(|word| word.starts_with('-')) {
                    let words = [option.to_owned(), "value".to_owned()];
                    let read = Words::read(command, &words);
                    let taken = read.options.first().is_some_and(|(_, value)| value.is_some());
                    if (read.unknown, taken) != (None, valued) {
                        wrong.push(format!("{command}: {usage}"));
                    }
                    compared += 1;
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(compared > 400, "{compared}");
        assert!(VALUED.split(' ').all(|option| !lists(FLAGS, option)));
    }
}
