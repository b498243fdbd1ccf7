//! What cargo left of a crate on this machine: archives in its download cache, unpacked sources, installed programs, and build output, which
//! tells what was compiled and which build script was run.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use semver::Version;
use serde::Deserialize;

use super::crate_files::LARGEST_CRATE;
use crate::files::regular::{self, Links, ReadError};
use crate::model::checksum::Hashed;
use crate::model::crate_name::canonical;
use crate::model::incident::{Gap, Trace, TraceKind};

/// How deep below a folder of build output a profile's folder lies: `TRIPLE/PROFILE`.
const PROFILE_DEPTH: usize = 3;
/// The most entries of a folder that are looked at.
const MAX_ENTRIES: usize = 500_000;
/// The most bytes of a file of dependency information.
const MAX_DEP_INFO: u64 = 4 << 20;
/// The most bytes of the list of installed programs.
const MAX_INSTALLED: u64 = 16 << 20;
/// The most bytes of a manifest.
const MAX_MANIFEST: u64 = 8 << 20;
/// Cargo's unit hashes have sixteen digits.
const HASH_DIGITS: usize = 16;

/// What was found, and what could not be looked at.
#[expect(clippy::struct_field_names, reason = "the field's own word for what is found")]
#[derive(Debug, Default)]
pub(crate) struct Traces {
    pub traces: Vec<Trace>,
    /// The folders that were looked into.
    pub caches: Vec<Utf8PathBuf>,
    pub build_folders: Vec<Utf8PathBuf>,
    pub gaps: Vec<Gap>,
}

impl Traces {
    /// Looks through cargo's home; `names` are canonical.
    pub(crate) fn of_cargo_home(&mut self, home: &Utf8Path, names: &BTreeSet<String>) {
        for (below, kind) in [("registry/cache", TraceKind::Archive), ("registry/src", TraceKind::Unpacked)] {
            for registry in self.folders(&home.join(below)) {
                for name in self.entries(&registry) {
                    let path = registry.join(&name);
                    if kind == TraceKind::Archive {
                        let is_one = name.strip_suffix(".crate").is_some_and(|stem| release_of(stem, names).is_some());
                        self.traces.extend(is_one.then(|| archive(&path, names, kind)).flatten());
                    } else if let Some((name, version)) = release_of(&name, names) {
                        let at = written(&path);
                        self.traces.push(Trace { kind, name, version: Some(version), path, at, checksum: None });
                    }
                }
                self.caches.push(registry);
            }
        }
        self.installed(&home.join(".crates2.json"), names);
    }

    /// `{"installs":{"NAME VERSION (SOURCE)":…}}`
    fn installed(&mut self, path: &Utf8Path, names: &BTreeSet<String>) {
        let bytes = match regular::read(path, Links::Followed, MAX_INSTALLED) {
            Ok(bytes) => bytes,
            Err(cause) => return self.unread(path, &cause),
        };
        let list: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
        let Some(installs) = list.as_ref().and_then(|list| list.get("installs")?.as_object()) else {
            let cause = "it is no list of installed programs".to_owned();
            return self.gaps.push(Gap::Place { path: path.to_string(), cause });
        };
        for key in installs.keys() {
            let mut words = key.split(' ');
            let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
            if names.contains(&canonical(name)) {
                self.traces.push(Trace {
                    kind: TraceKind::Installed,
                    name: name.to_owned(),
                    version: version.parse().ok(),
                    path: path.to_owned(),
                    at: None,
                    checksum: None,
                });
            }
        }
    }

    /// Looks through a folder of build output; `root` is what relative paths in it begin at.
    pub(crate) fn of_build_folder(&mut self, folder: &Utf8Path, root: &Utf8Path, names: &BTreeSet<String>) {
        if self.build_folders.iter().any(|known| known == folder) || !folder.is_dir() {
            return;
        }
        self.build_folders.push(folder.to_owned());
        let mut waiting = vec![(folder.to_owned(), 0)];
        while let Some((folder, depth)) = waiting.pop() {
            let inner = self.folders(&folder);
            let is_profile = inner.iter().any(|one| matches!(one.file_name(), Some(".fingerprint" | "build" | "deps")));
            if is_profile {
                self.profile(&folder, root, names);
            } else if depth < PROFILE_DEPTH {
                waiting.extend(inner.into_iter().map(|one| (one, depth + 1)));
            }
        }
    }

    /// `.fingerprint/NAME-HASH`, `deps/NAME-HASH.d` and `build/NAME-HASH`; or, as newer cargos have it, `build/NAME/HASH` with all of these
    /// in it.
    fn profile(&mut self, profile: &Utf8Path, root: &Utf8Path, names: &BTreeSet<String>) {
        let mut units: BTreeMap<(String, String), Unit> = BTreeMap::new();
        let fingerprints = profile.join(".fingerprint");
        for name in self.entries(&fingerprints) {
            let Some((name_of, hash)) = unit(&name, names) else { continue };
            let files = self.entries(&fingerprints.join(&name));
            units.entry((name_of, hash)).or_default().fingerprint(&fingerprints.join(&name), &files);
        }
        let build = profile.join("build");
        for name in self.entries(&build) {
            let folder = build.join(&name);
            if let Some(key) = unit(&name, names) {
                let files = self.entries(&folder);
                let one = units.entry(key).or_default();
                one.output(&folder, &files);
                one.versions.extend(dep_info(&folder, &files, root, names));
            } else if names.contains(&canonical(&name)) {
                for hash in self.entries(&folder) {
                    let within = folder.join(&hash);
                    let one = units.entry((canonical(&name), hash)).or_default();
                    for part in self.entries(&within) {
                        let part = within.join(&part);
                        let files = if part.is_dir() { self.entries(&part) } else { Vec::new() };
                        match part.file_name() {
                            Some("fingerprint") => one.fingerprint(&part, &files),
                            Some("run" | "build-script-execution") => one.output(&part, &files),
                            // What was built lies here, under names that its author chose.
                            _ => one.seen(&part, &files),
                        }
                        one.versions.extend(dep_info(&part, &files, root, names));
                    }
                }
            }
        }
        if units.is_empty() {
            return;
        }
        let deps = profile.join("deps");
        for file in self.entries(&deps) {
            let Some(key) = file.strip_suffix(".d").and_then(|stem| unit(stem, names)) else { continue };
            if let Some(one) = units.get_mut(&key) {
                one.versions.extend(dep_info(&deps, &[file], root, names));
            }
        }
        self.told(&units);
    }

    /// A run of a build script names no source: it is of a version that was compiled there.
    fn told(&mut self, units: &BTreeMap<(String, String), Unit>) {
        let mut known: BTreeMap<&str, BTreeSet<&Version>> = BTreeMap::new();
        for ((name, _), unit) in units {
            known.entry(name).or_default().extend(&unit.versions);
        }
        for ((name, _), unit) in units {
            let versions: BTreeSet<&Version> = if unit.versions.is_empty() {
                known.get(&**name).cloned().unwrap_or_default()
            } else {
                unit.versions.iter().collect()
            };
            let versions: Vec<Option<&Version>> =
                if versions.is_empty() { vec![None] } else { versions.into_iter().map(Some).collect() };
            let kind = if unit.runs { TraceKind::BuildScriptRun } else { TraceKind::Built };
            self.traces.extend(versions.into_iter().map(|version| Trace {
                kind,
                name: name.clone(),
                version: version.cloned(),
                path: unit.path.clone(),
                at: unit.at,
                checksum: None,
            }));
        }
    }

    fn folders(&mut self, folder: &Utf8Path) -> Vec<Utf8PathBuf> {
        let inner = self.entries(folder).into_iter().map(|name| folder.join(name));
        inner.filter(|path| path.symlink_metadata().is_ok_and(|of| of.is_dir())).collect()
    }

    /// The names in a folder, sorted; none where it is not there.
    fn entries(&mut self, folder: &Utf8Path) -> Vec<String> {
        let entries = match folder.read_dir_utf8() {
            Ok(entries) => entries,
            Err(cause) if matches!(cause.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Vec::new();
            }
            Err(cause) => {
                self.gaps.push(Gap::Place { path: folder.to_string(), cause: cause.to_string() });
                return Vec::new();
            }
        };
        let mut names: Vec<String> =
            entries.flatten().take(MAX_ENTRIES + 1).map(|entry| entry.file_name().to_owned()).collect();
        if names.len() > MAX_ENTRIES {
            let cause = format!("it has more than {MAX_ENTRIES} entries");
            self.gaps.push(Gap::Place { path: folder.to_string(), cause });
        }
        names.sort_unstable();
        names
    }

    fn unread(&mut self, path: &Utf8Path, cause: &ReadError) {
        if !cause.is_absent() {
            self.gaps.push(Gap::Place { path: path.to_string(), cause: cause.to_string() });
        }
    }
}

#[derive(Deserialize)]
struct Manifest {
    package: PackageTable,
}

#[derive(Deserialize)]
struct PackageTable {
    name: String,
    version: String,
}

/// What is known of one unit of a build.
#[derive(Debug, Default)]
struct Unit {
    path: Utf8PathBuf,
    at: Option<Timestamp>,
    runs: bool,
    versions: BTreeSet<Version>,
}

impl Unit {
    fn fingerprint(&mut self, folder: &Utf8Path, files: &[String]) {
        self.runs |= files.iter().any(|file| file.starts_with("run-build-script"));
        self.seen(folder, files);
    }

    /// Beside a compiled build script, cargo keeps what its run printed.
    fn output(&mut self, folder: &Utf8Path, files: &[String]) {
        self.runs |= files.iter().any(|file| matches!(&**file, "output" | "root-output" | "stdout"));
        self.seen(folder, files);
    }

    /// The earliest time that a file tells: later builds touch some again.
    fn seen(&mut self, folder: &Utf8Path, files: &[String]) {
        let times = files.iter().filter_map(|file| written(&folder.join(file)));
        self.at = times.chain(self.at).min();
        if self.path.as_str().is_empty() {
            folder.clone_into(&mut self.path);
        }
    }
}

/// `NAME-HASH` of a crate that is looked for, the name in its canonical form.
fn unit(text: &str, names: &BTreeSet<String>) -> Option<(String, String)> {
    let (name, hash) = text.rsplit_once('-')?;
    // The name of a library's file has underscores, and some compilers put `lib` before it.
    let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = canonical(name);
    (is_hash && names.contains(&name)).then(|| (name, hash.to_owned()))
}

/// The versions that the paths in files of dependency information tell.
fn dep_info(folder: &Utf8Path, files: &[String], root: &Utf8Path, names: &BTreeSet<String>) -> BTreeSet<Version> {
    let mut versions = BTreeSet::new();
    for file in files.iter().filter(|file| file.strip_suffix(".d").is_some()) {
        let Ok(bytes) = regular::read(&folder.join(file), Links::Followed, MAX_DEP_INFO) else { continue };
        let text = String::from_utf8_lossy(&bytes).replace("\\ ", " ");
        // One rule a line; what is compiled first is the package's own root.
        for line in text.lines().filter(|line| !line.starts_with('#')).take(1) {
            let source = line.split_once(": ").map_or("", |(_, sources)| sources);
            versions.extend(source_version(source, root, names));
        }
    }
    versions
}

/// `…/NAME-VERSION/src/lib.rs` of cargo's unpacked sources; or a folder of vendored ones, whose manifest says which version lies there now.
fn source_version(source: &str, root: &Utf8Path, names: &BTreeSet<String>) -> Option<Version> {
    let mut above = Utf8PathBuf::new();
    let mut vendored = None;
    for part in source.split(['/', '\\']).take(64) {
        let is_first = above.as_str().is_empty();
        above = if is_first && part.is_empty() { Utf8PathBuf::from("/") } else { above.join(part) };
        if let Some((_, version)) = release_of(part, names) {
            return Some(version);
        }
        if names.contains(&canonical(part)) {
            vendored = Some(above.clone());
        }
    }
    let (_, version) = manifest(&root.join(vendored?).join("Cargo.toml"))?;
    version.parse().ok()
}

/// `NAME-VERSION` of a crate that is looked for.
#[must_use]
pub(super) fn release_of(text: &str, names: &BTreeSet<String>) -> Option<(String, Version)> {
    text.match_indices('-').find_map(|(at, _)| {
        let (name, version) = (text.get(..at)?, text.get(at + 1..)?);
        if !names.contains(&canonical(name)) {
            return None;
        }
        Some((name.to_owned(), version.parse().ok()?))
    })
}

/// An archive of a crate that is looked for, with its digest.
pub(super) fn archive(path: &Utf8Path, names: &BTreeSet<String>, kind: TraceKind) -> Option<Trace> {
    let (name, version) = release_of(path.file_stem()?, names)?;
    let bytes = regular::read(path, Links::Followed, LARGEST_CRATE).ok();
    let checksum = bytes.map(|bytes| Hashed::of(bytes).checksum());
    Some(Trace { kind, name, version: Some(version), at: written(path), path: path.to_owned(), checksum })
}

/// When a file was last written.
pub(super) fn written(path: &Utf8Path) -> Option<Timestamp> {
    let at = path.symlink_metadata().ok()?.modified().ok()?;
    Timestamp::try_from(at).ok()
}

/// The name and version of a package, as its manifest has them.
#[must_use]
pub(super) fn manifest(path: &Utf8Path) -> Option<(String, String)> {
    let text = regular::text(path, Links::Followed, MAX_MANIFEST).ok()?;
    let manifest: Manifest = toml::from_str(&text).ok()?;
    Some((manifest.package.name, manifest.package.version))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use std::collections::BTreeSet;

    use camino::{Utf8Path, Utf8PathBuf};

    use super::Traces;
    use crate::model::incident::{Gap, TraceKind};

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().to_owned();
        (folder, path)
    }

    fn write(path: &Utf8Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn names() -> BTreeSet<String> {
        BTreeSet::from(["my-dep".to_owned()])
    }

    /// The kinds and versions of what was found, in their order.
    fn found(traces: &Traces) -> Vec<(TraceKind, Option<String>)> {
        let of = |version: &Option<semver::Version>| version.as_ref().map(ToString::to_string);
        traces.traces.iter().map(|trace| (trace.kind, of(&trace.version))).collect()
    }

    #[test]
    fn an_installed_program_is_known_by_cargos_list() {
        let (_folder, home) = folder();
        let of_home = || {
            let mut traces = Traces::default();
            traces.of_cargo_home(&home, &names());
            traces
        };
        // Nothing was ever installed.
        assert_eq!((found(&of_home()), of_home().gaps.len()), (Vec::new(), 0));
        let source = "(registry+https://github.com/rust-lang/crates.io-index)";
        let list = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| format!("\"{key} {source}\":{{}}")).collect();
            format!("{{\"installs\":{{{}}}}}", keys.join(","))
        };
        let path = home.join(".crates2.json");
        write(&path, &list(&["my_dep 1.2.0", "my-dep-more 1.2.0", "other 3.0.0"]));
        assert_eq!(found(&of_home()), [(TraceKind::Installed, Some("1.2.0".to_owned()))]);
        assert_eq!(of_home().traces[0].path, path);
        for odd in ["", "[]", "{\"installs\":[]}"] {
            write(&path, odd);
            let gaps = of_home().gaps;
            let told = gaps.iter().any(|gap| matches!(gap, Gap::Place { path: of, .. } if **of == *path));
            assert!(told, "{odd:?}: {gaps:?}");
        }
    }

    /// Cargo's other layout of build output: a folder for each package, with one for each of its units.
    #[test]
    fn units_are_found_in_folders_of_their_package() {
        let (_folder, root) = folder();
        let unit = |hash: &str, file: &str| root.join("target/debug/build/my-dep").join(hash).join(file);
        let rule = |hash: &str, source: &str| {
            let target = unit(hash, "out/my_dep.d");
            write(&target, &format!("{target}: {source}\n"));
        };
        // The run of a build script, which was compiled from a registry's sources.
        write(&unit("1111111111111111", "fingerprint/run-build-script-build-script-build"), "");
        write(&unit("1111111111111111", "run/stdout"), "");
        rule("2222222222222222", "/home/me/.cargo/registry/src/index-1/my-dep-1.2.0/build.rs");
        // A library of vendored sources, of which the manifest says what they are.
        write(&root.join("vendor/my-dep/Cargo.toml"), "[package]\nname = \"my-dep\"\nversion = \"1.2.1\"\n");
        rule("3333333333333333", "vendor/my-dep/src/lib.rs");
        // A program that is called as what a build script printed is.
        write(&unit("3333333333333333", "out/stdout"), "");
        write(&root.join("target/debug/build/other/4444444444444444/fingerprint/lib-other"), "");
        let mut traces = Traces::default();
        traces.of_build_folder(&root.join("target"), &root, &names());
        let of = |kind, version: &str| (kind, Some(version.to_owned()));
        let (built, run) = (TraceKind::Built, TraceKind::BuildScriptRun);
        assert_eq!(found(&traces), [of(run, "1.2.0"), of(run, "1.2.1"), of(built, "1.2.0"), of(built, "1.2.1")]);
        assert!(traces.gaps.is_empty() && traces.traces.iter().all(|trace| trace.at.is_some()));
        // One folder is looked through once.
        traces.of_build_folder(&root.join("target"), &root, &names());
        assert_eq!(traces.traces.len(), 4);
    }

    #[test]
    fn where_no_unit_is_of_the_crate_nothing_is_found() {
        let (_folder, root) = folder();
        write(&root.join("target/debug/.fingerprint/other-1111111111111111/lib-other"), "");
        write(&root.join("target/debug/deps/my_dep-1111111111111111.d"), "my_dep.d: my-dep-1.2.0/src/lib.rs\n");
        let mut traces = Traces::default();
        traces.of_build_folder(&root.join("target"), &root, &names());
        assert_eq!(found(&traces), []);
    }
}
