//! Whose rules hold and what is new: the working tree's, or those of the base that a change is compared with (`--base`).

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::CommandError;
use super::subject::{Subject, relative};
use crate::cli;
use crate::gather::base::Commit;
use crate::gather::environment::Environment;
use crate::gather::{lock_file, policy_file};
use crate::model::approval::Approvals;
use crate::model::checksum::Checksum;
use crate::model::evaluation::Loosening;
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::policy::{AdvisoryPolicy, Policy};
use crate::policy::loosened::loosened;
use crate::report::JudgedBy;

/// What a base locks already: name, version, source and checksum.
pub(super) type Locked = BTreeSet<(PackageId, Option<Checksum>)>;

/// The rules to judge by, and what needs no judging.
#[derive(Debug)]
pub(super) struct Rules {
    /// What a release must be.
    pub(super) policy: Policy,
    /// What persons exempted.
    pub(super) approvals: Approvals,
    /// The policy file that was read; `None` for the defaults.
    pub(super) file: Option<Utf8PathBuf>,
    /// With a base, its name.
    pub(super) base: Option<String>,
    /// With a base, what it locks already.
    pub(super) locked: Option<Locked>,
    /// What the change makes looser than the base.
    pub(super) loosened: Vec<Loosening>,
    /// With a base commit: the folder that the change could have rewritten.
    pub(super) rewritable: Option<Utf8PathBuf>,
    /// What a relative advisory database is relative to.
    pub(super) folder: Utf8PathBuf,
}

impl Rules {
    /// Reads them.
    pub(super) fn read(
        subject: &Subject,
        arguments: &cli::JudgeBy,
        environment: &Environment,
    ) -> Result<Self, CommandError> {
        let path = subject.policy_path(arguments.policy.as_deref(), environment);
        // Read by the path that messages name.
        let own = read_file(&relative(&path, environment), arguments.policy.is_some())?;
        let mut rules = Self {
            file: own.is_some().then(|| relative(&path, environment)),
            folder: path.parent().unwrap_or(&subject.root).to_owned(),
            base: arguments.base.clone(),
            locked: None,
            loosened: Vec::new(),
            rewritable: None,
            policy: Policy::default(),
            approvals: Approvals::new(),
        };
        (rules.policy, rules.approvals) = own.unwrap_or_default();
        if let Some(base) = &arguments.base {
            rules.stand_on(base, subject, &path, environment)?;
        }
        rules.apply_flags(arguments, environment)?;
        Ok(rules)
    }

    /// Puts the base's rules in the place of the head's, and remembers in what the head's are looser.
    fn stand_on(
        &mut self,
        base: &str,
        subject: &Subject,
        path: &Utf8Path,
        environment: &Environment,
    ) -> Result<(), CommandError> {
        let lock = environment.current_dir().join(base);
        if lock.is_file() {
            self.locked = Some(identities(&lock_file::read(&lock)?.packages));
            self.base = Some(relative(&lock, environment).to_string());
            return Ok(());
        }
        let commit = Commit::find(&subject.root, base)?;
        let repository = commit.repository()?;
        let lock_path = subject.lock_path.strip_prefix(&subject.root).unwrap_or(&subject.lock_path);
        self.locked = Some(match commit.file(lock_path)? {
            Some(bytes) => identities(&lock_file::parse(&bytes, lock_path)?.packages),
            None => Locked::new(),
        });
        // A policy from outside the repository is nothing that the change could have rewritten.
        if let Ok(inside) = path.strip_prefix(&subject.root) {
            let text = commit.file(inside)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            self.file = text.is_some().then(|| inside.to_owned());
            let parsed = text.map(|text| policy_file::parse(&text, inside)).transpose()?.unwrap_or_default();
            self.loosened = loosened((&parsed.0, &parsed.1), (&self.policy, &self.approvals));
            (self.policy, self.approvals) = parsed;
        }
        self.rewritable = Some(repository);
        Ok(())
    }

    /// The command line is the caller's and goes before any file.
    fn apply_flags(&mut self, arguments: &cli::JudgeBy, environment: &Environment) -> Result<(), CommandError> {
        self.policy.min_publish_age_flag = arguments.min_publish_age;
        if let Some(db) = &arguments.advisory_db {
            self.policy.advisories.db = Some(db.clone());
            environment.current_dir().clone_into(&mut self.folder);
        } else if arguments.no_advisories {
            self.policy.advisories.db = None;
        } else if let (Some(repository), AdvisoryPolicy { db: Some(db), .. }) =
            (&self.rewritable, &self.policy.advisories)
            && !db.contains("://")
            && self.folder.join(db).starts_with(repository)
        {
            return Err(CommandError::AdvisoriesInRepository { db: db.clone() });
        }
        Ok(())
    }

    /// Whether the base has exactly this package.
    pub(super) fn has_locked(&self, package: &Package) -> bool {
        self.locked.as_ref().is_some_and(|locked| locked.contains(&identity(package)))
    }

    /// Whose rules these are, for a report.
    pub(super) fn judged_by(&self) -> JudgedBy<'_> {
        match (&self.base, &self.file) {
            (Some(base), file) if self.rewritable.is_some() => JudgedBy::Base { base, file: file.as_deref() },
            (_, Some(file)) => JudgedBy::File(file),
            (_, None) => JudgedBy::Defaults,
        }
    }
}

fn read_file(path: &Utf8Path, asked_for: bool) -> Result<Option<(Policy, Approvals)>, CommandError> {
    match (path.is_file(), asked_for) {
        (true, _) => Ok(Some(policy_file::read(path)?)),
        (false, true) => Err(CommandError::NoPolicy { path: path.to_owned() }),
        (false, false) => Ok(None),
    }
}

fn identities(packages: &[Package]) -> Locked {
    packages.iter().map(identity).collect()
}

fn identity(package: &Package) -> (PackageId, Option<Checksum>) {
    let checksum = match package.checksum {
        LockedChecksum::Known(checksum) => Some(checksum),
        LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
    };
    (package.id.clone(), checksum)
}
