//! `completions`: the script by which a shell asks this program for words, and the words.
//!
//! What is asked at every TAB must be quick and quiet: the lock file and advisories that lie on this machine are read within their bounds, no
//! program is started, no registry is asked, and where anything is wrong there is nothing to offer.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{self, ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use semver::Version;

use super::outcome::{CommandError, Outcome};
use super::output;
use crate::cli::{self, Shell};
use crate::gather::advisory_db::{self, AdvisoryRequest, Memory};
use crate::gather::environment::Environment;
use crate::gather::index::{self, IndexMode};
use crate::gather::{clock, lock_file, policy_file};
use crate::model::facts::{AdvisoryFact, IndexFact};
use crate::model::package::{Package, PackageId};
use crate::model::source::Source;
use crate::model::trail::Kind;
use crate::policy::advisory;
use crate::project::POLICY_FILE;

/// By this variable a script says which shell asks.
const VARIABLE: &str = "CARGO_SEQUESTER_COMPLETE";
const PROGRAM: &str = "cargo-sequester";
/// So far up a lock file is looked for.
const DEEPEST: usize = 64;

/// Prints the script of a shell.
pub(super) fn run(arguments: &cli::Completions) -> Result<Outcome, CommandError> {
    let script = script(arguments.shell).map_err(CommandError::Output)?;
    output::report_verbatim(&script)?;
    Ok(Outcome::Approved)
}

fn script(shell: Shell) -> std::io::Result<Vec<u8>> {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell.as_str()) {
        completer.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    }
    script.extend_from_slice(behind_cargo(shell).as_bytes());
    Ok(script)
}

/// What binds `cargo sequester` too, where the shell lets several have their say.
const fn behind_cargo(shell: Shell) -> &'static str {
    match shell {
        Shell::Zsh => {
            "\n# Cargo's own completion calls this for `cargo sequester`.\n\
             function _cargo-sequester() {\n    words[1]=cargo-sequester\n    _clap_dynamic_completer_cargo_sequester\n}\n"
        }
        Shell::Fish => {
            "complete --keep-order --exclusive --command cargo --condition '__fish_seen_subcommand_from sequester' \
             --arguments \"(CARGO_SEQUESTER_COMPLETE=fish cargo-sequester -- \
             (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))\"\n"
        }
        Shell::Bash | Shell::PowerShell | Shell::Elvish => "",
    }
}

/// The words that a shell asks for; `None` where none does. A script calls us with `--` in the place of a verb, which nobody types: the
/// variable alone must never turn a run that judges into one that ends well.
pub(super) fn asked(arguments: &[OsString]) -> Option<Vec<u8>> {
    let (_, rest) = arguments.split_first()?;
    let (dashes, words) = rest.split_first()?;
    if dashes != "--" {
        return None;
    }
    let environment = Environment::read().ok()?;
    let shell = environment.get(VARIABLE)?.to_owned();
    Some(candidates(&shell, words.to_vec(), &environment).unwrap_or_default())
}

fn candidates(shell: &str, mut words: Vec<OsString>, environment: &Environment) -> Option<Vec<u8>> {
    let shells = Shells::builtins();
    let shell = shells.completer(shell)?;
    // `cargo sequester audit` is `cargo-sequester audit`.
    if words.get(1).is_some_and(|word| word == "sequester") {
        words.remove(0);
    }
    let ground = Arc::new(Ground::of(&words, environment));
    let mut grammar = with_candidates(cli::grammar(), &ground);
    let folder = Some(environment.current_dir().as_std_path());
    if shell.name() == "bash" && words.iter().any(|word| word == "@") {
        return in_pieces(&mut grammar, words, environment);
    }
    let mut out = Vec::new();
    shell.write_complete(&mut grammar, words, folder, &mut out).ok()?;
    Some(out)
}

/// Bash breaks words at `@`, and wants back no more than the last piece.
fn in_pieces(grammar: &mut Command, words: Vec<OsString>, environment: &Environment) -> Option<Vec<u8>> {
    let mut index: usize = environment.get("_CLAP_COMPLETE_INDEX")?.parse().ok()?;
    let mut joined: Vec<OsString> = Vec::new();
    let mut open = false;
    let mut before = String::new();
    for (at, word) in words.into_iter().enumerate() {
        let is_mark = word == "@";
        match joined.last_mut().filter(|_| is_mark || open) {
            Some(last) => {
                if at <= index {
                    last.to_str()?.clone_into(&mut before);
                }
                last.push(&word);
            }
            None => joined.push(word),
        }
        open = is_mark;
    }
    index = index.min(joined.len().checked_sub(1)?);
    let current = joined.get(index)?.to_str()?.to_owned();
    let cut = current.rfind('@').map_or(0, |at| at + 1);
    let folder = Some(environment.current_dir().as_std_path());
    let found = engine::complete(grammar, joined, index, folder).ok()?;
    let pieces = found.iter().filter_map(|one| one.get_value().to_str()?.get(cut..));
    Some(pieces.collect::<Vec<_>>().join(environment.get("_CLAP_IFS").unwrap_or("\n")).into_bytes())
}

/// The grammar with what stands in the place of `SPEC` and its like.
fn with_candidates(grammar: Command, ground: &Arc<Ground>) -> Command {
    let verbs: Vec<String> = grammar.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    verbs.into_iter().fold(grammar, |grammar, verb| {
        grammar.mut_subcommand(verb, |verb| verb.mut_args(|argument| offering(argument, ground)))
    })
}

fn offering(argument: Arg, ground: &Arc<Ground>) -> Arg {
    let name = argument.get_value_names().and_then(|names| names.first()).map(std::string::ToString::to_string);
    let offer = |ask: fn(&Ground, &str) -> Vec<CompletionCandidate>| {
        let ground = Arc::clone(ground);
        ArgValueCompleter::new(move |typed: &OsStr| {
            let typed = typed.to_str();
            let all = typed.map(|typed| ask(&ground, typed)).unwrap_or_default();
            all.into_iter().filter(|one| typed.is_some_and(|typed| starts_with(one, typed))).collect()
        })
    };
    match name.as_deref() {
        Some("SPEC") => argument.add(offer(Ground::specs)),
        // Of an option it is a person's.
        Some("NAME") if argument.is_positional() => argument.add(offer(Ground::specs)),
        Some("ADVISORY") => argument.add(offer(Ground::advisories)),
        Some("SPEC|ID" | "SPEC|ID|FILE") => argument.add(offer(|ground, typed| {
            let mut all = ground.specs(typed);
            all.extend(ground.advisories(typed));
            all
        })),
        Some("VERSION") => argument.add(offer(Ground::versions)),
        Some("KIND") => argument
            .add(offer(|_, _| Kind::ALL.iter().map(|kind| kind.as_str()).map(CompletionCandidate::new).collect())),
        Some("TRIPLE|all" | "TARGET") => argument.add(offer(Ground::targets)),
        Some("VERB") => argument.add(offer(|_, _| {
            cli::grammar().get_subcommands().map(|verb| CompletionCandidate::new(verb.get_name())).collect()
        })),
        Some("DIR") => argument.value_hint(ValueHint::DirPath),
        Some("PATH" | "PATH|URL" | "REF|LOCKFILE" | "FILE") => argument.value_hint(ValueHint::AnyPath),
        Some(_) | None => argument,
    }
}

fn starts_with(candidate: &CompletionCandidate, typed: &str) -> bool {
    candidate.get_value().to_str().is_some_and(|value| value.starts_with(typed))
}

/// The project in which words are completed.
#[derive(Debug)]
struct Ground {
    lock_path: Option<Utf8PathBuf>,
    environment: Environment,
    /// What is on the command line.
    words: Vec<OsString>,
}

impl Ground {
    /// The lock file that the words name, or the nearest upwards.
    fn of(words: &[OsString], environment: &Environment) -> Self {
        let value = |option: &str| -> Option<Utf8PathBuf> {
            let at = words.iter().position(|word| word == option)?;
            Some(environment.current_dir().join(words.get(at + 1)?.to_str()?))
        };
        let lock_path = value("--lockfile").or_else(|| {
            let manifest = value("--manifest-path");
            let start = manifest.as_deref().and_then(Utf8Path::parent).unwrap_or(environment.current_dir());
            start.ancestors().take(DEEPEST).map(|folder| folder.join("Cargo.lock")).find(|path| path.is_file())
        });
        Self { lock_path, environment: environment.clone(), words: words.to_vec() }
    }

    fn packages(&self) -> Vec<Package> {
        let lock = self.lock_path.as_deref().and_then(|path| lock_file::read(path).ok());
        lock.map(|lock| lock.packages).unwrap_or_default()
    }

    /// The packages that are locked, by name; with the version where the name does not tell them apart, or as soon as one is begun.
    fn specs(&self, typed: &str) -> Vec<CompletionCandidate> {
        let packages = self.packages();
        let mut names: BTreeMap<&str, BTreeSet<&Version>> = BTreeMap::new();
        for PackageId { name, version, source } in packages.iter().map(|package| &package.id) {
            // What a shell gets is put on a command line as it is.
            if *source != Source::Local && is_plain(name) {
                names.entry(name).or_default().insert(version);
            }
        }
        let mut all = Vec::new();
        for (name, versions) in names {
            if versions.len() > 1 || typed.contains('@') {
                all.extend(versions.iter().map(|version| CompletionCandidate::new(format!("{name}@{version}"))));
            } else {
                let version = versions.first().map(|version| version.to_string().into());
                all.push(CompletionCandidate::new(name).help(version));
            }
        }
        all
    }

    /// The versions of the crate that the command line names before: those of the index in cargo's cache, newest first, else those locked.
    fn versions(&self, _: &str) -> Vec<CompletionCandidate> {
        let packages = self.packages();
        let named = |word: &OsString| {
            let word = word.to_str()?.split('@').next()?;
            packages.iter().find(|package| *package.id.name == *word).and_then(|package| package.id.crate_id())
        };
        let Some(crate_id) = self.words.iter().find_map(named) else { return Vec::new() };
        let read = index::read(
            &BTreeSet::from([crate_id.clone()]),
            &BTreeMap::new(),
            &self.environment.cargo_home(),
            IndexMode::Offline,
            &mut |_, _| {},
        );
        let mut versions: BTreeSet<Version> = match read.index.get(&crate_id) {
            Some(IndexFact::Read(history)) => history.outlines().map(|outline| outline.version.clone()).collect(),
            Some(IndexFact::Gone | IndexFact::Unavailable(_)) | None => BTreeSet::new(),
        };
        let locked = packages.iter().filter(|package| package.id.crate_id().as_ref() == Some(&crate_id));
        versions.extend(locked.map(|package| package.id.version.clone()));
        versions.iter().rev().map(|version| CompletionCandidate::new(version.to_string())).collect()
    }

    /// `all`, and the platforms that an installed toolchain builds for.
    fn targets(&self, _: &str) -> Vec<CompletionCandidate> {
        let home = self.environment.get("HOME").map(|home| Utf8Path::new(home).join(".rustup"));
        let Some(rustup) = self.environment.get("RUSTUP_HOME").map(Utf8PathBuf::from).or(home) else {
            return Vec::new();
        };
        let below = |folder: Utf8PathBuf| folder.read_dir_utf8().into_iter().flatten().flatten();
        let mut triples: BTreeSet<String> = BTreeSet::from(["all".to_owned()]);
        for toolchain in below(rustup.join("toolchains")) {
            let targets = below(toolchain.path().join("lib/rustlib"));
            let built_for = targets.filter(|target| target.path().join("lib").is_dir());
            triples.extend(built_for.map(|target| target.file_name().to_owned()).filter(|name| is_plain(name)));
        }
        triples.into_iter().map(CompletionCandidate::new).collect()
    }

    /// The advisories that the policy ignores, and those that hit what is locked.
    fn advisories(&self, _: &str) -> Vec<CompletionCandidate> {
        let Some(folder) = self.lock_path.as_deref().and_then(Utf8Path::parent) else { return Vec::new() };
        let file = policy_file::read(&folder.join(POLICY_FILE)).unwrap_or_default();
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for ignore in &file.policy().advisories.ignore {
            ids.insert(ignore.id.to_string(), "ignored by the policy".to_owned());
        }
        let packages = self.packages();
        let names = packages.iter().map(|package| Arc::clone(&package.id.name)).collect();
        // Where git would have to be started, nothing is offered.
        let db = file.policy().advisories.db.as_deref().filter(|db| !db.starts_with("git+"));
        let read = db.map(|db| {
            advisory_db::read(&AdvisoryRequest {
                db,
                base: folder,
                crates: Some(&names),
                memory: Memory::default(),
                cargo_home: &self.environment.cargo_home(),
                network: None,
                now: clock::now(),
                environment: &self.environment,
            })
        });
        if let Some(fact @ AdvisoryFact::Read(_)) = read.as_ref().map(|read| &read.fact) {
            for package in &packages {
                let Some(crate_id) = package.id.crate_id() else { continue };
                for hit in advisory::hits(fact, &crate_id, &package.id.version) {
                    ids.entry(hit.id.to_string()).or_insert_with(|| package.id.name.to_string());
                }
            }
        }
        let plain = ids.into_iter().filter(|(id, about)| is_plain(id) && about.chars().all(|one| !one.is_control()));
        plain.map(|(id, about)| CompletionCandidate::new(id).help(Some(about.into()))).collect()
    }
}

/// Whether a word is nothing but itself for every shell.
fn is_plain(word: &str) -> bool {
    !word.starts_with('-') && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
