//! Where findings lie, as code hosts want to have it: in a file of the repository, named from its root, on a line.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::{AuditReport, JudgedBy};
use crate::model::evaluation::{Notice, RuleKind};
use crate::model::loosening::Loosening;

/// The files that findings are about. Code hosts find them by their paths from the repository's root, wherever a run began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The lock file.
    pub lock_file: Utf8PathBuf,
    /// The policy file of the working tree, where there is one.
    pub policy_file: Option<Utf8PathBuf>,
    /// The lines of its keys, counted from 1.
    pub policy_lines: BTreeMap<String, u32>,
}

/// One of them, and a line in it where one is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) file: &'a Utf8Path,
    pub(super) line: Option<u32>,
}

impl Places {
    /// Where a package stands, by its position in the lock file.
    pub(super) fn package(&self, position: usize, report: &AuditReport<'_>) -> Place<'_> {
        Place { file: &self.lock_file, line: line_of(position, report) }
    }

    /// The lock file as a whole.
    pub(super) fn lock_file(&self) -> Place<'_> {
        Place { file: &self.lock_file, line: None }
    }

    /// The key that a change loosened, or the table that it was taken from.
    pub(super) fn loosening(&self, loosening: &Loosening) -> Place<'_> {
        self.key(&loosening.key).unwrap_or_else(|| self.lock_file())
    }

    /// The entry of the policy that a notice is about; `None` where it is about none, or stands in the base's file.
    pub(super) fn notice(&self, notice: &Notice, report: &AuditReport<'_>) -> Option<Place<'_>> {
        let JudgedBy::File(_) = report.judged_by else { return None };
        if let Notice::RuleUnused { kind, line: None, .. } = notice {
            return self.key(match kind {
                RuleKind::Override => "override",
                RuleKind::Registry => "sources.allow-registries",
                RuleKind::Git => "sources.allow-git",
                RuleKind::Ban => "bans.deny",
            });
        }
        let (Notice::ApprovalUnused { line, .. }
        | Notice::ApprovalLapsed { line, .. }
        | Notice::ApprovalOfOtherBytes { line, .. }
        | Notice::ApprovalEnding { line, .. }
        | Notice::IgnoreLapsed { line, .. }
        | Notice::IgnoreUnused { line, .. }
        | Notice::IgnoreEnding { line, .. }
        | Notice::RuleUnused { line: Some(line), .. }) = notice
        else {
            return None;
        };
        Some(Place { file: self.policy_file.as_deref()?, line: Some(*line) })
    }

    /// The line of a key, or of the nearest table around it that is there.
    fn key(&self, key: &str) -> Option<Place<'_>> {
        let file = self.policy_file.as_deref()?;
        let mut key = key;
        let line = loop {
            if let Some(line) = self.policy_lines.get(key) {
                break Some(*line);
            }
            match key.rsplit_once([' ', '.']) {
                Some((above, _)) => key = above,
                None => break None,
            }
        };
        Some(Place { file, line })
    }
}

/// A package's line in the lock file.
fn line_of(position: usize, report: &AuditReport<'_>) -> Option<u32> {
    (report.lines.len() == report.packages.len()).then(|| report.lines.get(position).copied()).flatten()
}
