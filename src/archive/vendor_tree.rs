//! A package in the form that `cargo vendor` gives it, whole or as a stub.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;

use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use super::crate_file::{OpenedCrate, Part};
use super::file_set::PackedFile;
use crate::model::checksum::Checksum;
use crate::model::vendored::{VENDOR_CHECKSUMS_FILE, VendorChecksums};

/// A file to write.
#[derive(Debug)]
pub struct VendorFile<'a> {
    /// Below the package's folder, with `/` between the components.
    pub path: &'a str,
    /// The permission bits to create it with; the process's umask still applies.
    pub mode: u32,
    /// Its time of last change, in seconds since 1970.
    pub mtime: u64,
    /// Its bytes.
    pub content: Content<'a>,
}

/// Where a file's bytes are.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Here.
    Bytes(&'a [u8]),
    /// In the archive of [`VendorTree::archive`].
    Packed(PlaceInArchive<'a>),
}

/// A place in an opened archive.
#[derive(Clone, Copy, Debug)]
pub struct PlaceInArchive<'a>(&'a Range<u64>);

/// All that a vendored package consists of beside its `.cargo-checksum.json`.
#[derive(Debug)]
pub struct VendorTree<'a> {
    /// In the order of the paths.
    pub files: Vec<VendorFile<'a>>,
    /// What `.cargo-checksum.json` will say.
    pub checksums: VendorChecksums,
    /// The archive that holds what is [`Content::Packed`].
    pub archive: Option<&'a OpenedCrate<'a>>,
}

impl VendorTree<'_> {
    /// Hands on every file with its content, in an order in which an archive is read once.
    pub(crate) fn contents<E: From<io::Error>>(
        &self,
        mut take: impl FnMut(&VendorFile<'_>, Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut packed: Vec<(&VendorFile<'_>, &Range<u64>)> = Vec::new();
        for file in &self.files {
            match file.content {
                Content::Bytes(bytes) => take(file, Part::Whole(bytes))?,
                Content::Packed(PlaceInArchive(place)) => packed.push((file, place)),
            }
        }
        let Some(archive) = self.archive else { return Ok(()) };
        packed.sort_unstable_by_key(|(_, place)| place.start);
        archive.read(packed.iter().map(|(_, place)| *place), |at, part| {
            packed.get(at).map_or(Ok(()), |(file, _)| take(file, part))
        })
    }
}

/// The files that `cargo vendor` keeps of a registry's package, hashed. Cargo 1.95 (`ops/vendor.rs`) keeps all files verbatim but
/// `.gitattributes`, `.gitignore` and `.cargo-ok` in any folder, and all in a `.git`. A `.cargo-checksum.json` of the archive's root
/// is left out as well: cargo lists it and then writes over it, so that its own result does not build.
#[must_use]
pub fn vendor_files<'a>(opened: &'a OpenedCrate<'_>) -> VendorTree<'a> {
    let mut checksums = VendorChecksums { package: Some(opened.checksum()), ..VendorChecksums::default() };
    let mut files = Vec::with_capacity(opened.packed_files().len());
    for file in opened.packed_files().iter().filter(|file| is_kept(&file.path)) {
        checksums.files.insert((*file.path).to_owned(), file.digest);
        let content = Content::Packed(PlaceInArchive(&file.content));
        files.push(VendorFile { path: &file.path, mode: permissions(file.mode), mtime: mtime(file), content });
    }
    VendorTree { files, checksums, archive: Some(opened) }
}

fn is_kept(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path != VENDOR_CHECKSUMS_FILE
        && !matches!(name, ".gitattributes" | ".gitignore" | ".cargo-ok")
        && path.split('/').all(|component| component != ".git")
}

/// Cargo takes the permission bits and the umask. We never let group or others write, whatever the umask, and always let the owner
/// read: with the usual umask of 022 that is the same for every file that can be read at all.
const fn permissions(mode: u32) -> u32 {
    mode & 0o755 | 0o400
}

/// The time that cargo gives files which have none of their own (`sources/registry`): 2006-07-24 01:21:28 UTC.
const GENERATED: u64 = 1_153_704_088;

/// As cargo sets it: what it generates itself when it packs a crate has a fixed time, and no file has the time 0. Times matter
/// because a build script's `rerun-if-changed` compares them.
fn mtime(file: &PackedFile) -> u64 {
    match (&*file.path, file.mtime) {
        ("Cargo.lock" | "Cargo.toml" | ".cargo_vcs_info.json", _) | (_, None) => GENERATED,
        (_, Some(mtime)) => mtime.max(1),
    }
}

/// Where cargo looks for targets that the manifest does not list.
const FOLDERS: [&str; 4] = ["src/bin/", "examples/", "tests/", "benches/"];

/// A stub in the place of a package that no wanted platform builds: its manifest as it is, and the files of its targets empty. Cargo reads
/// the manifest of every locked package and looks whether its targets' files exist, also where it will not build them; a package that is
/// left out breaks `--locked` builds. What `verify` derives from the archive again must come out the same.
#[must_use]
pub(crate) fn stub_files<'a>(opened: &'a OpenedCrate<'_>) -> VendorTree<'a> {
    let named = named_targets(opened.manifest_text());
    let empty = Checksum::from_bytes(Sha256::digest([]).into());
    let mut checksums = VendorChecksums { package: Some(opened.checksum()), ..VendorChecksums::default() };
    let mut files = Vec::new();
    for file in opened.packed_files().iter().filter(|file| is_kept(&file.path)) {
        let (bytes, digest): (&[u8], Checksum) = match &*file.path {
            "Cargo.toml" => (opened.manifest_text(), file.digest),
            path if named.contains(path) || may_be_inferred(path) => (&[], empty),
            _ => continue,
        };
        checksums.files.insert((*file.path).to_owned(), digest);
        let content = Content::Bytes(bytes);
        files.push(VendorFile { path: &file.path, mode: permissions(file.mode), mtime: mtime(file), content });
    }
    VendorTree { files, checksums, archive: None }
}

/// The paths that the manifest gives to its targets and its build script.
fn named_targets(manifest: &[u8]) -> BTreeSet<String> {
    let table = std::str::from_utf8(manifest).ok().and_then(|text| text.parse::<Table>().ok()).unwrap_or_default();
    let mut paths = BTreeSet::new();
    let mut add = |value: Option<&Value>| match value {
        Some(Value::String(path)) => {
            paths.insert(with_slashes(path));
        }
        Some(Value::Array(several)) => paths.extend(several.iter().filter_map(Value::as_str).map(with_slashes)),
        _ => {}
    };
    for package in ["package", "project"] {
        add(table.get(package).and_then(|package| package.get("build")));
    }
    add(table.get("lib").and_then(|lib| lib.get("path")));
    for kind in ["bin", "example", "test", "bench"] {
        for target in table.get(kind).and_then(Value::as_array).into_iter().flatten() {
            add(target.get("path"));
        }
    }
    paths
}

/// `./src/x.rs` and `src\x.rs` are `src/x.rs`.
fn with_slashes(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.strip_prefix("./").map_or_else(|| path.clone(), str::to_owned)
}

fn may_be_inferred(path: &str) -> bool {
    if matches!(path, "build.rs" | "src/lib.rs" | "src/main.rs") {
        return true;
    }
    FOLDERS.iter().filter_map(|folder| path.strip_prefix(folder)).any(|rest| match rest.split_once('/') {
        None => rest.strip_suffix(".rs").is_some(),
        Some((_, file)) => file == "main.rs",
    })
}

#[cfg(test)]
mod tests {
    use super::{may_be_inferred, named_targets};

    #[test]
    fn every_file_that_a_manifest_names_for_a_target_is_found() {
        let named = |manifest: &str| named_targets(manifest.as_bytes()).into_iter().collect::<Vec<_>>();
        assert_eq!(
            named("[package]\nbuild = \"./tools\\\\make.rs\"\n[lib]\npath = \"lib.rs\""),
            ["lib.rs", "tools/make.rs"]
        );
        assert_eq!(named("[package]\nbuild = [\"a.rs\", \"./b.rs\"]"), ["a.rs", "b.rs"]);
        assert_eq!(named("[project]\nbuild = \"old.rs\""), ["old.rs"]);
        for kind in ["bin", "example", "test", "bench"] {
            let two =
                format!("[[{kind}]]\npath = \"one.rs\"\n[[{kind}]]\nname = \"none\"\n[[{kind}]]\npath = \"two.rs\"");
            assert_eq!(named(&two), ["one.rs", "two.rs"], "{kind}");
        }
        assert!(named("[package]\nbuild = true\n[lib]\npath = 1").is_empty());
        assert!(named("no manifest").is_empty());
    }

    #[test]
    fn what_cargo_looks_for_by_itself() {
        let inferred = [
            "build.rs",
            "src/lib.rs",
            "src/main.rs",
            "src/bin/a.rs",
            "src/bin/a/main.rs",
            "examples/e.rs",
            "tests/t.rs",
            "benches/b/main.rs",
        ];
        let not = [
            "lib.rs",
            "main.rs",
            "src/build.rs",
            "src/other.rs",
            "src/bin/a.txt",
            "src/bin/a/other.rs",
            "src/bin/a/b/main.rs",
            "examples/e",
            "src/bin/main",
            "more/tests/t.rs",
        ];
        for path in inferred {
            assert!(may_be_inferred(path), "{path}");
        }
        for path in not {
            assert!(!may_be_inferred(path), "{path}");
        }
    }
}
