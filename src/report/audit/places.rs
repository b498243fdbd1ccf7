//! Where findings lie: files by their paths from the repository's root, and lines that a reviewer is shown.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::AuditReport;
use crate::model::evaluation::{Notice, RuleKind};
use crate::model::loosening::Loosening;
use crate::model::package::Line;
use crate::model::policy::JudgedBy;

/// The files that findings are about. Code hosts find them by their paths from the repository's root, wherever a run began.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub lock_file: MarkedFile,
    /// The policy file of the working tree, where there is one.
    pub policy_file: Option<MarkedFile>,
    /// The lines of its keys, counted from 1.
    pub policy_lines: BTreeMap<String, u32>,
    /// Where each thing stands that the change does as well, in the evaluation's order, as far as that is below the root.
    pub side_effects: Vec<Option<Line>>,
}

/// A file, and which of its lines a change brought. Code hosts show a finding in a change only where it lies on such a line.
#[derive(Clone, Debug, Default)]
pub struct MarkedFile {
    path: Utf8PathBuf,
    /// For each line how many characters it has, and whether the change certainly brought it.
    lines: Vec<(usize, bool)>,
}

/// A file and a line in it, where one is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: Utf8PathBuf,
    pub(super) line: Option<u32>,
    /// How many characters the line has, where that is known.
    pub(super) columns: usize,
}

impl MarkedFile {
    /// A file whose text is not at hand.
    #[must_use]
    pub const fn unread(path: Utf8PathBuf) -> Self {
        Self { path, lines: Vec::new() }
    }

    /// A file as it is, and as the commits have it that it is compared with; none where there is no base. Whatever way two texts are
    /// compared, a line that no earlier text has is among what is new.
    #[must_use]
    pub fn read(path: Utf8PathBuf, text: &str, before: Option<&[String]>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let old = before.map(|texts| texts.iter().flat_map(|text| text.lines()).collect::<BTreeSet<&str>>());
        let is_new = |line: &str| old.as_ref().is_some_and(|old| !line.trim().is_empty() && !old.contains(line));
        let lines = text.lines().map(|line| (line.chars().count(), is_new(line))).collect();
        Self { path, lines }
    }

    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The first line that the change brought in a block that begins at `line`, counted from 1, and ends before `end`; else the first.
    fn block(&self, line: u32, end: Option<u32>) -> Place {
        let end = end.map_or(self.lines.len(), |end| usize::try_from(end).unwrap_or(usize::MAX).saturating_sub(1));
        let begin = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let brought = (begin..end.min(self.lines.len())).find(|at| self.lines.get(*at).is_some_and(|line| line.1));
        self.at(brought.and_then(|at| u32::try_from(at + 1).ok()).or(Some(line)))
    }

    /// The file as a whole: the first line that the change brought, where there is one.
    fn whole(&self) -> Place {
        let brought = self.lines.iter().position(|line| line.1);
        self.at(brought.and_then(|at| u32::try_from(at + 1).ok()))
    }

    fn at(&self, line: Option<u32>) -> Place {
        let index = usize::try_from(line.unwrap_or(1)).unwrap_or(usize::MAX).saturating_sub(1);
        let columns = self.lines.get(index).map_or(0, |line| line.0);
        Place { file: self.path.clone(), line, columns }
    }
}

impl Places {
    /// Where a package stands, by its position in the lock file.
    pub(super) fn package(&self, position: usize, report: &AuditReport<'_>) -> Place {
        match line_of(position, report) {
            Some(line) => self.lock_file.block(line, line_of(position + 1, report)),
            None => self.lock_file.whole(),
        }
    }

    /// The lock file as a whole.
    pub(super) fn lock_file(&self) -> Place {
        self.lock_file.whole()
    }

    /// The key that a change loosened, or the table that it was taken from.
    pub(super) fn loosening(&self, loosening: &Loosening) -> Place {
        self.key(&loosening.key).unwrap_or_else(|| self.policy())
    }

    /// The policy file as a whole, or what stands for it where there is none.
    pub(super) fn policy(&self) -> Place {
        self.policy_file.as_ref().map_or_else(|| self.lock_file(), MarkedFile::whole)
    }

    /// What a change does as well, by its position among those things.
    pub(super) fn side_effect(&self, position: Option<usize>) -> Option<Place> {
        let line = self.side_effects.get(position?)?.as_ref()?;
        Some(Place { file: line.file.clone(), line: Some(line.number.max(1)), columns: 0 })
    }

    /// The entry of the policy that a notice is about; `None` where it is about none, or stands in the base's file.
    pub(super) fn notice(&self, notice: &Notice, report: &AuditReport<'_>) -> Option<Place> {
        let JudgedBy::File(_) = report.judged_by else { return None };
        if let Notice::RuleUnused { kind, line: None, .. } = notice {
            return self.key(match kind {
                RuleKind::Override => "override",
                RuleKind::Registry => "sources.allow-registries",
                RuleKind::Git => "sources.allow-git",
                RuleKind::Ban => "bans.deny",
                RuleKind::LicenseException => "licenses.exception",
                RuleKind::Clarification => "licenses.clarify",
            });
        }
        let (Notice::ApprovalUnused { line, .. }
        | Notice::ApprovalLapsed { line, .. }
        | Notice::ApprovalOfOtherBytes { line, .. }
        | Notice::ClarificationOfOtherFiles { line, .. }
        | Notice::ApprovalEnding { line, .. }
        | Notice::IgnoreLapsed { line, .. }
        | Notice::IgnoreUnused { line, .. }
        | Notice::IgnoreEnding { line, .. }
        | Notice::RuleUnused { line: Some(line), .. }) = notice
        else {
            return None;
        };
        Some(self.policy_file.as_ref()?.at(Some(*line)))
    }

    /// The line of a key, or of the nearest table around it that is there; of a table the first line that the change brought.
    fn key(&self, key: &str) -> Option<Place> {
        let file = self.policy_file.as_ref()?;
        let mut key = key;
        let line = loop {
            if let Some(line) = self.policy_lines.get(key) {
                break *line;
            }
            match key.rsplit_once([' ', '.']) {
                Some((above, _)) => key = above,
                None => return Some(file.whole()),
            }
        };
        // What follows belongs to it until the next key that stands on its own.
        let end =
            self.policy_lines.iter().filter(|(other, at)| **at > line && !other.starts_with(key)).map(|(_, at)| *at);
        Some(file.block(line, end.min()))
    }
}

/// A package's line in the lock file.
fn line_of(position: usize, report: &AuditReport<'_>) -> Option<u32> {
    (report.lines.len() == report.packages.len()).then(|| report.lines.get(position).copied()).flatten()
}
