//! The last decision that approved a project's lock file, so that the very same question need not be asked twice.
//!
//! It says no more than "with exactly these inputs all was approved, until then". It lies in the user's own folder below cargo's home, which
//! no repository can carry, is written for nothing but a whole approval, and falls with whatever the decision stood on: the lock file, every
//! manifest, the policy with its approvals, the audit trail, cargo's configuration and variables, the command line, the copy of the
//! advisories, this program. What was digested before the project was read and again after the decision must be the same, so that no file
//! can have been exchanged between reading and remembering. It lasts an hour at most, since nobody asks the registries meanwhile, and
//! no longer than [`lasts_until`] says. Only what runs cargo on a lock file as it is may believe it: never what proves, publishes or
//! compares.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::gathering::Decision;
use super::open::Project;
use super::request::{Request, Which};
use super::trail;
use crate::files::Replacement;
use crate::files::names::in_cargo_home;
use crate::files::regular::{self, Links};
use crate::gather::advisory_db::{self, LocalCopy};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::git;
use crate::gather::workspace::Workspace;
use crate::model::checksum::Checksum;
use crate::model::facts::AdvisoryFact;
use crate::policy::evaluate::lasts_until;

/// The form of the file; another one is not believed.
const SCHEMA: u32 = 1;
/// For so long, at most, the registries are not asked again.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// A file that is older than this is of no use to anybody.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);
/// The most bytes of the file: a line for each manifest.
const LIMIT: u64 = 8 << 20;
/// The most bytes of one input.
const LARGEST: u64 = 64 << 20;
/// The most entries of a folder and those below it.
const MOST: usize = 100_000;

/// The variables that cargo, rustup or this program read begin so, or are called so.
const VARIABLES: [&str; 16] = [
    "CARGO",
    "RUST",
    "SEQUESTER",
    "GIT_",
    "HTTP",
    "http",
    "HTTPS",
    "https",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "HOME",
    "USERPROFILE",
    "PATH",
    "PWD",
];

/// A question that may have been answered before, and where the answer would lie.
#[derive(Debug)]
pub(crate) struct Question {
    file: Utf8PathBuf,
    digest: String,
}

/// The files that a decision was made from, with their digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InputDigests(BTreeMap<Utf8PathBuf, Held>);

/// What was found in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    how: How,
    digest: Option<String>,
}

/// How a place is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum How {
    /// A file's bytes; no digest where there is none.
    Bytes,
    /// Which of a folder's folders have a manifest: a pattern of members could take them in.
    Members,
    /// Name, size and times of everything below a folder, which a change cannot keep.
    Tree,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    schema: u32,
    question: String,
    made: Timestamp,
    until: Timestamp,
    members: BTreeSet<Utf8PathBuf>,
    inputs: InputDigests,
}

impl Question {
    /// What is asked; `None` where no answer to it may be remembered: a moment of the caller's, a base, a project elsewhere, or a cache that
    /// lies where a repository could bring it along.
    pub(crate) fn of(
        request: &Request,
        toolchain: Option<&str>,
        config: &CargoConfig,
        environment: &Environment,
    ) -> Option<Self> {
        let here = environment.current_dir();
        if request.judge.now.is_some() || request.judge.base.is_some() || !matches!(request.which, Which::Here) {
            return None;
        }
        let folder = in_cargo_home(&environment.cargo_home(), "decisions");
        if may_be_carried(&folder, here) {
            return None;
        }
        let mut digest = Sha256::new();
        let mut say = |text: &str| {
            digest.update(text.len().to_le_bytes());
            digest.update(text.as_bytes());
        };
        say(env!("CARGO_PKG_VERSION"));
        say(&own_program()?);
        say(&format!("{:?}", Request { quiet: false, ..request.clone() }));
        say(toolchain.unwrap_or_default());
        for (name, value) in environment.iter() {
            if VARIABLES.iter().any(|start| name.starts_with(start)) {
                say(name);
                say(value);
            }
        }
        for layer in config.layers() {
            say(layer.path.as_str());
            say(layer.base.as_str());
            if layer.path.is_absolute() {
                say(&How::Bytes.digest(&layer.path).ok()??);
            }
        }
        let mut name = Sha256::new();
        name.update(here.as_str());
        Some(Self { file: folder.join(format!("{}.json", hex(name))), digest: hex(digest) })
    }

    /// Whether it was approved with all that it stands on as it is now. `members` are the workspace's packages as cargo tells them where they
    /// were asked for.
    pub(crate) fn was_approved(&self, now: Timestamp, members: Option<&BTreeSet<Utf8PathBuf>>) -> bool {
        self.answer().is_some_and(|answer| {
            answer.schema == SCHEMA
                && answer.question == self.digest
                && (answer.made..answer.until).contains(&now)
                && answer.until.duration_since(answer.made) <= LONGEST
                && members.is_none_or(|members| *members == answer.members)
                && answer.inputs.holds()
        })
    }

    fn answer(&self) -> Option<Answer> {
        let file = regular::open(&self.file, Links::Refused).ok()?;
        if !is_ours_alone(&file.metadata) || !is_ours_alone(&self.file.parent()?.symlink_metadata().ok()?) {
            return None;
        }
        serde_json::from_slice(&file.bytes(LIMIT).ok()?).ok()
    }

    /// Remembers that a decision approved everything. `before` was taken before `project` was opened. What cannot be remembered is asked
    /// again the next time.
    pub(crate) fn remember(&self, before: &InputDigests, project: &Project, decision: &Decision) -> io::Result<()> {
        let inputs = InputDigests::of(project)?;
        let evaluation = decision.evaluation();
        if inputs.as_ref() != Some(before) || !evaluation.is_approved() || !is_by_confirmed_advisories(decision) {
            return Ok(());
        }
        let rules = project.rules();
        // Archives come into cargo's cache at any time, and what is inside them may hold a release that was approved.
        if rules.policy.quarantine.inspect {
            return Ok(());
        }
        let made = project.machine();
        // No earlier than it may be believed anyway: of machine and registry the later clock lets an exemption lapse first.
        let lasting = lasts_until(decision.facts(), &rules.policy, &rules.approvals, evaluation.now);
        let until = (made + LONGEST).min(lasting);
        let answer = Answer {
            schema: SCHEMA,
            question: self.digest.clone(),
            made,
            until,
            members: members(project),
            inputs: before.clone(),
        };
        let folder = self.file.parent().unwrap_or(Utf8Path::new("."));
        make_private(folder)?;
        forget(folder, made);
        Replacement::of(&self.file).private().of_a_cache().write(&serde_json::to_vec(&answer)?)
    }
}

impl InputDigests {
    /// The inputs of a decision on this project; `None` where they cannot be known.
    pub(crate) fn of(project: &Project) -> io::Result<Option<Self>> {
        let Some(copy) = copy_of(project) else { return Ok(None) };
        let subject = project.subject();
        let packages = members(project);
        let mut places: BTreeMap<Utf8PathBuf, How> = BTreeMap::new();
        // Cargo looks for the workspace's manifest in every folder above, and finds none.
        let folders = packages.iter().chain([&subject.root, &subject.start]).flat_map(|folder| folder.ancestors());
        places.extend(folders.map(|folder| (folder.join("Cargo.toml"), How::Bytes)));
        let files = [".cargo/config.toml", ".cargo/config"];
        let around = subject.root.ancestors().flat_map(|folder| files.map(|file| folder.join(file)));
        places.extend(around.map(|path| (path, How::Bytes)));
        places.extend([subject.lock_path.clone(), project.policy_path()].map(|path| (path, How::Bytes)));
        let above =
            packages.iter().filter_map(|folder| folder.parent()).filter(|above| above.starts_with(&subject.root));
        places.extend(above.map(|above| (above.to_owned(), How::Members)));
        places.insert(trail::folder(&project.policy_path()), How::Tree);
        match copy {
            LocalCopy::Nothing => {}
            LocalCopy::State(file) => drop(places.insert(file, How::Bytes)),
            LocalCopy::Folder(folder) => drop(places.insert(folder, How::Tree)),
        }
        let held = places.into_iter().map(|(path, how)| how.digest(&path).map(|digest| (path, Held { how, digest })));
        held.collect::<io::Result<_>>().map(|held| Some(Self(held)))
    }

    /// Whether everything is as it was.
    fn holds(&self) -> bool {
        self.0.iter().all(|(path, held)| held.how.digest(path).is_ok_and(|digest| digest == held.digest))
    }
}

/// The folders of the workspace's packages, and of those that it takes from elsewhere on this machine.
fn members(project: &Project) -> BTreeSet<Utf8PathBuf> {
    project.subject().workspace.as_ref().map(Workspace::folders).unwrap_or_default()
}

/// Where the advisories that a decision is made by lie.
fn copy_of(project: &Project) -> Option<LocalCopy> {
    let Some(db) = &project.rules().policy.advisories.db else { return Some(LocalCopy::Nothing) };
    advisory_db::local_copy(db, &project.rules().folder, &project.environment().cargo_home())
}

/// Whether it was made by advisories of the very place that the policy names, and by no copy that stood in for them.
fn is_by_confirmed_advisories(decision: &Decision) -> bool {
    match &decision.facts().advisories {
        AdvisoryFact::Skipped => true,
        AdvisoryFact::Unavailable { .. } => false,
        AdvisoryFact::Read(db) => db.copy.is_none() && db.rolled_back_from.is_none() && db.forgotten.is_empty(),
    }
}

impl How {
    fn digest(self, path: &Utf8Path) -> io::Result<Option<String>> {
        match self {
            Self::Bytes => match regular::read(path, Links::Followed, LARGEST) {
                Ok(bytes) => Ok(Some(hex(Sha256::new_with_prefix(bytes)))),
                Err(error) if error.is_absent() => Ok(None),
                Err(error) => Err(error.into()),
            },
            Self::Members => {
                let mut names = BTreeSet::new();
                for entry in path.read_dir_utf8()? {
                    let entry = entry?;
                    if entry.path().join("Cargo.toml").exists() {
                        names.insert(entry.file_name().to_owned());
                    }
                }
                Ok(Some(hex(Sha256::new_with_prefix(names.into_iter().collect::<Vec<_>>().join("\n")))))
            }
            Self::Tree => {
                let mut lines = Vec::new();
                match walk(path, &mut lines) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound && lines.is_empty() => Ok(None),
                    Err(error) => Err(error),
                    Ok(()) => {
                        lines.sort_unstable();
                        Ok(Some(hex(Sha256::new_with_prefix(lines.join("\n")))))
                    }
                }
            }
        }
    }
}

/// One line for everything below a folder.
fn walk(folder: &Utf8Path, lines: &mut Vec<String>) -> io::Result<()> {
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        let metadata = entry.path().symlink_metadata()?;
        lines.push(format!("{} {} {:?}", entry.path(), metadata.len(), changed(&metadata)));
        if lines.len() > MOST {
            return Err(io::Error::other("too many files"));
        }
        if metadata.is_dir() {
            walk(entry.path(), lines)?;
        }
    }
    Ok(())
}

/// When a file was written and when anything about it changed, which no caller can set, and which file it is.
#[cfg(unix)]
fn changed(metadata: &std::fs::Metadata) -> impl std::fmt::Debug + use<> {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec(), metadata.ino())
}

/// When a file was written.
#[cfg(not(unix))]
fn changed(metadata: &std::fs::Metadata) -> impl std::fmt::Debug + use<> {
    metadata.modified().ok()
}

/// Whether a folder lies in a repository, or below a manifest, that the working directory lies in too.
fn may_be_carried(folder: &Utf8Path, here: &Utf8Path) -> bool {
    let real = |path: &Utf8Path| {
        let existing = path.ancestors().find_map(|above| Some((above, above.canonicalize_utf8().ok()?)));
        existing.map_or_else(
            || path.to_owned(),
            |(above, real)| path.strip_prefix(above).map_or_else(|_| real.clone(), |rest| real.join(rest)),
        )
    };
    let (folder, here) = (real(folder), real(here));
    let repository = git::root_around(&here).into_iter();
    let manifests = here.ancestors().filter(|above| above.join("Cargo.toml").exists());
    repository.chain(manifests).any(|above| folder.starts_with(above))
}

/// This very program: another build of one version may decide otherwise.
fn own_program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let metadata = path.metadata().ok()?;
    Some(format!("{} {} {:?}", path.display(), metadata.len(), changed(&metadata)))
}

/// Whether only this user may have written it.
#[cfg(unix)]
fn is_ours_alone(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0
}

/// Here the user's profile is the user's alone.
#[cfg(not(unix))]
fn is_ours_alone(_metadata: &std::fs::Metadata) -> bool {
    true
}

fn make_private(folder: &Utf8Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Removes what lapsed long ago.
fn forget(folder: &Utf8Path, now: Timestamp) {
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        let written = entry.metadata().ok().and_then(|metadata| Timestamp::try_from(metadata.modified().ok()?).ok());
        if written.is_some_and(|written| now.duration_since(written) > FORGOTTEN) {
            // What cannot be removed is not believed either.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn hex(digest: Sha256) -> String {
    Checksum::from_bytes(digest.finalize().into()).to_string()
}
