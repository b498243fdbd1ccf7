//! A project with two vendored packages: the tree from stock `cargo vendor`, the allow-list from what lies there.

use std::sync::LazyLock;

use camino::Utf8PathBuf;
use cargo_sequester::door::gather::lock_file;
use cargo_sequester::door::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::package::LockedChecksum;
use cargo_sequester::door::model::source::Source;
use cargo_sequester::door::model::vendored::{VENDOR_ATTRIBUTES, VENDOR_CHECKSUMS_FILE, VendorChecksums};
use cargo_sequester::door::write::cargo_config::{Location, Wanted, spliced};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::{Package, Project, TestRegistry};

/// `app` needs `bar` 1.1.0, which needs `leaf` 0.1.0.
pub struct Scene {
    pub project: Project,
    /// Stands in for crates.io, by the machine's configuration and with the policy's leave.
    pub registry: TestRegistry,
}

impl Scene {
    /// Vendored, allowed, and verified by nobody yet.
    pub fn new() -> Self {
        Self::with(Project::new())
    }

    /// The same, of a project that has something more.
    pub fn with(project: Project) -> Self {
        let registry = TestRegistry::new();
        Package::new("leaf", "0.1.0")
            .file("src/lib.rs", "pub fn leaf() {}\n")
            .file("src/note.txt", "one\ntwo\n")
            .publish(&registry);
        Package::new("bar", "1.1.0").dep("leaf", "^0.1").file("src/lib.rs", "pub use leaf::leaf;\n").publish(&registry);
        let project = project.crates_io(&registry).dep("bar", "1");
        project.write("src/lib.rs", "pub fn app() { bar::leaf() }\n");
        project.lock_with_cargo();
        project.cargo(&["vendor", "--respect-source-config", "--locked"]).expect_code(0);
        project.write("vendor/.gitattributes", VENDOR_ATTRIBUTES);
        std::fs::remove_file(project.path(".cargo/config.toml")).unwrap();
        let url = registry.url();
        let mirror = format!("[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"{url}\"\n");
        std::fs::write(project.cargo_home().join("config.toml"), mirror).unwrap();
        let project = project.policy(&format!("[sources]\nmirrors = [\"{url}\"]\n"));
        registry.forget_requests();
        let scene = Self { project, registry };
        scene.allow_what_is_there();
        scene
    }

    /// Writes the allow-list by the lock file and by each package's `.cargo-checksum.json`.
    pub fn allow_what_is_there(&self) {
        self.allow(&[]);
    }

    /// The same, this one being a stub.
    pub fn allow_stub(&self, name: &str) {
        self.allow(&[name]);
    }

    fn allow(&self, stubs: &[&str]) {
        let lock = lock_file::read(&self.project.path("Cargo.lock")).unwrap();
        let mut allow = AllowList::default();
        for package in lock.packages.iter().filter(|package| matches!(package.id.source, Source::Registry(_))) {
            let LockedChecksum::Known(checksum) = package.checksum else { panic!("{package:?}") };
            let tree = self.listed(&package.id.name).tree_digest();
            let stub = stubs.contains(&&*package.id.name);
            let release = AllowedRelease { checksum: Some(checksum), tree, stub };
            allow.releases.insert(AllowedId::of(&package.id).unwrap(), release);
        }
        let config = self.project.path(".cargo/config.toml");
        let present = std::fs::read(&config).ok();
        let wanted = Wanted { location: Location::Directory("vendor"), replaced: &[], allow: &allow };
        self.project.write(".cargo/config.toml", spliced(present.as_deref(), &wanted).unwrap());
    }

    /// What a package's `.cargo-checksum.json` says.
    pub fn listed(&self, directory: &str) -> VendorChecksums {
        VendorChecksums::parse(self.project.read(&format!("vendor/{directory}/{VENDOR_CHECKSUMS_FILE}")).as_bytes())
            .unwrap()
    }

    /// Writes a package's `.cargo-checksum.json`.
    pub fn list(&self, directory: &str, listed: &VendorChecksums) {
        self.project.write(&format!("vendor/{directory}/{VENDOR_CHECKSUMS_FILE}"), listed.to_canonical_json());
    }

    /// Writes into a package's `.cargo-checksum.json` what its files hash to now.
    pub fn rehash(&self, directory: &str) {
        let mut listed = self.listed(directory);
        listed.files.retain(|path, _| self.project.path(&format!("vendor/{directory}/{path}")).exists());
        for (path, digest) in &mut listed.files {
            let bytes = std::fs::read(self.project.path(&format!("vendor/{directory}/{path}"))).unwrap();
            *digest = Checksum::from_bytes(Sha256::digest(bytes).into());
        }
        self.list(directory, &listed);
    }

    /// Stock cargo builds it, offline and locked.
    #[track_caller]
    pub fn builds(&self) -> &Self {
        self.project.cargo(&["check", "--offline", "--locked"]).expect_code(0);
        self
    }

    /// Copies a folder of the tree.
    pub fn copy(&self, from: &str, to: &str) {
        let source = self.project.path(&format!("vendor/{from}"));
        let files = [VENDOR_CHECKSUMS_FILE.to_owned()].into_iter().chain(self.listed(from).files.into_keys());
        for file in files {
            self.project.write(&format!("vendor/{to}/{file}"), std::fs::read(source.join(&file)).unwrap());
        }
    }

    /// Takes away all that cargo ever downloaded, and says where it would lie.
    pub fn empty_cache(&self) -> Utf8PathBuf {
        let cache = self.project.cargo_home().join("registry");
        std::fs::remove_dir_all(&cache).unwrap();
        cache
    }

    /// Puts everything into a commit of a repository of its own.
    pub fn commit(&self) {
        self.project.write(".gitignore", "target\n");
        let git = |arguments: &[&str]| self.project.run("git", arguments).expect_code(0);
        git(&["init", "-q", "."]);
        git(&["add", "-A", "-f", "."]);
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        git(&[&identity[..], &["commit", "-q", "--allow-empty", "-m", "state"]].concat());
    }

    /// `verify` refuses, with exactly these codes.
    #[track_caller]
    pub fn refused(&self, expected: &[&str]) -> Value {
        let document = json(&self.project, &[], 1);
        assert_eq!(codes(&document), expected, "{document:#}");
        self.project.sequester(&["verify"]).expect_code(1);
        document
    }
}

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify-v1.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::options().build(&schema).unwrap()
});

/// The JSON document, valid by the schema.
#[track_caller]
pub fn json(project: &Project, arguments: &[&str], code: i32) -> Value {
    let said = project.sequester(&[&["verify", "--format", "json"], arguments].concat()).expect_code(code);
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    let errors: Vec<String> =
        SCHEMA.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
    document
}

/// The codes of the findings, each once, in alphabetical order.
pub fn codes(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap();
    let mut codes: Vec<String> = findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// The first file of this name below a folder.
pub fn find(folder: &camino::Utf8Path, name: &str) -> Option<Utf8PathBuf> {
    for entry in folder.read_dir_utf8().ok()?.flatten() {
        if entry.file_name() == name {
            return Some(entry.path().to_owned());
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir())
            && let Some(found) = find(entry.path(), name)
        {
            return Some(found);
        }
    }
    None
}
