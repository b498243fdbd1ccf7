//! Whose rules hold and what is new: the working tree's, or those of the base that a change is compared with (`--base`).

use camino::{Utf8Path, Utf8PathBuf};

use super::ProjectError;
use super::base::{Base, BaseCommit, Locked, identity};
use super::subject::{POLICY_FILE, Subject, relative};
use crate::cli;
use crate::gather::environment::Environment;
use crate::gather::policy_file;
use crate::model::approval::Approvals;
use crate::model::evaluation::Loosening;
use crate::model::package::Package;
use crate::model::policy::Policy;
use crate::policy::loosened::loosened;
use crate::report::JudgedBy;

/// The rules to judge by, and what needs no judging.
#[derive(Debug)]
pub(crate) struct Rules {
    /// What a release must be.
    pub(crate) policy: Policy,
    /// What persons exempted.
    pub(crate) approvals: Approvals,
    /// The policy file that was read; `None` for the defaults.
    pub(crate) file: Option<Utf8PathBuf>,
    /// With a base, what it locks already.
    pub(crate) locked: Option<Locked>,
    /// What the change makes looser than the base.
    pub(crate) loosened: Vec<Loosening>,
    /// With a base commit, its name and its id.
    judge: Option<(String, String)>,
    /// What a relative advisory database is relative to.
    pub(crate) folder: Utf8PathBuf,
}

impl Rules {
    /// Reads them.
    pub(crate) fn read(
        subject: &Subject,
        arguments: &cli::JudgeBy,
        base: Option<&Base>,
        environment: &Environment,
    ) -> Result<Self, ProjectError> {
        let path = subject.policy_path(arguments.policy.as_deref(), environment);
        // Read by the path that messages name.
        let named = relative(&path, environment);
        let own = read_file(&named, arguments.policy.is_some())?;
        let mut rules = Self {
            file: own.is_some().then_some(named),
            folder: path.parent().unwrap_or(&subject.root).to_owned(),
            locked: base.map(|base| base.locked(&subject.lock_path)).transpose()?,
            loosened: Vec::new(),
            judge: None,
            policy: Policy::default(),
            approvals: Approvals::new(),
        };
        (rules.policy, rules.approvals) = own.unwrap_or_default();
        if let Some((base, commit)) = base.and_then(|base| Some((base, base.commit()?))) {
            if arguments.policy.is_none() && subject.workspace.is_some() {
                is_where_the_base_has_it(commit, subject, &path)?;
            }
            rules.stand_on(base, commit, &path)?;
        }
        rules.apply_flags(arguments, base.and_then(Base::commit), environment)?;
        Ok(rules)
    }

    /// Takes the base's policy in the place of the working tree's, and notes what that one makes looser. A policy from outside the
    /// repository is nothing that the change could have rewritten, and stays.
    fn stand_on(&mut self, base: &Base, commit: &BaseCommit, path: &Utf8Path) -> Result<(), ProjectError> {
        self.judge = Some((base.name.clone(), commit.id().to_owned()));
        let Some(inside) = commit.inside(path) else { return Ok(()) };
        let text = commit.file(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        self.file = text.is_some().then(|| inside.clone());
        let parsed = text.map(|text| policy_file::parse(&text, &inside)).transpose()?.unwrap_or_default();
        self.loosened = loosened((&parsed.0, &parsed.1), (&self.policy, &self.approvals));
        // Git keeps a link's target, not the text behind it: the base's policy could not be read any more.
        if path.is_symlink() {
            let (key, head) = (inside.into_string(), Some("a symbolic link".to_owned()));
            self.loosened.push(Loosening { key, base: self.file.is_some().then(|| "a file".to_owned()), head });
        }
        (self.policy, self.approvals) = parsed;
        Ok(())
    }

    /// The command line is the caller's and goes before any file, but a folder that it names may be the change's.
    fn apply_flags(
        &mut self,
        arguments: &cli::JudgeBy,
        base: Option<&BaseCommit>,
        environment: &Environment,
    ) -> Result<(), ProjectError> {
        self.policy.min_publish_age_flag = arguments.min_publish_age;
        if let Some(db) = &arguments.advisory_db {
            self.policy.advisories.db = Some(db.clone());
            environment.current_dir().clone_into(&mut self.folder);
        } else if arguments.no_advisories {
            self.policy.advisories.db = None;
        }
        if let (Some(commit), Some(db)) = (base, &self.policy.advisories.db) {
            let folder = db.strip_prefix("git+file://").or_else(|| (!db.contains("://")).then_some(db));
            if let Some(folder) = folder.map(|folder| self.folder.join(folder))
                && commit.is_rewritable(&folder)?
            {
                return Err(ProjectError::AdvisoriesInRepository { db: db.clone() });
            }
        }
        Ok(())
    }

    /// Whether the base has exactly this package.
    pub(crate) fn has_locked(&self, package: &Package) -> bool {
        let locked = self.locked.as_ref();
        locked.is_some_and(|locked| identity(package).is_some_and(|identity| locked.contains(&identity)))
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

fn read_file(path: &Utf8Path, asked_for: bool) -> Result<Option<(Policy, Approvals)>, ProjectError> {
    // Whatever lies there must be readable: a link that leads nowhere is no leave to judge by the defaults.
    match (path.symlink_metadata().is_ok(), asked_for) {
        (true, _) => Ok(Some(policy_file::read(path)?)),
        (false, true) => Err(ProjectError::NoPolicy { path: path.to_owned() }),
        (false, false) => Ok(None),
    }
}
