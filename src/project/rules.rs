//! Whose rules hold and what is new: the working tree's, or those of the base that a change is compared with (`--base`).

use camino::{Utf8Path, Utf8PathBuf};

use super::base::{Base, BaseCommit};
use super::error::ProjectError;
use super::request::{AdvisoriesFrom, JudgeBy, PolicyFrom};
use super::subject::{POLICY_FILE, Subject, relative};
use super::trail;
use crate::files::names::TRAIL_FOLDER;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::git;
use crate::gather::policy_file::{self, PolicyFile};
use crate::model::approval::Approvals;
use crate::model::facts::Exemptions;
use crate::model::loosening::{Lane, Loosening, LooseningKind};
use crate::model::policy::{CargoAges, JudgedBy, Policy};
use crate::policy::{policy_drift, publish_age};

/// Cargo's own configuration, which can lengthen ages.
const CONFIGURATION: [&str; 2] = [".cargo/config.toml", ".cargo/config"];

/// The rules to judge by, and what needs no judging.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// What a release must be.
    pub(crate) policy: Policy,
    /// What persons exempted.
    pub(crate) approvals: Approvals,
    /// The policy file that was read; `None` for the defaults.
    pub(crate) file: Option<Utf8PathBuf>,
    /// What the change makes looser than the base.
    pub(crate) loosened: Vec<Loosening>,
    /// What the change decides, where it may: it counts here.
    pub(crate) decided: Vec<Loosening>,
    /// With a base commit that has a policy: what the policy exempts that the change itself has.
    pub(super) exemptions: Option<Exemptions>,
    /// The keys in which the base has become stricter since the change grew from it.
    pub(super) moved: Vec<String>,
    /// With a base commit, its name and its id.
    judge: Option<(String, String)>,
    /// What a relative advisory database is relative to.
    pub(crate) folder: Utf8PathBuf,
}

/// Cargo's own minimum ages.
pub(super) struct Ages {
    /// As the configuration says that is found.
    pub(super) found: CargoAges,
    /// With a base commit: as the configuration says that the change cannot have written.
    pub(super) trusted: Option<CargoAges>,
}

/// A policy file, where it is, and what it makes looser than the base.
struct Read {
    file: PolicyFile,
    path: Option<Utf8PathBuf>,
    loosened: Vec<Loosening>,
    moved: Vec<String>,
}

impl Rules {
    /// Reads them, whole: file, base, command line, and cargo's own ages, of which the longer ones count.
    pub(super) fn read(
        subject: &Subject,
        judge: &JudgeBy,
        base: Option<&Base>,
        ages: Ages,
        environment: &Environment,
    ) -> Result<Self, ProjectError> {
        let path = policy_path(&judge.policy, &subject.root, environment);
        // Read by the path that messages name.
        let named = relative(&path, environment);
        let own = match &judge.policy {
            PolicyFrom::Project => read_file(&named, false)?,
            PolicyFrom::File(_) => read_file(&named, true)?,
            PolicyFrom::Draft(draft) => Some(PolicyFile::clone(draft)),
        };
        let mut read = Read {
            path: own.is_some().then_some(named),
            file: own.unwrap_or_default(),
            loosened: Vec::new(),
            moved: Vec::new(),
        };
        let commit = base.and_then(Base::commit);
        let exemptions = commit.map(|_| Exemptions {
            approvals: read.file.approvals().clone(),
            ignores: read.file.policy().advisories.ignore.clone(),
        });
        if let Some(commit) = commit {
            if matches!(judge.policy, PolicyFrom::Project) && subject.workspace.is_some() {
                is_where_the_base_has_it(commit, subject, &path)?;
            }
            read = stand_on(commit, &path, read)?;
        }
        // A first policy is looked at line by line, and what somebody takes out of its baseline was given to nobody.
        let exemptions = exemptions.filter(|_| read.path.is_some());
        let ages = match ages.trusted {
            None => ages.found,
            Some(trusted) => {
                let (longest, shortened) = publish_age::longest_cargo_ages(trusted, ages.found.clone());
                let since = commit.map(|commit| commit.ages_since(&ages.found, shortened, environment)).transpose()?;
                let (shortened, moved) = since.unwrap_or_default();
                read.loosened.extend(shortened);
                read.moved.extend(moved);
                longest
            }
        };
        let (mut policy, mut approvals) = read.file.under(ages);
        if let Some(commit) = commit {
            read.loosened.extend(displaced(commit, subject, &path, environment)?);
        }
        let (decided, loosened) = match judge.loosened {
            Lane::Fail => (Vec::new(), read.loosened),
            Lane::Report => policy_drift::decided(read.loosened),
        };
        policy_drift::let_count(&decided, &mut policy, &mut approvals);
        policy.min_publish_age_flag = judge.min_publish_age;
        let mut folder = path.parent().unwrap_or(&subject.root).to_owned();
        match &judge.advisories {
            AdvisoriesFrom::Policy => {}
            AdvisoriesFrom::Database(db) => {
                policy.advisories.db = Some(db.clone());
                environment.current_dir().clone_into(&mut folder);
            }
            AdvisoriesFrom::Nowhere => policy.advisories.db = None,
        }
        if let (Some(commit), Some(db)) = (commit, &policy.advisories.db) {
            refuse_rewritable(db, &folder, commit)?;
        }
        Ok(Self {
            policy,
            approvals,
            file: read.path,
            loosened,
            decided,
            exemptions,
            moved: read.moved,
            judge: base.zip(commit).map(|(base, commit)| (base.name.clone(), commit.id().to_owned())),
            folder,
        })
    }

    /// These rules with another policy file: what would hold if it were the project's.
    pub(super) fn with(&self, file: PolicyFile) -> Self {
        let (mut policy, approvals) = file.under(self.policy.cargo.clone());
        policy.min_publish_age_flag = self.policy.min_publish_age_flag;
        policy.advisories.db.clone_from(&self.policy.advisories.db);
        Self { policy, approvals, ..self.clone() }
    }

    /// Whose rules these are, for a report.
    pub(crate) fn judged_by(&self) -> JudgedBy<'_> {
        match (&self.judge, &self.file) {
            (Some((base, commit)), file) => JudgedBy::Base { base, commit, file: file.as_deref() },
            (None, Some(file)) => JudgedBy::File(file),
            (None, None) => JudgedBy::Defaults,
        }
    }
}

/// A change can move the workspace's root, by `package.workspace` or by taking a manifest away, to where the base has no policy or a laxer
/// one. The policy that holds is the first that the base has on the way up from where the run began.
fn is_where_the_base_has_it(base: &BaseCommit, subject: &Subject, path: &Utf8Path) -> Result<(), ProjectError> {
    let mut nearest = None;
    for folder in base.folders_above(&subject.start) {
        let candidate = folder.join(POLICY_FILE);
        if base.file(&candidate)?.is_some() {
            nearest = base.inside(&candidate);
            break;
        }
    }
    let there = base.file(path)?.and_then(|_| base.inside(path));
    if nearest == there {
        return Ok(());
    }
    let none = || Utf8PathBuf::from("none");
    Err(ProjectError::PolicyMoved { base: nearest.unwrap_or_else(none), head: there.unwrap_or_else(none) })
}

/// The policy file that holds here, whether or not it exists.
pub(super) fn policy_path(policy: &PolicyFrom, root: &Utf8Path, environment: &Environment) -> Utf8PathBuf {
    match policy {
        PolicyFrom::Project => nearest_policy(root),
        PolicyFrom::Draft(_) => root.join(POLICY_FILE),
        PolicyFrom::File(path) => environment.current_dir().join(path),
    }
}

/// The policy of the workspace at `root`: the one beside it, or else the nearest above it in the same repository, so that several workspaces can
/// have one. Where there is none, its place is beside the workspace.
pub(crate) fn nearest_policy(root: &Utf8Path) -> Utf8PathBuf {
    let top = git::root_around(root);
    let inside = root.ancestors().take_while(|folder| top.is_some_and(|top| folder.starts_with(top)));
    let found = inside.map(|folder| folder.join(POLICY_FILE)).find(|path| path.symlink_metadata().is_ok());
    found.unwrap_or_else(|| root.join(POLICY_FILE))
}

/// The base's policy in the place of the working tree's, and what that one makes looser. A policy from outside the repository is nothing
/// that the change could have rewritten, and stays.
fn stand_on(commit: &BaseCommit, path: &Utf8Path, own: Read) -> Result<Read, ProjectError> {
    let Some(inside) = commit.inside(path) else { return Ok(own) };
    let text = commit.file(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let file = text.as_ref().map(|text| policy_file::parse(text, &inside)).transpose()?.unwrap_or_default();
    // A policy of former days that cannot be read any more gives way to today's.
    let former = |commit: BaseCommit| match commit.file(path) {
        Ok(None) => Some(PolicyFile::default()),
        Ok(Some(bytes)) => policy_file::parse(&String::from_utf8_lossy(&bytes), &inside).ok(),
        Err(_) => None,
    };
    let grown_from: Vec<PolicyFile> =
        commit.grown_from().map(|commit| former(commit).unwrap_or_else(|| file.clone())).collect();
    let grown_from: Vec<_> = grown_from.iter().map(|file| (file.policy(), &**file.approvals())).collect();
    let (loosened, moved) =
        policy_drift::since(&grown_from, (file.policy(), file.approvals()), (own.file.policy(), own.file.approvals()));
    Ok(Read { path: text.is_some().then_some(inside), loosened, moved, file })
}

/// The command line is the caller's and goes before any file, but a folder that it names may be the change's.
fn refuse_rewritable(db: &str, relative_to: &Utf8Path, commit: &BaseCommit) -> Result<(), ProjectError> {
    let folder = db.strip_prefix("git+file://").or_else(|| (!db.contains("://")).then_some(db));
    match folder.map(|folder| relative_to.join(folder)) {
        Some(folder) if commit.is_rewritable(&folder)? => {
            Err(ProjectError::AdvisoriesInRepository { db: db.to_owned() })
        }
        Some(_) | None => Ok(()),
    }
}

fn read_file(path: &Utf8Path, asked_for: bool) -> Result<Option<PolicyFile>, ProjectError> {
    // Whatever lies there must be readable: a link that leads nowhere is no leave to judge by the defaults.
    match (path.symlink_metadata().is_ok(), asked_for) {
        (true, _) => Ok(Some(policy_file::read(path)?)),
        (false, true) => Err(ProjectError::NoPolicy { path: path.to_owned() }),
        (false, false) => Ok(None),
    }
}

/// What is judged, and judged by, and lies elsewhere than the base has it. What the base has elsewhere or not at all could not be held
/// against it, so that its absence is a finding and never "nothing to protect".
///
/// # Errors
/// A judged file is not what git would commit of it, or git cannot tell.
fn displaced(
    base: &BaseCommit,
    subject: &Subject,
    policy: &Utf8Path,
    environment: &Environment,
) -> Result<Vec<Loosening>, ProjectError> {
    let trail = trail::folder(policy);
    let mut found = Vec::new();
    linked(base, subject, policy, &trail, environment, &mut found)?;
    let lost = base.lost(POLICY_FILE, TRAIL_FOLDER)?;
    displaced_policy(base, policy, &lost, &mut found)?;
    displaced_lock_file(base, subject, &mut found)?;
    displaced_trails(base, &trail, &lost, &mut found);
    found.dedup();
    Ok(found)
}

fn place(key: String, base: Option<String>, head: Option<String>) -> Loosening {
    Loosening { kind: LooseningKind::Place, key, base, head, reason: None }
}

/// What lies behind a link is in no commit: merged, it would make the next base have nothing there.
fn linked(
    base: &BaseCommit,
    subject: &Subject,
    policy: &Utf8Path,
    trail: &Utf8Path,
    environment: &Environment,
    found: &mut Vec<Loosening>,
) -> Result<(), ProjectError> {
    let above = base.folders_above(&subject.start);
    let configurations = above.iter().flat_map(|folder| CONFIGURATION.map(|name| folder.join(name)));
    // And whatever these include.
    let config = CargoConfig::load(&subject.start, environment)?;
    let included = config.layers().iter().map(|layer| layer.path.clone());
    let configurations = configurations.chain(included);
    let members = subject.workspace.iter().flat_map(|workspace| &workspace.packages);
    let manifests = members.map(|local| local.package.root.join("Cargo.toml"));
    let judged_by = [policy.to_owned(), subject.lock_path.clone(), subject.root.join("Cargo.toml")];
    let inside =
        |paths: Vec<Utf8PathBuf>| -> Vec<Utf8PathBuf> { paths.iter().filter_map(|path| base.inside(path)).collect() };
    let mut files = inside(judged_by.into_iter().chain(configurations).collect());
    let trail: Vec<Utf8PathBuf> = inside(vec![trail.to_owned()]);
    let mut linked = base.links(&files, &trail)?;
    // Members may be linked: cargo reads them so, and what they ask for is read from the lock file.
    files = inside(manifests.collect());
    base.links(&files, &[])?;
    // The shell's own name of the working directory shows a link that the system's has resolved.
    let named = environment.get("PWD").map(Utf8PathBuf::from);
    let named =
        named.filter(|named| named.canonicalize_utf8().ok() == environment.current_dir().canonicalize_utf8().ok());
    linked.extend(named.and_then(|named| base.link_to(&named)));
    for link in linked {
        let head = if link.path == link.at {
            "a symbolic link".to_owned()
        } else {
            format!("behind the symbolic link {}", link.at)
        };
        let before = base.has(&link.path)?.then(|| "no link".to_owned());
        found.push(place(link.path.into_string(), before, Some(head)));
    }
    Ok(())
}

/// The workspace and its lock file must be the ones that the base would have judged from the same folder.
fn displaced_lock_file(base: &BaseCommit, subject: &Subject, found: &mut Vec<Loosening>) -> Result<(), ProjectError> {
    let Some(head) = base.inside(&subject.lock_path).filter(|_| subject.workspace.is_some()) else { return Ok(()) };
    let theirs = base.lock_file_above(&subject.start)?;
    // One that git does not track is no change, and a first one may come with the first policy: all of it is judged.
    let adopts = found.iter().any(|one| one.kind == LooseningKind::Adoption);
    if theirs.as_ref() == Some(&head) || (theirs.is_none() && adopts) || !base.is_rewritable(&subject.lock_path)? {
        return Ok(());
    }
    let key = "the lock file that is judged".to_owned();
    found.push(place(key, theirs.map(Utf8PathBuf::into_string), Some(head.into_string())));
    Ok(())
}

/// A first policy is adoption where the base has none; where it had one that is gone, it moved.
fn displaced_policy(
    base: &BaseCommit,
    policy: &Utf8Path,
    lost: &[Utf8PathBuf],
    found: &mut Vec<Loosening>,
) -> Result<(), ProjectError> {
    let here = base.inside(policy);
    let mut gone = lost.iter().filter(|path| path.file_name() == Some(POLICY_FILE) && Some(*path) != here.as_ref());
    let elsewhere = gone.next().cloned();
    found.extend(
        elsewhere.iter().chain(gone).map(|path| place(path.to_string(), Some("a policy file".to_owned()), None)),
    );
    if let Some(here) = here
        && policy.symlink_metadata().is_ok()
        && base.never_had(&here)?
    {
        let kind = if elsewhere.is_some() { LooseningKind::Place } else { LooseningKind::Adoption };
        let base = elsewhere.map(Utf8PathBuf::into_string);
        found.push(Loosening {
            kind,
            key: "policy file".to_owned(),
            base,
            head: Some(here.into_string()),
            reason: None,
        });
    }
    Ok(())
}

/// Of the trail that is read, each missing event is reported elsewhere; of any other, that it is gone.
fn displaced_trails(base: &BaseCommit, trail: &Utf8Path, lost: &[Utf8PathBuf], found: &mut Vec<Loosening>) {
    let here = base.inside(trail);
    let mut told: Vec<&Utf8Path> = Vec::new();
    for folder in lost.iter().filter(|path| path.file_name() != Some(POLICY_FILE)).filter_map(|path| path.parent()) {
        if here.as_deref() != Some(folder) && !told.contains(&folder) {
            told.push(folder);
            found.push(place(
                folder.to_string(),
                Some("an audit trail".to_owned()),
                Some("fewer events of it".to_owned()),
            ));
        }
    }
}
