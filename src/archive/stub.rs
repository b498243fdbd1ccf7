//! A stub in the place of a package that no wanted platform builds: its manifest as it is, and the files of its targets empty.
//!
//! Cargo reads the manifest of every locked package and looks whether its targets' files exist, also where it will not build them. A
//! package that is left out breaks `--locked` builds.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use crate::model::checksum::Checksum;
use crate::model::vendored::VendorChecksums;

use super::opened::OpenedCrate;
use super::vendor_tree::{Content, VendorFile, VendorTree, is_kept, mtime, permissions};

/// Where cargo looks for targets that the manifest does not list.
const FOLDERS: [&str; 4] = ["src/bin/", "examples/", "tests/", "benches/"];

/// The files of the stub: what `verify` derives from the archive again must come out the same.
#[must_use]
pub fn stub_files<'a>(opened: &'a OpenedCrate<'_>) -> VendorTree<'a> {
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
            paths.insert(plain(path));
        }
        Some(Value::Array(several)) => paths.extend(several.iter().filter_map(Value::as_str).map(plain)),
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
fn plain(path: &str) -> String {
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
