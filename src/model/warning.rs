//! What is worth knowing of a package and holds nothing back.

use std::sync::Arc;

use super::advisory::AdvisoryKind;
use super::signal::Signal;

/// Something worth knowing that holds nothing back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Hit by an advisory that the policy only warns of.
    Advisory {
        /// The advisory.
        advisory: Arc<str>,
        /// What it says.
        kind: AdvisoryKind,
    },
    /// Hit by an advisory that the policy ignores for now.
    Ignored {
        /// The advisory.
        advisory: Arc<str>,
        /// Through the end of this UTC day.
        until: jiff::civil::Date,
    },
    /// From git or from a folder, and an advisory is about the release of crates.io with its name and version. Whether it is that
    /// code, nobody can tell.
    NamedByAdvisory {
        /// The advisory.
        advisory: Arc<str>,
        /// What it says.
        kind: AdvisoryKind,
    },
    /// Yanked, and the policy only warns of that.
    Yanked,
    /// A signal that is no reason.
    Signal(Signal),
    /// A path dependency from outside the workspace.
    OutsideWorkspace {
        /// Where it lies.
        path: camino::Utf8PathBuf,
    },
    /// The policy has a licence list, but no verified archive is at hand to judge by.
    LicenseUndecided,
}
