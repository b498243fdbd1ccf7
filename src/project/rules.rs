//! Whose rules hold and what is new: the working tree's, or those of the base that a change is compared with (`--base`).

use camino::{Utf8Path, Utf8PathBuf};

use super::base::{Base, BaseCommit};
use super::error::ProjectError;
use super::request::{AdvisoriesFrom, JudgeBy, PolicyFrom};
use super::standing::standing;
use super::subject::{POLICY_FILE, Subject, relative};
use crate::gather::environment::Environment;
use crate::gather::policy_file::{self, PolicyFile};
use crate::model::approval::Approvals;
use crate::model::loosening::{Lane, Loosening};
use crate::model::policy::{CargoAges, JudgedBy, Policy};
use crate::policy::{policy_drift, publish_age};

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
        if let Some(commit) = commit {
            if matches!(judge.policy, PolicyFrom::Project) && subject.workspace.is_some() {
                is_where_the_base_has_it(commit, subject, &path)?;
            }
            read = stand_on(commit, &path, read)?;
        }
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
            read.loosened.extend(standing(commit, subject, &path, environment)?);
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
            moved: read.moved,
            judge: base.zip(commit).map(|(base, commit)| (base.name.clone(), commit.id().to_owned())),
            folder,
        })
    }

    /// These rules with another file in the place of theirs: what would hold if it stood in the project.
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
        PolicyFrom::Project | PolicyFrom::Draft(_) => root.join(POLICY_FILE),
        PolicyFrom::File(path) => environment.current_dir().join(path),
    }
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
