//! Whether every source of the lock file leads into the vendored place. Which ones must is asked of the lock file alone: a configuration
//! that no longer replaces a source does not thereby make it one that need not be replaced.

use crate::model::package::Package;
use crate::model::source::Source;
use crate::model::vendored::{Destination, Lead, VendoredPlace};
use crate::model::verification::{Finding, TakenFrom, Verification};

/// Adds where each package is taken from, and every source that leads elsewhere.
pub fn follow(packages: &[Package], leads: &[Lead], place: Option<&VendoredPlace>, verification: &mut Verification) {
    let is_there = |lead: &Lead| matches!(&lead.to, Destination::Folder(folder) if Some(folder) == place);
    verification.taken =
        packages.iter().map(|package| (package.id.clone(), taken(package, leads, &is_there))).collect();
    verification.findings.extend(leads.iter().filter(|lead| !is_there(lead)).map(|lead| Finding::NotReplaced {
        source: lead.source.clone(),
        to: lead.to.clone(),
        by: lead.by.clone(),
        start: lead.start.clone(),
    }));
}

fn taken(package: &Package, leads: &[Lead], is_there: &dyn Fn(&Lead) -> bool) -> TakenFrom {
    let source = package.id.source.without_commit();
    let mut of_it = leads.iter().filter(|lead| lead.source == source).peekable();
    match (&source, of_it.peek().is_some(), of_it.find(|lead| !is_there(lead)).map(|lead| &lead.to)) {
        (Source::Local, _, _) => TakenFrom::Local,
        (Source::Other(_), _, _) | (_, false, _) => TakenFrom::Unknown,
        (_, true, None) => TakenFrom::Vendored,
        (Source::Registry(_), true, Some(Destination::Itself)) => TakenFrom::Registry,
        (Source::Git(_), true, Some(Destination::Itself)) => TakenFrom::Repository,
        (_, true, Some(to)) => TakenFrom::Elsewhere(to.clone()),
    }
}
