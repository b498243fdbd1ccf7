//! `verify --sealed`: runs a cargo command where what was just proven holds by construction. Its cargo reads no configuration but the
//! source replacement, has an empty home and target folder, an environment of a few plain variables, and, where the system can, no
//! network, nor have the build scripts and tests that it runs.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use toml::{Table, Value};

use crate::cli::Cli;
use crate::command::outcome::{CommandError, Outcome, SealedError};
use crate::command::output;
use crate::files::Errand;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::clean_place::CleanPlace;
use crate::gather::environment::Environment;
use crate::model::source::{Registry, Source};
use crate::model::vendored::{VendoredForm, VendoredPlace};
use crate::report::verify::{Sealing, sealed};
use crate::resolve::Interrupts;

/// What a sealed cargo can be asked for: what builds or reads, and writes nothing but build output.
const VERBS: [&str; 15] =
    ["build", "b", "check", "c", "test", "t", "bench", "run", "r", "doc", "d", "rustc", "rustdoc", "tree", "metadata"];
/// Options that would bring something in from elsewhere.
const FOREIGN: [&str; 4] = ["--config", "--manifest-path", "--lockfile-path", "--artifact-dir"];
/// What a build may know of the machine; everything else is left out.
const KEPT: [&str; 19] = [
    "TERM",
    "LANG",
    "LC_ALL",
    "TZ",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "CARGO_TERM_COLOR",
    "NO_COLOR",
    "SystemRoot",
    "SystemDrive",
    "windir",
    "ComSpec",
    "PATHEXT",
    "ProgramData",
    "ProgramFiles",
    "ProgramFiles(x86)",
    "CommonProgramFiles",
    "PROCESSOR_ARCHITECTURE",
    "NUMBER_OF_PROCESSORS",
];
/// Where the program that makes a network of its own lies; never whichever the path names first.
const UNSHARE: [&str; 2] = ["/usr/bin/unshare", "/bin/unshare"];
/// The ways to ask it: as the user that we are, as one that is called root inside, as root.
const NETWORKS: [&[&str]; 3] =
    [&["--user", "--map-current-user", "--net", "--"], &["--user", "--map-root-user", "--net", "--"], &["--net", "--"]];

/// A cargo command that may be run sealed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SealedCommand {
    verb: String,
    options: Vec<String>,
    /// Where the user wants the build output.
    target: Option<Utf8PathBuf>,
}

impl SealedCommand {
    /// Reads a command line behind `cargo`.
    pub(super) fn read(words: &[String]) -> Result<Self, SealedError> {
        let (verb, rest) = words.split_first().map_or(("", &[][..]), |(verb, rest)| (verb.as_str(), rest));
        if !VERBS.contains(&verb) {
            return Err(SealedError::Verb { verb: verb.to_owned() });
        }
        let mut read = Self { verb: verb.to_owned(), options: Vec::new(), target: None };
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                read.options.push(word.clone());
                break;
            }
            let (option, value) =
                word.split_once('=').map_or((word.as_str(), None), |(option, value)| (option, Some(value)));
            if FOREIGN.contains(&option) || option.starts_with("-Z") || option.starts_with("-C") {
                return Err(SealedError::Option { option: option.to_owned() });
            }
            if option == "--target-dir" {
                let value = value.map(str::to_owned).or_else(|| words.next().cloned()).unwrap_or_default();
                read.target = Some(value.into());
            } else {
                read.options.push(word.clone());
            }
        }
        read.options.extend(words.cloned());
        Ok(read)
    }

    fn arguments(&self, manifest: &Utf8Path) -> Vec<String> {
        let ours = |option: &&str| {
            !self.options.iter().take_while(|word| *word != "--").any(|word| word == option || word == "--frozen")
        };
        let mut arguments = vec![self.verb.clone()];
        arguments.extend(["--locked", "--offline"].into_iter().filter(ours).map(str::to_owned));
        arguments.extend(["--manifest-path".to_owned(), manifest.to_string()]);
        arguments.extend(self.options.iter().cloned());
        arguments
    }
}

/// What the sealed cargo is given.
pub(super) struct Sealed<'a> {
    pub(super) root: &'a Utf8Path,
    pub(super) place: &'a VendoredPlace,
    pub(super) sources: &'a BTreeSet<Source>,
    pub(super) config: &'a CargoConfig,
    pub(super) environment: &'a Environment,
}

impl Sealed<'_> {
    /// Runs it; the outcome is cargo's.
    pub(super) fn run(&self, cli: &Cli, command: &SealedCommand) -> Result<Outcome, CommandError> {
        let toolchain = self.toolchain()?;
        let place = CleanPlace::make(Errand::Sealed).map_err(SealedError::from)?;
        let [home, user, temporary] =
            ["cargo-home", "home", "tmp"].map(|name| place.folder(name).map_err(SealedError::from));
        let (home, user, temporary) = (home?, user?, temporary?);
        let target = self.target(command, &place)?;
        place.write("cargo-home/config.toml", &self.configuration()?).map_err(SealedError::from)?;
        let network = network();
        let told = Sealing { command: &command.verb, network: network.is_some(), target: command.target.as_deref() };
        output::print_aside(cli, |out| sealed(&told, output::verbosity(cli), out))?;

        let cargo = toolchain.join(program("cargo"));
        let mut run = match &network {
            Some((unshare, options)) => {
                let mut run = Command::new(unshare);
                run.args(*options).arg(&cargo);
                run
            }
            None => Command::new(&cargo),
        };
        run.args(command.arguments(&self.root.join("Cargo.toml"))).current_dir(place.path()).env_clear();
        for name in KEPT {
            run.envs(self.environment.get(name).map(|value| (name, value)));
        }
        run.envs([
            ("PATH", self.path(&toolchain).as_str()),
            ("CARGO_HOME", home.as_str()),
            ("CARGO_TARGET_DIR", target.as_str()),
            ("HOME", user.as_str()),
            ("USERPROFILE", user.as_str()),
            ("TMPDIR", temporary.as_str()),
            ("TEMP", temporary.as_str()),
            ("TMP", temporary.as_str()),
            ("RUSTC", toolchain.join(program("rustc")).as_str()),
            ("RUSTDOC", toolchain.join(program("rustdoc")).as_str()),
        ]);
        // A signal ends cargo and not this program, which has a folder to take away.
        let interrupts = Interrupts::listen();
        let not_run = |source| SealedError::NotRun { program: cargo.to_string(), source };
        let mut child = run.spawn().map_err(not_run)?;
        interrupts.set_child(Some(child.id()));
        let status = child.wait().map_err(not_run)?;
        interrupts.set_child(None);
        Ok(Outcome::Cargo(code(status)))
    }

    /// The folder of the programs that a cargo started in the workspace would use: those beside `$CARGO`, which started us, or those of the
    /// toolchain that the workspace chooses. That no file of the repository brings one along was just proven.
    fn toolchain(&self) -> Result<Utf8PathBuf, SealedError> {
        let beside = self.environment.get("CARGO").map(Utf8Path::new).and_then(Utf8Path::parent);
        if let Some(folder) = beside.filter(|folder| folder.is_absolute() && folder.join(program("rustc")).is_file())
            && !folder.starts_with(self.root)
            && self.environment.cargo_home().join("bin") != folder
        {
            return Ok(folder.to_owned());
        }
        let mut ask = Command::new("rustc");
        ask.args(["--print", "sysroot"]).current_dir(self.root).env_clear().envs(self.environment.iter());
        let said =
            ask.stdin(Stdio::null()).output().map_err(|error| SealedError::NoToolchain { cause: error.to_string() })?;
        let sysroot = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        let folder = Utf8PathBuf::from(&sysroot).join("bin");
        if said.status.success() && folder.is_absolute() && folder.join(program("cargo")).is_file() {
            return Ok(folder);
        }
        let cause = String::from_utf8_lossy(&said.stderr).lines().next().unwrap_or("it has no cargo").to_owned();
        Err(SealedError::NoToolchain { cause })
    }

    /// Those of the user that are absolute and lie outside of the workspace, behind the toolchain.
    fn path(&self, toolchain: &Utf8Path) -> String {
        let separator = if cfg!(windows) { ';' } else { ':' };
        let given = self.environment.get("PATH").unwrap_or_default().split(separator);
        let outside = given.filter(|folder| {
            let folder = Utf8Path::new(folder);
            folder.is_absolute() && !folder.starts_with(self.root)
        });
        let all: Vec<&str> = [toolchain.as_str()].into_iter().chain(outside).collect();
        all.join(&separator.to_string())
    }

    fn target(&self, command: &SealedCommand, place: &CleanPlace) -> Result<Utf8PathBuf, SealedError> {
        let Some(wanted) = &command.target else { return Ok(place.folder("target")?) };
        let path = self.environment.current_dir().join(wanted);
        std::fs::create_dir_all(&path)?;
        if path.read_dir()?.next().is_some() {
            return Err(SealedError::TargetNotEmpty { path });
        }
        Ok(path)
    }

    /// The source replacement and the names of registries, and nothing else of any file.
    fn configuration(&self) -> Result<String, CommandError> {
        const NAME: &str = "sequestered";
        let text = |text: &str| Value::String(text.to_owned());
        let key = match self.place.form {
            VendoredForm::Directory => "directory",
            VendoredForm::LocalRegistry => "local-registry",
        };
        let mut sources = Table::new();
        let mut add = |name: &str, keys: &[(&str, &str)]| {
            let keys = keys.iter().map(|(key, value)| ((*key).to_owned(), text(value)));
            sources.insert(name.to_owned(), Value::Table(keys.collect()));
        };
        add(NAME, &[(key, self.place.path.as_str())]);
        add("crates-io", &[("replace-with", NAME)]);
        for source in self.sources {
            let with = ("replace-with", NAME);
            match source {
                Source::Registry(Registry::Sparse(_)) => {
                    add(&source.to_string(), &[("registry", &source.to_string()), with]);
                }
                Source::Registry(Registry::Git(url)) => add(&source.to_string(), &[("registry", url), with]),
                Source::Git(git) => {
                    let wanted = git.wanted();
                    let keys = [("git", &*git.url), with].into_iter().chain(wanted.setting());
                    add(&source.to_string(), &keys.collect::<Vec<_>>());
                }
                Source::Registry(Registry::CratesIo) | Source::Local | Source::Other(_) => {}
            }
        }
        let mut registries = Table::new();
        for registry in self.config.registries()? {
            let Some((_, index)) = registry.index_variable() else { continue };
            registries.insert(registry.name, Value::Table([("index".to_owned(), text(&index))].into_iter().collect()));
        }
        let net = Table::from_iter([("offline".to_owned(), Value::Boolean(true))]);
        let whole = [("source", sources), ("registries", registries), ("net", net)];
        let whole: Table = whole.into_iter().map(|(key, table)| (key.to_owned(), Value::Table(table))).collect();
        Ok(whole.to_string())
    }
}

/// What runs a program in a network namespace that reaches nothing, where this system has such a thing and allows it.
fn network() -> Option<(&'static str, &'static [&'static str])> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let unshare = UNSHARE.into_iter().find(|path| Utf8Path::new(path).is_file())?;
    let works = |options: &&&'static [&'static str]| {
        let mut probe = Command::new(unshare);
        probe.args(**options).arg("true").env_clear().env("PATH", "/usr/bin:/bin");
        probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    NETWORKS.iter().find(works).map(|options| (unshare, *options))
}

fn program(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

fn code(status: std::process::ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101)
}

#[cfg(test)]
mod tests {
    use super::{SealedCommand, SealedError};

    fn read(line: &str) -> Result<SealedCommand, SealedError> {
        SealedCommand::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_builds_and_leads_nowhere_else_is_run() {
        for line in ["install x", "update", "xtask", "--config x build", "+nightly build", "vendor", "fix"] {
            assert!(matches!(read(line), Err(SealedError::Verb { .. })), "{line}");
        }
        for line in [
            "build --config x",
            "build --config=x",
            "run -Zx",
            "test --manifest-path ../x",
            "b -C x",
            "c --lockfile-path x",
        ] {
            assert!(matches!(read(line), Err(SealedError::Option { .. })), "{line}");
        }
    }

    #[test]
    fn what_stands_behind_two_dashes_is_the_programs() {
        let read = read("run --release --target-dir=out -- --config x").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read.target.as_deref().map(camino::Utf8Path::as_str), Some("out"));
        let line = read.arguments("/p/Cargo.toml".into()).join(" ");
        assert_eq!(line, "run --locked --offline --manifest-path /p/Cargo.toml --release -- --config x");
    }
}
