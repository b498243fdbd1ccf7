//! Which files of a repository have its host judge changes, or move dependencies, by itself.
//!
//! A file is only searched for the words by which it would do so. Whether the host runs it, and what happens to a change that it refuses,
//! stands in no file.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::{self, Links};
use crate::model::standard::Automation;

/// The most workflow files that are looked at.
const MOST_FILES: usize = 100;
/// A longer file is none that people wrote.
const FILE_LIMIT: u64 = 256 << 10;
/// Files by which Renovate is told to work here.
const RENOVATE: [&str; 6] = [
    "renovate.json",
    "renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".github/renovate.json",
    ".github/renovate.json5",
];
const DEPENDABOT: [&str; 2] = [".github/dependabot.yml", ".github/dependabot.yaml"];

/// Looks below a repository's root. What cannot be read does nothing that we know of.
#[must_use]
pub(crate) fn find(root: &Utf8Path) -> Automation {
    let mut found = Automation::default();
    for path in workflows(root) {
        let Some(text) = text(root, &path) else { continue };
        if says(&text, &["audit"], &["--base"]) || uses_action(&text) {
            found.judging.push(path.clone());
        }
        if says(&text, &["update", "fix"], &[]) {
            found.updating.push(path);
        }
    }
    let dependabot = DEPENDABOT.into_iter().map(Utf8PathBuf::from);
    let is_for_cargo =
        |text: String| lines(&text).any(|line| line.contains("package-ecosystem") && line.contains("cargo"));
    found.updating.extend(dependabot.filter(|path| text(root, path).is_some_and(is_for_cargo)));
    found.updating.extend(RENOVATE.into_iter().map(Utf8PathBuf::from).filter(|path| text(root, path).is_some()));
    found
}

fn workflows(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let folder = Utf8Path::new(".github/workflows");
    let listed = fs::read_dir(root.join(folder)).into_iter().flatten().flatten().take(MOST_FILES);
    let names = listed.filter_map(|entry| entry.file_name().into_string().ok());
    let is_workflow = |name: &String| matches!(Utf8Path::new(name).extension(), Some("yml" | "yaml"));
    let mut all: Vec<Utf8PathBuf> = names.filter(is_workflow).map(|name| folder.join(name)).collect();
    all.sort();
    all.push(Utf8PathBuf::from(".gitlab-ci.yml"));
    all
}

fn text(root: &Utf8Path, path: &Utf8Path) -> Option<String> {
    regular::text(&root.join(path), Links::Refused, FILE_LIMIT).ok()
}

/// Its lines without those that are comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with('#'))
}

/// Whether a line runs one of these verbs, with all of these words.
fn says(text: &str, verbs: &[&str], with: &[&str]) -> bool {
    lines(text).any(|line| {
        let mut rest = line.split("sequester ").skip(1);
        rest.any(|after| {
            let mut words = after.split_whitespace();
            words.next().is_some_and(|verb| verbs.contains(&verb)) && with.iter().all(|word| after.contains(word))
        })
    })
}

/// Whether a step is our own action, which judges pull requests by their base.
fn uses_action(text: &str) -> bool {
    lines(text).any(|line| {
        let step = line.trim_start().trim_start_matches("- ");
        step.strip_prefix("uses:").is_some_and(|action| action.contains("/cargo-sequester@"))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    fn found(files: &[(&str, &str)]) -> Automation {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        find(root)
    }

    #[test]
    fn what_runs_is_told_from_what_is_written_about() {
        let found = found(&[
            (".github/workflows/a.yml", "      - run: cargo-sequester audit --base \"$BASE\" --format github\n"),
            (".github/workflows/b.yml", "# cargo-sequester audit --base X\n      - run: cargo-sequester audit\n"),
            (".github/workflows/c.yaml", "      - uses: someone/cargo-sequester@v1\n"),
            (".github/workflows/d.yml", "      - run: cargo-sequester update --vendor\n"),
            (".github/workflows/notes.txt", "cargo-sequester fix\n"),
            (".github/dependabot.yml", "  - package-ecosystem: \"npm\"\n"),
            ("renovate.json", "{}"),
        ]);
        assert_eq!(found.judging, [".github/workflows/a.yml", ".github/workflows/c.yaml"]);
        assert_eq!(found.updating, [".github/workflows/d.yml", "renovate.json"]);
        assert_eq!(super::find(Utf8Path::new("/nowhere/at/all")), Automation::default());
    }
}
