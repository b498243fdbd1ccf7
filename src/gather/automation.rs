//! Which files of a repository have its host judge changes, or move dependencies, by itself.
//!
//! A file does so where its trigger, its job, its step and the line of its script say so for certain; where only the words are there, it may.
//! Whether the host runs it, and what happens to a change that it refuses, stands in no file.

mod script;
mod workflow;
mod yaml;

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use self::script::{Sure, mentions};
use self::workflow::{JUDGING, UPDATING};
use self::yaml::Yaml;
use crate::files::regular::{self, Links};
use crate::model::standard::{Automation, Doing};

/// The most workflow files that are looked at.
const MOST_FILES: usize = 100;
/// A longer file is none that people wrote.
const FILE_LIMIT: u64 = 256 << 10;
/// Where GitHub looks for workflows.
pub(crate) const WORKFLOWS: &str = ".github/workflows";
const GITLAB: &str = ".gitlab-ci.yml";
const DEPENDABOT: [&str; 2] = [".github/dependabot.yml", ".github/dependabot.yaml"];
/// Files by which Renovate is told to work here.
const RENOVATE: [&str; 6] = [
    "renovate.json",
    "renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".github/renovate.json",
    ".github/renovate.json5",
];

/// The files beside workflows that are asked for, from the repository's root.
pub(crate) fn places() -> impl Iterator<Item = &'static Utf8Path> {
    [GITLAB].into_iter().chain(DEPENDABOT).chain(RENOVATE).map(Utf8Path::new)
}

/// The same files as they lie in a working tree.
#[must_use]
pub(crate) fn in_working_tree(top: &Utf8Path) -> Vec<(Utf8PathBuf, Vec<u8>)> {
    let listed = fs::read_dir(top.join(WORKFLOWS)).into_iter().flatten().flatten().take(MOST_FILES);
    let names = listed.filter_map(|entry| entry.file_name().into_string().ok());
    let mut paths: Vec<Utf8PathBuf> = names.map(|name| Utf8Path::new(WORKFLOWS).join(name)).collect();
    paths.sort();
    paths.extend(places().map(Utf8Path::to_owned));
    let read = |path: Utf8PathBuf| {
        let bytes = regular::read(&top.join(&path), Links::Refused, FILE_LIMIT).ok()?;
        Some((path, bytes))
    };
    paths.into_iter().filter_map(read).collect()
}

/// Reads these files, named from the repository's root; `folder` is the project's. What is no text does nothing that we know of.
#[must_use]
pub(crate) fn find(files: &[(Utf8PathBuf, Vec<u8>)], folder: &Utf8Path) -> Automation {
    let mut found = Automation::default();
    for (path, bytes) in files.iter().take(MOST_FILES + RENOVATE.len() + DEPENDABOT.len() + 1) {
        let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= FILE_LIMIT);
        let Some(text) = str::from_utf8(bytes).ok().filter(|_| fits) else { continue };
        let (judges, updates) = of_file(path, text, folder.as_str());
        add(&mut found.judging, judges, path);
        add(&mut found.updating, updates, path);
    }
    found
}

fn add(doing: &mut Doing, sure: Sure, path: &Utf8Path) {
    match sure {
        Sure::Does => doing.does.push(path.to_owned()),
        Sure::May => doing.may.push(path.to_owned()),
        Sure::No => {}
    }
}

fn of_file(path: &Utf8Path, text: &str, folder: &str) -> (Sure, Sure) {
    let is = |names: &[&str]| names.contains(&path.as_str());
    let may = |is_told: bool| if is_told { Sure::May } else { Sure::No };
    if path.parent() == Some(Utf8Path::new(WORKFLOWS)) {
        let is_workflow = matches!(path.extension(), Some("yml" | "yaml"));
        return if is_workflow { workflow::does(text, folder) } else { (Sure::No, Sure::No) };
    }
    if is(&[GITLAB]) {
        // Rules, includes and templates decide there what runs.
        return (may(mentions(text, JUDGING)), may(mentions(text, UPDATING)));
    }
    if is(&DEPENDABOT) {
        return (Sure::No, dependabot(text, folder));
    }
    // Presets from elsewhere decide what Renovate does.
    let off = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|read| read["enabled"] == false);
    (Sure::No, may(is(&RENOVATE) && !off))
}

/// Whether Dependabot is told to look after cargo's packages in this folder.
fn dependabot(text: &str, folder: &str) -> Sure {
    let is_told = text.lines().any(|line| line.contains("package-ecosystem") && line.contains("cargo"));
    let Some(read) = Yaml::parse(text) else { return if is_told { Sure::May } else { Sure::No } };
    let updates = read.get("updates").map_or(&[][..], Yaml::items).iter();
    let said = |of: &Yaml, key: &str| of.get(key).and_then(Yaml::text).map(str::to_owned);
    let of_update = |update: &Yaml| {
        if said(update, "package-ecosystem").as_deref() != Some("cargo")
            || said(update, "open-pull-requests-limit").as_deref() == Some("0")
        {
            return Sure::No;
        }
        let is_here = said(update, "directory").is_some_and(|of| of.trim_matches('/') == folder);
        let has_time = update.get("schedule").is_some_and(|schedule| schedule.get("interval").is_some());
        let narrowed =
            ["ignore", "allow", "target-branch", "exclude-paths"].iter().any(|key| update.get(key).is_some());
        if is_here && has_time && !narrowed { Sure::Does } else { Sure::May }
    };
    updates.map(of_update).max().unwrap_or(Sure::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Automation {
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).into(), text.as_bytes().to_vec())).collect();
        find(&files, Utf8Path::new(""))
    }

    #[test]
    fn what_is_done_is_told_from_what_may_be() {
        let dependabot =
            "version: 2\nupdates:\n  - package-ecosystem: cargo\n    directory: /\n    schedule: {interval: weekly}\n";
        let seen = found(&[
            (".gitlab-ci.yml", "x:\n  script:\n    - cargo-sequester audit --base $B\n"),
            (".github/workflows/notes.txt", "cargo-sequester fix\n"),
            (".github/dependabot.yml", dependabot),
            ("renovate.json", "{}"),
            (".renovaterc", "{\"enabled\": false}"),
        ]);
        assert_eq!((seen.judging.does.len(), seen.judging.may), (0, vec![".gitlab-ci.yml".into()]));
        assert_eq!(seen.updating.does, [".github/dependabot.yml"]);
        assert_eq!(seen.updating.may, ["renovate.json"]);
        let of = |text: &str| found(&[(".github/dependabot.yml", text)]).updating;
        let none = Doing::default();
        assert_eq!(of(&dependabot.replace("cargo", "npm")), none);
        assert_eq!(of(&(dependabot.to_owned() + "    open-pull-requests-limit: 0\n")), none);
        assert!(of(&(dependabot.to_owned() + "    ignore:\n      - dependency-name: \"*\"\n")).does.is_empty());
        assert!(of(&dependabot.replace("directory: /", "directory: /other")).does.is_empty());
    }
}
