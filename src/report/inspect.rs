//! What `inspect` tells.

pub(crate) mod human;
pub(crate) mod json;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::finding::{Inspection, NotInspected, Severity};
use crate::model::package::PackageId;
use crate::model::run::Invocation;

/// What was looked at, the worst first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InspectReport<'a> {
    pub inspections: &'a [Inspection],
    pub failures: &'a [NotInspected],
    /// The verdicts' codes of what is locked.
    pub verdicts: &'a BTreeMap<&'a PackageId, &'static str>,
    /// The command line that ways out have to fit.
    pub situation: &'a Invocation,
    /// How long it took; `None` where nobody is told.
    pub elapsed: Option<Duration>,
}

impl InspectReport<'_> {
    /// How many findings have this severity.
    fn count(&self, severity: Severity) -> usize {
        self.inspections.iter().map(|inspection| inspection.of_severity(severity).count()).sum()
    }
}
