//! What is read of cargo's cache while cargo is still asked to describe the workspace: the entries of the crates in the lock file that lies
//! nearest. Whether that is the workspace's, and whom its policy lets answer, comes out later: then only those are taken that would be read
//! from the same files.

use std::collections::BTreeSet;
use std::thread::{self, JoinHandle};

use camino::{Utf8Path, Utf8PathBuf};

use super::access::Access;
use super::configs::Configs;
use super::request::{Purpose, Request, Which};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::index::{self, Entries};
use crate::gather::{lock_file, workspace};
use crate::model::package::CrateId;
use crate::model::policy::Policy;

/// Entries that are being read.
#[derive(Debug)]
pub(super) struct Ahead(JoinHandle<Option<Entries>>);

impl Ahead {
    /// Begins where cargo will be waited for, and most of the entries will be wanted. Where the system has no thread to give, nothing is read
    /// ahead.
    pub(super) fn begin(
        request: &Request,
        start: &Utf8Path,
        config: &CargoConfig,
        environment: &Environment,
    ) -> Option<Self> {
        let waits = !matches!(request.which, Which::LockFile(_));
        if !waits || request.judge.base.is_some() || request.purpose == Purpose::Prove {
            return None;
        }
        let (start, config, cargo_home) = (start.to_owned(), config.clone(), environment.cargo_home());
        thread::Builder::new().spawn(move || read(&start, config, &cargo_home)).ok().map(Self)
    }

    /// What was read, when all of it is. Not for a thread of the pool, which reads it.
    pub(super) fn wait(self) -> Entries {
        self.0.join().ok().flatten().unwrap_or_default()
    }
}

fn read(start: &Utf8Path, config: CargoConfig, cargo_home: &Utf8PathBuf) -> Option<Entries> {
    let root = workspace::root_by_lock_file(start)?;
    let lock = lock_file::read(&root.join("Cargo.lock")).ok()?;
    let crates: BTreeSet<CrateId> = lock.packages.iter().filter_map(|package| package.id.crate_id()).collect();
    let registries = crates.iter().map(|id| id.registry.clone()).collect();
    let access = Access::work_out(&registries, &Configs::new(config, None), &Policy::default()).ok()?;
    Some(index::read_ahead(&crates, &access.by_registry, cargo_home))
}
