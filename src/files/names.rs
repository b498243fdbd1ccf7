//! The names of what this program keeps in a project and below cargo's home, and of what waits there for a moment.

use camino::{Utf8Path, Utf8PathBuf};

/// In a project: the audit trail, and what a run of `vendor` keeps while it is at work.
pub(crate) const PROJECT_FOLDER: &str = ".sequester";
/// The audit trail, from the folder that holds the policy.
pub(crate) const TRAIL_FOLDER: &str = ".sequester/trail";
/// In the name of every tree of vendored sources in the making. In a vendor folder such a name begins with it.
pub(crate) const STAGE_MARK: &str = ".sequester-stage-";

/// What a file is called while its content is written: between the two lie random letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StagedName {
    /// Before them.
    pub prefix: &'static str,
    /// After them.
    pub suffix: &'static str,
}

/// Beside any file.
pub const STAGED: StagedName = StagedName { prefix: ".sequester-", suffix: ".tmp" };
/// In the audit trail, whose readers pass over it.
pub const STAGED_EVENT: StagedName = StagedName { prefix: ".event-", suffix: ".tmp" };

impl StagedName {
    /// Whether a file's name has this form.
    #[must_use]
    pub fn is_of(self, name: &str) -> bool {
        name.starts_with(self.prefix) && name.ends_with(self.suffix)
    }
}

/// A folder of ours below `$CARGO_HOME`.
#[must_use]
pub(crate) fn in_cargo_home(cargo_home: &Utf8Path, folder: &str) -> Utf8PathBuf {
    cargo_home.join("sequester").join(folder)
}
