//! The ways out of findings. What `vendor` would refuse to write over goes first, so that no command runs into the next problem.

use std::collections::BTreeSet;

use super::{VerifyReport, quoted, vendor_again};
use crate::model::allow_list::AllowedId;
use crate::model::verification::Finding;
use crate::report::escape::terminal;

/// The most paths that a command names.
const MOST: usize = 40;

/// What the findings of a run have in common.
pub(super) struct Remedy<'a> {
    folder: &'a str,
    /// The command that writes the approved sources anew.
    vendor: String,
    /// What no run of `vendor` is known to have written: it does not write over that.
    in_the_way: Vec<String>,
    unlisted: Unlisted,
}

/// Which packages no allow-list names.
enum Unlisted {
    All,
    /// By name.
    These(BTreeSet<String>),
}

impl<'a> Remedy<'a> {
    pub(super) fn of(report: &VerifyReport<'a>) -> Self {
        let findings = &report.verification.findings;
        let has_no_list = |finding: &Finding| matches!(finding, Finding::NoAllowList | Finding::NotReplaced { .. });
        let unlisted = if findings.iter().any(has_no_list) {
            Unlisted::All
        } else {
            let of = |finding: &Finding| {
                let Finding::NotAllowed { id } = finding else { return None };
                AllowedId::of(id).map(|id| id.name().to_owned())
            };
            Unlisted::These(findings.iter().filter_map(of).collect())
        };
        let folder = report.folder.as_str();
        let mut remedy = Self { folder, vendor: vendor_again(report), in_the_way: Vec::new(), unlisted };
        remedy.in_the_way = findings
            .iter()
            .filter(|finding| {
                matches!(finding, Finding::FileNotListed { .. } | Finding::NotAFile { .. } | Finding::FileEdited { .. })
            })
            .filter_map(|finding| remedy.foreign(finding))
            .take(MOST + 1)
            .collect();
        remedy
    }

    /// The way out of findings of one kind, the last of which this one is; `paths` are those of theirs that are [foreign](Self::foreign).
    pub(super) fn help(&self, finding: &Finding, paths: &[String]) -> String {
        match finding.code() {
            "not-replaced" | "no-allow-list" | "no-tree" | "not-allowed" | "not-vendored" | "interrupted" => {
                self.anew("write the approved sources, the allow-list and cargo's setting")
            }
            "tree-is-link" | "tree-is-no-folder" | "tree-outside" => {
                "keep the vendored sources in a folder of the workspace itself, then run: cargo sequester vendor"
                    .to_owned()
            }
            "not-locked" | "package-twice" => self.anew("remove what the lock file does not need"),
            "shared" => shared(finding),
            // Nobody but a person may remove what this program did not write.
            "directory-not-locked" | "stray" | "no-package" | "file-not-listed" | "not-a-file" => self.remove(paths),
            "checksum-missing" => "let cargo write the lock file anew: cargo update --workspace".to_owned(),
            "allowed-checksum-differs" => {
                "find out which of the two was changed, and by whom, before anything is built".to_owned()
            }
            "line-endings" => {
                let folder = quoted(self.folder);
                format!(
                    "check the tree out again without conversion: keep its .gitattributes, then git rm -r --cached {folder} && git reset --hard"
                )
            }
            "not-from-archive" | "archive-refused" => {
                "do not build it: whoever edited the tree edited the allow-list too; look at both in the history"
                    .to_owned()
            }
            "source-not-allowed" => {
                "name the source in sequester.toml under [sources] or [registries], or drop the dependency".to_owned()
            }
            _ => self.anew("see who changed it, then write the approved sources again"),
        }
    }

    /// What `vendor` would not write over, as a reader would write it: what lies where nothing should, and what was edited where no allow-list
    /// says that a run wrote it.
    pub(super) fn foreign(&self, finding: &Finding) -> Option<String> {
        if let Finding::DirectoryNotLocked { directory: name, .. }
        | Finding::NoPackage { directory: name, .. }
        | Finding::Stray { path: name, .. } = finding
        {
            return Some(format!("{}/{name}", self.folder));
        }
        if let Finding::FileNotListed { directory, path } | Finding::NotAFile { directory, path, .. } = finding {
            return Some(format!("{}/{directory}/{path}", self.folder));
        }
        let Finding::FileEdited { directory, path } = finding else { return None };
        self.is_unlisted(directory).then(|| format!("{}/{directory}/{path}", self.folder))
    }

    /// Whether no allow-list has the package of this folder.
    fn is_unlisted(&self, directory: &str) -> bool {
        match &self.unlisted {
            Unlisted::All => true,
            // See `AllowedId::has_folder`; there can be as many packages as folders.
            Unlisted::These(names) => {
                let before = directory.match_indices('-').filter_map(|(at, _)| directory.get(..at));
                before.chain([directory]).any(|name| names.contains(name))
            }
        }
    }

    /// Writes the sources anew, for this purpose; what is in the way of that is named with it.
    fn anew(&self, purpose: &str) -> String {
        let vendor = &self.vendor;
        if self.in_the_way.is_empty() {
            format!("{purpose}: {vendor}")
        } else if let Some(words) = words(&self.in_the_way) {
            format!("{purpose}, without what no run is known to have written: rm -r -- {words} && {vendor}")
        } else {
            format!("remove what is told of files that no run is known to have written, then {purpose}: {vendor}")
        }
    }

    /// Removes them by name; a name that no shell would take as it is shown is left to a person.
    fn remove(&self, paths: &[String]) -> String {
        match words(paths) {
            Some(words) => format!("see what it is, then remove it: rm -r -- {words}"),
            None => {
                format!("see what it is, remove it by hand, then write the approved sources again: {}", self.vendor)
            }
        }
    }
}

/// One of the two has to go to another version.
fn shared(finding: &Finding) -> String {
    let Finding::Shared { other, .. } = finding else { return String::new() };
    let other = quoted(&other.to_string());
    format!("lock another version of one of them: cargo update -p {other} --precise VERSION")
}

/// Paths for a shell; `None` where there are none or too many, or a name is not shown as it is.
fn words(paths: &[String]) -> Option<String> {
    // Bytes that are not UTF-8 were replaced, so that another name is shown.
    let is_shown = |path: &String| terminal(path) == *path && !path.contains(char::REPLACEMENT_CHARACTER);
    let can = !paths.is_empty() && paths.len() <= MOST && paths.iter().all(is_shown);
    can.then(|| paths.iter().map(|path| quoted(path)).collect::<Vec<_>>().join(" "))
}
