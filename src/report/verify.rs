//! What `verify` found, for people and for machines.

pub(crate) mod finding;
pub(crate) mod human;
pub(crate) mod json;
mod remedy;

use std::io::{self, Write};
use std::time::Duration;

use camino::Utf8Path;

use super::blocker;
use super::context::Verbosity;
use super::escape::terminal;
use super::print::{Tone, verb};
use crate::model::error_text::parted;
use crate::model::policy::{JudgedBy, Origin};
use crate::model::run::Invocation;
use crate::model::vendored::VendoredForm;
use crate::model::verification::{Note, Outside, Undecided, Verification};
use crate::model::way_around::{WayAround, WayKind};

/// Everything that a report of `verify` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VerifyReport<'a> {
    /// The outcome.
    pub verification: &'a Verification,
    /// How far the proof goes.
    pub proof: Proof<'a>,
    /// Whose policy says which sources are allowed.
    pub judged_by: JudgedBy<'a>,
    /// The workspace, whose files are named relative to it.
    pub root: &'a Utf8Path,
    /// How the approved sources are kept.
    pub form: VendoredForm,
    /// The vendored tree, as a reader would write it.
    pub folder: &'a Utf8Path,
    /// The lock file, as a reader would write it.
    pub locked: &'a Utf8Path,
    /// What ways out have to fit.
    pub situation: &'a Invocation,
    /// How long the run took, where that is to be told.
    pub elapsed: Option<Duration>,
}

impl<'a> VerifyReport<'a> {
    /// The whole id of the base's commit; `None` where there is no base, or it is a lock file.
    const fn base_commit(&self) -> Option<&'a str> {
        match self.judged_by {
            JudgedBy::Base { commit, .. } => Some(commit),
            JudgedBy::File(_) | JudgedBy::Defaults => None,
        }
    }
}

/// How far the proof goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof<'a> {
    /// Lock file, allow-list and tree agree with each other.
    Consistent,
    /// Moreover, every tree that the base does not have is its archive's.
    Changed {
        /// As `--base` names it.
        base: &'a str,
    },
    /// Moreover, every tree is its archive's.
    All,
}

/// What no file of a repository can prevent: code, and the sentence. The threat model says more.
pub(crate) const LIMITS: [(&str, &str); 3] = [
    (
        "working-directory",
        "a cargo started outside the workspace (`--manifest-path` from elsewhere) does not read its configuration and builds from \
         the download cache",
    ),
    ("other-verbs", "`cargo vendor` and `cargo install` do not build from the vendored sources"),
    ("build-scripts", "build scripts and procedural macros run with the user's rights and can download"),
];

/// The command that writes the approved sources anew, as it has to be typed for this place.
fn vendor_again(report: &VerifyReport<'_>) -> String {
    let folder = quoted(report.folder.as_str());
    match report.form {
        VendoredForm::Directory if report.folder == "vendor" => "cargo sequester vendor".to_owned(),
        VendoredForm::Directory => format!("cargo sequester vendor {folder}"),
        VendoredForm::LocalRegistry => format!("cargo sequester vendor --local-registry {folder}"),
    }
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) && !text.starts_with('-') {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A file, as a reader in the workspace would name it.
fn shown<'a>(path: &'a Utf8Path, root: &Utf8Path) -> &'a Utf8Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// Code and sentence of a note.
fn note(note: &Note, report: &VerifyReport<'_>) -> (&'static str, String) {
    let folder = report.folder;
    match note {
        Note::NoAttributes => (
            "no-attributes",
            format!("{folder}/.gitattributes is missing: a checkout that converts line ends would alter the sources"),
        ),
        Note::OtherAttributes => {
            ("other-attributes", format!("{folder}/.gitattributes is not the one that `cargo sequester vendor` writes"))
        }
        Note::Platforms { now, base } => {
            let list =
                |platforms: &[String]| if platforms.is_empty() { "all".to_owned() } else { platforms.join(", ") };
            let text = format!("the vendored sources are whole for {} now, and were for {}", list(now), list(base));
            ("platforms-changed", text)
        }
        Note::Yanked { id } => (
            "yanked",
            format!(
                "the index in {folder} calls {} yanked; cargo builds what is locked all the same",
                super::context::package_name(id)
            ),
        ),
        Note::Stopped(run) => ("stopped", format!("{run} was killed before it changed anything")),
        Note::ManifestsUnseen(packages) => {
            let names: Vec<String> = packages.iter().map(super::context::package_name).collect();
            let names = super::words::few(&names, 4);
            (
                "manifests-unseen",
                format!("what these ask was taken from the lock file, their manifests are not at hand: {names}"),
            )
        }
        Note::PoisonedCache { id, path } => (
            "poisoned-cache",
            format!(
                "{path} is not the archive of {id} that the lock file names, and was not used: something has altered cargo's download \
                 cache; remove this file"
            ),
        ),
    }
}

/// Code, sentence and way out of a blocker.
fn blocker(blocker: &Undecided) -> (&'static str, String, String) {
    let split = |text: &str| {
        let (message, help) = parted(text);
        (message.replace('\n', " "), help.unwrap_or("run the command again").replace('\n', " "))
    };
    match blocker {
        Undecided::WorkspaceUnread { cause } => {
            let (cause, _) = split(cause);
            ("workspace-unread", blocker::workspace_unread(&cause), blocker::MEND_WORKSPACE.to_owned())
        }
        Undecided::NoArchive { cause, .. } => {
            let (message, help) = split(cause);
            ("no-archive", message, help)
        }
        Undecided::GitTree { id, cause } => {
            let (cause, help) = split(cause);
            ("git-tree", format!("the tree of `{id}` could not be derived again from its commit: {cause}"), help)
        }
        Undecided::LockOutdated(discord) => (
            "lock-outdated",
            format!("the lock file does not answer the manifests: {}", blocker::disagreement(discord)),
            "cargo sequester update --workspace".to_owned(),
        ),
        Undecided::LockRefused { words } => (
            "lock-refused",
            format!("cargo does not take the lock file as it is: {}", blocker::in_one_line(words)),
            if blocker::is_amiss(words) { blocker::MEND_AMISS } else { "cargo sequester update --workspace" }
                .to_owned(),
        ),
        Undecided::LockUnproven { why } => {
            ("lock-unproven", blocker::unproven(why, None), "cargo sequester audit asks cargo as well".to_owned())
        }
        Undecided::Running(run) => (
            "running",
            format!("{run} is writing the vendored sources right now"),
            "run the command again when it is done".to_owned(),
        ),
        Undecided::Platform(error) => {
            let (message, help) = split(error);
            ("platform", format!("which packages may be stubs could not be worked out: {message}"), help)
        }
        Undecided::Config(error) => {
            let (message, help) = split(error);
            ("config", format!("cargo's configuration contradicts itself: {message}"), help)
        }
        Undecided::BuildOutput(error) => {
            let (message, help) = split(error);
            ("build-output-unknown", format!("whether git tracks this build output is not known: {message}"), help)
        }
        Undecided::SearchEnded { limit } => (
            "search-ended",
            format!(
                "there are more than {limit} files below the workspace, or more folders in it with a configuration than any project has, and the rest was not searched"
            ),
            "move what is not part of the workspace out of it".to_owned(),
        ),
    }
}

/// What lies outside, in words: its kind, and the sentence.
fn outside(outside: &Outside) -> (&'static str, String) {
    use crate::model::source::Source;
    let (id, place) = (super::context::package_name(&outside.id), outside.folder.as_deref());
    match (&outside.id.source, place) {
        (Source::Local, Some(folder)) if outside.other_repository => {
            ("path", format!("{id} is built from {folder}, which is another repository's"))
        }
        (Source::Local, Some(folder)) => ("path", format!("{id} is built from {folder}, outside the workspace")),
        (Source::Local, None) => ("path", format!("{id} is built from a folder that cargo does not tell")),
        (Source::Git(_), _) => ("git", format!("{id} is built from its git repository")),
        (Source::Registry(_), _) => ("registry", format!("{id} is built from its registry")),
        (Source::Other(_), _) => ("other", format!("{id} is built from a kind of source that is not known")),
    }
}

/// Where a way stands: `.cargo/config.toml:3`, or the variable's name.
fn way_place(way: &WayAround, root: &Utf8Path) -> String {
    match &way.origin {
        Origin::File { path, line, .. } if names_whole_file(way.kind) => {
            debug_assert_eq!(*line, 1, "a whole file stands from its first line");
            format!("{}:{line}", shown(path, root))
        }
        Origin::File { path, line, .. } => format!("{}:{line}", shown(path, root)),
        Origin::Environment(name) => name.clone(),
        origin @ (Origin::Default | Origin::Flag) => origin.to_string(),
    }
}

const fn names_whole_file(kind: WayKind) -> bool {
    matches!(
        kind,
        WayKind::LegacyConfig
            | WayKind::OtherLockFile
            | WayKind::LockFileGone
            | WayKind::Submodule
            | WayKind::LinkOut
            | WayKind::UntrackedSource
            | WayKind::BuildOutput
    )
}

/// The sentence, with the place at its start.
fn way_sentence(way: &WayAround, root: &Utf8Path) -> String {
    let setting = match &way.origin {
        Origin::File { key, .. } if !key.is_empty() && !way.value.is_empty() => {
            format!("`{key}` = `{}`: ", way.shown())
        }
        Origin::File { key, .. } if !key.is_empty() => format!("`{key}`: "),
        Origin::Environment(_) if !way.value.is_empty() => format!("`{}`: ", way.shown()),
        Origin::File { .. } | Origin::Environment(_) | Origin::Default | Origin::Flag => String::new(),
    };
    format!("{}: {setting}{}", way_place(way, root), way_effect(way.kind))
}

/// What it does.
pub(in crate::report) const fn way_effect(kind: WayKind) -> &'static str {
    match kind {
        WayKind::Paths => "cargo builds these folders in the place of packages, even with `--locked`",
        WayKind::ConfigPatch => "other code takes the place of a package, and no manifest shows it",
        WayKind::PatchOutside => "code from outside the workspace takes the place of a package",
        WayKind::ManifestPatch => "other code takes the place of a package",
        WayKind::SourceOverride => "sources are taken from elsewhere than the vendored folder",
        WayKind::OtherSource => "a source that is not vendored is taken from another place",
        WayKind::VendoredPlace => "the vendored sources are taken from this place",
        WayKind::LegacyConfig => "cargo reads this file and passes over the `config.toml` beside it",
        WayKind::LockfilePath => "cargo builds by another lock file than the one that was verified",
        WayKind::OtherLockFile => "the lock file of another workspace, which was not verified",
        WayKind::LockFileGone => "what another workspace is built from is locked by nothing any more",
        WayKind::Submodule => "what lies there is another repository's, and nobody has judged it",
        WayKind::LinkOut => "what lies there is in no commit of this repository",
        WayKind::UntrackedSource => "which is in no commit of this repository",
        WayKind::Program => "this program runs in the place of the compiler or a tool of it, or around it",
        WayKind::Runner => "this program runs what was built",
        WayKind::Flags => "arguments that the compiler gets",
        WayKind::LinksOverride => "stands in for what a build script says of a native library",
        WayKind::CredentialProvider => "this program is asked for registry tokens",
        WayKind::SequesterAlias => "`cargo sequester` runs something else than this program",
        WayKind::BuiltinAlias => "has the name of one of cargo's own commands; cargo ignores it",
        WayKind::AliasOptions => "brings a configuration, a lock file, a folder or unstable options of its own",
        WayKind::AliasManifest => "builds another manifest of the repository, with its own lock file",
        WayKind::AliasInstall => "installs a program, for which no lock file here counts",
        WayKind::EnvOverride => {
            "sets a variable by which the compiler, a nested cargo or the loader does something else"
        }
        WayKind::EnvTable => "sets a variable for the compiler, build scripts and what is run",
        WayKind::BuildOutput => "git tracks build output, which cargo runs without building it anew",
        WayKind::TargetDir => "build output is taken from this folder of the repository",
        WayKind::ToolchainPath => "rustup runs cargo itself and the compiler from this folder",
        WayKind::IndexWay => {
            "registries are asked through it or believed by it, and what they say of a release's age with them"
        }
        WayKind::FetchCheck => "says what is checked where something is fetched, or which program fetches it",
    }
}

/// A command that is about to be run sealed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealing<'a> {
    /// Cargo's verb.
    pub command: &'a str,
    /// Whether it and all that it starts are without a network.
    pub network: bool,
    /// Where the build output stays, if anywhere.
    pub target: Option<&'a Utf8Path>,
}

/// Writes one line, and another one where the network could not be cut off.
///
/// # Errors
/// The writer's.
pub(crate) fn sealed(told: &Sealing<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    if !told.network {
        let text = "build scripts can use the network: this system has, or allows, no network namespaces (`unshare`)";
        writeln!(out, "{} {text}", verb(Tone::Caution, "Warning"))?;
    }
    if verbosity == Verbosity::Quiet {
        return Ok(());
    }
    let network = if told.network { ", without a network" } else { "" };
    let output = match told.target {
        Some(folder) => format!("its output stays in {folder}"),
        None => "its output is removed afterwards".to_owned(),
    };
    let text = format!(
        "cargo {}: no configuration but the vendored sources, empty home and target folder, clean environment{network}; {output}",
        told.command
    );
    writeln!(out, "{} {}", verb(Tone::Good, "Sealed"), terminal(&text))
}
