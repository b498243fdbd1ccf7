//! What one release's archive has that another's has not, as a reviewer wants to know it.

use std::sync::Arc;

use jiff::Timestamp;

use super::checksum::Checksum;
use super::finding::{Finding, Inspection, Severity};
use super::index_line::Requirement;
use super::publication::Publisher;

/// Two releases of one crate, compared.
#[derive(Clone, Debug)]
pub struct ReleaseDiff {
    /// What was seen in the older one.
    pub(crate) old: Inspection,
    /// What was seen in the newer one.
    pub(crate) new: Inspection,
    /// The findings that only the newer one has, the worst first.
    pub(crate) findings: Vec<Finding>,
    /// How many of the older one's it no longer has.
    pub(crate) findings_gone: usize,
    /// Whether a build script that both have is another text.
    pub(crate) build_script_changed: bool,
    /// What it asks of other packages, but for tests: what is new first.
    pub(crate) dependencies: Vec<DependencyDiff>,
    /// In the order of their names.
    pub(crate) features: Vec<FeatureDiff>,
    /// What a reviewer should look at first comes first.
    pub(crate) files: Vec<FileDiff>,
}

impl ReleaseDiff {
    /// The dependencies on crates that the older release did not use.
    pub(crate) fn added(&self) -> impl Iterator<Item = &DependencyDiff> {
        self.dependencies.iter().filter(|one| one.old.is_empty())
    }

    /// How many lines came and went, where they were counted.
    #[must_use]
    pub fn lines(&self) -> (usize, usize) {
        let counts = self.files.iter().filter_map(|file| file.content.counts());
        counts.fold((0, 0), |(added, removed), (more, less)| (added + more, removed + less))
    }

    /// How many of the new findings have this severity.
    #[must_use]
    pub(crate) fn findings_of(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// What became of the build script.
    #[must_use]
    pub(crate) const fn build_script(&self) -> Change {
        match (&self.old.build_script, &self.new.build_script, self.build_script_changed) {
            (None, Some(_), _) => Change::Added,
            (Some(_), None, _) => Change::Removed,
            (Some(_), Some(_), true) => Change::Changed,
            (None, None, _) | (Some(_), Some(_), false) => Change::Same,
        }
    }
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Removed,
    Changed,
    Same,
}

names!(Change { Added => "added", Removed => "removed", Changed => "changed", Same => "same" });

/// What the two ask of one crate; it is in one of them at least.
#[derive(Clone, Debug)]
pub(crate) struct DependencyDiff {
    pub(crate) name: Arc<str>,
    /// The index address of its registry; `None` for crates.io.
    pub(crate) registry: Option<String>,
    pub(crate) old: Vec<Requirement>,
    pub(crate) new: Vec<Requirement>,
    /// For one that is new: how old the crate is.
    pub(crate) age: CrateAge,
    /// For one that is new, where the registry was asked: who published its latest release.
    pub(crate) publisher: Option<Publisher>,
}

impl DependencyDiff {
    #[must_use]
    pub(crate) const fn change(&self) -> Change {
        match (self.old.is_empty(), self.new.is_empty()) {
            (true, _) => Change::Added,
            (_, true) => Change::Removed,
            (false, false) => Change::Changed,
        }
    }
}

/// Since when there is a crate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CrateAge {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// Its index entry could not be had, or says nothing of it.
    Unknown,
    /// Its registry has no such crate.
    NoSuchCrate,
    /// Its first release was published then.
    Since(Timestamp),
}

/// A feature that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FeatureDiff {
    pub(crate) name: String,
    /// What it turns on; `None` where the release does not have it.
    pub(crate) old: Option<Vec<String>>,
    pub(crate) new: Option<Vec<String>>,
}

impl FeatureDiff {
    #[must_use]
    pub(crate) const fn change(&self) -> Change {
        match (&self.old, &self.new) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (Some(_), Some(_)) => Change::Changed,
        }
    }
}

/// What a file is for. The order is the one in which a reviewer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileKind {
    /// Runs before the package is compiled.
    BuildScript,
    /// `Cargo.toml`, and the one that its author wrote.
    Manifest,
    /// Rust that dependents compile.
    Source,
    /// C, assembler and the like.
    NativeSource,
    /// For a shell or an interpreter.
    Script,
    /// No text.
    Binary,
    /// Tests, benchmarks and examples.
    Test,
    /// What cargo writes when it packs.
    Packing,
    /// What people read.
    Documentation,
    Other,
}

names!(FileKind {
    BuildScript => "build-script",
    Manifest => "manifest",
    Source => "source",
    NativeSource => "native-source",
    Script => "script",
    Binary => "binary",
    Test => "test",
    Packing => "packing",
    Documentation => "documentation",
    Other => "other",
});

/// A file that is not the same in both.
#[derive(Clone, Debug)]
pub(crate) struct FileDiff {
    /// Below the package's folder.
    pub(crate) path: Box<str>,
    pub(crate) kind: FileKind,
    /// Its digest in the older release.
    pub(crate) old: Option<Checksum>,
    pub(crate) new: Option<Checksum>,
    /// For a file that only moved: where it lay.
    pub(crate) from: Option<Box<str>>,
    pub(crate) content: ContentDiff,
}

impl FileDiff {
    #[must_use]
    pub(crate) const fn change(&self) -> Change {
        match (&self.old, &self.new, &self.from) {
            (_, _, Some(_)) => Change::Same,
            (None, _, None) => Change::Added,
            (_, None, None) => Change::Removed,
            (Some(_), Some(_), None) => Change::Changed,
        }
    }
}

/// How a file's content differs.
#[derive(Clone, Debug)]
pub(crate) enum ContentDiff {
    /// It only lies elsewhere.
    Moved,
    /// Line by line.
    Text {
        /// Lines that came.
        added: usize,
        /// Lines that went.
        removed: usize,
        hunks: Vec<Hunk>,
    },
    /// At least one of the two is no text; the sizes are in bytes.
    Binary { old: Option<u64>, new: Option<u64> },
    /// Larger than what is compared, or more than is held at once; the sizes are in bytes.
    TooLarge { old: Option<u64>, new: Option<u64> },
}

codes!(ContentDiff { Moved => "moved", Text => "text", Binary => "binary", TooLarge => "too-large" });

impl ContentDiff {
    /// The lines that came, and those that went.
    #[must_use]
    pub(crate) const fn counts(&self) -> Option<(usize, usize)> {
        match self {
            Self::Text { added, removed, .. } => Some((*added, *removed)),
            Self::Moved | Self::Binary { .. } | Self::TooLarge { .. } => None,
        }
    }
}

/// Changed lines with those around them.
#[derive(Clone, Debug)]
pub(crate) struct Hunk {
    /// The first line, counted from 1, and how many.
    pub(crate) old: (usize, usize),
    pub(crate) new: (usize, usize),
    pub(crate) lines: Vec<DiffLine>,
}

/// A line without its end; text from the archive, not yet escaped.
#[derive(Clone, Debug)]
pub(crate) struct DiffLine {
    pub(crate) change: Change,
    pub(crate) text: Box<str>,
    /// Whether it is the last of a file and has no line end.
    pub(crate) is_unended: bool,
}
