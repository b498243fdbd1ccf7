//! A project of which only the vendor folder and the configuration matter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::archive::{Content, VendorFile, VendorTree};
use cargo_sequester::door::gather::{allow_list, vendor_tree};
use cargo_sequester::door::model::allow_list::{AllowList, AllowedRelease};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::run::Listener;
use cargo_sequester::door::model::vendored::{VENDOR_CHECKSUMS_FILE, VendorChecksums, VendorRoot, VendoredTree};
use cargo_sequester::door::write::cargo_config::{ConfigFile, Location, Wanted};
use cargo_sequester::door::write::vendor_dir::{Applied, Changes, Faults, Opening, VendorDir, VendorDirError};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

pub struct Scene {
    // Whatever has to be undone when the scene ends: mounts before folders.
    guards: Vec<Box<dyn std::any::Any + Send + Sync>>,
    root: Utf8PathBuf,
}

/// Where syncing costs nothing, if there is such a place: the tests would spend their time on little else.
const MEMORY: &str = "/dev/shm";

/// A package's files.
pub struct Tree {
    files: Vec<(&'static str, u32, String)>,
    pub checksums: VendorChecksums,
}

/// The tree of `name`, whose content follows from `version`.
pub fn tree(name: &str, version: &str) -> Tree {
    let files = vec![
        ("Cargo.toml", 0o644, format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n")),
        ("build.sh", 0o755, "#!/bin/sh\n".to_owned()),
        ("src/lib.rs", 0o644, format!("// {version}\n")),
    ];
    let digest = |text: &str| Checksum::from_bytes(Sha256::digest(text).into());
    let listed = files.iter().map(|(path, _, text)| ((*path).to_owned(), digest(text))).collect();
    let package = Some(digest(&format!("{name} {version}")));
    Tree { files, checksums: VendorChecksums { files: listed, package } }
}

impl Tree {
    pub fn borrowed(&self) -> VendorTree<'_> {
        let files = self.files.iter().map(|(path, mode, text)| VendorFile {
            path,
            mode: *mode,
            mtime: 1_153_704_088,
            content: Content::Bytes(text.as_bytes()),
        });
        VendorTree { files: files.collect(), checksums: self.checksums.clone(), archive: None }
    }
}

impl Scene {
    pub fn empty() -> Self {
        let prefix = "sequester-test-";
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(MEMORY);
        Self::of(folder.or_else(|_| tempfile::Builder::new().prefix(prefix).tempdir()).unwrap())
    }

    /// In the usual temporary folder, on whatever file system that is.
    pub fn on_disk() -> Self {
        Self::of(tempfile::Builder::new().prefix("sequester-test-").tempdir().unwrap())
    }

    fn of(folder: TempDir) -> Self {
        let root = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap().join("project");
        fs::create_dir(&root).unwrap();
        Self { guards: vec![Box::new(folder)], root }
    }

    pub fn at(root: &Utf8Path) -> Self {
        Self { guards: Vec::new(), root: root.to_owned() }
    }

    /// Keeps this until the scene ends, and undoes it before what was there before.
    pub fn keeping(mut self, guard: impl std::any::Any + Send + Sync) -> Self {
        self.guards.insert(0, Box::new(guard));
        self
    }

    pub fn root(&self) -> Utf8PathBuf {
        self.root.clone()
    }

    pub fn path(&self, path: &str) -> Utf8PathBuf {
        self.root.join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    /// The names in a folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> =
            self.path(folder).read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
        names.sort();
        names
    }

    /// Every file below the root, by path, with its bytes.
    pub fn snapshot(&self) -> BTreeMap<Utf8PathBuf, Vec<u8>> {
        fn add(root: &Utf8Path, folder: &Utf8Path, files: &mut BTreeMap<Utf8PathBuf, Vec<u8>>) {
            for entry in folder.read_dir_utf8().unwrap() {
                let entry = entry.unwrap();
                let name = entry.path().strip_prefix(root).unwrap().to_owned();
                if entry.file_type().unwrap().is_dir() {
                    files.insert(name.join(""), Vec::new());
                    add(root, entry.path(), files);
                } else {
                    files.insert(name, fs::read(entry.path()).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        add(&self.root, &self.root, &mut files);
        files
    }

    /// Where runs note their journals: beside the project.
    pub fn records(&self) -> Utf8PathBuf {
        self.root.with_extension("records")
    }

    pub fn open(&self, faults: Faults) -> Result<VendorDir, VendorDirError> {
        self.open_with(faults, Duration::ZERO)
    }

    pub fn open_waiting(&self, wait: Duration) -> Result<VendorDir, VendorDirError> {
        self.open_with(Faults::default(), wait)
    }

    fn open_with(&self, faults: Faults, wait: Duration) -> Result<VendorDir, VendorDirError> {
        let (records, listener) = (self.records(), Listener::default());
        let opening =
            Opening { command: "cargo sequester vendor", wait, listener: &listener, records: &records, faults };
        VendorDir::open(&self.root, "vendor".into(), opening)
    }

    /// The allow-list as the configuration has it.
    pub fn listed(&self) -> AllowList {
        allow_list::read(&self.path(".cargo/config.toml")).unwrap().unwrap_or_default()
    }

    /// The vendor folder, its files hashed.
    pub fn found(&self) -> VendoredTree {
        match vendor_tree::read(&self.root, &self.path("vendor")).unwrap() {
            VendorRoot::Read(tree) => tree,
            VendorRoot::Absent | VendorRoot::Link | VendorRoot::NotFolder | VendorRoot::Crates(_) => {
                VendoredTree::default()
            }
        }
    }

    /// The configuration, and as it will be for these packages.
    pub fn config(&self, packages: &[&str]) -> (ConfigFile, Vec<u8>) {
        let releases = packages.iter().map(|package| {
            let (name, version) = package.split_once('=').unwrap();
            let checksums = tree(name, version).checksums;
            let release = AllowedRelease { checksum: checksums.package, tree: checksums.tree_digest(), stub: false };
            (format!("{name}@1.0.0").parse().unwrap(), release)
        });
        let allow = AllowList { releases: releases.collect(), ..AllowList::default() };
        let file = ConfigFile::read(&self.root).unwrap();
        let wanted = Wanted { location: Location::Directory("vendor"), replaced: &[], allow: &allow };
        let bytes = file.spliced(&wanted).unwrap();
        (file, bytes)
    }

    /// What `vendor` does once everything is judged and fetched: packages are `name=content`.
    pub fn publish(&self, packages: &[&str], faults: Faults) -> Result<Applied, VendorDirError> {
        let vendor = self.open_with(faults, Duration::from_secs(30))?;
        let specs = packages;
        let split = specs.iter().map(|package| package.split_once('=').unwrap());
        let packages: Vec<(&str, Tree)> = split.map(|(name, version)| (name, tree(name, version))).collect();
        let names: BTreeSet<String> = packages.iter().map(|(name, _)| (*name).to_owned()).collect();
        let remains = vendor.remains(&self.found(), Some(&self.listed()), &names)?;
        let is_there = |name: &str, tree: &Tree| {
            fs::read(self.path("vendor").join(name).join(VENDOR_CHECKSUMS_FILE))
                .is_ok_and(|found| found == tree.checksums.to_canonical_json().as_bytes())
        };
        let write: Vec<_> = packages.iter().filter(|(name, tree)| !is_there(name, tree)).collect();
        let changes = Changes {
            write: write.iter().map(|(name, _)| (*name).to_owned()).collect(),
            remove: remains.ours,
            attributes: true,
        };
        let stage = vendor.stage(changes)?;
        for (name, tree) in write {
            stage.write(name, &tree.borrowed(), None)?;
        }
        let (file, bytes) = self.config(specs);
        stage.publish(Some((&file, &bytes)))
    }
}
