//! Releases to publish: an index line and a real `.crate` archive that cargo can build.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Stored, TestRegistry};

/// One release, published without a dependency in 2020 unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Package {
    name: String,
    version: String,
    pubtime: Option<String>,
    yanked: bool,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
    files: BTreeMap<String, Vec<u8>>,
    license: Option<String>,
    links: Option<String>,
    rust_version: Option<String>,
    v: Option<u32>,
    checksum: Option<String>,
    line: Option<String>,
    archive: Option<Vec<u8>>,
}

/// One dependency of a [`Package`].
#[derive(Clone, Debug)]
pub struct Dependency {
    name: String,
    req: String,
    kind: &'static str,
    rename: Option<String>,
    registry: Option<String>,
    target: Option<String>,
    features: Vec<String>,
    optional: bool,
    default_features: bool,
}

impl Dependency {
    /// A normal dependency on a crate of the same registry.
    pub fn new(name: &str, req: &str) -> Self {
        Self {
            name: name.to_owned(),
            req: req.to_owned(),
            kind: "normal",
            rename: None,
            registry: None,
            target: None,
            features: Vec::new(),
            optional: false,
            default_features: true,
        }
    }

    /// For tests only.
    pub fn dev(mut self) -> Self {
        self.kind = "dev";
        self
    }

    /// For the build script.
    pub fn build(mut self) -> Self {
        self.kind = "build";
        self
    }

    /// Only with a feature.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Only on this platform: a triple or `cfg(…)`.
    pub fn target(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// Of another registry, by its index address.
    pub fn registry(mut self, index: &str) -> Self {
        self.registry = Some(index.to_owned());
        self
    }

    /// Under this name in the manifest.
    pub fn rename(mut self, name: &str) -> Self {
        self.rename = Some(name.to_owned());
        self
    }

    /// With this feature.
    pub fn feature(mut self, feature: &str) -> Self {
        self.features.push(feature.to_owned());
        self
    }

    /// Without the default features.
    pub fn no_default_features(mut self) -> Self {
        self.default_features = false;
        self
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "name": self.rename.as_ref().unwrap_or(&self.name), "req": self.req, "features": self.features,
            "optional": self.optional, "default_features": self.default_features, "target": self.target, "kind": self.kind,
        });
        if let Some(registry) = &self.registry {
            value["registry"] = json!(registry);
        }
        if self.rename.is_some() {
            value["package"] = json!(self.name);
        }
        value
    }

    fn toml(&self) -> String {
        let table = match self.kind {
            "dev" => "dev-dependencies",
            "build" => "build-dependencies",
            _ => "dependencies",
        };
        let target = self.target.as_ref().map(|target| format!("target.{target:?}.")).unwrap_or_default();
        let key = self.rename.as_ref().unwrap_or(&self.name);
        let mut toml = format!("\n[{target}{table}.{key}]\nversion = {:?}\n", self.req);
        if self.rename.is_some() {
            let _ = writeln!(toml, "package = {:?}", self.name);
        }
        if let Some(registry) = &self.registry {
            let _ = writeln!(toml, "registry-index = {registry:?}");
        }
        if !self.features.is_empty() {
            let _ = writeln!(toml, "features = {:?}", self.features);
        }
        if self.optional {
            toml += "optional = true\n";
        }
        if !self.default_features {
            toml += "default-features = false\n";
        }
        toml
    }
}

impl Package {
    /// A release that has nothing but an empty library.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            pubtime: Some("2020-01-01T00:00:00Z".to_owned()),
            yanked: false,
            dependencies: Vec::new(),
            features: BTreeMap::new(),
            files: BTreeMap::from([("src/lib.rs".to_owned(), b"//! Empty.\n".to_vec())]),
            license: Some("MIT".to_owned()),
            links: None,
            rust_version: None,
            v: None,
            checksum: None,
            line: None,
            archive: None,
        }
    }

    /// Published then; the text is written into the index line as it is, however malformed.
    pub fn pubtime(mut self, pubtime: &str) -> Self {
        self.pubtime = Some(pubtime.to_owned());
        self
    }

    /// Without a pubtime.
    pub fn no_pubtime(mut self) -> Self {
        self.pubtime = None;
        self
    }

    /// Yanked.
    pub fn yanked(mut self) -> Self {
        self.yanked = true;
        self
    }

    /// Depends on a crate of the same registry.
    pub fn dep(self, name: &str, req: &str) -> Self {
        self.dependency(Dependency::new(name, req))
    }

    /// Depends in a way of its own.
    pub fn dependency(mut self, dependency: Dependency) -> Self {
        self.dependencies.push(dependency);
        self
    }

    /// Has a feature.
    pub fn feature(mut self, name: &str, enables: &[&str]) -> Self {
        self.features.insert(name.to_owned(), enables.iter().map(|text| (*text).to_owned()).collect());
        self
    }

    /// Has a file; one of the same name, `Cargo.toml` included, is replaced.
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.to_owned(), content.as_ref().to_vec());
        self
    }

    /// Another licence expression in the manifest; MIT unless said.
    pub fn license(mut self, expression: Option<&str>) -> Self {
        self.license = expression.map(str::to_owned);
        self
    }

    /// Links a native library.
    pub fn links(mut self, library: &str) -> Self {
        self.links = Some(library.to_owned());
        self
    }

    /// Needs this Rust.
    pub fn rust_version(mut self, rust: &str) -> Self {
        self.rust_version = Some(rust.to_owned());
        self
    }

    /// The index line's `v`.
    pub fn v(mut self, v: u32) -> Self {
        self.v = Some(v);
        self
    }

    /// Another checksum in the index line than the archive's.
    pub fn checksum(mut self, checksum: &str) -> Self {
        self.checksum = Some(checksum.to_owned());
        self
    }

    /// This text for an index line.
    pub fn raw_line(mut self, line: &str) -> Self {
        self.line = Some(line.to_owned());
        self
    }

    /// These bytes for an archive.
    pub fn raw_archive(mut self, archive: Vec<u8>) -> Self {
        self.archive = Some(archive);
        self
    }

    /// The archive's bytes.
    pub fn archive(&self) -> Vec<u8> {
        if let Some(archive) = &self.archive {
            return archive.clone();
        }
        let mut files = self.files.clone();
        files.entry("Cargo.toml".to_owned()).or_insert_with(|| self.manifest().into_bytes());
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            // What `cargo package` writes where it knows no time.
            header.set_mtime(1_153_704_088);
            tar.append_data(&mut header, format!("{}-{}/{path}", self.name, self.version), &content[..]).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    /// Puts the release on the registry's shelf, in the place of one of the same version. Returns the index line's checksum.
    pub fn publish(self, registry: &TestRegistry) -> String {
        let archive = self.archive();
        let checksum = self.checksum.clone().unwrap_or_else(|| hexadecimal(&Sha256::digest(&archive)));
        let line = self.line.clone().unwrap_or_else(|| self.index_line(&checksum));
        registry.store(&self.name, Stored { version: self.version, line, archive });
        checksum
    }

    fn index_line(&self, checksum: &str) -> String {
        let mut line = json!({
            "name": self.name, "vers": self.version, "deps": self.dependencies.iter().map(Dependency::json).collect::<Vec<_>>(),
            "cksum": checksum, "features": self.features, "yanked": self.yanked, "links": self.links,
        });
        if let Some(rust) = &self.rust_version {
            line["rust_version"] = json!(rust);
        }
        if let Some(pubtime) = &self.pubtime {
            line["pubtime"] = json!(pubtime);
        }
        if let Some(v) = self.v {
            line["v"] = json!(v);
        }
        line.to_string()
    }

    fn manifest(&self) -> String {
        let mut toml = format!("[package]\nname = {:?}\nversion = {:?}\nedition = \"2021\"\n", self.name, self.version);
        for (key, value) in [("license", &self.license), ("links", &self.links)] {
            if let Some(value) = value {
                let _ = writeln!(toml, "{key} = {value:?}");
            }
        }
        toml += "\n[features]\n";
        for (name, enables) in &self.features {
            let _ = writeln!(toml, "{name:?} = {enables:?}");
        }
        toml + &self.dependencies.iter().map(Dependency::toml).collect::<String>()
    }
}

/// As lock files and indexes write digests.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
