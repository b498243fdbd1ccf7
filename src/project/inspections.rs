//! Looks into archives that are at hand: for `inspect`, and into those of young releases where the policy lets that lengthen their hold.
//!
//! No verdict waits for a download: what cargo's cache does not have, or has with other bytes, is not looked into. Nothing is remembered
//! beyond the run either; every archive is hashed and read in the run that judges by it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use semver::Version;

use super::open::Project;
use super::progress::{Progress, told_if_long};
use super::registries::Registries;
use crate::archive::{ArchiveError, Limits, MemoryBudget, VerifiedCrate};
use crate::gather::crate_files::{self, CrateFile, CratePlaces, CratesProgress, WantedCrate};
use crate::gather::environment::Environment;
use crate::gather::index::IndexMode;
use crate::model::checksum::{Checksum, Hashed};
use crate::model::error_text::parted;
use crate::model::facts::IndexFact;
use crate::model::finding::{Alarm, Inspection, Inspections};
use crate::model::index_line::Release;
use crate::model::package::{CrateId, PackageId};
use crate::model::run::Waiting;
use crate::model::source::Source;
use crate::policy::inspection;
use crate::scrutiny::{self, Parser};

/// Looks into archives one after the other, or several at once: the parser's processes and the memory are shared.
#[derive(Debug)]
pub(crate) struct Inspector {
    memory: MemoryBudget,
    parser: Parser,
}

/// Where source is parsed: in processes of this very program.
pub(crate) fn parser(environment: &Environment) -> Parser {
    environment.executable().map(Parser::of).unwrap_or_default()
}

/// An archive with the right name that cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReadable {
    #[error(transparent)]
    Refused(#[from] ArchiveError),
    /// It was read once, and cannot be read again.
    #[error("its archive cannot be read: {0}")]
    Unread(#[from] io::Error),
}

impl Inspector {
    pub(crate) fn new(environment: &Environment) -> Self {
        Self { memory: MemoryBudget::default(), parser: parser(environment) }
    }

    /// Looks into one archive. `line` is the release's line in the index, where it is known.
    pub(crate) fn look(
        &self,
        id: &PackageId,
        checksum: Checksum,
        bytes: Hashed,
        line: Option<&Release>,
    ) -> Result<Inspection, NotReadable> {
        let limits = Limits::default();
        let verified = VerifiedCrate::of(bytes, checksum, id)?;
        // Unpacked, and once more as text.
        let _share = self.memory.take(verified.room(&limits).saturating_mul(2));
        let opened = verified.open(&limits)?;
        Ok(scrutiny::inspect(&opened, line, &self.parser)?)
    }
}

/// What was seen so far inside young releases; a run that resolves sees more of them as it goes.
#[derive(Debug, Default)]
pub(super) struct KnownInspections(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    inspections: Inspections,
    /// The releases that were looked for, at hand or not.
    asked: BTreeSet<(CrateId, Version, Checksum)>,
}

/// A young release.
struct Young {
    id: PackageId,
    crate_id: CrateId,
    checksum: Checksum,
    line: Option<Arc<Release>>,
}

impl KnownInspections {
    /// Looks into the young releases of these crates whose archives are at hand, where the policy asks for that and it was not done.
    pub(super) fn learn(&self, project: &Project, registries: &Registries, index: &BTreeMap<CrateId, IndexFact>) {
        if !project.rules().policy.quarantine.inspect {
            return;
        }
        let young: Vec<Young> =
            index.par_iter().flat_map_iter(|(crate_id, fact)| self.unasked(project, crate_id, fact)).collect();
        if young.is_empty() {
            return;
        }
        let inspector = Inspector::new(project.environment());
        let wanted: Vec<WantedCrate<'_>> =
            young.iter().map(|one| WantedCrate { id: &one.id, checksum: one.checksum }).collect();
        let deliver = |at: usize, CrateFile { bytes, .. }: CrateFile| {
            if let Some(one) = young.get(at) {
                let alarm = inspector.alarm(one, bytes);
                let (crate_id, version) = (one.crate_id.clone(), one.id.version.clone());
                self.known().inspections.learn(crate_id, version, one.checksum, alarm);
            }
        };
        let progress = Progress::new(project.request().quiet, "Inspecting", "crates");
        let mut advance = |at: CratesProgress| progress.at(at.done, at.of);
        let (access, configs) = (registries.access(), registries.configs());
        let places = CratePlaces {
            cargo_home: registries.cargo_home(),
            access: &access,
            configs: &configs,
            mode: IndexMode::Offline,
        };
        // What is not at hand, or is there with other bytes, is not looked into.
        let _ = told_if_long(project.environment(), &Waiting::Inspecting, || {
            crate_files::take(&wanted, &places, &deliver, &mut advance)
        });
        self.known().asked.extend(young.into_iter().map(|one| (one.crate_id, one.id.version, one.checksum)));
    }

    /// All that was seen so far.
    pub(super) fn seen(&self) -> Inspections {
        self.known().inspections.clone()
    }

    fn unasked(&self, project: &Project, crate_id: &CrateId, fact: &IndexFact) -> Vec<Young> {
        let IndexFact::Read(history) = fact else { return Vec::new() };
        let policy = &project.rules().policy;
        let young = inspection::in_question(policy, crate_id, history, project.moment()).map(|release| Young {
            id: PackageId {
                name: crate_id.name.clone(),
                version: release.version.clone(),
                source: Source::Registry(crate_id.registry.clone()),
            },
            crate_id: crate_id.clone(),
            checksum: release.checksum,
            line: history.release(&release.version).ok().flatten(),
        });
        let known = self.known();
        young
            .filter(|one| !known.asked.contains(&(one.crate_id.clone(), one.id.version.clone(), one.checksum)))
            .collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inspector {
    /// What holds a release longer. An archive that has the right bytes and cannot be looked into is no better than one in which something
    /// was found.
    fn alarm(&self, one: &Young, bytes: Hashed) -> Option<Alarm> {
        let unreadable = |cause: &str| Some(Alarm::Unreadable { cause: cause.into() });
        let looked = catch_unwind(AssertUnwindSafe(|| self.look(&one.id, one.checksum, bytes, one.line.as_deref())));
        match looked {
            Ok(Ok(inspection)) => Alarm::of(&inspection),
            Ok(Err(NotReadable::Refused(error))) => unreadable(&error.fault.to_string()),
            Ok(Err(error @ NotReadable::Unread(_))) => unreadable(parted(&error.to_string()).0),
            Err(_) => unreadable("looking into it failed in a way that was not foreseen"),
        }
    }
}
