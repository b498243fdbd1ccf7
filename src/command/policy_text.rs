//! The policy file as text, for the verbs that change it.

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use super::CommandError;
use crate::gather::policy_file::{self, PolicyFile};
use crate::model::approval::Approvals;
use crate::model::checksum::Checksum;
use crate::model::policy::Policy;
use crate::write::policy_file::{PolicyEditError, without_entries};
use crate::write::project_file::replace;

/// One state of the policy file.
#[derive(Clone, Debug)]
pub(super) struct PolicyText {
    path: Utf8PathBuf,
    /// `None` where there is no file.
    text: Option<String>,
    /// What it says.
    pub(super) policy: Policy,
    /// What it exempts.
    pub(super) approvals: Approvals,
}

impl PolicyText {
    /// Reads the file; one that is not there says what the defaults say.
    pub(super) fn read(path: &Utf8Path) -> Result<Self, CommandError> {
        let text = policy_file::text(path)?;
        let file = text.as_deref().map(|text| policy_file::parse(text, path)).transpose()?.unwrap_or_default();
        Ok(Self::of(path, text, &file))
    }

    fn of(path: &Utf8Path, text: Option<String>, file: &PolicyFile) -> Self {
        let (policy, approvals) = (file.policy().clone(), file.approvals().clone());
        Self { path: path.to_owned(), text, policy, approvals }
    }

    /// The text, which is empty where there is no file.
    pub(super) fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// The file with another text, not yet written. The text is read back first: what cannot be read must not be left behind.
    pub(super) fn edited(&self, text: Result<String, PolicyEditError>) -> Result<Self, CommandError> {
        let text = text.map_err(|cause| CommandError::PolicyEdit { path: self.path.clone(), cause })?;
        let file = policy_file::parse(&text, &self.path)?;
        Ok(Self::of(&self.path, Some(text), &file))
    }

    /// Puts this state in the place of the one that was read.
    pub(super) fn write_over(&self, before: &Self) -> Result<(), CommandError> {
        Ok(replace(&self.path, before.text.as_deref(), self.as_str())?)
    }

    /// The digest of the file.
    pub(super) fn digest(&self) -> Option<Checksum> {
        self.text.as_ref().map(|text| Checksum::from_bytes(Sha256::digest(text).into()))
    }

    /// The text without approvals and ignores, which events record one by one.
    pub(super) fn rules(&self) -> String {
        let ignores = self.policy.advisories.ignore.iter().map(|ignore| ignore.line);
        let lines = self.approvals.iter().map(|approval| approval.line).chain(ignores).collect();
        without_entries(self.as_str(), &lines).unwrap_or_else(|_| self.as_str().to_owned())
    }
}
